//! Runs the queries and recipes of `docs/fleet.md` on an archive, with `DuckDB`, Polars and `PyArrow`, and reads its
//! files with Polars.
//!
//! The engines come with Python. Without a Python that has all of them the tests report that they were skipped. With
//! `CDS_REQUIRE_FLEET` set, as in CI, they fail.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod engine;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::engine::Python;

/// A file that the store has from the start, and that the shop has twice in its second run.
const EXTRA: &str = "\
def total(lines):
    amount = 0
    for line in lines:
        amount += line.price
    return amount


class Basket:
    def total(self):
        return sum(line.price for line in self.lines)
";

/// An archive as `docs/fleet.md` describes it, in its own folder.
struct Fleet {
    folder: TempDir,
}

impl Fleet {
    /// Two runs of a project and one of another, both made from `fixtures/shop`.
    fn new() -> Self {
        let fleet = Self { folder: tempfile::tempdir().unwrap() };
        copy(&root().join("fixtures/shop"), &fleet.path("shop"));
        fleet.persist("shop", "shop");
        copy(&root().join("fixtures/shop"), &fleet.path("store"));
        fs::write(fleet.path("store/extra.py"), EXTRA).unwrap();
        let other_words = EXTRA.split("\n\n").next().unwrap().replace("amount = 0", "amount = 0.0");
        fs::write(fleet.path("store/other.py"), other_words).unwrap();
        fleet.persist("store", "team a/store");
        fs::write(fleet.path("shop/one.py"), EXTRA).unwrap();
        fs::write(fleet.path("shop/two.py"), format!("# The same once more.\n{EXTRA}")).unwrap();
        fleet.persist("shop", "shop");
        let line = fleet.cds(&["archive", "--to", "archive"]);
        assert!(line.starts_with("archived runs=3 "), "{line}");
        fleet
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn persist(&self, tree: &str, project: &str) {
        self.cds(&["persist", "--path", tree, "--provider-url", "builtin:", "--project", project]);
    }

    /// The output of the binary, which must succeed.
    fn cds(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_cds"))
            .args(arguments)
            .args(["--db-path", "team.sqlite"])
            .current_dir(self.folder.path())
            .env_clear()
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The queries of the page, each with its heading.
fn queries() -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join("docs/fleet.md")).unwrap();
    let mut found = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let heading = section.lines().next().unwrap();
        let blocks = section.split("```sql\n").skip(1).map(|block| block.split("```").next().unwrap());
        found.extend(blocks.map(|block| (heading.to_owned(), block.to_owned())));
    }
    found
}

/// The query below a heading.
fn query(heading: &str) -> String {
    let mut found = queries().into_iter().filter(|(under, _)| under == heading);
    let (_, query) = found.next().unwrap_or_else(|| panic!("no query under {heading:?}"));
    assert!(found.next().is_none(), "one query under {heading:?}");
    query
}

/// The rows with this value in a column.
fn rows_with<'a>(rows: &'a [Value], column: &str, value: &Value) -> Vec<&'a Value> {
    rows.iter().filter(|row| row[column] == *value).collect()
}

#[test]
fn every_documented_query_is_tested() {
    let headings: Vec<String> = queries().into_iter().map(|(heading, _)| heading).collect();
    let tested = [
        "The most repeated code",
        "Duplicates across teams",
        "Intents that occur more than once",
        "Growth over time",
        "More that can be asked",
    ];
    assert_eq!(headings, tested);
}

