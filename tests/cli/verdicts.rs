//! A command's exit code reflects its finding, whatever happens to its output.

use std::process::{Command, Stdio};

use crate::{
    archive::{ARCHIVE, archive},
    dup_gates::{place_with_copies, snapshot},
    place::{DATABASE, Outcome, Place, TREE},
};

/// What a shell does to stdout and stderr before the binary starts.
const REDIRECTIONS: [&str; 5] = [">&-", "2>&-", ">&- 2>&-", "2>/dev/full", ">/dev/null"];

fn redirected(place: &Place, redirection: &str, arguments: &[&str]) -> Outcome {
    let script = format!("exec \"$0\" \"$@\" {redirection}");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_cds")]).args(arguments);
    Outcome::of(command.current_dir(place.path("")).stdin(Stdio::null()).env_clear().env("PATH", "/usr/bin:/bin"))
}

/// Runs with a stdout or stderr whose reader has closed it.
fn unread(place: &Place, arguments: &[&str]) -> [Outcome; 2] {
    let closed = || {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        writer
    };
    [
        Outcome::of(place.command(arguments).stdout(closed())),
        Outcome::from(place.command(arguments).stdout(Stdio::piped()).stderr(closed()).output().expect("it runs")),
    ]
}

/// Asserts exit status 1 and this error, whatever stdout and stderr are.
#[track_caller]
fn check_fails(place: &Place, arguments: &[&str], error: &str) {
    let arguments = &[arguments, &["--db-path", DATABASE]].concat();
    let [without_stdout, without_stderr] = unread(place, arguments);
    without_stdout.exited_with(1).stderr_has(&["error: ", error]);
    without_stderr.exited_with(1);
    for redirection in REDIRECTIONS {
        let outcome = redirected(place, redirection, arguments);
        assert_eq!(outcome.code, Some(1), "{redirection} {arguments:?}: {outcome:#?}");
    }
    let full = redirected(place, ">/dev/full", arguments).exited_with(1);
    full.stderr_has(&["error: failed to write ", ": No space left on device", error]);
}

#[test]
fn gate_fails_despite_closed_reader() {
    let place = place_with_copies();
    let any = "gate failed: 1 duplicate group";
    for format in ["table", "json", "ndjson", "csv", "markdown", "sarif", "gitlab", "github", "html"] {
        check_fails(&place, &["dup-check", "--fail-on", "any", "--format", format], any);
    }
    check_fails(&place, &["dup-check", "--fail-on", "any", "--show", "diff"], any);
    check_fails(&place, &["dup-check", "--fail-on", "any", "--output", "/dev/stdout", "--format", "csv"], any);
    check_fails(&place, &["dup-check", "--max-share", "0"], "of all lines are duplicated");
    place.write("tree/d.py", crate::dup_gates::words("words"));
    snapshot(&place);
    check_fails(&place, &["dup-check", "--fail-on", "new"], "1 new duplicate group");
    // A passed gate stays passed.
    let met: &[&str] = &["dup-check", "--fail-on", "any", "--channels", "intent", "--db-path", DATABASE];
    for outcome in unread(&place, met) {
        outcome.succeeded();
    }
    redirected(&place, ">&-", met).succeeded();
}

#[test]
fn checks_fail_despite_closed_reader() {
    let place = place_with_copies();
    place.write("tree/a.py", "x = 1\n");
    archive(&place, &[]).succeeded();
    let mut record = std::fs::read_dir(place.path("archive/project=shop/run_id=1")).expect("the run is there");
    let file = record.next().expect("it has a file").expect("it can be read").path();
    std::fs::write(file, "another").expect("it can be written");
    place.database().execute("UPDATE records SET raw_code = 'x' WHERE id = 1");
    for format in ["table", "json"] {
        let drift = ["drift", "--path", TREE, "--fail-on-drift", "--project", "shop", "--format", format];
        check_fails(&place, &drift, "gate failed: --fail-on-drift");
        check_fails(&place, &["verify", "--format", format], "verify the database");
        let doctor = ["doctor", "--provider-url", "http://127.0.0.1:1", "--format", format];
        check_fails(&place, &doctor, " checks failed");
        check_fails(&place, &["archive", "--verify", "--to", ARCHIVE, "--format", format], "verify archive");
    }
}

#[test]
fn unwritable_result_is_an_error() {
    let place = place_with_copies();
    for arguments in [
        &["dup-check", "--db-path", DATABASE][..],
        &["runs", "list", "--db-path", DATABASE],
        &["verify", "--db-path", DATABASE],
        &["doctor", "--provider-url", "builtin:", "--db-path", DATABASE],
        &["dup", "list", "--db-path", DATABASE],
        &["dup-check", "--help"],
        &["--version"],
    ] {
        redirected(&place, ">/dev/full", arguments).exited_with(1).stderr_has(&["error: failed to write to stdout"]);
        for outcome in unread(&place, arguments) {
            outcome.succeeded();
        }
    }
    // Opened read-only.
    redirected(&place, "1</dev/null", &["runs", "list", "--db-path", DATABASE]).exited_with(1);
    let output: &[&str] = &["dup-check", "--db-path", DATABASE, "--output", "/dev/full"];
    place.cds(output).exited_with(1).stderr_has(&["failed to write /dev/full"]);
    place.cds(&[output, &["--fail-on", "any"]].concat()).exited_with(1).stderr_has(&["/dev/full", "gate failed"]);
}

#[test]
fn saved_run_without_summary_is_reported() {
    let place = place_with_copies();
    for (arguments, done) in [
        (&["persist", "--path", TREE, "--provider-url", "builtin:", "--project", "shop"][..], "run 2 is saved"),
        (&["runs", "note", "1", "a note"], "the note is written"),
        (&["runs", "prune", "--keep-last", "9"], "the snapshots are pruned"),
        (&["intents", "prune", "--unused"], "the answers are pruned"),
        (&["archive", "--to", ARCHIVE], "what could be moved was moved"),
    ] {
        let arguments = &[arguments, &["--db-path", DATABASE, "--quiet"]].concat();
        let expected = format!("warning: {done}, but cds failed to write to stdout: No space left");
        redirected(&place, ">/dev/full", arguments).succeeded().stderr_has(&[&expected]);
    }
    assert_eq!(place.database().number("SELECT count(*) FROM runs"), 2);
}
