//! `cds archive --verify`: every byte of the archive counts.

use std::fs;

use serde_json::{Value, json};

use super::{ARCHIVE, add_run, archive, damage, place_with_runs, repair, run_folder, table};
use crate::place::{DATABASE, Outcome, Place};

fn verify(place: &Place) -> Outcome {
    place.cds(&["archive", "--to", ARCHIVE, "--verify"])
}

/// Asserts what is reported after an edit, with exit status 1 and no totals; then reverts the edit.
#[track_caller]
fn check_found(place: &Place, path: &str, edit: impl FnOnce(), said: &[&str]) {
    let whole = place.read(path);
    edit();
    let outcome = verify(place).exited_with(1).stderr_has(&["error: failed to verify archive ", " written"]);
    assert!(!outcome.stdout.contains("verified "), "{outcome:#?}");
    for fragment in said {
        assert!(outcome.stdout.contains(fragment), "{fragment:?} is not in {outcome:#?}");
    }
    place.write(path, whole);
}

#[test]
fn archive_verifies_without_database() {
    let place = place_with_runs(2);
    archive(&place, &[]).succeeded();
    fs::remove_file(place.path("cds.sqlite")).unwrap();
    let before = place.names();
    let outcome = verify(&place).succeeded();
    assert!(outcome.stdout.starts_with("verified runs=2 records=7 bytes="), "{outcome:#?}");
    assert_eq!(place.names(), before, "nothing is written");
    let outcome = place.cds(&["archive", "--to", ARCHIVE, "--verify", "--format", "json"]).succeeded();
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&object["is_unaltered"], &object["run_count"]), (&json!(true), &json!(2)));
    assert_eq!(object["deviations"], json!([]));
    place.cds(&["archive", "--to", "nowhere", "--verify"]).exited_with(2).stderr_has(&["it is not a directory"]);
}

#[test]
fn any_flipped_byte_is_found() {
    let place = place_with_runs(1);
    archive(&place, &[]).succeeded();
    let names = fs::read_dir(place.path(&run_folder(1))).unwrap();
    let names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    for name in names.iter().filter(|name| name.ends_with(".parquet")) {
        let path = table(1, name);
        let mut bytes = place.read(&path);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        check_found(&place, &path, || place.write(&path, &bytes), &[&run_folder(1), name, "SHA-256"]);
    }
    verify(&place).succeeded();
}

#[test]
fn misplaced_files_are_found() {
    let place = place_with_runs(2);
    archive(&place, &[]).succeeded();
    let records = table(1, "records.parquet");
    let remove = |path: &str| fs::remove_file(place.path(path)).unwrap();
    check_found(&place, &records, || remove(&records), &["records.parquet", "is missing"]);
    let manifest = table(1, "manifest.json");
    check_found(&place, &manifest, || remove(&manifest), &["there is no manifest.json"]);
    check_found(
        &place,
        &records,
        || place.write(&table(1, "more.parquet"), "x"),
        &["more.parquet", "not in the manifest"],
    );
    remove(&table(1, "more.parquet"));
    // The records of another run with a matching manifest: only the path and the root reveal it.
    let other = place.read(&table(2, "manifest.json"));
    check_found(&place, &manifest, || place.write(&manifest, other), &["the manifest names run 2"]);
    verify(&place).succeeded();
    fs::create_dir(place.path("archive/notes")).unwrap();
    verify(&place).succeeded().stderr_has(&["notes", "is no run and was not looked at"]);
}

#[test]
fn forged_root_is_found() {
    let place = place_with_runs(1);
    archive(&place, &[]).succeeded();
    let path = table(1, "manifest.json");
    let mut manifest: Value = serde_json::from_slice(&place.read(&path)).unwrap();
    manifest["snapshot_root"] = json!(format!("sha256:{}", "0".repeat(64)));
    let forged = manifest.to_string();
    check_found(&place, &path, || place.write(&path, forged), &["root"]);
}

#[test]
fn empty_archive_fails() {
    let place = place_with_runs(1);
    fs::create_dir(place.path(ARCHIVE)).unwrap();
    let outcome = verify(&place).exited_with(1).stderr_has(&["no run lies in it", "hint: mount its disk"]);
    assert_eq!(outcome.stdout, "");
    place.cds(&["archive", "--to", ARCHIVE, "--verify", "--project", "shop"]).exited_with(1);
    archive(&place, &[]).succeeded();
    let outcome = place.cds(&["archive", "--to", ARCHIVE, "--verify", "--project", "none"]).exited_with(2);
    assert_eq!(outcome.stderr_has(&["verify project \"none\": the archive has none"]).stdout, "");
}

#[test]
fn runs_missing_in_database_are_listed() {
    let place = place_with_runs(4);
    damage(&place, 2);
    archive(&place, &[]).exited_with(1);
    verify(&place).succeeded();
    let outcome =
        archive(&place, &["--verify"]).exited_with(1).stderr_has(&["1 run of the database does not lie in it"]);
    assert!(outcome.stdout.starts_with("run 2: it is not archived: the records have "), "{outcome:#?}");
    repair(&place, 2);
    archive(&place, &["--retry-failed"]).succeeded();
    archive(&place, &["--verify"]).succeeded();
    // A later run was not tried, and does not block pruning.
    add_run(&place);
    archive(&place, &["--verify"]).succeeded();

    fs::remove_dir_all(place.path(&run_folder(3))).unwrap();
    let outcome = archive(&place, &["--verify"]).exited_with(1);
    assert!(outcome.stdout.starts_with("run 3: it was archived at 2"), "{outcome:#?}");
    let outcome = archive(&place, &["--verify", "--project", "shop", "--format", "json"]).exited_with(1);
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&object["is_unaltered"], &object["missing"][0]["run_id"]), (&json!(true), &json!(3)));
    assert!(object["db_path"].as_str().unwrap().ends_with(DATABASE), "{object}");
    archive(&place, &["--run", "3"]).succeeded();
    archive(&place, &["--verify"]).succeeded();

    // The archive of another database.
    fs::rename(place.path(ARCHIVE), place.path("moved")).unwrap();
    let outcome = place.cds(&["archive", "--db-path", DATABASE, "--to", "moved", "--verify"]).exited_with(1);
    assert_eq!(outcome.stderr_has(&["no run of cds.sqlite was ever archived there"]).stdout, "");
}
