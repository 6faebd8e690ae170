//! `cds state`: what the state files say, what is true, and rebuilding them.

use std::fs;

use serde_json::{Value, json};

use crate::{
    archive::{ARCHIVE, add_run, archive, damage, place_with_runs},
    place::{DATABASE, Outcome, Place},
};

fn show(place: &Place, more: &[&str]) -> Outcome {
    let arguments: Vec<&str> = ["state", "show", "--db-path", DATABASE].iter().chain(more).copied().collect();
    place.cds(&arguments)
}

#[track_caller]
fn peers(outcome: &Outcome) -> Vec<Value> {
    let object: Value = serde_json::from_str(&outcome.stdout).expect("an object");
    object["peers"].as_array().expect("a list").clone()
}

/// The only peer.
#[track_caller]
fn peer(place: &Place) -> Value {
    let mut peers = peers(&show(place, &["--format", "json"]).succeeded());
    assert_eq!(peers.len(), 1, "{peers:#?}");
    peers.remove(0)
}

/// A place with three archived runs of which the second failed, and one untried run.
fn place_with_a_failure() -> Place {
    let place = place_with_runs(3);
    damage(&place, 2);
    archive(&place, &[]).exited_with(1);
    add_run(&place);
    place
}

#[test]
fn state_shows_both_sides_unchanged() {
    let place = place_with_runs(1);
    assert_eq!(show(&place, &[]).succeeded().stdout, "  no run was moved yet\n");
    let place = place_with_a_failure();
    let names = place.names();
    let before = place.database().dump();
    let found = peer(&place);
    assert_eq!((&found["direction"], &found["peer"]), (&json!("archive"), &json!(place.path(ARCHIVE))));
    assert_eq!((&found["last_contiguous_run"], &found["last_attempted_run"]), (&json!(1), &json!(3)));
    assert_eq!((&found["open_failures"][0]["run_id"], &found["not_yet_tried"]), (&json!(2), &json!([4])));
    assert!(found["open_failures"][0]["error"].as_str().unwrap().contains("root"), "{found}");
    assert_eq!((&found["state_file"]["agrees"], &found["failure_log"]["agrees"]), (&json!(true), &json!(true)));
    assert_eq!(found["failure_log"]["runs"], json!([2]));
    let page = show(&place, &[]).succeeded().stdout;
    for fragment in ["archive to ", "last contiguous run 1, last attempted run 3", "run 2: ", "agrees"] {
        assert!(page.contains(fragment), "{fragment:?} is not in {page}");
    }
    assert_eq!((place.names(), place.database().dump()), (names, before));
    show(&place, &["--to", "elsewhere"]).exited_with(2).stderr_has(&["no run was moved there or from there yet"]);
    show(&place, &["--to", ARCHIVE, "--from", ARCHIVE]).exited_with(2);
    assert_eq!(peers(&show(&place, &["--to", ARCHIVE, "--format", "json"]).succeeded()).len(), 1);
}

#[test]
fn inconsistent_files_are_recovered() {
    let place = place_with_a_failure();
    let state = place.read("archive_state.json");
    place.write("archive_state.json", "{\"last_contiguous_run\": 3, \"last_attempted_run\": 3}");
    fs::remove_file(place.path("archive_failures.log")).unwrap();
    let found = peer(&place);
    assert_eq!((&found["state_file"]["agrees"], &found["state_file"]["status"]), (&json!(false), &json!("present")));
    assert_eq!(found["failure_log"]["status"], "missing");
    let page = show(&place, &[]).succeeded().stdout;
    assert!(page.contains("differs: last contiguous run 3") && page.contains("missing"), "{page}");
    assert!(page.contains("cds state recover"), "{page}");

    let outcome = place.cds(&["state", "recover", "--db-path", DATABASE]).succeeded();
    assert!(outcome.stdout.contains("both files were written"), "{outcome:#?}");
    assert_eq!(place.read("archive_state.json"), state);
    assert_eq!(place.read("archive_failures.log"), b"2\n");
    place.write("archive_state.json", "garbage");
    assert_eq!(peer(&place)["state_file"]["status"], "damaged");
    let arguments = ["state", "recover", "--db-path", DATABASE, "--to", ARCHIVE, "--format", "json"];
    let recovered = peers(&place.cds(&arguments).succeeded());
    assert_eq!((&recovered[0]["is_recovered"], &recovered[0]["state_file"]["agrees"]), (&json!(true), &json!(true)));
    assert_eq!(place.read("archive_state.json"), state);
}

#[test]
fn archive_is_known_without_database_rows() {
    let place = place_with_runs(3);
    archive(&place, &[]).succeeded();
    // As after a kill between the rename and the log, and after a failure whose later attempt was not recorded.
    place.database().execute("DELETE FROM transfer_log WHERE run_id > 1");
    let outcome = place.cds(&["state", "recover", "--db-path", DATABASE, "--to", ARCHIVE]).succeeded();
    assert!(outcome.stdout.contains("last contiguous run 3, last attempted run 3"), "{outcome:#?}");
    let outcome = archive(&place, &[]).succeeded();
    assert!(outcome.stdout.starts_with("archived runs=0 "), "{outcome:#?}");
}

#[test]
fn empty_database_recovers_from_archive() {
    let place = place_with_runs(2);
    archive(&place, &[]).succeeded();
    place.database().execute("DELETE FROM transfer_log");
    let recover = |to: &str| place.cds(&["state", "recover", "--db-path", DATABASE, "--to", to]);
    fs::create_dir(place.path("empty")).unwrap();
    for to in ["empty", "missing"] {
        recover(to).exited_with(2).stderr_has(&["no run lies in it"]);
    }
    let outcome = recover(ARCHIVE).succeeded();
    assert!(outcome.stdout.contains("last contiguous run 2, last attempted run 2"), "{outcome:#?}");
    let outcome = archive(&place, &["--verify"]).succeeded();
    assert!(outcome.stdout.starts_with("verified runs=2 "), "{outcome:#?}");
}

#[test]
fn missing_source_still_reports() {
    let place = place_with_runs(1);
    place.cds(&["import", "--from", DATABASE, "--db-path", "team.sqlite"]).succeeded();
    fs::rename(place.path(DATABASE), place.path("moved.sqlite")).unwrap();
    let outcome = place.cds(&["state", "show", "--db-path", "team.sqlite", "--from", DATABASE]).succeeded();
    assert!(outcome.stdout.contains("last contiguous run 1") && outcome.stdout.contains("not known: "), "{outcome:#?}");
    let outcome = place.cds(&["state", "recover", "--db-path", "team.sqlite"]).succeeded();
    assert!(outcome.stdout.contains("both files were written"), "{outcome:#?}");
}
