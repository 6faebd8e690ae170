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
use cds_duplication::{Definition, Settings, find};
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
        intent: None,
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

/// For each kind how many cases there are and how many were found.
fn measure(cases: &[Case], around: &[String]) -> BTreeMap<String, (bool, usize, usize)> {
    let mut codes: Vec<&str> = around.iter().map(String::as_str).collect();
    for case in cases {
        codes.extend([case.left.as_str(), case.right.as_str()]);
    }
    codes.sort_unstable();
    codes.dedup();
    let definitions: Vec<Definition> = codes.iter().enumerate().map(|(place, code)| definition(place, code)).collect();
    let report = find(&definitions, &Settings::default());
    let mut groups: HashMap<usize, HashSet<usize>> = HashMap::new();
    for (place, group) in report.groups.iter().enumerate() {
        assert!(!group.is_weak);
        for member in &group.members {
            groups.entry(member.index).or_default().insert(place);
        }
    }
    let mut kinds: BTreeMap<String, (bool, usize, usize)> = BTreeMap::new();
    for case in cases {
        let place = |code: &str| codes.binary_search(&code).unwrap();
        let (left, right) = (place(&case.left), place(&case.right));
        let together = left == right
            || matches!((groups.get(&left), groups.get(&right)), (Some(left), Some(right)) if !left.is_disjoint(right));
        if !together && case.truth && std::env::var_os("CDS_RECALL_SHOW").is_some() {
            println!("=== {}\n{}---\n{}", case.kind, case.left, case.right);
        }
        if together && !case.truth {
            println!("=== {}\n{}---\n{}", case.kind, case.left, case.right);
        }
        let kind = kinds.entry(case.kind.clone()).or_insert((case.truth, 0, 0));
        kind.1 += 1;
        kind.2 += usize::from(together);
    }
    kinds
}

/// The share of the cases found whose kind begins like this.
fn recall(kinds: &BTreeMap<String, (bool, usize, usize)>, beginning: &str) -> f64 {
    let chosen = kinds.iter().filter(|(kind, _)| kind.starts_with(beginning));
    let (all, found) = chosen.fold((0, 0), |(all, found), (_, kind)| (all + kind.1, found + kind.2));
    f64::from(u32::try_from(found).unwrap()) / f64::from(u32::try_from(all).unwrap())
}

/// The share of what was found that is a clone.
fn precision(kinds: &BTreeMap<String, (bool, usize, usize)>) -> f64 {
    let found = |truth: bool| -> usize { kinds.values().filter(|kind| kind.0 == truth).map(|kind| kind.2).sum() };
    let (right, wrong) = (found(true), found(false));
    f64::from(u32::try_from(right).unwrap()) / f64::from(u32::try_from(right + wrong).unwrap())
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
    if let Some(folder) = std::env::var_os("CDS_RECALL_DUMP") {
        dump::write(folder.as_ref(), &cases).unwrap();
    }
    let kinds = measure(&cases, &around);
    for (kind, (truth, all, found)) in &kinds {
        println!("{kind:24} {found:4} of {all:4} {}", if *truth { "found" } else { "wrongly found" });
    }
    for kind in ["1", "2", "3 ", "3r ", "4s ", "fragment", "decoy"] {
        println!("{kind:10} {:.3}", recall(&kinds, kind));
    }
    println!("precision  {:.4}", precision(&kinds));
    if path.is_none() {
        for (kind, least) in [("1", 1.0), ("2", 0.99), ("3 ", 0.98), ("3r ", 0.96), ("4s ", 0.85)] {
            assert!(recall(&kinds, kind) >= least, "{kind}");
        }
        assert!(recall(&kinds, "fragment") >= 0.95);
        assert!(precision(&kinds) >= 0.99);
    }
}

#[test]
fn the_seeds_of_the_repository_are_enough_for_every_kind() {
    let cases = cases::make(&own_seeds(), &own_seeds());
    for kind in [
        "1",
        "2",
        "3 10%",
        "3r 30%",
        "4s Invert",
        "4s Loop",
        "4s Nest",
        "4s While",
        "fragment renamed",
        "decoy same name",
        "decoy same skeleton",
        "decoy similar size",
        "decoy most similar",
    ] {
        assert!(cases.iter().any(|case| case.kind.starts_with(kind)), "{kind}");
    }
}
