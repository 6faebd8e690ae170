//! The files of a run: what they held, and what read them.

use crate::{
    database::Database,
    ledger::text,
    place::{DATABASE, Place},
};

/// `path language count` of each row of the latest run.
fn stored(database: &Database) -> Vec<String> {
    let rows = database.rows(
        "SELECT file_path, language, record_count FROM source_files WHERE run_id = (SELECT max(id) FROM runs) ORDER BY 1",
    );
    rows.iter()
        .map(|row| format!("{} {} {}", text(row, "file_path"), text(row, "language"), row["record_count"]))
        .collect()
}

fn place() -> Place {
    let place = Place::with_files(&[
        ("a.py", "def one():\n    return 1\n"),
        ("pkg/broken.py", "def f(:\n"),
        ("pkg/empty.py", ""),
        ("unreadable.py", "\u{0}"),
        ("other.txt", "text"),
    ]);
    place.persist("builtin:", &[]).succeeded();
    place
}

#[test]
fn files_with_records_are_listed() {
    let place = place();
    let database = place.database();
    assert_eq!(stored(&database), ["a.py python 2", "pkg/broken.py python 1", "pkg/empty.py python 1"]);
    let hash = "SELECT lower(hex(source_hash)) AS hash, analyzer FROM source_files WHERE file_path = 'a.py'";
    let rows = database.rows(hash);
    assert_eq!(text(&rows[0], "hash"), "973e6f8bbcc464997bc91f3a033ee9c317275760c1cd8a9581d76953acff8bf6");
    assert!(text(&rows[0], "analyzer").starts_with("tree-sitter "), "{}", text(&rows[0], "analyzer"));
}

#[test]
fn altered_file_breaks_proof() {
    for edit in [
        "UPDATE source_files SET language = 'perl' WHERE file_path = 'a.py'",
        "UPDATE source_files SET source_hash = zeroblob(32) WHERE file_path = 'a.py'",
        "UPDATE source_files SET record_count = 1 WHERE file_path = 'a.py'",
        "DELETE FROM source_files WHERE file_path = 'pkg/empty.py'",
    ] {
        let place = place();
        place.database().execute(edit);
        place.cds(&["verify", "--db-path", DATABASE]).exited_with(1);
    }
}

#[test]
fn files_travel_with_run() {
    let place = place();
    place.persist("builtin:", &[]).succeeded();
    place.cds(&["archive", "--to", "archive", "--db-path", DATABASE]).succeeded();
    place.cds(&["import", "--from", "archive", "--db-path", "other.sqlite"]).succeeded();
    let other = Database::open(&place.path("other.sqlite"));
    assert_eq!(stored(&other), stored(&place.database()));
    place.cds(&["verify", "--db-path", "other.sqlite"]).succeeded();
    place.cds(&["runs", "prune", "--keep-last", "1", "--db-path", DATABASE]).succeeded();
    assert_eq!(place.database().number("SELECT count(DISTINCT run_id) FROM source_files"), 1);
}
