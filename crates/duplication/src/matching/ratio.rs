//! How similar two encoded sequences are.

use crate::{
    matching::lcs::{self, Pattern, length_for, ratio},
    read::alphabet::SHARED_CODE,
};

/// The ratio of two encoded texts if it is at least `least`. Where both have characters without a code of their own,
/// the encoded ratio is only an upper bound and the characters are compared.
pub(crate) fn text_ratio(left: (&str, &[u8]), right: (&str, &[u8]), least: f64, pattern: &mut Pattern) -> Option<f64> {
    let found = sequence_ratio(left.1, right.1, least, pattern)?;
    if left.1.contains(&SHARED_CODE) && right.1.contains(&SHARED_CODE) {
        let common = lcs::common_characters(left.0, right.0);
        let exact = ratio(common, left.1.len() + right.1.len());
        return (exact >= least).then_some(exact);
    }
    Some(found)
}

pub(crate) fn sequence_ratio(left: &[u8], right: &[u8], least: f64, pattern: &mut Pattern) -> Option<f64> {
    let total = left.len() + right.len();
    let cutoff = length_for(least, total);
    if cutoff > left.len().min(right.len()) {
        return None;
    }
    pattern.set(left);
    pattern.at_least(right, cutoff).map(|common| ratio(common, total))
}
