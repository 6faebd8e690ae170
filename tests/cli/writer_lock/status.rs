//! `cds lock status`, and how the run of a killed holder ends.

use serde_json::{Value, json};

use super::{Holder, status};
use crate::place::{DATABASE, Place};

/// The reason that the next writer records for an interrupted run.
const FOUND: &str = "interrupted: its process ended without closing its accounts; its lock was free";

#[track_caller]
fn page(place: &Place) -> String {
    place.cds(&["lock", "status", "--db-path", DATABASE]).succeeded().stdout
}

/// The columns of the run and its last stage that the next writer fills in.
fn closed(place: &Place) -> Value {
    let rows = place.database().rows(
        "SELECT run.status, run.error, run.closed_by, run.finished_at IS NOT NULL AS has_end, stage.stage,
                stage.status AS stage_status, stage.error AS stage_error, stage.finished_at IS NOT NULL AS stage_has_end
         FROM runs_ledger AS run JOIN stage_runs AS stage ON stage.ledger_id = run.run_id
         ORDER BY run.rowid, stage.rowid DESC LIMIT 1",
    );
    rows.into_iter().next().expect("a run with a stage")
}

#[test]
fn status_from_start_to_kill() {
    let place = Place::with_functions(3);
    let missing =
        json!({ "schema_version": 1, "state": "missing", "holder": null, "path": place.path("cds.sqlite.lock") });
    assert_eq!(status(&place, DATABASE), missing);
    assert!(page(&place).contains("there is no lock file"), "{}", page(&place));
    assert_eq!(place.names(), ["tree"], "looking creates nothing");

    let mut holder = Holder::start_in(place, 1);
    holder.check_still_holds();
    let held = holder.status();
    let text = page(&holder.place);
    for part in ["held: another command writes", "process", &holder.running.id().to_string(), "persist", "enrich"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }

    let Holder { place, server, gate, running } = holder;
    running.kill();
    let left_behind = status(&place, DATABASE);
    assert_eq!((&left_behind["state"], &left_behind["holder"]), (&"left_behind".into(), &held["holder"]));
    assert!(page(&place).contains("its last holder ended without letting it go"), "{}", page(&place));

    gate.open();
    place.persist(&server.url(), &[]).succeeded();
    let free = json!({ "schema_version": 1, "state": "free", "holder": null, "path": place.path("cds.sqlite.lock") });
    assert_eq!(status(&place, DATABASE), free);
    assert!(page(&place).contains("free: no command is writing"), "{}", page(&place));
    place.check_is_tidy();
}

#[test]
fn only_next_writer_marks_killed_run() {
    let Holder { place, running, server, .. } = Holder::start(1);
    running.kill();
    server.stop();
    let open = json!({
        "status": "running", "error": null, "closed_by": null, "has_end": 0,
        "stage": "enrich", "stage_status": "running", "stage_error": null, "stage_has_end": 0,
    });
    assert_eq!(closed(&place), open);
    for arguments in [
        &["runs", "list"][..],
        &["runs", "show", "latest"],
        &["lock", "status"],
        &["intents", "stats"],
        &["intents", "prune", "--unused", "--dry-run"],
        &["persist", "--path", "tree", "--provider-url", "builtin:", "--dry-run"],
    ] {
        place.cds(&[arguments, &["--db-path", DATABASE]].concat()).succeeded();
        assert_eq!(closed(&place), open, "{arguments:?}");
    }

    let id = place.database().texts("SELECT run_id FROM runs_ledger").remove(0);
    let outcome = place.cds(&["intents", "prune", "--older-than", "90d", "--db-path", DATABASE]).succeeded();
    outcome.stderr_has(&[&format!("run {id} was interrupted: its process ended")]);
    let reason = FOUND.strip_prefix("interrupted: ");
    let marked = json!({
        "status": "interrupted", "error": reason, "closed_by": "cds intents prune", "has_end": 1,
        "stage": "enrich", "stage_status": "interrupted", "stage_error": reason, "stage_has_end": 1,
    });
    assert_eq!(closed(&place), marked);
    let stages = "SELECT stage || ' ' || status || coalesce(': ' || error, '') FROM stage_runs ORDER BY rowid";
    assert_eq!(place.database().texts(stages), ["analyze completed", "build completed", &format!("enrich {FOUND}")]);

    let outcome = place.persist("builtin:", &[]).succeeded();
    assert!(!outcome.stderr.contains("was interrupted"), "{outcome:#?}");
    assert_eq!(closed(&place), marked, "what is closed stays closed");
    assert_eq!(place.database().ends(), [FOUND, "completed", "completed"]);
    place.check_is_tidy();
}
