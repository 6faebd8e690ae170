//! A damaged row, as any program can write it, is named and hides no other.

use serde_json::Value;

use crate::place::{DATABASE, Outcome, Place, functions};

/// Three runs of a growing tree.
fn place_with_three_runs() -> Place {
    let place = Place::with_functions(2);
    for count in 3..6 {
        place.write("tree/more.py", functions(count));
        place.persist("builtin:", &[]).succeeded();
    }
    place
}

fn cds(place: &Place, arguments: &[&str]) -> Outcome {
    place.cds(&[arguments, &["--db-path", DATABASE]].concat())
}

/// Each kind of damage, and what is reported of it.
const DAMAGE: &[(&str, &str)] = &[
    ("UPDATE runs SET root_path = x'00ff41' WHERE id = 1", "run 1 is damaged: its root_path is of type blob"),
    ("UPDATE runs SET model = x'61' WHERE id = 1", "run 1 is damaged: its model is of type blob"),
    ("UPDATE runs SET started_at = x'' WHERE id = 1", "run 1 is damaged: its started_at is of type blob"),
    ("UPDATE runs SET record_count = 'many' WHERE id = 1", "run 1 is damaged: its record_count is of type text"),
    ("UPDATE runs SET progress_batch_size = x'01' WHERE id = 1", "its progress_batch_size is of type blob"),
    (
        "UPDATE runs_ledger SET notes = x'ff', host = 5 WHERE snapshot_id = 1",
        "of runs_ledger is damaged: its notes is of type blob",
    ),
    ("UPDATE runs_ledger SET pid = 'x' WHERE snapshot_id = 1", "of runs_ledger is damaged: its pid is of type text"),
    (
        "UPDATE stage_runs SET source = x'00', duration_seconds = 'long' WHERE rowid = 1",
        "row 1 of stage_runs is damaged: its source is of type blob",
    ),
];

#[test]
fn damaged_rows_hide_no_others() {
    let place = place_with_three_runs();
    let whole = place.read(DATABASE);
    for (sql, named) in DAMAGE {
        place.write(DATABASE, &whole);
        place.database().execute(sql);
        let listed = cds(&place, &["runs", "list", "--format", "json"]).succeeded().stderr_has(&[named]);
        let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
        let ids: Vec<i64> =
            listed["runs"].as_array().expect("runs").iter().filter_map(|run| run["snapshot_id"].as_i64()).collect();
        assert_eq!(ids, [3, 2, 1], "{sql}");
        for arguments in [
            &["runs", "list"][..],
            &["runs", "show", "1"],
            &["runs", "show", "3"],
            &["runs", "tail"],
            &["runs", "stats"],
            &["runs", "diff", "2", "3"],
            &["history", "more.py"],
            &["runs", "prune", "--keep-last", "1", "--dry-run"],
        ] {
            cds(&place, arguments).succeeded().stderr_has(&[named]);
        }
        cds(&place, &["dup", "trend"]).succeeded();
        cds(&place, &["dup-check"]).succeeded();
    }
    place.write(DATABASE, &whole);
    assert_eq!(cds(&place, &["runs", "list"]).succeeded().stderr, "", "a whole database has no damaged row");
}

#[test]
fn damaged_runs_can_be_pruned() {
    let place = place_with_three_runs();
    for sql in [
        "UPDATE runs SET root_path = x'00ff41', model = x'61', status = 7, started_at = x'ff' WHERE id = 1",
        "UPDATE runs_ledger SET subject = x'73', status = x'00' WHERE snapshot_id = 1",
        "UPDATE records SET kind = x'66', normalized_code = x'ff00', md5sum = 5 WHERE run_id = 1",
    ] {
        place.database().execute(sql);
    }
    let shown = cds(&place, &["runs", "show", "1"]).succeeded();
    assert!(shown.stdout.contains('\u{fffd}'), "{shown:#?}");
    // Its project is unknown now, so it counts as the last run of another project: only its age removes it.
    cds(&place, &["runs", "prune", "--keep-last", "1"]).succeeded();
    place.database().execute("UPDATE runs SET started_at = '2001-02-03T04:05:06.789Z' WHERE id = 1");
    cds(&place, &["runs", "prune", "--older-than", "1d"]).succeeded();
    assert_eq!(place.database().rows("SELECT id FROM runs WHERE id = 1").len(), 0);
    assert_eq!(place.database().rows("SELECT id FROM records WHERE run_id = 1").len(), 0);
    place.persist("builtin:", &[]).succeeded();
}

#[test]
fn trend_skips_unsearchable_run() {
    let place = place_with_three_runs();
    place.database().execute("UPDATE records SET normalized_code = x'ff00' WHERE run_id = 2 AND kind = 'function'");
    let outcome = cds(&place, &["dup", "trend", "--format", "json"]).succeeded().stderr_has(&["run 2 is left out"]);
    let trend: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let ids: Vec<i64> =
        trend["runs"].as_array().expect("runs").iter().filter_map(|run| run["run_id"].as_i64()).collect();
    assert_eq!(ids, [1, 3]);
    // Without any searchable run there is nothing to show.
    place.database().execute("UPDATE records SET normalized_code = x'ff00' WHERE kind = 'function'");
    cds(&place, &["dup", "trend"]).exited_with(1);
}
