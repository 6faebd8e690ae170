//! `docs/schema.md` is correct: its queries run, and it documents every column.

use std::{fs, path::Path, time::Duration};

use cds_model::{
    AccountStatus, Fingerprint, Intent, RunDetails, RunEnd, RunSnapshot, Stage, StageEnd, StageRunId, StageSource,
    StageStart, SymbolKind, TelemetryEntry, TelemetryType,
};
use cds_persistence::{Layout, Persistence as _, RunId, TelemetrySink as _, Transfer, TransferOutcome};
use rusqlite::Connection;

use crate::{
    accepted::acceptance,
    accounts::{accounts, start},
    samples::{answer, asked, at, layout, mixed, open, plain_only, record, save, texts, traced, workplace},
};

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema.md")).unwrap()
}

/// The SQL blocks of the page.
pub(crate) fn queries(page: &str) -> Vec<&str> {
    page.split("```sql\n").skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

/// Whether a query reads the tables below the views.
pub(crate) fn is_of_compact_layout(sql: &str) -> bool {
    ["FROM shared_", "FROM run_records", "FROM run_files"].iter().any(|table| sql.contains(table))
}

/// The accounts of an invocation that asked one question and then failed.
fn keep_accounts(path: &Path) {
    let mut writer = accounts(path);
    let run = start(1);
    let request = Some(r#"{"command":"persist","model":"some"}"#.to_owned());
    writer.start_run(&run, &RunDetails { request, ..RunDetails::default() }).unwrap();
    let stage_id: StageRunId = "019a9f3f-0000-7000-8000-000000000001".parse().unwrap();
    let stage = StageStart {
        id: stage_id,
        ledger_id: run.id,
        stage: Stage::Enrich,
        started_at: at(1),
        code_ref: run.code_ref.clone(),
        config_hash: Fingerprint([1; 32]),
        input_fingerprint: Some(Fingerprint([2; 32])),
        rows_in: Some(4),
        trace_id: run.trace_id.clone(),
    };
    writer.begin_stage(&stage).unwrap();
    let end = StageEnd {
        id: stage_id,
        status: AccountStatus::Failed,
        source: StageSource::Executed,
        error: Some("no room".to_owned()),
        input_fingerprint: None,
        finished_at: at(2),
        duration: Duration::from_secs(1),
        rows_in: None,
        rows_out: None,
        llm_calls: Some(1),
        tokens: None,
    };
    writer.end_stage(&end).unwrap();
    let error = Some("no room".to_owned());
    let end = RunEnd {
        id: run.id,
        status: AccountStatus::Failed,
        finished_at: at(2),
        snapshot_id: None,
        notes: String::new(),
        error,
    };
    writer.mark_run_finished(&end).unwrap();
    let call = TelemetryEntry {
        recorded_at: at(1),
        log_type: TelemetryType::LlmCall,
        subject: Some("a.py:2".to_owned()),
        event_details: r#"{"attempt":1,"latency_ms":12.5,"status":"ok"}"#.to_owned(),
        error_metadata: None,
    };
    writer.into_telemetry_sink(run.id).write(&[call]).unwrap();
}

fn failed_transfer() -> Transfer {
    Transfer {
        direction: "archive",
        peer: "/srv/archive".to_owned(),
        run_id: RunId(1),
        run_key: None,
        local_run_id: None,
        snapshot_root: None,
        outcome: TransferOutcome::Failed("no room".to_owned()),
        at: at(3),
    }
}

#[test]
fn page_queries_find_rows() {
    let (_directory, path) = workplace();
    save(&path, &crate::compact::snapshot(&crate::compact::sources())).unwrap();
    save(&path, &traced(asked(), "shop")).unwrap();
    let mut later = traced(mixed(), "shop");
    later.records.remove(1);
    save(&path, &later).unwrap();
    keep_accounts(&path);
    open(&path).unwrap().keep_answers(&[answer(2), answer(9)], at(0)).unwrap();
    open(&path).unwrap().accept_duplicates(&[acceptance("near", "00ff")], at(0)).unwrap();
    open(&path).unwrap().log_transfer(&failed_transfer()).unwrap();
    let connection = Connection::open(&path).unwrap();
    let page = page();
    let is_compact = layout() == Layout::Compact;
    let is_there = |sql: &&str| sql.starts_with("SELECT") && (is_compact || !is_of_compact_layout(sql));
    let queries: Vec<&str> = queries(&page).into_iter().filter(is_there).collect();
    for query in &queries {
        let mut statement = connection.prepare(query).unwrap();
        assert!(statement.exists([]).unwrap(), "nothing is found by {query}");
    }
    for table in texts(&connection, "SELECT name FROM sqlite_schema WHERE type = 'table'") {
        assert!(queries.iter().any(|query| query.contains(&format!("FROM {table}\n"))), "no query shows {table}");
    }
}

#[test]
fn page_documents_every_column() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let connection = Connection::open(&path).unwrap();
    let columns = texts(
        &connection,
        "SELECT '| `' || column.name || '` | ' || column.type || iif(column.pk, ' PRIMARY KEY', '')
                || iif(column.\"notnull\", ' NOT NULL', '') || ' |'
         FROM sqlite_schema AS schema, pragma_table_info(schema.name) AS column WHERE schema.type = 'table'",
    );
    let of_records = match layout() {
        Layout::Plain => 13 + 3 + 4 + 6,
        Layout::Compact => 4 + 6 + 12 + 3 + 4 + 3 + 6,
    };
    assert_eq!(columns.len(), of_records + 12 + 5 + 4 + 14 + 8 + 20 + 18 + 7 + 10 + 14 + 12 + 13 + 11 + 7);
    let page = page();
    for column in columns {
        assert!(page.contains(&column), "the page lacks {column}");
    }
}

/// Every definition of a database as one line without blanks around brackets and commas, sorted.
fn definitions(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut lines: Vec<String> = texts(&connection, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
        .iter()
        .map(|sql| sql.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(").replace(" )", ")"))
        .collect();
    lines.sort();
    lines
}

#[test]
fn page_definitions_match_new_database() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let (_other_directory, other) = workplace();
    let page = page();
    let sql = queries(&page).into_iter().find(|sql| sql.contains("CREATE TABLE")).unwrap();
    crate::samples::make_database(&other, sql);
    assert_eq!(definitions(&other), definitions(&path));
}

/// The database of the page's test vectors: one record and one analyzer error.
fn vectors() -> RunSnapshot {
    let mut snapshot = traced(mixed(), "shop");
    "builtin:".clone_into(&mut snapshot.settings.provider_url);
    "builtin:outline-v1".clone_into(&mut snapshot.settings.model);
    snapshot.errors.truncate(1);
    snapshot.not_read.clear();
    snapshot.source_files.clear();
    let intent = Intent::Success("Returns its argument.".to_owned());
    let mut record = record(SymbolKind::Function, "pkg/a.py", 3, "def f(x):\n    return x", intent);
    record.raw_code = "def f(x):\n    return x  # same".into();
    snapshot.records = vec![record];
    snapshot.history.as_mut().unwrap().actor = Some("Ada <ada@example.org>".to_owned());
    snapshot
}

#[test]
fn page_test_vectors_are_stored() {
    let (_directory, path) = workplace();
    save(&path, &vectors()).unwrap();
    let connection = Connection::open(&path).unwrap();
    let stored = texts(
        &connection,
        "SELECT content_hash FROM record_hashes UNION ALL SELECT lower(hex(field_sums)) FROM record_hashes
         UNION ALL SELECT md5sum FROM records UNION ALL SELECT metadata FROM unit_history
         UNION ALL SELECT hash FROM unit_history UNION ALL SELECT snapshot_root FROM snapshot_chain
         UNION ALL SELECT run_hash FROM snapshot_chain UNION ALL SELECT hash FROM snapshot_chain",
    );
    let page = page();
    assert_eq!(stored.len(), 8);
    for value in stored {
        assert!(page.contains(&format!("`{value}`")), "the page lacks {value}");
    }
}

#[test]
fn database_from_page_definitions_is_accepted() {
    let (_directory, path) = workplace();
    let page = page();
    let definitions = queries(&page).into_iter().find(|sql| sql.contains("CREATE TABLE")).unwrap();
    crate::samples::make_database(&path, definitions);
    assert_eq!(save(&path, &mixed()).unwrap().run_id.0, 1);
}
