//! Saved data reads back unchanged, and the file has the documented properties.

use std::{fs, path::Path};

use cds_model::{Intent, RunStatus, Scope, SourceSlice, SymbolKind};
use cds_persistence::{Format, Persistence};
use rusqlite::Connection;

use crate::samples::{
    asked, faultless, key, layout, mixed, names_in, number, open, plain_only, record, save, texts, workplace,
};

#[test]
fn every_run_column_is_stored() {
    let (_directory, path) = workplace();
    let saved = save(&path, &mixed()).unwrap();

    assert_eq!(saved.run_id.to_string(), "1");
    assert_eq!((saved.record_count, saved.intent_failed_count, saved.analyzer_error_count), (4, 1, 2));
    assert_eq!(saved.status, RunStatus::CompletedWithErrors);
    assert!(saved.warnings.is_empty());
    let rows = rows(
        &path,
        "SELECT quote(id), quote(started_at), quote(finished_at), quote(root_path), quote(provider_url), quote(model),
                quote(scope), quote(progress_batch_size), quote(status), quote(analyzer_error_count),
                quote(intent_failed_count), quote(record_count)
         FROM runs",
    );
    assert_eq!(
        rows,
        ["1|'2026-11-20T09:20:00.120Z'|'2026-11-20T09:21:01.000Z'|'/srv/code'|'http://127.0.0.1:11434'|\
          'qwen3-coder:latest'|'class,function,method'|10|'completed_with_errors'|2|1|4"]
    );
}

#[test]
fn every_record_column_is_stored() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();

    let rows = rows(
        &path,
        "SELECT quote(id), quote(run_id), quote(kind), quote(file_path), quote(signature), quote(start_line),
                quote(end_line), quote(raw_code), quote(normalized_code), quote(md5sum), quote(intent),
                quote(intent_status), quote(intent_error)
         FROM records ORDER BY id",
    );
    let snapshot = mixed();
    let sums: Vec<String> = snapshot.records.iter().map(|record| record.md5sum.to_string()).collect();
    assert_eq!(
        rows,
        [
            format!("1|1|'file'|'a.py'|NULL|1|2|'# all of it\n'|'# all of it'|'{}'|NULL|'skipped'|NULL", sums[0]),
            format!(
                "2|1|'class'|'a.py'|'class A:'|2|3|'class A:\n    pass'|'class A:\n    pass'|'{}'|NULL|'failed'|\
                 'timed out'",
                sums[1]
            ),
            format!(
                "3|1|'method'|'a.py'|'def one():'|3|4|'def one():\n    return 1'|'def one():\n    return 1'|'{}'|\
                 'Returns one.'|'success'|NULL",
                sums[2]
            ),
            format!(
                "4|1|'function'|'b/c.py'|'def one():'|1|2|'def one():\n    return 1'|'def one():\n    return 1'|'{}'|\
                 'Returns one.'|'success'|NULL",
                sums[3]
            ),
        ]
    );
}

#[test]
fn every_analyzer_error_column_is_stored() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();

    let rows = rows(
        &path,
        "SELECT quote(id), quote(run_id), quote(file_path), quote(line), quote(reason)
         FROM analyzer_errors ORDER BY id",
    );
    assert_eq!(rows, ["1|1|'bad.py'|7|'does not parse'", "2|1|'locked'|NULL|'permission denied'"]);
}

#[test]
fn run_numbers_always_grow() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let mut persistence = open(&path).unwrap();
    let second = persistence.save(&faultless()).unwrap();
    let third = persistence.save(&mixed()).unwrap();
    persistence.close().unwrap();

    assert_eq!((second.run_id.0, third.run_id.0), (2, 3));
    assert_eq!(second.status, RunStatus::Completed);
    assert_eq!(
        rows(&path, "SELECT run_id, count(*) FROM records GROUP BY run_id ORDER BY run_id"),
        ["1|4", "2|3", "3|4"]
    );
}