#[test]
fn documented_queries_give_expected_results() {
    let Some(python) = Python::find() else { return };
    let fleet = Fleet::new();
    let ask = |heading: &str| python.ask(fleet.folder.path(), &query(heading));

    // The two functions of the extra file appear twice in the shop and once in the store; run 1 does not count.
    let repeated = ask("The most repeated code");
    let total = &rows_with(&repeated, "copies", &json!(3));
    assert_eq!(total.len(), 2, "{repeated:#?}");
    assert_eq!((&total[0]["projects"], &total[0]["line_count"]), (&json!(2), &json!(5)));
    assert_eq!((&total[0]["repeated_lines"], &total[0]["example"]), (&json!(10), &json!("shop/one.py:1")));
    let lines: Vec<i64> = repeated.iter().map(|row| row["repeated_lines"].as_i64().unwrap()).collect();
    assert!(lines.is_sorted_by(|one, other| one >= other) && lines.len() > 5, "{lines:?}");

    let shared = ask("Duplicates across teams");
    let total = rows_with(&shared, "copies", &json!(3));
    let places = json!(["shop/one.py:1", "shop/two.py:2", "team a/store/extra.py:1"]);
    let total = total.iter().find(|row| row["kind"] == "function").unwrap();
    assert_eq!((&total["projects"], &total["places"]), (&json!(["shop", "team a/store"]), &places));
    assert!(shared.iter().all(|row| row["projects"].as_array().unwrap().len() == 2), "{shared:#?}");

    let intents = ask("Intents that occur more than once");
    let [total] = intents.as_slice() else { panic!("{intents:#?}") };
    assert!(total["intent"].as_str().unwrap().contains("`total`"), "{total}");
    assert_eq!((&total["codes"], &total["definitions"]), (&json!(2), &json!(4)));
    assert_eq!((&total["projects"], &total["example"]), (&json!(["shop", "team a/store"]), &json!("shop/one.py:1")));

    let growth = ask("Growth over time");
    let runs: Vec<(&Value, &Value)> = growth.iter().map(|row| (&row["project"], &row["run_id"])).collect();
    let (shop, store) = (json!("shop"), json!("team a/store"));
    assert_eq!(runs, [(&shop, &json!(1)), (&shop, &json!(3)), (&store, &json!(2))]);
    let number = |row: usize, column: &str| growth[row][column].as_i64().unwrap();
    assert_eq!((number(1, "files") - number(0, "files"), number(2, "files") - number(0, "files")), (2, 2));
    assert_eq!(number(1, "definitions") - number(0, "definitions"), 6);
    assert_eq!(number(1, "copies") - number(0, "copies"), 3, "the second file is a copy of the first");
    assert_eq!(number(1, "line_count") - number(0, "line_count"), 21);
    let day = growth[0]["day"].as_str().unwrap();
    assert!(day.len() == 10 && day.starts_with("20"), "{day}");

    let kinds = ask("More that can be asked");
    let names: Vec<&str> = kinds.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(names, ["class", "file", "function", "method"]);
    let count: i64 = kinds.iter().map(|row| row["records"].as_i64().unwrap()).sum();
    assert_eq!(count, 59 + 59 + 2 * 4, "two runs, and two files with three definitions each in the second");
}

#[test]
fn tables_open_in_both_engines() {
    let Some(python) = Python::find() else { return };
    let fleet = Fleet::new();
    let run = "archive/project=shop/run_id=1";
    let mut tables: Vec<String> = fs::read_dir(fleet.path(run))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".parquet"))
        .collect();
    tables.sort();
    assert!(
        ["records.parquet", "run.parquet", "errors.parquet"].iter().all(|name| tables.contains(&(*name).to_owned()))
    );
    for table in tables {
        let path = format!("{run}/{table}");
        let by_polars = python.read(fleet.folder.path(), &path);
        let sql = format!("SELECT * FROM read_parquet('{path}', hive_partitioning = false)");
        assert_eq!(by_polars, python.ask(fleet.folder.path(), &sql), "{table}");
    }
    let records = python.read(fleet.folder.path(), &format!("{run}/records.parquet"));
    assert_eq!(records.len(), 59);
    let database = rusqlite::Connection::open(fleet.path("team.sqlite")).unwrap();
    let columns =
        ["kind", "file_path", "signature", "raw_code", "normalized_code", "md5sum", "intent", "intent_status"];
    let sql = format!("SELECT {} FROM records WHERE run_id = 1 ORDER BY id", columns.join(", "));
    let mut statement = database.prepare(&sql).unwrap();
    let stored = statement.query_map([], |row| {
        (0..columns.len()).map(|column| row.get::<_, Option<String>>(column)).collect::<Result<Vec<_>, _>>()
    });
    for (stored, record) in stored.unwrap().map(Result::unwrap).zip(&records) {
        let read: Vec<Option<&str>> = columns.iter().map(|column| record[*column].as_str()).collect();
        assert_eq!(read, stored.iter().map(Option::as_deref).collect::<Vec<_>>());
    }
}

#[test]
fn recipes_keep_projects_separate() {
    let Some(python) = Python::find() else { return };
    let fleet = Fleet { folder: tempfile::tempdir().unwrap() };
    copy(&root().join("fixtures/shop"), &fleet.path("shop"));
    for project in ["007", "7", "1e3"] {
        fleet.persist("shop", project);
    }
    fleet.cds(&["archive", "--to", "archive"]);
    let page = fs::read_to_string(root().join("docs/fleet.md")).unwrap();
    let recipes: Vec<&str> =
        page.split("```python\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let mut expected = vec![("007", 1), ("1e3", 3), ("7", 2)];
    expected.sort_unstable();
    for engine in ["polars", "pyarrow"] {
        let recipe =
            recipes.iter().find(|recipe| recipe.contains(&format!("import {engine}\n")) && recipe.contains("=*"));
        let found = python.partitions(fleet.folder.path(), engine, recipe.unwrap());
        let mut found: Vec<(&str, i64)> =
            found.iter().map(|row| (row["project"].as_str().unwrap(), row["run_id"].as_i64().unwrap())).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{engine}");
    }
}
