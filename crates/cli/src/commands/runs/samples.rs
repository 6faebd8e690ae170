//! Rows for the tests beside the commands: a run that completed, one that failed, one that was killed, and one that
//! carries everything a terminal might obey.

use cds_persistence::{
    ChainRow, Counted, EnrichmentRow, ErrorGroup, Invocation, InvocationDetails, LedgerRow, RunId, SnapshotAbsence,
    SnapshotRow, StageRow,
};
use jiff::tz::{self, TimeZone};
use unicode_width::UnicodeWidthStr as _;

use super::proof::Proof;
use cds_terminal::{local_time::LocalTime, screen::Screen, style::Palette};

const COMMIT: &str = "1f6467f6800f02fcbea9178082e1398a00112233";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(super) const HOSTILE: &str = "\x1b[31m\x07\u{202e}two\nlines\u{9b}\t加算 \u{2764}\u{fe0f}\u{2764}\u{fe0f} a-word-that-is-longer-than-any-terminal-is-wide-a-word-that-is-longer-than-any-terminal";

/// A reader one hour east of Greenwich, without colours.
pub(super) fn screen(width: usize) -> Screen {
    Screen { width, palette: Palette::Plain, time: LocalTime::of(TimeZone::fixed(tz::offset(1))) }
}

pub(super) fn assert_is_safe(text: &str, width: usize) {
    for line in text.lines() {
        assert!(line.width() <= width, "{width}: {line}");
        assert!(!line.chars().any(cds_terminal::text::is_unsafe), "{line:?}");
    }
}

fn ledger(id: u64, status: &str) -> LedgerRow {
    LedgerRow {
        run_id: format!("019a9f3e-{:04x}-7def-8123-{id:012x}", 0x1c2b - id),
        subject: "shop".to_owned(),
        notes: None,
        started_at: "2026-11-20T22:15:00.120Z".to_owned(),
        finished_at: Some("2026-11-20T22:15:12.345Z".to_owned()),
        status: status.to_owned(),
        error: None,
        closed_by: None,
        command: "persist".to_owned(),
        tool_version: "0.1.0".to_owned(),
        host: "ci-7".to_owned(),
        pid: 4711,
        root_path: Some("/builds/shop".to_owned()),
        code_ref: Some(COMMIT.to_owned()),
        code_ref_note: "GITHUB_SHA".to_owned(),
        trace_id: TRACE.to_owned(),
        telemetry_recorded: Some(60),
        telemetry_written: Some(58),
        telemetry_dropped: Some(2),
    }
}

fn stage(id: u64, stage: &str, status: &str) -> StageRow {
    StageRow {
        run_id: format!("019a9f3e-1c{:02x}-7def-8123-{id:012x}", 0x2b + id),
        ledger_id: "019a9f3e-1c2a-7def-8123-000000000001".to_owned(),
        stage: stage.to_owned(),
        status: status.to_owned(),
        source: "executed".to_owned(),
        error: None,
        input_fingerprint: Some(format!("sha256:{}", "5a".repeat(32))),
        code_ref: Some(COMMIT.to_owned()),
        code_ref_note: "GITHUB_SHA".to_owned(),
        config_hash: format!("sha256:{}", "c0".repeat(32)),
        started_at: "2026-11-20T22:15:03.120Z".to_owned(),
        finished_at: Some("2026-11-20T22:15:04.360Z".to_owned()),
        rows_in: Some(13),
        rows_out: Some(59),
        duration_seconds: Some(1.239_6),
        llm_calls: None,
        tokens: None,
        trace_id: TRACE.to_owned(),
    }
}

fn snapshot(id: i64) -> SnapshotRow {
    SnapshotRow {
        id: RunId(id),
        started_at: "2026-11-20T22:15:00.120Z".to_owned(),
        finished_at: "2026-11-20T22:15:01.620Z".to_owned(),
        root_path: "/builds/shop".to_owned(),
        provider_url: "http://127.0.0.1:11434".to_owned(),
        model: "qwen3-coder:latest".to_owned(),
        scope: "class,function,method".to_owned(),
        progress_batch_size: 10,
        status: "completed".to_owned(),
        analyzer_error_count: 0,
        intent_failed_count: 0,
        record_count: 59,
    }
}

fn enrichment() -> EnrichmentRow {
    EnrichmentRow {
        selected_count: 46,
        asked_count: 40,
        reused_count: 4,
        shared_count: 2,
        failed_count: 0,
        retried_count: 6,
        call_count: 46,
        cut_count: 1,
        prompt_tokens: Some(17_000),
        answer_tokens: Some(1_422),
        elapsed_seconds: 8.5,
        mean_latency_seconds: 0.6123,
        p95_latency_seconds: 1.25,
    }
}

