//! `docs/schema.md` says what is true: its queries run, and it names every column.

use std::{fs, path::Path};

use rusqlite::Connection;

use crate::samples::{answer, asked, at, mixed, open, save, texts, workplace};

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema.md")).unwrap()
}

/// The page's blocks of SQL.
fn queries(page: &str) -> Vec<&str> {
    page.split("```sql\n").skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

#[test]
fn every_query_of_the_page_runs_and_finds_something() {
    let (_directory, path) = workplace();
    save(&path, &asked()).unwrap();
    open(&path).unwrap().keep_answers(&[answer(2), answer(9)], at(0)).unwrap();
    let connection = Connection::open(&path).unwrap();
    let page = page();
    let queries: Vec<&str> = queries(&page).into_iter().filter(|sql| sql.starts_with("SELECT")).collect();
    for query in &queries {
        let mut statement = connection.prepare(query).unwrap();
        assert!(statement.exists([]).unwrap(), "nothing is found by {query}");
    }
    for table in texts(&connection, "SELECT name FROM sqlite_schema WHERE type = 'table'") {
        assert!(queries.iter().any(|query| query.contains(&format!("FROM {table}\n"))), "no query shows {table}");
    }
}

#[test]
fn the_page_describes_every_column_with_its_type() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let connection = Connection::open(&path).unwrap();
    let columns = texts(
        &connection,
        "SELECT '| `' || column.name || '` | ' || column.type || iif(column.pk, ' PRIMARY KEY', '')
                || iif(column.\"notnull\", ' NOT NULL', '') || ' |'
         FROM sqlite_schema AS schema, pragma_table_info(schema.name) AS column WHERE schema.type = 'table'",
    );
    assert_eq!(columns.len(), 12 + 13 + 5 + 3 + 14 + 8);
    let page = page();
    for column in columns {
        assert!(page.contains(&column), "the page lacks {column}");
    }
}

#[test]
fn the_definitions_of_the_page_make_a_database_that_is_accepted() {
    let (_directory, path) = workplace();
    let page = page();
    let definitions = queries(&page).into_iter().find(|sql| sql.contains("CREATE TABLE")).unwrap();
    crate::samples::make_database(&path, definitions);
    assert_eq!(save(&path, &mixed()).unwrap().run_id.0, 1);
}
