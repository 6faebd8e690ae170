//! Disproportionate input: each limit holds, and whatever exceeds it is named (`docs/limits.md`).

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    os::unix::process::CommandExt as _,
    process::Command,
    time::{Duration, Instant},
};

use crate::place::{DATABASE, Outcome, Place, TREE, persist_arguments};

/// The reasons of a run's analyzer errors. The run must still find what is in `found.py`.
fn errors_of(place: &Place) -> Vec<String> {
    place.write(&format!("{TREE}/found.py"), "def found():\n    return 1\n");
    let outcome = place.persist("builtin:", &[]).succeeded();
    assert_eq!(place.database().texts("SELECT file_path FROM records WHERE kind = 'function'"), ["found.py"]);
    let lines = outcome.lines_of("analyzer_error").into_iter().map(str::to_owned).collect();
    drop(outcome);
    lines
}

#[test]
fn oversized_ignore_file_skips_folder() {
    let place = Place::empty();
    for (folder, text) in [
        ("braces", "{".repeat(16_000)),
        ("patterns", "*a*b*c*\n".repeat(30_000)),
        ("large", "*a*b*c*\n".repeat(130_000)),
    ] {
        fs::create_dir(place.path(&format!("{TREE}/{folder}"))).unwrap();
        place.write(&format!("{TREE}/{folder}/.ignore"), text);
        place.write(&format!("{TREE}/{folder}/a.py"), "def hidden(): pass\n");
    }
    let errors = errors_of(&place);
    assert_eq!(errors.len(), 3, "{errors:#?}");
    for (error, expected) in errors.iter().zip([
        "file=braces line=- reason=\"left out: its .ignore has a line of more than 1000 bytes",
        "file=large line=- reason=\"left out: its .ignore is no regular file of at most 262144 bytes",
        "file=patterns line=- reason=\"left out: its .ignore has more than 5000 patterns",
    ]) {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn ignore_files_share_a_limit() {
    let place = Place::empty();
    for number in 0..60 {
        fs::create_dir(place.path(&format!("{TREE}/f{number}"))).unwrap();
        place.write(&format!("{TREE}/f{number}/.ignore"), format!("# {}\n", "x".repeat(900)).repeat(280));
    }
    let started = Instant::now();
    let errors = errors_of(&place);
    assert!(errors.iter().any(|error| error.contains("is one too many")), "{errors:#?}");
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn unparsable_text_is_analyzer_error() {
    let place = Place::empty();
    let words = "a b c d\n".repeat(600_000);
    place.write(&format!("{TREE}/open.py"), format!("def f():\n    pass\nx = \"\"\"{words}"));
    place.write(&format!("{TREE}/brackets.py"), format!("x = {}", "([{".repeat(1_600_000)));
    let started = Instant::now();
    let errors = errors_of(&place);
    assert!(started.elapsed() < Duration::from_secs(60));
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(errors[0].contains("brackets.py") && errors[0].contains("more than 1000 brackets are open"), "{errors:#?}");
    assert!(errors[1].contains("open.py") && errors[1].contains("a string has no end"), "{errors:#?}");
}

#[test]
fn deepest_folder_is_read() {
    let place = Place::empty();
    let mut path = place.path(TREE);
    for _ in 0..900 {
        path.push("d");
    }
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("deep.py"), "def deep(): pass\n").unwrap();
    place.persist("builtin:", &[]).succeeded();
    assert_eq!(place.database().number("SELECT count(*) FROM records"), 2);
}

#[test]
fn invalid_time_zone_file_means_utc() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    assert!(Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    fs::File::create(place.path("large")).unwrap().set_len(1 << 30).unwrap();
    let [pipe, large, folder] = ["pipe", "large", TREE].map(|name| place.path(name).display().to_string());
    for value in [&pipe, &large, &folder, "/dev/zero", ":/dev/zero", "../../dev/zero"] {
        for (name, zone) in [("TZ", value), ("TZDIR", value)] {
            let mut command = place.command(&["runs", "list", "--db-path", DATABASE]);
            let outcome = Outcome::of(command.env("TZ", "No/Where").env(name, zone)).succeeded();
            assert!(outcome.stdout.contains("times in ") && outcome.stdout.contains("UTC"), "{value}: {outcome:?}");
        }
    }
}

/// Runs as a user who may start no further processes; the superuser has no such limit.
fn without_threads(place: &Place, arguments: &[&str]) -> Outcome {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    for name in ["", TREE, DATABASE, "cds.sqlite.lock"] {
        if place.path(name).exists() {
            fs::set_permissions(place.path(name), fs::Permissions::from_mode(0o777)).unwrap();
        }
    }
    let cds = place.command(arguments);
    let mut command = Command::new("prlimit");
    command.arg("--nproc=1").arg(cds.get_program()).args(cds.get_args()).current_dir(place.path(""));
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65_533).gid(65_533);
    }
    Outcome::of(&mut command)
}

#[test]
fn refused_threads_do_not_fail_run() {
    let place = Place::with_functions(3);
    place.persist("builtin:", &[]).succeeded();
    for arguments in [
        &["runs", "list", "--db-path", DATABASE][..],
        &["verify", "--db-path", DATABASE],
        &["dup-check", "--db-path", DATABASE],
        &["model-build", "--path", TREE],
    ] {
        let outcome = without_threads(&place, arguments).succeeded();
        assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
    }
    // Without a thread that watches the lock, nothing may be written.
    let outcome =
        without_threads(&place, &persist_arguments("builtin:", &[])).exited_with(1).stderr_has(&["error: failed to"]);
    let outcome = outcome.stderr_has(&["hint: let this user have more processes"]);
    assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
    assert!(!place.database().ends().contains(&"running".to_owned()));
}

#[test]
fn memory_limit_damages_nothing() {
    let place = Place::with_files(&[("a.py", &"x = [1, 2, 3]\ndef f(): return 1\n".repeat(20_000))]);
    place.persist("builtin:", &[]).succeeded();
    let arguments = persist_arguments("builtin:", &[]);
    for megabytes in [60, 120, 200] {
        let cds = place.command(&arguments);
        let mut command = Command::new("prlimit");
        command.arg(format!("--as={}", megabytes << 20)).arg(cds.get_program()).args(cds.get_args());
        drop(command.current_dir(place.path("")).env("MALLOC_ARENA_MAX", "1").output().unwrap());
        place.database().check_integrity();
    }
    let outcome = place.persist("builtin:", &[]).succeeded();
    let ends = place.database().ends();
    assert!(!ends.contains(&"running".to_owned()), "{ends:?} {outcome:?}");
}
