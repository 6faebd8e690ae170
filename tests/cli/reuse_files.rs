//! Unchanged files are not parsed again, and what another program altered is not reused.

use serde_json::{Value, json};

use crate::{
    ledger::text,
    place::{DATABASE, Outcome, Place, TREE, is_compact},
};

const CART: &str = "class Cart:\n    def total(self):\n        return sum(self.prices)  # all\n";
const HELP: &str = "def help(x):\n    \"\"\"Doc.\"\"\"\n    return x * 2\n";

fn place() -> Place {
    Place::with_files(&[("cart.py", CART), ("help.py", HELP), ("twin.py", HELP), ("empty.py", "")])
}

/// `read reused shared parsed`, as the only line of its kind says.
#[track_caller]
fn files(outcome: &Outcome) -> String {
    let lines = outcome.lines_of("files");
    assert_eq!(lines.len(), 1, "{outcome:#?}");
    let numbers =
        lines[0].split_whitespace().skip(1).map(|field| field.split_once('=').map_or(field, |(_, number)| number));
    numbers.collect::<Vec<_>>().join(" ")
}

/// The records of the latest run without their ids.
fn records(place: &Place) -> Vec<Value> {
    place.database().rows(
        "SELECT kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum, intent,
                intent_status, intent_error
         FROM records WHERE run_id = (SELECT max(id) FROM runs) ORDER BY id",
    )
}

fn persist(place: &Place, more: &[&str]) -> Outcome {
    place.persist("builtin:", more).succeeded()
}

#[test]
fn unchanged_tree_is_a_checkpoint() {
    let place = place();
    assert_eq!(files(&persist(&place, &[])), "4 0 1 3");
    let first = records(&place);
    let outcome = persist(&place, &["--format", "json"]);
    assert_eq!(files(&outcome), "4 4 0 0");
    let summary: Value = serde_json::from_str(&outcome.stdout).expect("the summary is JSON");
    assert_eq!(summary["files"], json!({"read": 4, "reused": 4, "shared": 0, "parsed": 0}));
    assert_eq!(records(&place), first);
    let database = place.database();
    let stages = database.rows("SELECT source FROM stage_runs WHERE stage = 'analyze' ORDER BY started_at");
    assert_eq!(stages.iter().map(|row| text(row, "source")).collect::<Vec<_>>(), ["executed", "checkpoint"]);
    let roots = database.rows("SELECT DISTINCT snapshot_root FROM snapshot_chain");
    assert_eq!(roots.len(), 1);
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
}

#[test]
fn option_parses_every_file() {
    let place = place();
    persist(&place, &[]);
    assert_eq!(files(&persist(&place, &["--no-reuse"])), "4 0 1 3");
}

#[test]
fn other_commands_reuse_records() {
    let place = place();
    persist(&place, &[]);
    place.write("tree/cart.py", CART.replace("sum", "max"));
    let all = ["--path", TREE, "--db-path", DATABASE];
    for (command, more) in [
        (&["model-build"][..], &[][..]),
        (&["drift"], &[]),
        (&["persist", "--dry-run"], &["--provider-url", "builtin:"]),
        (&["enrich-intent"], &["--provider-url", "builtin:"]),
    ] {
        let warm = place.cds(&[command, &all, more].concat()).succeeded();
        assert_eq!(files(&warm), "4 3 0 1", "{command:?}");
        let cold = place.cds(&[command, &all, more, &["--no-reuse"]].concat()).succeeded();
        assert_eq!((files(&cold), cold.stdout), ("4 0 1 3".to_owned(), warm.stdout), "{command:?}");
    }
    let without = place.cds(&["model-build", "--path", TREE]).succeeded();
    assert_eq!(files(&without), "4 0 1 3");
}

