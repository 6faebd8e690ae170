//! Recall by kind, and precision, on changed copies of real functions.
//!
//! `CDS_RECALL_RECORDS` may name the JSON that `cds model-build --format json` writes of a tree: then the seeds come from
//! there, all of its functions stand beside the cases, and the figures are only printed. `CDS_RECALL_OTHERS` names the
//! JSON of a tree that has nothing to do with it, for the look-alikes; without it there are none of that kind for a
//! tree. Without either the seeds are those of `seeds.py`, and the figures have to be good enough. `CDS_RECALL_DUMP`
//! names a folder for the cases as files, so that another tool can be measured on them; `jscpd.py` does that.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and this one shows figures")]

mod cases;
mod dump;
mod mutate;
mod random;
mod source;
mod unrelated;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
};

use cases::Case;
use cds_duplication::{Confidence, Definition, Settings, find};
use cds_model::{Md5Sum, SymbolKind};

fn definition(place: usize, code: &str) -> Definition {
    Definition {
        record_id: i64::try_from(place).unwrap(),
        kind: SymbolKind::Function,
        file_path: format!("app/part_{place}.py").into(),
        signature: None,
        start_line: 1,
        end_line: u32::try_from(code.lines().count()).unwrap(),
        normalized_code: code.into(),
        md5sum: Md5Sum(md5::compute(code).0),
        is_generated: false,
        intent: None,
        intent_is_derived: false,
    }
}

/// The functions of a tree.
fn functions(path: &str) -> Vec<String> {
    let records: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let records = records["records"].as_array().unwrap().iter();
    let code = records.filter(|record| ["function", "method"].contains(&record["kind"].as_str().unwrap()));
    code.map(|record| record["normalized_code"].as_str().unwrap().to_owned()).collect()
}

/// Every definition of the checked-in seeds, cut at the blank lines between them.
fn own_seeds() -> Vec<String> {
    include_str!("seeds.py").split("\n\n\n").map(|code| format!("{}\n", code.trim())).collect()
}

/// The cases of one kind.
#[derive(Default)]
struct Kind {
    /// Whether they are clones.
    truth: bool,
    all: u32,
    found: u32,
    /// Of those, the ones that are only in groups of low confidence.
    low_confidence: u32,
}

/// The results of the cases of each kind. Every kind has a search of its own: copies of one seed that were changed in
/// other ways would stand between the two of a case and bring them together.
fn measure(cases: &[Case], around: &[String]) -> BTreeMap<String, Kind> {
    let mut kinds: BTreeMap<String, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        kinds.entry(case.kind.clone()).or_default().push(case);
    }
    kinds.into_iter().map(|(name, cases)| (name, measure_one(&cases, around))).collect()
}

/// The results of the cases of one kind.
fn measure_one(cases: &[&Case], around: &[String]) -> Kind {
    let mut codes: Vec<&str> = around.iter().map(String::as_str).collect();
    for case in cases {
        codes.extend([case.left.as_str(), case.right.as_str()]);
    }
    codes.sort_unstable();
    codes.dedup();
    let mut definitions: Vec<Definition> =
        codes.iter().enumerate().map(|(place, code)| definition(place, code)).collect();
    // Where both say the same, the other one.
    let mut twins: HashMap<&str, usize> = HashMap::new();
    for case in cases.iter().filter(|case| case.left == case.right) {
        twins.entry(&case.left).or_insert_with(|| {
            definitions.push(definition(definitions.len(), &case.left));
            definitions.len() - 1
        });
    }
    let report = find(&definitions, &Settings::default());
    let mut groups: HashMap<usize, HashSet<usize>> = HashMap::new();
    for (place, group) in report.groups.iter().enumerate().filter(|(_, group)| group.covered_by.is_none()) {
        assert_ne!(group.confidence, Confidence::None);
        for member in &group.members {
            groups.entry(member.index).or_default().insert(place);
        }
    }
    let mut kind = Kind::default();
    for case in cases {
        let place = |code: &str| codes.binary_search(&code).unwrap();
        let other = if case.left == case.right { twins[case.left.as_str()] } else { place(&case.right) };
        let common: Vec<usize> = match (groups.get(&place(&case.left)), groups.get(&other)) {
            (Some(left), Some(right)) => left.intersection(right).copied().collect(),
            _ => Vec::new(),
        };
        let together = !common.is_empty();
        if !together && case.truth && std::env::var_os("CDS_RECALL_SHOW").is_some() {
            println!("=== {}\n{}---\n{}", case.kind, case.left, case.right);
        }
        if together && !case.truth {
            println!("=== {}\n{}---\n{}", case.kind, case.left, case.right);
        }
        kind.truth = case.truth;
        kind.all += 1;
        kind.found += u32::from(together);
        let is_certain = common.iter().any(|&group| report.groups[group].confidence == Confidence::High);
        kind.low_confidence += u32::from(together && !is_certain);
    }
    kind
}