/// What proves a snapshot.
pub(super) fn proof(run_id: RunId) -> Proof {
    let row = ChainRow {
        sequence: 1,
        event: "snapshot".to_owned(),
        run_id,
        project: "shop".to_owned(),
        part: String::new(),
        recorded_at: "2026-11-20T22:15:01.620Z".to_owned(),
        record_count: 59,
        snapshot_root: format!("sha256:{}", "ab".repeat(32)),
        run_hash: format!("sha256:{}", "ef".repeat(32)),
        history_sequence: 59,
        history_hash: format!("sha256:{}", "12".repeat(32)),
        previous_hash: format!("sha256:{}", "00".repeat(32)),
        hash: format!("sha256:{}", "cd".repeat(32)),
    };
    Proof { row, transitions: counted(&[("added", 3), ("moved", 1)]), absence: SnapshotAbsence::Unexplained }
}

fn counted(items: &[(&str, u64)]) -> Vec<Counted> {
    items.iter().map(|&(name, count)| Counted { name: name.to_owned(), count }).collect()
}

fn four_stages() -> Vec<StageRow> {
    vec![
        stage(1, "analyze", "completed_with_errors"),
        StageRow { source: "checkpoint".to_owned(), ..stage(2, "build", "completed") },
        StageRow { llm_calls: Some(46), tokens: Some(18_422), ..stage(3, "enrich", "completed") },
        stage(4, "persist", "completed"),
    ]
}

/// A run that ended as it should.
pub(super) fn completed() -> (Invocation, InvocationDetails) {
    let found = Invocation {
        ledger: Some(LedgerRow { notes: Some("nightly, after the upgrade".to_owned()), ..ledger(1, "completed") }),
        details: None,
        snapshot_id: Some(RunId(7)),
        snapshot: Some(snapshot(7)),
        enrichment: Some(enrichment()),
        llm_calls: Some(46),
        tokens: Some(18_422),
    };
    let details = InvocationDetails {
        stages: four_stages(),
        records_by_kind: counted(&[("file", 13), ("class", 6), ("function", 24), ("method", 16)]),
        analyzer_errors: vec![ErrorGroup {
            reason: "syntax error".to_owned(),
            count: 3,
            example: "broken.py:9".to_owned(),
        }],
        intent_errors: Vec::new(),
        not_read: Vec::new(),
        telemetry: counted(&[("LLM_CALL", 46), ("RETRY", 6), ("DECISION", 2), ("STAGE", 4)]),
        telemetry_tokens: None,
        decisions: counted(&[("concurrency changed", 2)]),
        call_failures: counted(&[("429", 6)]),
    };
    (found, details)
}

/// A run that was over when everything had been paid for: the disk was full.
pub(super) fn failed() -> (Invocation, InvocationDetails) {
    let error = "write to database \"cds.sqlite\": the disk is full (SQLite error 13)";
    let (found, mut details) = completed();
    let row = found.ledger.expect("it has one");
    let found = Invocation {
        ledger: Some(LedgerRow {
            status: "failed".to_owned(),
            error: Some(error.to_owned()),
            code_ref: Some(format!("{COMMIT}-dirty")),
            run_id: ledger(3, "failed").run_id,
            ..row
        }),
        details: None,
        snapshot_id: None,
        snapshot: None,
        enrichment: None,
        ..found
    };
    details.stages[3] = StageRow {
        status: "failed".to_owned(),
        error: Some(error.to_owned()),
        rows_in: Some(59),
        rows_out: None,
        ..stage(4, "persist", "failed")
    };
    details.records_by_kind.clear();
    (found, details)
}

/// A run whose process was killed while the model was asked, as the next command marked it.
pub(super) fn killed() -> (Invocation, InvocationDetails) {
    let found = Invocation {
        ledger: Some(LedgerRow {
            error: Some("its process ended without closing its accounts; its lock was free".to_owned()),
            closed_by: Some("cds persist".to_owned()),
            code_ref: None,
            code_ref_note: "no repository was found".to_owned(),
            telemetry_recorded: None,
            telemetry_written: None,
            telemetry_dropped: None,
            ..ledger(2, "interrupted")
        }),
        details: None,
        snapshot_id: None,
        snapshot: None,
        enrichment: None,
        llm_calls: None,
        tokens: None,
    };
    let mut stages = four_stages();
    stages.truncate(2);
    stages.push(StageRow {
        error: Some("its process ended without closing its accounts; its lock was free".to_owned()),
        rows_out: None,
        duration_seconds: None,
        ..stage(3, "enrich", "interrupted")
    });
    let details = InvocationDetails {
        stages,
        telemetry: counted(&[("LLM_CALL", 21), ("STAGE", 4)]),
        ..InvocationDetails::default()
    };
    (found, details)
}