#[test]
fn empty_snapshot_is_a_run() {
    let (_directory, path) = workplace();
    let mut snapshot = faultless();
    snapshot.records.clear();
    snapshot.settings.scope = Scope::ALL;

    let saved = save(&path, &snapshot).unwrap();
    assert_eq!((saved.record_count, saved.status), (0, RunStatus::Completed));
    assert_eq!(rows(&path, "SELECT scope, record_count, status FROM runs"), ["all|0|completed"]);
    assert_eq!(number(&path, "SELECT count(*) FROM records"), 0);
}

#[test]
fn any_text_is_stored_unaltered() {
    let texts = [
        "def f():\n    return '\0'\0",
        "'\\ud800' \u{fffd} \u{10ffff} \u{fffe} \u{feff}",
        "it's \"quoted\"; DROP TABLE runs; -- ?1 :a @b $c",
        "\r\n\r\u{c}\t\u{1b}[31m\u{7f}\u{202e}",
    ];
    let (_directory, path) = workplace();
    let mut snapshot = faultless();
    snapshot.records = texts
        .iter()
        .map(|text| {
            let mut record = record(SymbolKind::Function, text, 1, text, Intent::Failed((*text).to_owned()));
            record.signature = Some(SourceSlice::from(*text));
            record
        })
        .collect();
    save(&path, &snapshot).unwrap();

    let connection = Connection::open(&path).unwrap();
    let mut statement = connection
        .prepare("SELECT file_path, signature, raw_code, intent_error, typeof(raw_code) FROM records ORDER BY id")
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    for text in texts {
        let row = rows.next().unwrap().unwrap();
        for column in 0..4 {
            assert_eq!(row.get_ref(column).unwrap().as_str().unwrap(), text);
        }
        assert_eq!(row.get::<_, String>(4).unwrap(), "text");
    }
}

#[test]
fn database_has_contract_tables_and_indexes() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    open(&path).unwrap().close().unwrap();

    let connection = Connection::open(&path).unwrap();
    assert_eq!(
        texts(
            &connection,
            "SELECT tbl_name || '(' || group_concat(column.name) || ')'
             FROM sqlite_schema AS schema, pragma_index_info(schema.name) AS column
             WHERE schema.type = 'index' GROUP BY schema.name ORDER BY 1"
        ),
        [
            "accepted_duplicates(group_id)",
            "analyzer_errors(run_id)",
            "ledger_details(run_id)",
            "record_questions(question)",
            "records(file_path)",
            "records(intent_status)",
            "records(md5sum)",
            "records(run_id)",
            "runs_ledger(run_id)",
            "runs_ledger(snapshot_id)",
            "snapshot_chain(run_id)",
            "source_files(source_hash,file_path)",
            "stage_runs(input_fingerprint)",
            "stage_runs(ledger_id)",
            "stage_runs(run_id)",
            "telemetry(ledger_id)",
            "transfer_log(local_run_id)",
            "transfer_log(run_key)",
            "unit_history(unit_id)",
            "units(project,file_path)"
        ]
    );
    assert_eq!(
        texts(&connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"),
        [
            "accepted_duplicates",
            "analyzer_errors",
            "enrichments",
            "intent_cache",
            "ledger_details",
            "not_read",
            "record_hashes",
            "record_questions",
            "records",
            "runs",
            "runs_ledger",
            "snapshot_chain",
            "source_files",
            "stage_runs",
            "telemetry",
            "transfer_log",
            "unit_history",
            "units"
        ]
    );
    assert_eq!(
        texts(
            &connection,
            "SELECT \"table\" || '.' || \"from\" || '.' || \"to\" FROM pragma_foreign_key_list('records')"
        ),
        ["runs.run_id.id"]
    );
}

