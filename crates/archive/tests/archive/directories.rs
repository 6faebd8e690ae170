//! Run directories: complete or absent, and verified against their manifests.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cds_archive::{
    ColumnType, Deviation, Error, MANIFEST_NAME, PendingRun, Value, list_runs, read_manifest, remove_leftovers,
    run_directory, verify_run_directory,
};
use cds_persistence::RunId;
use tempfile::TempDir;

use crate::samples::{archive_run, column, facts};

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn run_gets_partition_and_manifest() {
    let archive = TempDir::new().unwrap();
    let path = archive_run(archive.path(), "team/shop", 7);
    assert_eq!(path, archive.path().join("project=team%2Fshop/run_id=7"));
    assert_eq!(path, run_directory(archive.path(), "team/shop", RunId(7)).unwrap());
    assert_eq!(names(&path), ["errors.parquet", "manifest.json", "records.parquet"]);
    assert_eq!(names(path.parent().unwrap()), ["run_id=7"]);

    let manifest = read_manifest(&path).unwrap().unwrap();
    assert_eq!((manifest.project.as_str(), manifest.run_id, manifest.format_version), ("team/shop", 7, 1));
    assert_eq!(manifest.facts.snapshot_root.as_deref(), Some("sha256:00"));
    let files: Vec<_> = manifest.files.iter().map(|file| (file.name.as_str(), file.row_count)).collect();
    assert_eq!(files, [("records.parquet", 3), ("errors.parquet", 0)]);
    assert_eq!(verify_run_directory(&path), []);
}

#[test]
fn uncommitted_run_leaves_nothing() {
    let archive = TempDir::new().unwrap();
    let pending = PendingRun::begin(archive.path(), "shop", RunId(1)).unwrap();
    let columns = [column("line", ColumnType::Integer, false, false)];
    let mut table = pending.create_table("records.parquet", &columns).unwrap();
    table.push(&[Value::Integer(1)]).unwrap();
    drop(table);
    let project = archive.path().join("project=shop");
    assert_eq!(names(&project), [".run_id=1.draft"]);
    assert_eq!(names(&project.join(".run_id=1.draft")), ["records.parquet.draft"], "no engine reads it as a table");
    assert_eq!(list_runs(archive.path()).unwrap().runs, []);
    drop(pending);
    assert_eq!(names(&project), [""; 0]);
}

#[test]
fn next_attempt_removes_old_draft() {
    let archive = TempDir::new().unwrap();
    let leave = |project: &str, run: i64| {
        let pending = PendingRun::begin(archive.path(), project, RunId(run)).unwrap();
        pending.create_table("records.parquet", &[column("x", ColumnType::Real, false, false)]).unwrap();
        // Simulates a kill: no destructor runs.
        std::mem::forget(pending);
    };
    leave("shop", 1);
    archive_run(archive.path(), "shop", 1);
    assert_eq!(names(&archive.path().join("project=shop")), ["run_id=1"]);

    leave("shop", 2);
    leave("bank", 2);
    fs::create_dir_all(archive.path().join("project=shop/.git")).unwrap();
    fs::create_dir_all(archive.path().join("other/.run_id=2.draft")).unwrap();
    assert_eq!(remove_leftovers(archive.path()).unwrap(), 2);
    assert_eq!(remove_leftovers(archive.path()).unwrap(), 0);
    assert_eq!(names(&archive.path().join("project=shop")), [".git", "run_id=1"]);
    assert!(archive.path().join("other/.run_id=2.draft").exists(), "a draft of another run stays");
}

#[test]
fn existing_run_is_never_replaced() {
    let archive = TempDir::new().unwrap();
    archive_run(archive.path(), "shop", 1);
    let error = PendingRun::begin(archive.path(), "shop", RunId(1)).unwrap_err();
    assert!(matches!(error, Error::RunExists { .. }));

    let pending = PendingRun::begin(archive.path(), "shop", RunId(2)).unwrap();
    let in_between = archive.path().join("project=shop/run_id=2");
    fs::create_dir(&in_between).unwrap();
    assert!(matches!(pending.commit(facts()).unwrap_err(), Error::RunExists { .. }));
    assert_eq!(names(&in_between), [""; 0]);
}

#[test]
fn missing_archive_is_not_created() {
    let directory = TempDir::new().unwrap();
    let archive = directory.path().join("unmounted");
    assert!(matches!(PendingRun::begin(&archive, "shop", RunId(1)), Err(Error::NoArchive { .. })));
    assert!(matches!(list_runs(&archive), Err(Error::NoArchive { .. })));
    assert!(matches!(remove_leftovers(&archive), Err(Error::NoArchive { .. })));
    assert!(!archive.exists());
}

#[test]
fn vanished_archive_is_an_error() {
    let directory = TempDir::new().unwrap();
    let archive = directory.path().join("archive");
    fs::create_dir(&archive).unwrap();
    let pending = PendingRun::begin(&archive, "shop", RunId(1)).unwrap();
    fs::remove_dir_all(&archive).unwrap();
    assert!(matches!(pending.commit(facts()), Err(Error::Io { .. })));
    assert!(!archive.exists());
}

