//! The details of one invocation, and the definitions of a snapshot.

use cds_persistence::{Counted, ErrorGroup, InvocationDetails, RunId, SqliteReader};

use super::{ledger_id, six_runs, stage_id, telemetry_row};
use crate::{
    reader::read,
    samples::{make_database, workplace},
};

fn details(reader: &SqliteReader, name: &str) -> InvocationDetails {
    let invocation = reader.resolve_run(name).unwrap();
    reader.invocation_details(&invocation).unwrap()
}

fn counts(counted: &[Counted]) -> Vec<(&str, u64)> {
    counted.iter().map(|entry| (entry.name.as_str(), entry.count)).collect()
}

fn groups(groups: &[ErrorGroup]) -> Vec<(&str, u64, &str)> {
    groups.iter().map(|group| (group.reason.as_str(), group.count, group.example.as_str())).collect()
}

#[test]
fn snapshot_errors_come_from_the_snapshot() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let error = r#"{"what":"analyzer_error","reason":"from the telemetry"}"#;
    let again = "INSERT INTO analyzer_errors (run_id, file_path, line, reason) VALUES (2, 'z', 1, 'permission denied')";
    make_database(&path, &format!("{}{again}", telemetry_row(2, "ERROR", "'x'", error)));
    let details = details(&read(&path).unwrap(), "2");
    assert_eq!(
        details.stages.iter().map(|row| row.run_id.clone()).collect::<Vec<_>>(),
        [stage_id(2, 1), stage_id(2, 2)]
    );
    assert_eq!(counts(&details.records_by_kind), [("file", 1), ("class", 1), ("function", 1), ("method", 1)]);
    assert_eq!(
        groups(&details.analyzer_errors),
        [("permission denied", 2, "locked"), ("does not parse", 1, "bad.py:7")]
    );
    assert_eq!(groups(&details.intent_errors), [("timed out", 1, "a.py:2")]);
    assert_eq!(counts(&details.telemetry), [("ERROR", 1)]);
}

#[test]
fn other_errors_come_from_telemetry() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let rows = [
        telemetry_row(5, "DECISION", "NULL", r#"{"decision":"shared","records":2}"#),
        telemetry_row(5, "DECISION", "NULL", r#"{"decision":"reused","records":12,"questions":3}"#),
        telemetry_row(5, "DECISION", "NULL", r#"{"decision":"reused"}"#),
        telemetry_row(5, "DECISION", "NULL", r#"{"decision":"cut","questions":"many"}"#),
        telemetry_row(5, "DECISION", "NULL", r#"{"decision":"cut","records":-5}"#),
        telemetry_row(5, "DECISION", "NULL", "no JSON"),
        telemetry_row(5, "DECISION", "NULL", r#"["decision"]"#),
        telemetry_row(5, "LLM_CALL", "NULL", r#"{"attempt":1,"latency_ms":103.2,"status":"ok"}"#),
        telemetry_row(5, "LLM_CALL", "NULL", r#"{"status":"timed_out"}"#),
        telemetry_row(5, "LLM_CALL", "NULL", r#"{"status":"refused"}"#),
        telemetry_row(5, "LLM_CALL", "NULL", r#"{"status":"timed_out"}"#),
        telemetry_row(5, "LLM_CALL", "NULL", "{"),
        telemetry_row(5, "ERROR", "'a.py:3'", r#"{"what":"analyzer_error","reason":"does not parse"}"#),
        telemetry_row(5, "ERROR", "'b.py:9'", r#"{"what":"intent_failed","reason":"timed out"}"#),
        telemetry_row(5, "ERROR", "'c.py:1'", r#"{"what":"intent_failed","reason":"timed out"}"#),
        telemetry_row(5, "ERROR", "NULL", r#"{"what":"intent_failed"}"#),
        telemetry_row(5, "OWN", "NULL", "{}"),
        telemetry_row(5, "STAGE", "NULL", "{}"),
        telemetry_row(4, "STAGE", "NULL", "{}"),
        format!("INSERT INTO telemetry VALUES (99, '{}', '', 'ERROR', NULL, x'ff00', NULL);", ledger_id(5)),
    ];
    make_database(&path, &rows.concat());
    let details = details(&read(&path).unwrap(), &ledger_id(5));
    assert_eq!(counts(&details.decisions), [("reused", 13), ("cut", 2), ("shared", 2)]);
    assert_eq!(counts(&details.call_failures), [("timed_out", 2), ("refused", 1)]);
    assert_eq!(groups(&details.analyzer_errors), [("does not parse", 1, "a.py:3")]);
    assert_eq!(groups(&details.intent_errors), [("timed out", 2, "b.py:9"), ("no reason is stored", 1, "")]);
    assert_eq!(counts(&details.telemetry), [("LLM_CALL", 5), ("DECISION", 7), ("ERROR", 5), ("STAGE", 1), ("OWN", 1)]);
    assert_eq!((details.stages.len(), details.records_by_kind.len()), (2, 0));
}

#[test]
fn at_most_1000_stages_are_read() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let copies = "
        INSERT INTO stage_runs
        SELECT run_id || hex(randomblob(8)), ledger_id, stage, status, source, error, input_fingerprint, code_ref, code_ref_note,
               config_hash, started_at, finished_at, rows_in, rows_out, duration_seconds, llm_calls, tokens, trace_id
        FROM stage_runs JOIN json_each('[0,1,2,3,4,5,6,7,8,9]');";
    make_database(&path, &copies.repeat(3));
    assert_eq!(details(&read(&path).unwrap(), "2").stages.len(), 1_000);
}

#[test]
fn invalid_token_counts_are_ignored() {
    for (calls, expected) in [
        (&[][..], None),
        (&["{}", "no JSON", r#"{"prompt_tokens":"7","answer_tokens":null}"#], None),
        (&[r#"{"prompt_tokens":7}"#, r#"{"prompt_tokens":-9,"answer_tokens":0}"#], Some(7)),
        (&[r#"{"prompt_tokens":7,"answer_tokens":2}"#, r#"{"answer_tokens":1}"#], Some(10)),
        (&[r#"{"prompt_tokens":9223372036854775807}"#; 3], Some(i64::MAX.unsigned_abs())),
        (&[r#"{"answer_tokens":99999999999999999999999}"#; 2], Some(i64::MAX.unsigned_abs())),
    ] {
        let (_directory, path) = workplace();
        six_runs(&path);
        let rows: Vec<String> = calls.iter().map(|call| telemetry_row(5, "LLM_CALL", "NULL", call)).collect();
        make_database(&path, &rows.concat());
        assert_eq!(details(&read(&path).unwrap(), &ledger_id(5)).telemetry_tokens, expected, "{calls:?}");
    }
}

#[test]
fn definitions_are_in_snapshot_order() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let reader = read(&path).unwrap();
    let rows = reader.definitions(RunId(2)).unwrap();
    let lines: Vec<_> = rows.iter().map(|row| format!("{} {}:{}", row.kind, row.file_path, row.start_line)).collect();
    assert_eq!(lines, ["file a.py:1", "class a.py:2", "method a.py:3", "function b/c.py:1"]);
    assert_eq!((rows[0].signature.as_deref(), rows[1].intent.as_deref()), (None, None));
    assert_eq!((rows[2].intent.as_deref(), rows[2].intent_status.as_str()), (Some("Returns one."), "success"));
    assert_eq!((rows[2].end_line, rows[2].md5sum.len()), (4, 32));
    assert_eq!(reader.definitions(RunId(99)).unwrap(), []);
}