/// The share of the cases whose kind begins like this that were found, and the share with low confidence.
fn recall(kinds: &BTreeMap<String, Kind>, beginning: &str) -> (f64, f64) {
    let chosen = || kinds.iter().filter(|(kind, _)| kind.starts_with(beginning)).map(|(_, kind)| kind);
    let share = |part: fn(&Kind) -> u32| {
        f64::from(chosen().map(part).sum::<u32>()) / f64::from(chosen().map(|kind| kind.all).sum::<u32>())
    };
    (share(|kind| kind.found), share(|kind| kind.low_confidence))
}

/// The share of what was found that is a clone.
fn precision(kinds: &BTreeMap<String, Kind>) -> f64 {
    let found = |truth: bool| -> u32 { kinds.values().filter(|kind| kind.truth == truth).map(|kind| kind.found).sum() };
    f64::from(found(true)) / f64::from(found(true) + found(false))
}

/// At most about `limit` of the functions that are long enough, evenly over all of them.
fn some_of(mut codes: Vec<String>, limit: usize) -> Vec<String> {
    codes.retain(|code| (6..=60).contains(&code.lines().count()));
    let step = codes.len().div_ceil(limit).max(1);
    codes.into_iter().step_by(step).collect()
}

#[test]
fn copies_are_found_and_look_alikes_are_not() {
    let path = std::env::var("CDS_RECALL_RECORDS").ok();
    let around = path.as_deref().map(functions).unwrap_or_default();
    let seeds: Vec<String> = if path.is_some() {
        let fit =
            around.iter().filter(|code| (6..=60).contains(&code.lines().count()) && cases::word_count(code) >= 50);
        let step = (fit.clone().count() / 250).max(1);
        fit.step_by(step).cloned().collect()
    } else {
        own_seeds()
    };
    let others = match std::env::var("CDS_RECALL_OTHERS") {
        Ok(path) => some_of(functions(&path), 8000),
        Err(_) if path.is_none() => seeds.clone(),
        Err(_) => Vec::new(),
    };
    let cases = cases::make(&seeds, &others);
    // The cases have the seeds in another layout: the seeds themselves would be copies of those.
    let seeds: HashSet<String> = seeds.into_iter().collect();
    let around: Vec<String> = around.into_iter().filter(|code| !seeds.contains(code)).collect();
    if let Some(folder) = std::env::var_os("CDS_RECALL_DUMP") {
        dump::write(folder.as_ref(), &cases).unwrap();
    }
    let kinds = measure(&cases, &around);
    for (name, Kind { truth, all, found, low_confidence }) in &kinds {
        let word = if *truth { "found" } else { "wrongly found" };
        println!("{name:24} {found:4} of {all:4} {word}, {low_confidence} of them of low confidence");
    }
    for kind in ["1", "2", "3 ", "3r ", "4s ", "fragment", "pasted", "decoy"] {
        let (found, low_confidence) = recall(&kinds, kind);
        println!("{kind:10} {found:.3}, {low_confidence:.3} of low confidence");
    }
    println!("precision  {:.4}", precision(&kinds));
    if path.is_none() {
        for (kind, least) in [("1", 1.0), ("2", 0.99), ("3 ", 0.98), ("3r ", 0.97), ("4s ", 0.85)] {
            assert!(recall(&kinds, kind).0 >= least, "{kind}");
        }
        assert!(recall(&kinds, "fragment").0 >= 0.95);
        assert!(recall(&kinds, "pasted").0 >= 0.95);
        assert!(precision(&kinds) >= 0.99);
    }
}

#[test]
fn seeds_cover_every_kind() {
    let cases = cases::make(&own_seeds(), &own_seeds());
    for kind in [
        "1",
        "1 layout",
        "2",
        "3 10%",
        "3r 30%",
        "4s Invert",
        "4s Loop",
        "4s Nest",
        "4s While",
        "fragment renamed",
        "pasted",
        "decoy same name",
        "decoy same skeleton",
        "decoy similar size",
        "decoy most similar",
    ] {
        assert!(cases.iter().any(|case| case.kind.starts_with(kind)), "{kind}");
    }
}
