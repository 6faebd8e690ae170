use rayon::prelude::*;
use std::time::Instant;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let t: f64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let v: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut codes: Vec<&str> = v["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| ["function", "method"].contains(&r["kind"].as_str().unwrap()))
        .map(|r| r["normalized_code"].as_str().unwrap())
        .collect();
    let all = codes.clone();
    println!("{} functions {} chars", codes.len(), codes.iter().map(|c| c.len()).sum::<usize>());
    if t > 1.0 {
        tok(&all, &[0.9, 0.85, 0.8, 0.75, 0.7]);
        return;
    }
    codes.sort();
    codes.dedup();
    println!("unique {}", codes.len());
    let s: Vec<&[u8]> = codes.iter().map(|c| c.as_bytes()).collect();
    let now = Instant::now();
    println!("pairs {} in {:?}", cds_duplication::probe(&s, t), now.elapsed());
    if std::env::args().nth(3).is_some() {
        let step = all.len() / 1000;
        let some: Vec<&str> = all.iter().step_by(step).take(1000).copied().collect();
        let now = Instant::now();
        let mut n = 0;
        let mut e = 0;
        for i in 0..some.len() {
            for j in 0..i {
                let r = rapidfuzz::distance::indel::normalized_similarity_with_args(
                    some[i].chars(),
                    some[j].chars(),
                    &rapidfuzz::distance::indel::Args::default().score_cutoff(t),
                );
                if r.is_some() {
                    n += 1;
                }
                e += 1;
            }
        }
        let el = now.elapsed();
        println!(
            "naive cutoff {e} comparisons {n} in {el:?}; extrapolated {:?}",
            el.mul_f64((all.len() as f64).powi(2) / 2.0 / e as f64)
        );
    }
}
#[allow(dead_code)]
fn tok(all: &[&str], ts: &[f64]) {
    let now = Instant::now();
    let mut seqs: Vec<Vec<u8>> = all.par_iter().map(|c| cds_duplication::classes(c)).collect();
    println!("lex {:?} tokens {}", now.elapsed(), seqs.iter().map(|s| s.len()).sum::<usize>());
    seqs.retain(|s| s.iter().filter(|c| **c > 3).count() >= 25 && s.iter().filter(|c| **c == 1).count() >= 4);
    println!("eligible {}", seqs.len());
    seqs.sort();
    seqs.dedup();
    println!("unique {}", seqs.len());
    let mut el: Vec<&str> = all
        .iter()
        .copied()
        .filter(|c| {
            let s = cds_duplication::classes(c);
            s.iter().filter(|c| **c > 3).count() >= 25 && s.iter().filter(|c| **c == 1).count() >= 4
        })
        .collect();
    el.sort();
    el.dedup();
    let e: Vec<&[u8]> = el.iter().map(|c| c.as_bytes()).collect();
    for t in [0.85, 0.8, 0.75, 0.72] {
        let now = Instant::now();
        println!("text {t} pairs {} in {:?}", cds_duplication::probe(&e, t), now.elapsed());
    }
    let s: Vec<&[u8]> = seqs.iter().map(|c| &c[..]).collect();
    for t in ts {
        let now = Instant::now();
        println!("{t} pairs {} in {:?}", cds_duplication::probe(&s, *t), now.elapsed());
    }
}
