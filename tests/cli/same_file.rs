//! An output that is the database itself is refused, and nothing is written.

use std::{
    os::unix::fs::symlink,
    process::{Command, Stdio},
};

use crate::{
    dup_gates::place_with_copies,
    place::{DATABASE, LOCK, Outcome, Place, TREE},
};

fn shell(place: &Place, script: &str) -> Outcome {
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_cds")]);
    Outcome::of(command.current_dir(place.path("")).stdin(Stdio::null()).env_clear().env("PATH", "/usr/bin:/bin"))
}

#[test]
fn output_over_database_is_refused() {
    let place = place_with_copies();
    symlink(DATABASE, place.path("link.sqlite")).expect("a link");
    symlink("cds.sqlite-journal", place.path("journal")).expect("a link to nothing yet");
    std::fs::hard_link(place.path(DATABASE), place.path("second")).expect("a second name");
    std::fs::hard_link(place.path(LOCK), place.path("second.lock")).expect("a second name");
    let before = place.read(DATABASE);
    let names = place.names();
    let model: &[&str] = &["model-build", "--path", TREE];
    let intents: &[&str] = &["enrich-intent", "--path", TREE, "--provider-url", "builtin:"];
    let belongs = "it belongs to the database";
    for (output, why) in [
        (DATABASE, "it is the database"),
        ("tree/../cds.sqlite", "it is the database"),
        ("link.sqlite", "it is the database"),
        ("second", "it is the database"),
        ("cds.sqlite-wal", belongs),
        ("cds.sqlite-shm", belongs),
        ("./cds.sqlite-journal", belongs),
        (LOCK, belongs),
        ("second.lock", belongs),
    ] {
        for database in [DATABASE, "link.sqlite"] {
            let end = ["--db-path", database, "--output", output];
            for command in [&["dup-check"][..], &["dup-check", "--format", "html"], model, intents] {
                let outcome = place.cds(&[command, &end].concat()).exited_with(2);
                outcome.stderr_has(&["error: failed to use --output", why, "hint: name another file"]);
            }
        }
    }
    assert_eq!((place.read(DATABASE), place.names()), (before, names));
    for output in ["new.sqlite", "new.sqlite-wal", "new.sqlite.lock"] {
        let arguments = [model, &["--db-path", "new.sqlite", "--output", output]].concat();
        place.cds(&arguments).exited_with(2).stderr_has(&["failed to use --output"]);
        assert!(!place.path(output).exists(), "{output}");
    }
    place.cds(&["dup-check", "--db-path", DATABASE, "--output", "cds.sqlite.txt"]).succeeded();
}

#[test]
fn database_as_stream_target_is_refused() {
    let place = place_with_copies();
    std::fs::hard_link(place.path(DATABASE), place.path("second")).expect("a second name");
    let before = place.read(DATABASE);
    for arguments in [
        "dup-check --db-path cds.sqlite",
        "runs list --db-path cds.sqlite",
        "lock status --db-path cds.sqlite",
        "persist --path tree --provider-url builtin: --db-path cds.sqlite",
        "model-build --path tree --db-path cds.sqlite",
        "archive --to archive --db-path cds.sqlite",
        "doctor --db-path second",
        "verify --db-path /dev/stdout",
    ] {
        let outcome = shell(&place, &format!("exec \"$0\" {arguments} >> cds.sqlite")).exited_with(2);
        outcome.stderr_has(&["stdout goes to it: it is the database", "hint: send stdout somewhere else"]);
        assert!(place.read(DATABASE) == before, "{arguments}");
    }
    // The message goes to the very file that it is about.
    shell(&place, "exec \"$0\" runs list --db-path cds.sqlite 2>> cds.sqlite-journal").exited_with(2);
    let said = String::from_utf8(place.read("cds.sqlite-journal")).expect("text");
    assert!(said.contains("stderr goes to it: it belongs to the database cds.sqlite"), "{said}");
    std::fs::remove_file(place.path("cds.sqlite-journal")).expect("it is there");
    let persist = "persist --path tree --provider-url builtin: --db-path /dev/stdout";
    shell(&place, &format!("exec \"$0\" {persist} > new.sqlite")).exited_with(2).stderr_has(&["stdout goes to it"]);
    assert_eq!(place.read("new.sqlite"), b"");
    place.cds(&persist.split(' ').collect::<Vec<_>>()).exited_with(2);
    shell(&place, "exec \"$0\" runs list --db-path cds.sqlite >> cds.sqlite.txt").succeeded();
}

#[test]
fn state_over_database_is_refused() {
    let place = place_with_copies();
    for name in ["archive_state.json", "archive_failures.log", "import_state.json"] {
        std::fs::copy(place.path(DATABASE), place.path(name)).expect("a copy");
    }
    let before = place.read(DATABASE);
    for arguments in [
        &["archive", "--to", "archive", "--db-path", "archive_state.json"][..],
        &["archive", "--to", "archive", "--db-path", "./archive_failures.log"],
        &["import", "--from", DATABASE, "--db-path", "import_state.json"],
        &["import", "--from", "import_state.json", "--db-path", DATABASE],
    ] {
        place.cds(arguments).exited_with(2).stderr_has(&["failed to use the state file", "it is the database"]);
    }
    for name in [DATABASE, "archive_state.json", "archive_failures.log", "import_state.json"] {
        assert!(place.read(name) == before, "{name}");
    }
}