#[test]
fn file_has_documented_settings() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();

    assert_eq!(number(&path, "PRAGMA page_size"), 8192);
    assert_eq!(number(&path, "PRAGMA user_version"), Format::of_layout(layout()).version());
    assert_eq!(number(&path, "PRAGMA application_id"), 0);
    let connection = Connection::open(&path).unwrap();
    assert_eq!(texts(&connection, "PRAGMA integrity_check"), ["ok"]);
    assert_eq!(number(&path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

#[cfg(unix)]
#[test]
fn files_are_private_to_their_owner() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.save(&mixed()).unwrap();

    let names = names_in(directory.path());
    assert!(names.contains(&"code.sqlite".to_owned()));
    for name in names {
        let mode = fs::metadata(directory.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn closing_leaves_no_side_files() {
    let (directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.save(&mixed()).unwrap();
    persistence.close().unwrap();
    assert_eq!(names_in(directory.path()), ["code.sqlite"]);

    let mut persistence = open(&path).unwrap();
    persistence.save(&mixed()).unwrap();
    drop(persistence);
    assert_eq!(names_in(directory.path()), ["code.sqlite"]);
}

#[test]
fn saved_file_is_complete_alone() {
    let (directory, path) = workplace();
    let copy = directory.path().join("copy.sqlite");
    let mut persistence = open(&path).unwrap();
    persistence.save(&mixed()).unwrap();
    // Another process copies, so that this process keeps its locks.
    let status = std::process::Command::new("cp").arg(&path).arg(&copy).status().unwrap();

    assert!(status.success());
    assert_eq!(number(&copy, "SELECT count(*) FROM records"), 4);
    persistence.close().unwrap();
}

#[test]
fn empty_file_becomes_a_database() {
    let (_directory, path) = workplace();
    fs::write(&path, "").unwrap();
    save(&path, &mixed()).unwrap();
    assert_eq!(number(&path, "PRAGMA page_size"), 8192);
    assert_eq!(number(&path, "SELECT count(*) FROM records"), 4);
}

#[cfg(unix)]
#[test]
fn unusual_file_names_are_literal() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let (directory, _) = workplace();
    for name in [&b"\xff\xfe.sqlite"[..], b"a?mode=memory&x=%41.sqlite", b" "] {
        let path = directory.path().join(OsStr::from_bytes(name));
        save(&path, &faultless()).unwrap();
        assert!(fs::metadata(&path).unwrap().len() > 0, "{path:?}");
    }
}

#[test]
fn questions_and_enrichment_are_stored() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    save(&path, &asked()).unwrap();

    assert_eq!(
        rows(&path, "SELECT record_id, quote(question), quote(is_cut) FROM record_questions ORDER BY record_id"),
        [format!("6|'{}'|0", key(1)), format!("7|'{}'|1", key(2)), format!("8|'{}'|1", key(2))]
    );
    assert_eq!(
        number(&path, "SELECT min(run_id) FROM records WHERE id IN (SELECT record_id FROM record_questions)"),
        2
    );
    assert_eq!(
        rows(
            &path,
            "SELECT quote(run_id), quote(selected_count), quote(asked_count), quote(reused_count), quote(shared_count),
                    quote(failed_count), quote(retried_count), quote(call_count), quote(cut_count),
                    quote(prompt_tokens), quote(answer_tokens), quote(elapsed_seconds), quote(mean_latency_seconds),
                    quote(p95_latency_seconds)
             FROM enrichments"
        ),
        ["2|3|2|0|1|1|2|4|1|800|NULL|6.5|1.25|2.0"]
    );
}

#[test]
fn missing_enrichment_writes_no_rows() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    for table in ["record_questions", "enrichments", "intent_cache"] {
        assert_eq!(number(&path, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}

/// The rows of a query, with columns joined by `|`.
fn rows(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let count = statement.column_count();
    let joined = statement.query_map([], |row| {
        let cells: rusqlite::Result<Vec<String>> = (0..count)
            .map(|column| match row.get::<_, rusqlite::types::Value>(column)? {
                rusqlite::types::Value::Integer(number) => Ok(number.to_string()),
                rusqlite::types::Value::Text(text) => Ok(text),
                other => panic!("neither a number nor a text: {other:?}"),
            })
            .collect();
        Ok(cells?.join("|"))
    });
    joined.unwrap().map(Result::unwrap).collect()
}
