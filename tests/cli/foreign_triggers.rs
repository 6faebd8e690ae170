//! Triggers of other programs on our tables: writing works with them, or the error names them.

use crate::{
    database::Database,
    place::{DATABASE, Place, functions, is_compact},
};

/// The triggers that `sqlite-utils enable-counts` (3.39) creates for a table.
fn counts(table: &str) -> String {
    let trigger = |event: &str, change: &str| {
        format!(
            r#"CREATE TRIGGER "{table}_counts_{event}" AFTER {event} ON "{table}"
            BEGIN
                INSERT OR REPLACE INTO "_counts"
                VALUES ('{table}',
                        COALESCE((SELECT count FROM "_counts" WHERE "table" = '{table}'), 0) {change} 1);
            END;"#
        )
    };
    format!(
        r#"{} {}
        INSERT OR REPLACE INTO "_counts" VALUES ('{table}', (SELECT count(*) FROM "{table}"));"#,
        trigger("insert", "+"),
        trigger("delete", "-")
    )
}

fn tables(database: &Database) -> Vec<String> {
    database
        .texts("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_counts'")
}

#[test]
fn row_counters_stay_correct() {
    let place = Place::with_functions(3);
    place.persist("builtin:", &[]).succeeded();
    let database = place.database();
    let tables = tables(&database);
    let triggers = tables.iter().map(|table| counts(table)).collect::<Vec<_>>().concat();
    database
        .execute(&format!(r#"CREATE TABLE "_counts" ("table" TEXT PRIMARY KEY, count INTEGER DEFAULT 0); {triggers}"#));
    // Definitions are added, changed and removed.
    for count in [5, 2] {
        place.write("tree/more.py", functions(count));
        place.persist("builtin:", &[]).succeeded();
    }
    std::fs::remove_file(place.path("tree/more.py")).expect("the file is there");
    place.persist("builtin:", &[]).succeeded();
    for arguments in [
        &["runs", "note", "latest", "a note"][..],
        &["intents", "prune", "--unused"],
        &["runs", "prune", "--keep-last", "1"],
        &["verify"],
    ] {
        place.cds(&[arguments, &["--db-path", DATABASE]].concat()).succeeded();
    }
    for table in tables {
        let sql = format!(
            r#"SELECT '{table}' AS name FROM "_counts" WHERE "table" = '{table}' AND count = (SELECT count(*) FROM "{table}")"#
        );
        assert_eq!(database.texts(&sql), [table], "the count is that of the rows");
    }
}

#[test]
fn refusing_trigger_is_named() {
    // A view has no such triggers.
    if is_compact() {
        return;
    }
    let place = Place::with_functions(3);
    place.persist("builtin:", &[]).succeeded();
    place.database().execute(
        "CREATE TABLE seen (name TEXT PRIMARY KEY);
         CREATE TRIGGER other_index AFTER INSERT ON records BEGIN INSERT INTO seen VALUES (NEW.kind); END",
    );
    let before = place.database().rows("SELECT * FROM runs");
    place.persist("builtin:", &[]).exited_with(1).stderr_has(&["other_index", "triggers of another program"]);
    assert_eq!(place.database().rows("SELECT * FROM runs"), before);
}
