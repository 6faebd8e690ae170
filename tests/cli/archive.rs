//! `cds archive`: each run is archived once and completely, and a failure can be retried.

#[cfg(unix)]
mod crashes;
mod verify;

use std::fs;

use serde_json::{Value, json};

use crate::place::{DATABASE, LOCK, Outcome, Place, TREE, functions};

/// The folder of the archive, beside the database.
pub(crate) const ARCHIVE: &str = "archive";
/// The project of all runs.
const PROJECT: &str = "shop";
const STATE: &str = "archive_state.json";
const FAILURES: &str = "archive_failures.log";

/// A place with this number of runs; each adds one function.
pub(crate) fn place_with_runs(count: usize) -> Place {
    let place = Place::with_functions(1);
    (0..count).for_each(|_| add_run(&place));
    place
}

/// Adds a run with one more function.
pub(crate) fn add_run(place: &Place) {
    let source = fs::read_to_string(place.path("tree/functions.py")).expect("the tree has one file");
    place.write("tree/functions.py", functions(source.matches("def ").count() + 1));
    place.persist("builtin:", &["--project", PROJECT]).succeeded();
}

/// Runs `cds archive` on the database.
pub(crate) fn archive(place: &Place, more: &[&str]) -> Outcome {
    place.cds(&arguments(more))
}

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["archive", "--db-path", DATABASE, "--to", ARCHIVE];
    arguments.extend(more);
    arguments
}

/// The folder of a run, relative to the place.
fn run_folder(run: i64) -> String {
    format!("{ARCHIVE}/project={PROJECT}/run_id={run}")
}

