//! Creates a database with as many generated records as a large project has.

use std::path::Path;

use cds_model::{
    HistoryContext, Intent, Md5Sum, Record, RunSettings, RunSnapshot, Scope, SourceSlice, SymbolKind, Timestamp,
};
use cds_persistence::Persistence as _;

const RECORD_COUNT: u32 = 72_000;

pub(crate) fn make_database(path: &Path) {
    let snapshot = RunSnapshot {
        started_at: Timestamp::from_unix_milliseconds(1_795_166_400_120),
        finished_at: Timestamp::from_unix_milliseconds(1_795_166_461_000),
        settings: RunSettings {
            root_path: "/srv/bench".to_owned(),
            provider_url: "builtin:".to_owned(),
            model: "builtin:outline-v1".to_owned(),
            scope: Scope::default(),
            progress_batch_size: 10,
        },
        records: (1..=RECORD_COUNT).map(made_record).collect(),
        errors: Vec::new(),
        not_read: Vec::new(),
        source_files: Vec::new(),
        enrichment: None,
        account: None,
        history: Some(HistoryContext {
            project: "bench".to_owned(),
            part: String::new(),
            actor: None,
            reasoning: None,
            changed_at: None,
        }),
    };
    let mut persistence = super::open(path);
    persistence.save(&snapshot).expect("there is room");
    persistence.close().expect("no other process uses it");
}

fn made_record(number: u32) -> Record {
    let signature = format!("def function_{number}(first, second):");
    let lines: Vec<String> = (0..24).map(|line| format!("    {}", made_line(u64::from(number) * 24 + line))).collect();
    let code = format!("{signature}\n{}", lines.join("\n"));
    let normalized = code.replace("    ", " ");
    Record {
        kind: SymbolKind::Function,
        file_path: format!("package/module_{:04}.py", number / 40).as_str().into(),
        signature: Some(SourceSlice::from(signature.as_str())),
        start_line: 1,
        end_line: 25,
        raw_code: SourceSlice::from(code.as_str()),
        md5sum: Md5Sum(md5::compute(&normalized).0),
        normalized_code: normalized.into(),
        intent: Intent::Success("Adds some things up.".to_owned()),
        question: None,
    }
}

/// A line that looks like code and rarely repeats.
fn made_line(seed: u64) -> String {
    const WORDS: [&str; 16] = [
        "total",
        "value",
        "self.items",
        "index",
        "result",
        "len(names)",
        "other",
        "count",
        "path",
        "first",
        "second",
        "None",
        "key",
        "cache[key]",
        "limit",
        "data",
    ];
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = |shift: u64| WORDS[usize::try_from(mixed >> shift & 15).unwrap_or_default()];
    format!("{} = {} + {}  # {}", word(0), word(4), word(8), mixed >> 54)
}
