//! `cds attest`: what it states about a snapshot, and when it refuses.

use cds_fake_ollama::{FakeOllama, Script};
use serde_json::{Value, json};

use crate::{
    ledger::{invocations, latest_stages, text},
    place::{DATABASE, Outcome, Place},
};

fn attest(place: &Place, run: &str) -> Outcome {
    place.ask(&["attest", "--run", run])
}

#[track_caller]
fn statement(place: &Place, run: &str) -> Value {
    let outcome = attest(place, run).succeeded();
    assert_eq!(outcome.stdout.lines().count(), 1, "one line, as tools that sign expect it");
    serde_json::from_str(&outcome.stdout).expect("a statement in JSON")
}

/// The names of an object's fields.
#[track_caller]
fn names(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn statement_has_required_fields() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(2);
    let commit = place.commit_tree();
    let digest = "5a".repeat(32);
    place.persist(&server.url(), &["--project", "shop"]).succeeded();
    place.database().execute(&format!("UPDATE intent_cache SET model_digest = '{digest}'"));
    let before = place.read(DATABASE);
    let object = statement(&place, "1");
    assert_eq!(place.read(DATABASE), before);

    assert_eq!(names(&object), ["_type", "predicate", "predicateType", "subject"]);
    assert_eq!(object["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(object["predicateType"], "https://slsa.dev/provenance/v1");
    let database = place.database();
    let chained = &database.rows("SELECT * FROM snapshot_chain")[0];
    let root = text(chained, "snapshot_root").strip_prefix("sha256:").unwrap();
    assert_eq!(object["subject"], json!([{ "name": "shop/runs/1", "digest": { "sha256": root } }]));

    let predicate = &object["predicate"];
    assert_eq!(names(predicate), ["buildDefinition", "runDetails"]);
    let definition = &predicate["buildDefinition"];
    let fields = ["buildType", "externalParameters", "internalParameters", "resolvedDependencies"];
    assert_eq!(names(definition), fields);
    assert_eq!(definition["buildType"], "urn:cds:snapshot:v1");
    let run = &database.rows("SELECT * FROM runs")[0];
    let expected = json!({
        "command": "persist",
        "root": run["root_path"],
        "scope": run["scope"],
        "provider": run["provider_url"],
        "model": run["model"],
        "project": "shop",
        "part": "",
    });
    assert_eq!(definition["externalParameters"], expected);
    let internal = &definition["internalParameters"];
    assert_eq!((&internal["chainHead"], &internal["runHash"]), (&chained["hash"], &chained["run_hash"]));
    assert_eq!((&internal["recordCount"], &internal["codeRef"]), (&json!(3), &json!(commit)));
    let stages: Vec<Value> = latest_stages(&database).iter().map(|row| row["config_hash"].clone()).collect();
    let hashes: Vec<Value> =
        internal["stages"].as_array().unwrap().iter().map(|row| row["configHash"].clone()).collect();
    assert_eq!((hashes.len(), hashes), (4, stages));
    let expected = json!([
        { "name": "source", "digest": { "gitCommit": commit } },
        { "name": run["model"], "digest": { "sha256": digest } },
    ]);
    assert_eq!(definition["resolvedDependencies"], expected);

    let ledger = &invocations(&database)[0];
    let details = &predicate["runDetails"];
    assert_eq!(details["builder"], json!({ "id": "urn:cds:cli", "version": { "cds": ledger["tool_version"] } }));
    let expected = json!({
        "invocationId": ledger["run_id"],
        "startedOn": ledger["started_at"],
        "finishedOn": ledger["finished_at"],
    });
    assert_eq!(details["metadata"], expected);
}

#[test]
fn table_has_same_facts() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    let object = statement(&place, "latest");
    let page = place.ask(&["attest", "--run", "latest", "--format", "table"]).succeeded().stdout;
    let internal = &object["predicate"]["buildDefinition"]["internalParameters"];
    for fact in [
        &object["subject"][0]["digest"]["sha256"],
        &object["subject"][0]["name"],
        &internal["chainHead"],
        &internal["runHash"],
        &internal["stages"][2]["configHash"],
        &object["predicate"]["runDetails"]["metadata"]["invocationId"],
    ] {
        assert!(page.contains(fact.as_str().unwrap()), "{fact} is in {page}");
    }
    // The signed statement does not depend on display settings.
    let mut command = place.command(&["attest", "--run", "1", "--db-path", DATABASE]);
    let outcome = Outcome::of(command.env("CDS_FORMAT", "table")).succeeded();
    assert!(outcome.stdout.starts_with("{\"_type\":"), "{outcome:#?}");
}

#[test]
fn unknown_facts_are_omitted() {
    let place = Place::with_functions(1);
    place.commit_tree();
    place.write("tree/functions.py", "def f1():\n    return 2\n");
    place.persist("builtin:", &[]).succeeded();
    let dependencies = |place: &Place, run: &str| {
        statement(place, run)["predicate"]["buildDefinition"]["resolvedDependencies"].clone()
    };
    assert_eq!(dependencies(&place, "1")[0]["annotations"], json!({ "dirty": true }));
    place.persist("builtin:", &["--code-ref", "release-7"]).succeeded();
    assert_eq!(dependencies(&place, "2"), json!([]), "a name is no digest");
    let internal = statement(&place, "2")["predicate"]["buildDefinition"]["internalParameters"].clone();
    assert_eq!(internal["codeRef"], "release-7");
    place.database().execute("DROP TABLE telemetry; DROP TABLE stage_runs; DROP TABLE runs_ledger;");
    let object = statement(&place, "2");
    let details = &object["predicate"]["runDetails"];
    assert_eq!(
        (names(&details["builder"]), names(&details["metadata"])),
        (vec!["id"], vec!["finishedOn", "startedOn"])
    );
    assert_eq!(object["predicate"]["buildDefinition"]["externalParameters"]["command"], Value::Null);
}

#[test]
fn altered_snapshot_is_not_attested() {
    let place = Place::with_functions(3);
    place.persist("builtin:", &[]).succeeded();
    place.persist("builtin:", &[]).succeeded();
    let whole = place.read(DATABASE);
    let guards = "DROP TRIGGER snapshot_chain_update; DROP TRIGGER snapshot_chain_delete;";
    for (edit, reason) in [
        (
            "UPDATE records SET raw_code = raw_code || ' ' WHERE run_id = 1 AND kind <> 'file'",
            "its records give the root",
        ),
        ("UPDATE records SET intent = 'Nothing.' WHERE id = 2", "its records give the root"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM records WHERE id = 3", "its records give the root"),
        ("UPDATE runs SET model = 'better:1b' WHERE id = 1", "its own row and what hangs on it give the hash"),
        ("UPDATE snapshot_chain SET project = 'other' WHERE sequence = 1", "its row in snapshot_chain gives the hash"),
        ("DROP TABLE enrichments", "tables are missing"),
    ] {
        place.write(DATABASE, &whole);
        place.database().execute(&format!("{guards} {edit}"));
        let outcome =
            attest(&place, "1").exited_with(1).stderr_has(&["attest run 1: ", reason, "hint: cds verify --run 1"]);
        assert_eq!(outcome.stdout, "", "{edit}");
        if !edit.starts_with("DROP") {
            attest(&place, "2").succeeded();
        }
    }
}

#[test]
fn run_without_root_is_refused() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    place
        .database()
        .execute("DROP TABLE record_hashes; DROP TABLE unit_history; DROP TABLE units; DROP TABLE snapshot_chain;");
    let outcome = attest(&place, "1").exited_with(1).stderr_has(&["attest run 1: it has no root", "hint: "]);
    assert_eq!(outcome.stdout, "");
    attest(&place, "9").exited_with(1).stderr_has(&["find run \"9\": there is no such run"]);
    place.ask(&["attest"]).exited_with(2).stderr_has(&["--run"]);
}
