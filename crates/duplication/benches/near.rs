//! What the near channel and a whole search cost, as ratios within one run.
//!
//! `cargo bench -p cds-duplication -- RECORDS.json [all] [half] [naive] [similar] [sample SEED]`, with the JSON that
//! `cds model-build --format json` writes. With `all` it measures a search with the defaults and nothing else, with
//! `half` also the near channel over every second function, with `similar` questions to 50,000 records. With `naive` it
//! also measures the double loop over all pairs of 2,000 functions with the same ratio from `rapidfuzz`, and says what
//! that would take for all of them; with `sample` it prints sixty groups at random for reading.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark may panic and shows figures"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use cds_duplication::{Channel, Definition, NearBy, Settings, find, similar};
use cds_language::Language;
use rapidfuzz::distance::indel;

fn definitions(path: &str) -> Vec<Definition> {
    let records: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let records = records["records"].as_array().unwrap().iter().zip(1..);
    let text = |record: &serde_json::Value, field: &str| record[field].as_str().unwrap_or_default().to_owned();
    let line = |record: &serde_json::Value, field: &str| u32::try_from(record[field].as_u64().unwrap()).unwrap();
    records
        .map(|(record, record_id)| Definition {
            record_id,
            kind: text(record, "kind").parse().unwrap(),
            file_path: text(record, "file_path").into(),
            signature: record["signature"].as_str().map(Into::into),
            start_line: line(record, "start_line"),
            end_line: line(record, "end_line"),
            normalized_code: text(record, "normalized_code").into(),
            md5sum: text(record, "md5sum").parse().unwrap(),
            is_generated: false,
            intent: record["intent"].as_str().map(Into::into),
            intent_is_derived: false,
        })
        .collect()
}

fn timed(name: &str, definitions: &[Definition], settings: &Settings) -> Duration {
    let start = Instant::now();
    let report = find(definitions, settings);
    let spent = start.elapsed();
    println!("{name}: {spent:.2?}, {} groups", report.totals.group_count);
    for channel in &report.channels {
        println!(
            "    {:8} {:6} groups, {:6} members, {:7} repeated lines, {:5} covered, {} pairs with only a common shape",
            channel.channel.as_str(),
            channel.totals.group_count,
            channel.totals.member_count,
            channel.totals.repeated_lines,
            channel.covered_count,
            channel.shape_only_pair_count.map_or("?".to_owned(), |count| count.to_string())
        );
    }
    spent
}

fn naive(codes: &[&str], threshold: f64) -> Duration {
    let step = (codes.len() / 2000).max(1);
    let some: Vec<&str> = codes.iter().step_by(step).take(2000).copied().collect();
    let start = Instant::now();
    for (place, left) in some.iter().enumerate() {
        for right in &some[..place] {
            let arguments = indel::Args::default().score_cutoff(threshold);
            black_box(indel::normalized_similarity_with_args(left.chars(), right.chars(), &arguments));
        }
    }
    let pairs = |count: usize| count as f64 * (count as f64 - 1.0) / 2.0;
    start.elapsed().mul_f64(pairs(codes.len()) / pairs(some.len()))
}

/// What a question to the first 50,000 records takes, asked for each of 21 of them.
fn questions(definitions: &[Definition]) {
    let records = &definitions[..definitions.len().min(50_000)];
    let codes = records.iter().filter(|definition| definition.normalized_code.lines().count() >= 8);
    let step = (codes.clone().count() / 21).max(1);
    let mut times: Vec<Duration> = codes
        .step_by(step)
        .take(21)
        .map(|definition| {
            let start = Instant::now();
            black_box(similar(Language::of_record(&definition.file_path), records, &definition.normalized_code, 10));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "similar to {} records: median {:.1?}, slowest {:.1?}",
        records.len(),
        times[times.len() / 2],
        times[times.len() - 1]
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let Some(path) = arguments.first() else {
        println!("usage: cargo bench -p cds-duplication -- RECORDS.json [all] [half] [naive] [similar] [sample SEED]");
        return;
    };
    let definitions = definitions(path);
    let asked = |word: &str| arguments.iter().any(|argument| argument == word);
    if asked("similar") {
        questions(&definitions);
    }
    if asked("all") {
        timed("all channels, defaults", &definitions, &Settings::default());
        return;
    }
    let near = Settings {
        channels: [Channel::Near].into(),
        min_lines: 1,
        min_tokens: 1,
        near_by: NearBy::Text,
        ..Settings::default()
    };
    let spent = timed("near by text, everything eligible", &definitions, &near);
    if asked("half") {
        let half: Vec<Definition> = definitions.iter().step_by(2).cloned().collect();
        let half = timed("the same, every second record", &half, &near);
        println!("twice the records cost {:.2} times as much", spent.as_secs_f64() / half.as_secs_f64());
    }
    if asked("naive") {
        let of_kind = definitions.iter().filter(|definition| near.kinds.contains(&definition.kind));
        let codes: Vec<&str> = of_kind.map(|definition| &*definition.normalized_code).collect();
        let all = naive(&codes, near.text_threshold);
        println!("naive double loop: {all:.1?}, {:.0} times as long", all.as_secs_f64() / spent.as_secs_f64());
    }
    for channel in Channel::ALL {
        timed(channel.as_str(), &definitions, &Settings { channels: [channel].into(), ..Settings::default() });
    }
    timed("all channels, defaults", &definitions, &Settings::default());
    if let Some(place) = arguments.iter().position(|argument| argument == "sample") {
        let seed = arguments.get(place + 1).and_then(|seed| seed.parse().ok()).unwrap_or(1);
        sample(&definitions, seed);
    }
}

/// Sixty groups to be read and judged.
fn sample(definitions: &[Definition], mut seed: u64) {
    let report = find(definitions, &Settings::default());
    let mut shown: Vec<_> = report.groups.iter().filter(|group| group.covered_by.is_none()).collect();
    for count in 1..=60.min(shown.len()) {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let group = shown.swap_remove((seed >> 33) as usize % shown.len());
        println!("\n##### {count}: {} {}", group.channel.as_str(), group.group_id);
        for member in group.members.iter().take(3) {
            let definition = &definitions[member.index];
            println!("--- {}:{} {:.2}", definition.file_path, member.file_lines.0, member.best_ratio);
            let (from, to) = member.normalized_lines;
            for line in definition.normalized_code.lines().skip(from as usize).take((to - from).min(16) as usize) {
                println!("{line}");
            }
        }
    }
}