/// The numbers of the runs in the archive, complete ones and drafts.
fn archived(place: &Place) -> Vec<String> {
    let project = place.path(&format!("{ARCHIVE}/project={PROJECT}"));
    let Ok(entries) = fs::read_dir(project) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The two numbers of the state file, and the failure log.
#[track_caller]
fn state(place: &Place) -> (i64, i64, String) {
    let state: Value = serde_json::from_slice(&place.read(STATE)).expect("the state file is JSON");
    let number = |name: &str| state[name].as_i64().expect("a number");
    let log = String::from_utf8(place.read(FAILURES)).expect("the log is text");
    (number("last_contiguous_run"), number("last_attempted_run"), log)
}

/// Changes a stored run; only its root reveals it.
pub(crate) fn damage(place: &Place, run: i64) {
    place.database().execute(&format!(
        "UPDATE records SET raw_code = raw_code || '#' WHERE id = (SELECT min(id) FROM records WHERE run_id = {run})"
    ));
}

/// Reverts the damage.
pub(crate) fn repair(place: &Place, run: i64) {
    place.database().execute(&format!(
        "UPDATE records SET raw_code = rtrim(raw_code, '#') \
         WHERE id = (SELECT min(id) FROM records WHERE run_id = {run})"
    ));
}

#[test]
fn each_run_is_archived_once() {
    let place = place_with_runs(2);
    let before = place.database().dump_of_runs();
    let outcome = archive(&place, &[]).succeeded();
    let line = &outcome.stdout;
    assert!(line.starts_with("archived runs=2 records=7 bytes="), "{line}");
    assert!(line.ends_with(" failed=0 already=0 last_contiguous_run=2 last_attempted_run=2\n"), "{line}");
    let lines = outcome.lines_of("archive_run");
    assert_eq!(lines.len(), 2, "{outcome:#?}");
    assert!(lines[0].starts_with("archive_run run_id=1 status=done records=3 bytes="), "{}", lines[0]);
    let root = &place.database().texts("SELECT snapshot_root FROM snapshot_chain ORDER BY sequence")[0];
    assert!(lines[0].ends_with(&format!("snapshot_root={root}")), "{}", lines[0]);
    assert_eq!(archived(&place), ["run_id=1", "run_id=2"]);
    assert_eq!(state(&place), (2, 2, String::new()));
    assert_eq!(place.names(), [ARCHIVE, FAILURES, STATE, DATABASE, LOCK, TREE]);
    let staying: Vec<String> = place.database().dump_of_runs();
    assert!(before.iter().all(|line| staying.contains(line)), "archiving changes nothing of a run");

    let manifest = place.read(&format!("{}/manifest.json", run_folder(1)));
    let outcome = archive(&place, &[]).succeeded();
    assert_eq!(
        outcome.stdout,
        "archived runs=0 records=0 bytes=0 failed=0 already=0 last_contiguous_run=2 last_attempted_run=2\n"
    );
    assert_eq!(outcome.stderr, "");
    add_run(&place);
    let outcome = archive(&place, &[]).succeeded();
    assert!(outcome.stdout.starts_with("archived runs=1 records=5 "), "{outcome:#?}");
    assert_eq!(outcome.lines_of("archive_run").len(), 1);
    assert_eq!(archived(&place), ["run_id=1", "run_id=2", "run_id=3"]);
    assert_eq!(place.read(&format!("{}/manifest.json", run_folder(1))), manifest, "what is there stays as it is");
    archive(&place, &["--verify"]).succeeded();
}

#[test]
fn single_run_archive_keeps_earlier_ones() {
    let place = place_with_runs(3);
    let outcome = archive(&place, &["--run", "2", "--format", "json"]).succeeded();
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&object["done_count"], &object["record_count"]), (&json!(1), &json!(4)));
    assert_eq!(object["states"][0]["open_failures"], json!([1]), "a run that was passed over is an open failure");
    let run = &object["runs"][0];
    assert_eq!((&run["run_id"], &run["status"], &run["error"]), (&json!(2), &json!("done"), &Value::Null));
    assert!(run["snapshot_root"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(state(&place), (0, 2, "1\n".to_owned()));
    let outcome = archive(&place, &["--run", "2"]).succeeded();
    assert!(outcome.stdout.contains(" already=1 "), "{outcome:#?}");
    let outcome = archive(&place, &["--run", "3", "--project", "store"]).exited_with(2);
    outcome.stderr_has(&["archive run 3 of project \"store\": it is one of project \"shop\""]);
    archive(&place, &["--run", "9"])
        .exited_with(2)
        .stderr_has(&["archive run 9: there is none", "hint: cds runs list"]);
    archive(&place, &[]).succeeded();
    assert_eq!(archived(&place), ["run_id=1", "run_id=2", "run_id=3"]);
    assert_eq!(state(&place), (3, 3, String::new()));
}

#[test]
fn damaged_run_fails_alone() {
    let place = place_with_runs(3);
    damage(&place, 2);
    let outcome =
        archive(&place, &[]).exited_with(1).stderr_has(&["error: failed to archive run 2: ", "--retry-failed"]);
    assert!(outcome.stdout.contains("archived runs=2 ") && outcome.stdout.contains(" failed=1 "), "{outcome:#?}");
    let failed = outcome.lines_of("archive_run").into_iter().find(|line| line.contains("run_id=2")).unwrap();
    assert!(failed.starts_with("archive_run run_id=2 status=failed error=\"") && failed.contains("root"), "{failed}");
    assert_eq!(archived(&place), ["run_id=1", "run_id=3"]);
    assert_eq!(state(&place), (1, 3, "2\n".to_owned()));

    let outcome = archive(&place, &[]).succeeded();
    assert!(outcome.stdout.starts_with("archived runs=0 "), "a failure is not tried again by itself: {outcome:#?}");
    archive(&place, &["--retry-failed"]).exited_with(1).stderr_has(&["archive run 2: "]);
    assert_eq!(state(&place), (1, 3, "2\n".to_owned()));
    let attempts = "SELECT max(attempt) FROM transfer_log WHERE run_id = 2";
    assert_eq!(place.database().number(attempts), 2);
    repair(&place, 2);
    let outcome = archive(&place, &["--retry-failed"]).succeeded();
    assert!(outcome.stdout.starts_with("archived runs=1 "), "{outcome:#?}");
    assert_eq!(state(&place), (3, 3, String::new()));
    archive(&place, &["--verify"]).succeeded();
}

#[test]
fn unimportable_run_is_not_archived() {
    let place = place_with_runs(2);
    let first = "(SELECT min(id) FROM records WHERE run_id = 2)";
    for (altered, restored, why) in [
        (
            "UPDATE runs SET model = 'x' || model WHERE id = 2",
            "UPDATE runs SET model = substr(model, 2) WHERE id = 2",
            "the run's row, ",
        ),
        (
            "INSERT INTO analyzer_errors (run_id, file_path, line, reason) VALUES (2, 'a.py', 1, 'no')",
            "DELETE FROM analyzer_errors",
            "its errors, questions or costs were altered",
        ),
        (
            &format!("UPDATE records SET start_line = start_line + 9223372036854775000 WHERE id = {first}"),
            &format!("UPDATE records SET start_line = start_line - 9223372036854775000 WHERE id = {first}"),
            "records has a row that does not fit: start_line is 9223372036854775001",
        ),
    ] {
        place.database().execute(altered);
        let more: &[&str] = if archived(&place).is_empty() { &[] } else { &["--retry-failed"] };
        archive(&place, more).exited_with(1).stderr_has(&["archive run 2: ", why]);
        assert_eq!((archived(&place), state(&place)), (vec!["run_id=1".to_owned()], (1, 2, "2\n".to_owned())));
        place.database().execute(restored);
    }
    archive(&place, &["--retry-failed"]).succeeded();
    place.cds(&["import", "--from", ARCHIVE, "--db-path", "team.sqlite"]).succeeded();
}

#[test]
fn one_project_is_archived_alone() {
    let place = place_with_runs(1);
    place.persist("builtin:", &["--project", "store"]).succeeded();
    archive(&place, &["--project", "store"]).succeeded();
    assert!(place.path("archive/project=store/run_id=2/records.parquet").exists());
    assert!(!place.path("archive/project=shop").exists());
    // The other project waits for its turn and is not retried.
    assert_eq!(state(&place), (0, 2, "1\n".to_owned()));
    let outcome = archive(&place, &["--project", "shop"]).succeeded();
    assert!(outcome.stdout.starts_with("archived runs=1 "), "{outcome:#?}");
    assert_eq!(state(&place), (2, 2, String::new()));
}

#[test]
fn invalid_folder_name_has_hint() {
    let place = Place::with_functions(1);
    for (length, code) in [(27, 0), (28, 1)] {
        place.persist("builtin:", &["--project", &"日".repeat(length)]).succeeded();
        let outcome = archive(&place, &[]).exited_with(code);
        if code == 1 {
            outcome.stderr_has(&[
                "its name would have 260 bytes, and the limit is 255",
                "shorter name with cds persist --project",
            ]);
        }
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_link() {
    let place = place_with_runs(2);
    fs::create_dir(place.path(ARCHIVE)).unwrap();
    fs::create_dir(place.path("elsewhere")).unwrap();
    let project = place.path(&format!("{ARCHIVE}/project={PROJECT}"));
    std::os::unix::fs::symlink(place.path("elsewhere"), &project).unwrap();
    archive(&place, &[]).exited_with(1).stderr_has(&["project=shop\": it is a link, and links in an archive are not"]);
    assert_eq!(fs::read_dir(place.path("elsewhere")).unwrap().count(), 0);
    archive(&place, &["--verify"]).exited_with(1);
    fs::remove_file(&project).unwrap();
    archive(&place, &["--retry-failed"]).succeeded();
    // A run behind the failed one is not taken for archived.
    fs::rename(place.path(&run_folder(1)), place.path("moved")).unwrap();
    std::os::unix::fs::symlink(place.path("moved"), place.path(&run_folder(1))).unwrap();
    archive(&place, &["--run", "1"]).exited_with(1).stderr_has(&["run_id=1\": it is a link"]);
    let outcome = place.cds(&["import", "--from", ARCHIVE, "--db-path", "team.sqlite"]).succeeded();
    outcome.stderr_has(&["run_id=1 is no run and is not imported"]);
}

#[test]
fn failed_run_is_not_called_skipped() {
    let place = place_with_runs(2);
    place.persist("builtin:", &["--project", "store"]).succeeded();
    damage(&place, 1);
    archive(&place, &["--run", "1"]).exited_with(1);
    archive(&place, &["--project", "store"]).succeeded();
    let outcome = archive(&place, &[]).succeeded();
    assert!(outcome.stdout.starts_with("archived runs=1 "), "{outcome:#?}");
    assert_eq!((archived(&place), state(&place)), (vec!["run_id=2".to_owned()], (0, 3, "1\n".to_owned())));
}

#[test]
fn foreign_run_uses_given_name() {
    let place = place_with_runs(1);
    place.database().execute(
        "DROP TABLE snapshot_chain; DROP TABLE unit_history; DROP TABLE units; DROP TABLE record_hashes; \
         DROP TABLE telemetry; DROP TABLE stage_runs; DROP TABLE runs_ledger",
    );
    archive(&place, &["--project", "team/shop"]).succeeded();
    assert!(place.path("archive/project=team%2Fshop/run_id=1/records.parquet").exists());
    archive(&place, &["--verify"]).succeeded();
}

#[test]
fn broken_state_files_are_rebuilt() {
    let place = place_with_runs(3);
    damage(&place, 2);
    archive(&place, &[]).exited_with(1);
    let whole = state(&place);
    let check = |said: &[&str]| {
        let outcome = archive(&place, &[]).succeeded().stderr_has(said);
        assert!(outcome.stdout.starts_with("archived runs=0 "), "nothing is repeated: {outcome:#?}");
        assert_eq!(state(&place), whole);
    };
    fs::remove_file(place.path(STATE)).unwrap();
    fs::remove_file(place.path(FAILURES)).unwrap();
    check(&[STATE, FAILURES, "state_rebuilt file=", "is missing"]);
    place.write(STATE, "{\"last_contiguous_run\": 9");
    check(&[STATE]);
    place.write(STATE, "{\"last_contiguous_run\": 0, \"last_attempted_run\": 0}");
    check(&[STATE]);
    place.write(FAILURES, "2\n# by \u{1b}[31mhand\n");
    check(&["line 2 of ", "is no run number and is ignored", "\\u{1b}[31mhand"]);
    check(&[]);
}

#[test]
fn state_folder_can_be_elsewhere() {
    let place = place_with_runs(1);
    fs::create_dir(place.path("state")).unwrap();
    archive(&place, &["--state-dir", "state"]).succeeded();
    assert!(place.path("state/archive_state.json").exists() && !place.path(STATE).exists());
    archive(&place, &["--state-dir", "made/here"]).succeeded();
    assert!(place.path("made/here/archive_state.json").exists());
    place.write("file", "");
    archive(&place, &["--state-dir", "file"]).exited_with(2).stderr_has(&["--state-dir file: it is not a directory"]);
}

#[test]
fn missing_archive_is_not_recreated() {
    let place = place_with_runs(2);
    archive(&place, &[]).succeeded();
    fs::rename(place.path(ARCHIVE), place.path("moved")).unwrap();
    add_run(&place);
    for _ in 0..2 {
        let outcome =
            archive(&place, &[]).exited_with(1).stderr_has(&["though 2 runs were moved to it", "hint: mount its disk"]);
        assert_eq!(outcome.stdout, "");
    }
    // The folder where its disk is mounted.
    fs::create_dir(place.path(ARCHIVE)).unwrap();
    archive(&place, &[]).exited_with(1).stderr_has(&["it is empty, though 2 runs were moved to it"]);
    fs::remove_dir(place.path(ARCHIVE)).unwrap();
    fs::rename(place.path("moved"), place.path(ARCHIVE)).unwrap();
    archive(&place, &[]).succeeded();
    assert_eq!(archived(&place), ["run_id=1", "run_id=2", "run_id=3"]);
    assert_eq!(state(&place), (3, 3, String::new()));
}

#[test]
fn wrong_arguments_do_nothing() {
    let place = place_with_runs(1);
    let before = place.database().dump();
    place.write("file", "");
    for (wrong, said) in [
        (&["--to", "missing/archive"][..], "use archive missing/archive: "),
        (&["--to", "file"], "it is not a directory"),
        (&["--to", "archive", "--run", "0"], "--run"),
        (&["--to", "archive", "--run", "1", "--retry-failed"], "cannot be used with"),
        (&["--to", "archive", "--verify", "--retry-failed"], "cannot be used with"),
        (&[], "--to"),
    ] {
        let arguments: Vec<&str> = ["archive", "--db-path", DATABASE].iter().chain(wrong).copied().collect();
        let outcome = place.cds(&arguments).exited_with(2).stderr_has(&[said]);
        assert_eq!(outcome.stdout, "");
    }
    place.cds(&["archive", "--to", ARCHIVE]).exited_with(2).stderr_has(&["use a database: none is configured"]);
    place.cds(&["archive", "--db-path", "other.sqlite", "--to", ARCHIVE]).exited_with(2);
    assert!(!place.path(ARCHIVE).exists() && !place.path("other.sqlite").exists());
    assert_eq!(place.database().dump(), before);
}

#[cfg(unix)]
#[test]
fn files_follow_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = place_with_runs(1);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "umask 027 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_cds")]).args(arguments(&[]));
    Outcome::of(command.current_dir(place.path("."))).succeeded();
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(DATABASE), 0o600);
    assert_eq!((mode(ARCHIVE), mode(&run_folder(1))), (0o750, 0o750));
    for entry in fs::read_dir(place.path(&run_folder(1))).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert_eq!(mode(&format!("{}/{name}", run_folder(1))), 0o640, "{name}");
    }
}

/// The path of a run's table.
fn table(run: i64, name: &str) -> String {
    format!("{}/{name}", run_folder(run))
}
