//! The summary line on stdout, and its two forms.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::{Value, json};

use crate::{
    fields::fields_of,
    place::{DATABASE, Place, TREE},
};

fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn summary_is_one_line() {
    let server = FakeOllama::start(Script::new().rule(When::question().containing("def total("), Reply::blank()));
    let place = Place::with_shop();
    let outcome = place.persist(&server.url(), &[]).succeeded();
    let size = std::fs::metadata(place.path(DATABASE)).unwrap().len();
    assert_eq!(
        outcome.stdout,
        format!(
            "persisted run_id=1 db_path=cds.sqlite record_count=59 intent_failed_count=1 analyzer_error_count=3 \
             status=completed_with_errors database_bytes={size} added_bytes={size}\n"
        )
    );
    let outcome = place.persist("builtin:", &[]).succeeded();
    assert!(outcome.stdout.starts_with("persisted run_id=2 "), "{outcome:?}");

    let place = Place::with_functions(3);
    let outcome = place.persist("builtin:", &[]).succeeded();
    let line = outcome.stdout.strip_suffix('\n').unwrap();
    let expected = pairs(&[
        ("run_id", "1"),
        ("db_path", "cds.sqlite"),
        ("record_count", "4"),
        ("intent_failed_count", "0"),
        ("analyzer_error_count", "0"),
        ("status", "completed"),
    ]);
    let (facts, sizes) = line.split_once(" database_bytes=").unwrap();
    assert!(sizes.contains(" added_bytes="), "{line}");
    assert_eq!(fields_of("persisted", facts), expected);

    let place = Place::with_shop();
    let outcome = place.persist("builtin:", &["--format", "json"]).succeeded();
    assert_eq!(outcome.stdout.lines().count(), 1);
    let mut object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let intents = object.as_object_mut().unwrap().remove("intents").unwrap();
    let ledger_id = object.as_object_mut().unwrap().remove("ledger_id").unwrap();
    let size = std::fs::metadata(place.path(DATABASE)).unwrap().len();
    let chained = &place.database().rows("SELECT snapshot_root, hash AS chain_head FROM snapshot_chain")[0];
    assert_eq!(place.database().texts("SELECT run_id FROM runs_ledger"), [ledger_id.as_str().unwrap()]);
    assert!(outcome.stderr.contains(&format!("run_started ledger_id={} ", ledger_id.as_str().unwrap())), "{outcome:?}");
    assert_eq!((&intents["selected"], &intents["failed"], &intents["reused"]), (&json!(46), &json!(0), &json!(0)));
    assert_eq!(
        object,
        json!({
            "schema_version": 1,
            "run_id": 1,
            "db_path": "cds.sqlite",
            "database_bytes": size,
            "added_bytes": size,
            "record_count": 59,
            "intent_failed_count": 0,
            "analyzer_error_count": 3,
            "files": {"read": 15, "reused": 0, "shared": 0, "parsed": 13},
            "not_read": [
                {"reason": "hidden", "ending": "", "file_count": 1},
                {"reason": "hidden", "ending": ".py", "file_count": 1},
                {"reason": "ignored", "ending": "/", "file_count": 1},
                {"reason": "other_language", "ending": ".txt", "file_count": 1},
                {"reason": "unreadable", "ending": ".py", "file_count": 2},
            ],
            "status": "completed_with_errors",
            "snapshot_root": chained["snapshot_root"],
            "chain_head": chained["chain_head"],
        })
    );
}

#[test]
fn summary_quotes_any_database_name() {
    let place = Place::with_functions(1);
    for name in ["with space.db", "quo\"te's.db", "back\\slash.db", "k=v.db", "dé.db", "./sub folder/new\nline.db"] {
        std::fs::create_dir_all(place.path("sub folder")).unwrap();
        let arguments = ["persist", "--path", TREE, "--db-path", name, "--provider-url", "builtin:"];
        let outcome = place.cds(&arguments).succeeded();
        let lines: Vec<&str> = outcome.stdout.lines().collect();
        assert_eq!(lines.len(), 1, "{outcome:?}");
        assert_eq!(fields_of("persisted", lines[0])[1], ("db_path".to_owned(), name.to_owned()));
        assert!(place.path(name).is_file(), "{name:?}");
        let object: Value =
            serde_json::from_str(&place.cds(&[&arguments[..], &["--format", "json"]].concat()).stdout).unwrap();
        assert_eq!((&object["db_path"], &object["run_id"]), (&json!(name), &json!(2)));
    }
}
