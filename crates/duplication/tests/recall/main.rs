//! Recall by kind and precision on changed copies of real functions.
#![allow(warnings)]
mod cases;
mod mutate;
mod random;
mod source;
use cds_duplication::*;
use cds_model::{Md5Sum, SymbolKind};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
fn def(i: usize, code: &str) -> Definition {
    Definition {
        record_id: i as i64,
        kind: SymbolKind::Function,
        file_path: format!("f{i}.py").into(),
        signature: None,
        start_line: 1,
        end_line: code.lines().count() as u32,
        normalized_code: Arc::from(code),
        md5sum: Md5Sum(md5::compute(code).0),
        intent: None,
    }
}
fn load(p: &str) -> Vec<String> {
    let v: serde_json::Value = serde_json::from_slice(&std::fs::read(p).unwrap()).unwrap();
    v["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| ["function", "method"].contains(&r["kind"].as_str().unwrap()))
        .map(|r| r["normalized_code"].as_str().unwrap().to_owned())
        .collect()
}
#[test]
fn calibrate_() {
    let Ok(p) = std::env::var("CDS_DUP_JSON") else { return };
    let mut all = load(&p);
    let len = all.len();
    let seeds: Vec<String> = all
        .iter()
        .filter(|c| {
            let n = c.lines().count();
            n >= 6 && n <= 60 && tokens(c) >= 45
        })
        .cloned()
        .collect();
    let step = (seeds.len() / 250).max(1);
    let seeds: Vec<String> = seeds.into_iter().step_by(step).collect();
    let cases = cases::make(&seeds);
    for c in &cases {
        all.push(c.left.clone());
        all.push(c.right.clone());
    }
    let defs: Vec<Definition> = all.iter().enumerate().map(|(i, c)| def(i, c)).collect();
    let mut firsts: HashMap<Md5Sum, usize> = HashMap::new();
    for (i, d) in defs.iter().enumerate() {
        firsts.entry(d.md5sum).or_insert(i);
    }
    let mut s = Settings::default();
    s.token_threshold = 0.6;
    s.text_threshold = 0.9;
    // evidence weights over the real tree plus mutants
    let pairs: HashMap<(usize, usize), _> =
        calibrate(&defs, &s).into_iter().map(|t| ((t.0.min(t.1), t.0.max(t.1)), t)).collect();
    let mut out = String::new();
    for c in &cases {
        let (a, b) = (firsts[&Md5Sum(md5::compute(&c.left).0)], firsts[&Md5Sum(md5::compute(&c.right).0)]);
        if a == b {
            continue;
        }
        match pairs.get(&(a.min(b), a.max(b))) {
            Some(t) => {
                out += &format!(
                    "{}\t{}\t{:.3}\t{:.3}\t{:.1}\t{:.3}\t{:.1}\t{}\t{}\n",
                    c.kind, c.truth, t.2, t.3[0], t.3[1], t.3[2], t.3[3], t.4[0], t.4[1]
                )
            }
            None => out += &format!("{}\t{}\t0\t0\t0\t0\t0\t0\t0\n", c.kind, c.truth),
        }
    }
    std::fs::write("/tmp/dup/cases.tsv", out).unwrap();
    let mut out = String::new();
    for t in pairs.values().filter(|t| t.0 < len && t.1 < len) {
        out += &format!(
            "{}\t{}\t{:.3}\t{:.3}\t{:.1}\t{:.3}\t{:.1}\t{}\t{}\n",
            t.0, t.1, t.2, t.3[0], t.3[1], t.3[2], t.3[3], t.4[0], t.4[1]
        );
    }
    std::fs::write("/tmp/dup/real.tsv", out).unwrap();
    let mut n: BTreeMap<&str, usize> = BTreeMap::new();
    for c in &cases {
        *n.entry(&c.kind).or_default() += 1;
    }
    println!("{n:?}");
}

fn tokens(c: &str) -> usize {
    c.split_whitespace().map(|w| source::parts(w).len()).sum()
}