/// Newest first: running, killed, failed, completed, and a snapshot without an account.
pub(super) fn invocations() -> Vec<Invocation> {
    let none = Invocation {
        ledger: None,
        details: None,
        snapshot_id: None,
        snapshot: None,
        enrichment: None,
        llm_calls: None,
        tokens: None,
    };
    let running = LedgerRow {
        subject: "a-project-with-a-long-name".to_owned(),
        finished_at: None,
        code_ref: Some(format!("{COMMIT}-dirty")),
        ..ledger(0xc2b, "running")
    };
    vec![
        Invocation { ledger: Some(running), ..none.clone() },
        killed().0,
        failed().0,
        completed().0,
        Invocation { snapshot_id: Some(RunId(1)), snapshot: Some(snapshot(1)), ..none },
    ]
}

/// Newest first, as `runs tail` shows them.
pub(super) fn stages() -> Vec<StageRow> {
    let mut stages = four_stages();
    stages.reverse();
    let running = StageRow {
        finished_at: None,
        rows_out: None,
        duration_seconds: None,
        run_id: "019a9f40-0000-7def-8123-000000000009".to_owned(),
        ..stage(5, "analyze", "running")
    };
    stages.insert(0, running);
    stages.push(stage(0x30, "persist", "failed"));
    stages
}

pub(super) fn hostile_stage() -> StageRow {
    let text = || HOSTILE.to_owned();
    StageRow {
        run_id: text(),
        ledger_id: text(),
        stage: text(),
        status: text(),
        source: text(),
        error: Some(text()),
        input_fingerprint: Some(text()),
        code_ref: Some(text()),
        code_ref_note: text(),
        config_hash: text(),
        started_at: text(),
        finished_at: Some(text()),
        rows_in: Some(u64::MAX),
        rows_out: Some(u64::MAX),
        duration_seconds: Some(f64::MAX),
        llm_calls: Some(u64::MAX),
        tokens: Some(u64::MAX),
        trace_id: text(),
    }
}

pub(super) fn hostile_invocation() -> Invocation {
    let text = || HOSTILE.to_owned();
    let ledger = LedgerRow {
        run_id: text(),
        subject: text(),
        notes: Some(text()),
        started_at: text(),
        finished_at: Some(text()),
        status: text(),
        error: Some(text()),
        closed_by: None,
        command: text(),
        tool_version: text(),
        host: text(),
        pid: i64::MIN,
        root_path: Some(text()),
        code_ref: Some(text()),
        code_ref_note: text(),
        trace_id: text(),
        telemetry_recorded: Some(u64::MAX),
        telemetry_written: Some(u64::MAX),
        telemetry_dropped: Some(u64::MAX),
    };
    let snapshot = SnapshotRow {
        id: RunId(i64::MAX),
        started_at: text(),
        finished_at: text(),
        root_path: text(),
        provider_url: text(),
        model: text(),
        scope: text(),
        progress_batch_size: i64::MIN,
        status: text(),
        analyzer_error_count: u64::MAX,
        intent_failed_count: u64::MAX,
        record_count: u64::MAX,
    };
    Invocation {
        ledger: Some(ledger),
        details: None,
        snapshot_id: Some(RunId(i64::MIN)),
        snapshot: Some(snapshot),
        enrichment: Some(EnrichmentRow {
            reused_count: u64::MAX,
            prompt_tokens: Some(u64::MAX),
            answer_tokens: Some(u64::MAX),
            elapsed_seconds: f64::INFINITY,
            ..enrichment()
        }),
        llm_calls: Some(u64::MAX),
        tokens: None,
    }
}

pub(super) fn hostile_details() -> InvocationDetails {
    let group = ErrorGroup { reason: HOSTILE.to_owned(), count: u64::MAX, example: HOSTILE.to_owned() };
    let groups = vec![group; 30];
    let counted = counted(&[(HOSTILE, u64::MAX); 30]);
    InvocationDetails {
        stages: vec![hostile_stage(), hostile_stage()],
        records_by_kind: counted.clone(),
        analyzer_errors: groups.clone(),
        intent_errors: groups,
        not_read: Vec::new(),
        telemetry: counted.clone(),
        telemetry_tokens: None,
        decisions: counted.clone(),
        call_failures: counted,
    }
}
