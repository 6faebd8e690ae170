//! A database file that is its own mount, as `docker run -v FILE:FILE` makes it: two writers would not see each other.

use std::{fs, os::unix::fs::symlink, process::Command};

use crate::{
    dup_gates::place_with_copies,
    place::{DATABASE, Outcome, Place, TREE},
};

/// Where only the command sees the database of the place mounted.
const MOUNTED: &str = "box/cds.sqlite";

/// Runs `cds` after `prepare` in a private mount namespace.
fn cds_with(place: &Place, prepare: &str, arguments: &[&str]) -> Outcome {
    let script = format!("{prepare} && exec \"$0\" \"$@\"");
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script, env!("CARGO_BIN_EXE_cds")]).args(arguments);
    Outcome::of(command.current_dir(place.path("")).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"))
}

fn cds(place: &Place, arguments: &[&str]) -> Outcome {
    cds_with(place, &format!("mount --bind {DATABASE} {MOUNTED}"), arguments)
}

/// A saved run, and a file to mount it at; `None` if this user may not mount.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn place() -> Option<Place> {
    let place = place_with_copies();
    fs::create_dir(place.path("box")).expect("a folder");
    place.write(MOUNTED, "");
    symlink(MOUNTED, place.path("link.sqlite")).expect("a link");
    let script = format!("mount --bind {DATABASE} {MOUNTED}");
    let mut command = Command::new("unshare");
    let tried = command.args(["-m", "sh", "-c", &script]).current_dir(place.path("")).output();
    let may_mount = tried.is_ok_and(|output| output.status.success());
    if !may_mount {
        eprintln!("skipped: this user may not mount, which takes `unshare -m` and `mount --bind`");
    }
    may_mount.then_some(place)
}

#[test]
fn writing_to_mounted_file_is_refused() {
    let Some(place) = place() else { return };
    let before = place.read(DATABASE);
    for path in [MOUNTED, "link.sqlite"] {
        for arguments in [
            &["persist", "--path", TREE, "--provider-url", "builtin:"][..],
            &["runs", "note", "latest", "a note"],
            &["runs", "prune", "--keep-last", "1"],
            &["intents", "prune", "--unused"],
        ] {
            let outcome = cds(&place, &[arguments, &["--db-path", path]].concat()).exited_with(2);
            outcome.stderr_has(&[path, "mount of its own", "hint: mount its folder"]);
            assert!(place.read(DATABASE) == before, "{arguments:?} changed the database");
        }
    }
    // A gate reads only, and records no run here.
    cds(&place, &["dup-check", "--fail-on", "any", "--db-path", MOUNTED]).exited_with(1);
    assert!(place.read(DATABASE) == before, "the gate changed the database");
}

#[test]
fn doctor_names_mounted_file() {
    let Some(place) = place() else { return };
    let arguments = ["doctor", "--db-path", MOUNTED, "--provider-url", "builtin:"];
    let outcome = cds(&place, &arguments).exited_with(1);
    assert!(outcome.stdout.contains("mount of its own") && outcome.stdout.contains("mount its folder"), "{outcome:#?}");
    place.cds(&["doctor", "--db-path", DATABASE, "--provider-url", "builtin:"]).succeeded();
}

#[test]
fn mounted_folder_is_writable() {
    let Some(place) = place() else { return };
    let listed = cds(&place, &["runs", "list", "--db-path", MOUNTED]).succeeded();
    assert!(listed.stdout.contains("completed"), "{listed:#?}");
    let arguments = ["persist", "--path", TREE, "--provider-url", "builtin:", "--db-path", MOUNTED];
    cds_with(&place, "mount --bind . box", &arguments).succeeded();
    assert_eq!(place.database().texts("SELECT status FROM runs"), ["completed"; 2]);
}
