//! The snapshot that the benchmarks write.

use cds_model::{
    HistoryContext, Intent, Md5Sum, Record, RunSettings, RunSnapshot, Scope, SourceText, SymbolKind, Timestamp,
};

/// The number of records in the snapshot.
pub(crate) const RECORD_COUNT: u32 = 72_000;
const RECORDS_IN_A_FILE: u32 = 40;

/// A snapshot without history.
pub(crate) fn snapshot() -> RunSnapshot {
    RunSnapshot {
        started_at: Timestamp::from_unix_milliseconds(0),
        finished_at: Timestamp::from_unix_milliseconds(0),
        settings: RunSettings {
            root_path: "/srv/code".to_owned(),
            provider_url: "builtin:".to_owned(),
            model: "builtin:outline-v1".to_owned(),
            scope: Scope::default(),
            progress_batch_size: 10,
        },
        records: (0..RECORD_COUNT).map(record).collect(),
        errors: Vec::new(),
        not_read: Vec::new(),
        source_files: Vec::new(),
        enrichment: None,
        account: None,
        history: None,
    }
}

fn record(number: u32) -> Record {
    let code = format!("def function_{number}(first, second):\n{}", "    total = first + second  # sum\n".repeat(24));
    let normalized = code.replace("  # sum", "");
    let source = SourceText::new(code);
    Record {
        kind: SymbolKind::Function,
        file_path: format!("package/module_{:04}.py", number / RECORDS_IN_A_FILE).into(),
        signature: Some(source.slice(source.line_range(1, 1))),
        start_line: number % RECORDS_IN_A_FILE * 30 + 1,
        end_line: number % RECORDS_IN_A_FILE * 30 + 25,
        raw_code: source.slice(source.line_range(1, source.line_count())),
        md5sum: Md5Sum(md5::compute(&normalized).0),
        normalized_code: normalized.into(),
        intent: Intent::Success("Adds two numbers over and over and returns nothing.".to_owned()),
        question: None,
    }
}

/// The same snapshot with history.
pub(crate) fn followed(snapshot: &RunSnapshot) -> RunSnapshot {
    let history = HistoryContext {
        project: "bench".to_owned(),
        part: String::new(),
        actor: None,
        reasoning: None,
        changed_at: None,
    };
    RunSnapshot { history: Some(history), ..snapshot.clone() }
}
