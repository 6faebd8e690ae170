//! `model-build` and `enrich-intent`: JSON and table.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::{Value, json};

use crate::{
    persist::{records_of_tree, without_intent},
    place::{Outcome, Place, TREE},
};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn model_build_json_has_all_fields() {
    let place = Place::with_shop();
    let object = parsed(&place.cds(&["model-build", "--path", TREE, "--format", "json"]).succeeded().stdout);
    assert_eq!(object.as_object().unwrap().keys().collect::<Vec<_>>(), ["errors", "records", "schema_version"]);
    let records = object["records"].as_array().unwrap();
    for record in records {
        let intent = (&record["intent"], &record["intent_status"], &record["intent_error"]);
        assert_eq!(intent, (&Value::Null, &json!("skipped"), &Value::Null));
    }
    let bare: Vec<Value> = records.iter().cloned().map(without_intent).collect();
    assert_eq!(bare, records_of_tree(&place.path(TREE)));
    let errors = object["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 3);
    assert_eq!((&errors[0]["file_path"], &errors[0]["line"]), (&json!("broken.py"), &json!(9)));
    assert!(errors[0]["reason"].as_str().unwrap().contains("syntax error"), "{errors:?}");
    assert_eq!(place.names(), [TREE], "there is no database");

    let place = Place::empty();
    let outcome = place.cds(&["model-build", "--path", TREE, "--format", "json"]).succeeded();
    assert_eq!(parsed(&outcome.stdout), json!({"schema_version": 1, "records": [], "errors": []}));
    assert_eq!(table(&place, &["model-build", "--path", TREE], "80").len(), 1);
    let outcome = place.persist("builtin:", &[]).succeeded();
    assert!(outcome.stdout.contains(" record_count=0 "), "{outcome:?}");
}

#[test]
fn enrich_intent_shows_persisted_data() {
    let script = Script::new()
        .rule(When::question().containing("def total("), Reply::status(400, "no"))
        .rule(When::question().containing("def one_line("), Reply::answer("Gives back what it got."));
    let server = FakeOllama::start(script);
    let place = Place::with_shop();
    let arguments = ["enrich-intent", "--path", TREE, "--provider-url", &server.url(), "--format", "json"];
    let object = parsed(&place.cds(&arguments).succeeded().stdout);
    assert_eq!(place.names(), [TREE], "there is no database");
    place.persist(&server.url(), &[]).succeeded();
    let database = place.database();
    assert_eq!(object["records"].as_array().unwrap(), &database.records(1));
    let kept = database.rows("SELECT file_path, line, reason FROM analyzer_errors ORDER BY id");
    assert_eq!(object["errors"].as_array().unwrap(), &kept);
    let of = |signature: &str| {
        let records = object["records"].as_array().unwrap();
        records.iter().find(|record| record["signature"] == signature).unwrap().clone()
    };
    assert_eq!(of("def one_line(x):")["intent"], "Gives back what it got.");
    assert_eq!(of("def total(products):")["intent_status"], "failed");
    assert_eq!(server.generate_count(), 2 * 42);
}

/// The lines of a table for a terminal of this width.
fn table(place: &Place, arguments: &[&str], columns: &str) -> Vec<String> {
    let outcome = Outcome::of(place.command(arguments).env("COLUMNS", columns)).succeeded();
    assert!(outcome.stdout.ends_with('\n') && !outcome.stdout.contains('\x1b'), "{outcome:?}");
    outcome.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn table_fits_and_is_complete() {
    let place = Place::with_shop();
    let records = records_of_tree(&place.path(TREE));
    let model = ["model-build", "--path", TREE];
    let intents = ["enrich-intent", "--path", TREE, "--provider-url", "builtin:"];
    for (arguments, headings) in [
        (&model[..], &["KIND", "FILE", "LINES", "SIGNATURE", "MD5"][..]),
        (&intents, &["KIND", "FILE", "LINES", "SIGNATURE", "MD5", "INTENT"]),
    ] {
        let lines = table(&place, arguments, "80");
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), headings);
        assert_eq!(lines.len(), records.len() + 1);
        for (line, record) in lines[1..].iter().zip(&records) {
            assert!(line.chars().count() <= 80, "{line}");
            let place = format!(" {}-{} ", record["start_line"], record["end_line"]);
            let md5 = &record["md5sum"].as_str().unwrap()[..8];
            let expected = [record["kind"].as_str().unwrap(), &place, md5];
            assert!(expected.iter().all(|part| line.contains(part)), "{line:?} has {expected:?}");
        }
    }
    let wide = table(&place, &intents, "240");
    let sentence = records.iter().position(|record| record["signature"] == "def total(products):").unwrap();
    place.persist("builtin:", &[]).succeeded();
    let intent = "SELECT intent FROM records WHERE signature = 'def total(products):'";
    let intent = &place.database().texts(intent)[0];
    assert!(wide[sentence + 1].contains(&intent[..40]), "{:?} shows {intent:?}", wide[sentence + 1]);
    assert!(wide[sentence + 1].contains(records[sentence]["md5sum"].as_str().unwrap()));
}
