//! Fragments of definitions inside of others.

use std::collections::HashMap;

use super::{Compared, Found, are_one};
use crate::{corpus::Corpus, read::nesting::Place};

/// The runs to report. A run may lie in a definition inside of one of the two. Then the pair with the inner definition
/// reports it, if that pair has the run as well, is settled, or is the same code.
pub(super) fn innermost(corpus: &Corpus, compared: Vec<Compared>) -> Vec<Found> {
    let by_pair: HashMap<(u32, u32), &Compared> = compared.iter().map(|pair| ((pair.left, pair.right), pair)).collect();
    let mut places: HashMap<u32, Vec<Place>> = HashMap::new();
    // A run as it is, and as a run of each variant inside that it lies in.
    let mut around = |variant: u32, lines: (u32, u32)| -> Vec<Place> {
        let inner = places.entry(variant).or_insert_with(|| corpus.nesting().places(corpus, variant));
        let inner = inner.iter().filter(|inner| inner.lines.0 <= lines.0 && lines.1 <= inner.lines.1);
        let inner = inner.map(|inner| Place { lines: (lines.0 - inner.lines.0, lines.1 - inner.lines.0), ..*inner });
        std::iter::once(Place { variant, lines }).chain(inner).collect()
    };
    let reports = |left: &Place, right: &Place| {
        let (left, right) = if left.variant <= right.variant { (left, right) } else { (right, left) };
        if left.variant == right.variant && are_one(left.lines, right.lines) {
            return true;
        }
        by_pair.get(&(left.variant, right.variant)).is_some_and(|pair| {
            pair.is_settled
                || pair.runs.iter().any(|run| are_one(run.left, left.lines) && are_one(run.right, right.lines))
        })
    };
    let mut is_innermost: Vec<bool> = Vec::new();
    for pair in compared.iter().filter(|pair| !pair.is_settled) {
        for run in &pair.runs {
            let (left, right) = (around(pair.left, run.left), around(pair.right, run.right));
            let others = left.iter().flat_map(|left| right.iter().map(move |right| (left, right))).skip(1);
            is_innermost.push(!others.into_iter().any(|(left, right)| reports(left, right)));
        }
    }
    let found = compared.into_iter().filter(|pair| !pair.is_settled).flat_map(|pair| {
        let Compared { left, right, runs, .. } = pair;
        runs.into_iter().map(move |run| Found { left, right, run })
    });
    found.zip(is_innermost).filter_map(|(found, is_innermost)| is_innermost.then_some(found)).collect()
}
