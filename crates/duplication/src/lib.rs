//! Groups of duplicates among records: in which sense they say the same, and how sure that is.
#![allow(warnings)]
mod canonical;
mod conventions;
mod corpus;
mod definition;
mod evidence;
mod graph;
mod hash;
mod join;
mod lcs;
mod lexer;
mod near;
mod settings;
mod shape;
mod unit;
pub use conventions::is_test;
pub use definition::Definition;
pub use settings::{Channel, Grouping, NearBy, Settings, TestsPolicy, WeakPolicy};

#[doc(hidden)]
/// calibration
pub fn calibrate(definitions: &[Definition], settings: &Settings) -> Vec<(usize, usize, f32, [f32; 4], [u32; 2])> {
    let corpus = corpus::Corpus::new(definitions, settings);
    near::all_near(&corpus)
        .into_iter()
        .map(|e| {
            let v = corpus.evidence(e.left, e.right);
            let (a, b) = (&corpus.variants[e.left as usize], &corpus.variants[e.right as usize]);
            (
                a.members[0] as usize,
                b.members[0] as usize,
                e.ratio,
                [v.words, v.word_bits, v.shapes, v.shape_bits],
                [a.unit.token_count, b.unit.token_count],
            )
        })
        .collect()
}
