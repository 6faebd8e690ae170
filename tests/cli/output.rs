//! Where results go: an output file that is whole or absent, and a stdout that may be closed.

use std::process::Stdio;

use crate::{
    database::Database,
    place::{DATABASE, Outcome, Place, TREE, persist_arguments},
};

#[test]
fn output_file_equals_stdout() {
    let place = Place::with_shop();
    let model: &[&str] = &["model-build", "--path", TREE];
    let intents: &[&str] = &["enrich-intent", "--path", TREE, "--provider-url", "builtin:"];
    for command in [model, intents] {
        for format in ["json", "table"] {
            let arguments = [command, &["--format", format]].concat();
            let shown = place.cds(&arguments).succeeded().stdout;
            let written = place.cds(&[&arguments[..], &["--output", "result"]].concat()).succeeded();
            assert_eq!(written.stdout, "");
            assert_eq!(String::from_utf8(place.read("result")).unwrap(), shown, "{arguments:?}");
            assert_eq!(place.names(), ["result", TREE]);
        }
    }
}

#[cfg(unix)]
#[test]
fn output_file_is_replaced_atomically() {
    let place = Place::with_shop();
    place.write("result", "what was there before");
    let limited = |output: &str| {
        let arguments = ["model-build", "--path", TREE, "--format", "json", "--output", output];
        let mut command = place.command_with_limit(2, &arguments);
        Outcome::of(&mut command).exited_with(1).stderr_has(&["error: failed to write", output])
    };
    assert_eq!(limited("result").stdout, "");
    assert_eq!(place.read("result"), b"what was there before");
    limited("new");
    assert_eq!(place.names(), ["result", TREE]);

    let place = Place::with_functions(1);
    place.write("real.json", "old");
    std::os::unix::fs::symlink("real.json", place.path("link.json")).unwrap();
    place.cds(&["model-build", "--path", TREE, "--format", "json", "--output", "link.json"]).succeeded();
    assert!(place.path("link.json").is_symlink());
    assert!(place.read("real.json").starts_with(b"{\"schema_version\":1,\"records\":["));
}

/// Runs with a stdout whose reader has closed it.
fn unread(place: &Place, arguments: &[&str]) -> Outcome {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    Outcome::of(place.command(arguments).stdout(writer))
}

#[test]
fn closed_reader_is_no_failure() {
    let place = Place::with_shop();
    for arguments in [
        &["model-build", "--path", TREE][..],
        &["model-build", "--path", TREE, "--format", "json"],
        &["enrich-intent", "--path", TREE, "--provider-url", "builtin:"],
        &persist_arguments("builtin:", &[]),
    ] {
        let outcome = unread(&place, arguments).succeeded();
        assert!(!outcome.stderr.contains("panicked") && outcome.lines_of("error:").is_empty(), "{outcome:?}");
    }
    assert_eq!(Database::open(&place.path(DATABASE)).number("SELECT count(*) FROM records"), 59);

    let place = Place::with_shop();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = place.command(&persist_arguments("builtin:", &[]));
    let outcome = Outcome::from(command.stdout(Stdio::piped()).stderr(writer).output().unwrap()).succeeded();
    assert!(outcome.stdout.starts_with("persisted run_id=1 "), "{outcome:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn unwritable_stdout_is_failure() {
    let place = Place::with_shop();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let outcome = Outcome::of(place.command(&["model-build", "--path", TREE]).stdout(full)).exited_with(1);
    outcome.stderr_has(&["error: failed to write to stdout", "No space left"]);
}