#[test]
fn runs_are_listed_in_order() {
    let archive = TempDir::new().unwrap();
    for (project, run) in [("shop", 10), ("shop", 9), ("", 3), ("a b", 1)] {
        archive_run(archive.path(), project, run);
    }
    fs::create_dir(archive.path().join("project=shop/run_id=09")).unwrap();
    fs::create_dir(archive.path().join(".lock")).unwrap();
    fs::write(archive.path().join("notes.txt"), "").unwrap();
    let listing = list_runs(archive.path()).unwrap();
    let runs: Vec<_> = listing.runs.iter().map(|run| (run.project.as_str(), run.run.0)).collect();
    assert_eq!(runs, [("", 3), ("a b", 1), ("shop", 9), ("shop", 10)]);
    assert_eq!(listing.runs[0].path, archive.path().join("project=__HIVE_DEFAULT_PARTITION__/run_id=3"));
    let strange = ["notes.txt", "project=shop/run_id=09"].map(|name| archive.path().join(name));
    assert_eq!(listing.strange, strange);
}

/// The deviations after `change` to an archived run, as text without hashes.
fn deviations(change: impl FnOnce(&Path) -> PathBuf) -> Vec<String> {
    let archive = TempDir::new().unwrap();
    let path = change(&archive_run(archive.path(), "shop", 7));
    let found = verify_run_directory(&path);
    for deviation in &found {
        if let Deviation::Content { expected, found, .. } = deviation {
            assert!(expected != found && found.len() == 64);
        }
    }
    let manifest = format!("{:?}", path.join(MANIFEST_NAME).to_str().unwrap());
    let describe = |deviation: &Deviation| match deviation {
        Deviation::Content { name, .. } => format!("{name:?} has other content"),
        other => other.to_string().replace(&manifest, "MANIFEST"),
    };
    found.iter().map(describe).collect()
}

#[test]
fn every_deviation_is_reported() {
    let check = |change: &dyn Fn(&Path), expected: &[&str]| {
        let found = deviations(|path| {
            change(path);
            path.to_owned()
        });
        assert_eq!(found, expected);
    };
    check(&|path| fs::remove_file(path.join(MANIFEST_NAME)).unwrap(), &["there is no manifest.json"]);
    check(&|path| fs::remove_file(path.join("records.parquet")).unwrap(), &["\"records.parquet\" is missing"]);
    check(&|path| fs::write(path.join("more.parquet"), "x").unwrap(), &["\"more.parquet\" is not in the manifest"]);
    check(
        &|path| fs::write(path.join("records.parquet"), "x").unwrap(),
        &[&format!("\"records.parquet\" has 1 bytes instead of {}", sample_length())],
    );
    check(&change_a_byte, &["\"errors.parquet\" has other content"]);
    check(
        &|path| {
            fs::remove_file(path.join("errors.parquet")).unwrap();
            fs::create_dir(path.join("errors.parquet")).unwrap();
        },
        &["\"errors.parquet\" cannot be read: it is not a regular file"],
    );
    check(&|path| edit_manifest(path, "\"rows\": 3", "\"rows\": 4"), &["\"records.parquet\" has 3 rows instead of 4"]);
    check(
        &|path| edit_manifest(path, "\"run_id\": 7", "\"run_id\": 8"),
        &["the manifest names run 8 of project \"shop\""],
    );
    check(
        &|path| edit_manifest(path, "\"format_version\": 1", "\"format_version\": 2"),
        &["\"manifest.json\" cannot be read: read manifest MANIFEST: it has format 2, and this version knows formats \
           up to 1"],
    );
    check(
        &|path| edit_manifest(path, "\"records.parquet\"", "\"../secret\""),
        &["\"manifest.json\" cannot be read: read manifest MANIFEST: \"../secret\" is not a plain file name"],
    );
}

#[test]
fn run_in_wrong_directory_is_reported() {
    let found = deviations(|path| {
        let project = path.parent().unwrap();
        let moved = project.with_file_name("project=bank");
        fs::rename(project, &moved).unwrap();
        moved.join("run_id=7")
    });
    assert_eq!(found, ["the manifest names run 7 of project \"shop\""]);
}

fn sample_length() -> u64 {
    let archive = TempDir::new().unwrap();
    fs::metadata(archive_run(archive.path(), "shop", 7).join("records.parquet")).unwrap().len()
}

fn change_a_byte(path: &Path) {
    let path = path.join("errors.parquet");
    let mut bytes = fs::read(&path).unwrap();
    bytes[6] ^= 1;
    fs::write(&path, bytes).unwrap();
}

fn edit_manifest(path: &Path, from: &str, to: &str) {
    let path = path.join(MANIFEST_NAME);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replace(from, to)).unwrap();
}