/// Edits of a stored record, or of what proves its run.
fn edits() -> Vec<String> {
    let own = "WHERE file_path = 'cart.py' AND kind = 'method'";
    let id = format!("(SELECT id FROM records {own})");
    // The exact code of a plain database is no part of this: it comes from the file, and is written again.
    let of_record = [
        format!("UPDATE records SET normalized_code = 'def total(self): return 1' {own}"),
        format!("UPDATE records SET signature = NULL {own}"),
        format!("UPDATE records SET start_line = 1 {own}"),
        format!("UPDATE records SET end_line = 7 {own}"),
        format!("UPDATE records SET end_line = 'x' {own}"),
        format!("UPDATE records SET md5sum = 'd41d8cd98f00b204e9800998ecf8427e' {own}"),
        format!("UPDATE records SET intent = 'Does nothing.' {own}"),
        format!("UPDATE records SET kind = 'function' {own}"),
        format!("UPDATE records SET file_path = 'help.py' {own}"),
        format!("PRAGMA foreign_keys = OFF; DELETE FROM records {own}"),
        format!("DELETE FROM record_hashes WHERE record_id = {id}"),
        format!("UPDATE record_hashes SET content_hash = 'sha256:' || '0' WHERE record_id = {id}"),
    ];
    let of_content = [
        "UPDATE shared_texts SET text = text || ' ' WHERE text IS NOT NULL".to_owned(),
        format!("UPDATE shared_contents SET signature = NULL {own}"),
        format!("UPDATE shared_contents SET md5sum = 'd41d8cd98f00b204e9800998ecf8427e' {own}"),
        format!("UPDATE shared_contents SET intent = 'Does nothing.' {own}"),
        "UPDATE shared_records SET start_line = start_line + 1".to_owned(),
        "UPDATE shared_records SET content_hash = zeroblob(32) WHERE id = 2".to_owned(),
        "UPDATE run_records SET record_count = record_count - 1".to_owned(),
    ];
    let of_run = [
        "UPDATE source_files SET record_count = 2 WHERE file_path = 'cart.py'".to_owned(),
        "DELETE FROM source_files WHERE file_path = 'empty.py'".to_owned(),
        "UPDATE snapshot_chain SET snapshot_root = replace(snapshot_root, 'a', 'b')".to_owned(),
    ];
    let of_layout = if is_compact() { of_content.to_vec() } else { of_record.to_vec() };
    [of_layout, of_run.to_vec()].concat()
}

#[test]
fn altered_records_are_not_reused() {
    let place = place();
    persist(&place, &[]);
    let (expected, original) = (records(&place), place.read(DATABASE));
    // A view without its triggers cannot be changed.
    let guards = "SELECT name FROM sqlite_schema WHERE type = 'trigger'
                  AND tbl_name NOT IN (SELECT name FROM sqlite_schema WHERE type = 'view')";
    for edit in edits() {
        place.write(DATABASE, &original);
        let database = place.database();
        for guard in database.rows(guards) {
            database.execute(&format!("DROP TRIGGER {}", text(&guard, "name")));
        }
        database.execute(&edit);
        drop(database);
        let outcome = persist(&place, &[]).stderr_has(&["warning: the database was altered", "cds verify"]);
        assert_ne!(files(&outcome), "4 4 0 0", "{edit}");
        assert_eq!(records(&place), expected, "{edit}");
    }
}

#[test]
fn other_analyzer_is_not_reused() {
    let place = place();
    persist(&place, &[]);
    // Runs of an earlier version: their rows and hashes name another analyzer.
    let database = place.database();
    database.execute(
        "UPDATE source_files SET analyzer = 'tree-sitter 0 python 0 rules 0 normal 0';
         DROP TRIGGER snapshot_chain_update; UPDATE snapshot_chain SET run_hash = 'other'",
    );
    drop(database);
    let outcome = persist(&place, &[]);
    assert_eq!(files(&outcome), "4 0 1 3");
    assert!(!outcome.stderr.contains("database was altered"), "no row of this analyzer was looked at: {outcome:#?}");
}

#[test]
fn imported_runs_are_not_reused() {
    let place = place();
    persist(&place, &[]);
    place.cds(&["archive", "--to", "archive", "--db-path", DATABASE]).succeeded();
    place.cds(&["import", "--from", "archive", "--db-path", "other.sqlite"]).succeeded();
    let persist_other = || {
        let arguments = ["persist", "--path", TREE, "--db-path", "other.sqlite", "--provider-url", "builtin:"];
        files(&place.cds(&arguments).succeeded())
    };
    assert_eq!(persist_other(), "4 0 1 3");
    assert_eq!(persist_other(), "4 4 0 0");
}
