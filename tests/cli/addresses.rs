//! A database server's address is not a path: it is refused first, and its password is never shown.

use crate::place::{DATABASE, LOCK, Outcome, Place, TREE};

const SECRET: &str = "s3ntinel";

const ADDRESSES: &[&str] = &[
    "postgres://user:s3ntinel@host/db",
    "postgresql:db?password=s3ntinel",
    "mysql:host=h;password=s3ntinel",
    "host=h dbname=d password=s3ntinel",
    "Server=h;User Id=u;Password=s3ntinel",
    "user=u password='s3ntinel'",
    "sqlite:s3ntinel.db?key=s3ntinel@x",
    "mssql+pyodbc://u:s3ntinel@dsn",
    "jdbc:postgresql://h/db?user=u&password=s3ntinel",
    "duckdb://u:s3ntinel@x",
    "mongodb+srv://u:s3ntinel@h/db",
    "file:cds.sqlite?password=s3ntinel",
    "u:s3ntinel@tcp(h:3306)/db",
];

#[track_caller]
fn check_is_refused(place: &Place, outcome: &Outcome) {
    let names = place.names();
    assert_eq!(outcome.code, Some(2), "{outcome:#?}");
    assert!(outcome.stdout.is_empty(), "{outcome:#?}");
    assert!(!outcome.stderr.contains(SECRET), "{outcome:#?}");
    assert!(outcome.stderr.contains("SQLite files"), "{outcome:#?}");
    assert_eq!(names, [TREE], "{outcome:#?}");
}

#[test]
fn wrong_address_leaves_no_trace() {
    let place = Place::with_functions(1);
    for address in ADDRESSES {
        let arguments = ["persist", "--path", TREE, "--provider-url", "builtin:", "--db-path", address];
        check_is_refused(&place, &place.cds(&arguments));
        let mut command = place.command(&["persist", "--path", TREE, "--provider-url", "builtin:"]);
        check_is_refused(&place, &Outcome::of(command.env("CDS_DB_PATH", address)));
    }
}

#[test]
fn database_address_is_refused() {
    let place = Place::with_functions(1);
    let address = "postgres://user:s3ntinel@host/db";
    for arguments in [
        &["model-build", "--path", TREE, "--db-path", address][..],
        &["enrich-intent", "--path", TREE, "--provider-url", "builtin:", "--db-path", address],
        &["runs", "list", "--db-path", address],
        &["runs", "note", "latest", "x", "--db-path", address],
        &["verify", "--db-path", address],
        &["dup-check", "--db-path", address],
        &["history", "a.py", "--db-path", address],
        &["intents", "stats", "--db-path", address],
        &["lock", "status", "--db-path", address],
        &["doctor", "--provider-url", "builtin:", "--db-path", address],
        &["archive", "--to", address, "--db-path", DATABASE],
        &["archive", "--verify", "--to", address],
        &["archive", "--to", "archive", "--db-path", address],
        &["archive", "--to", "archive", "--db-path", DATABASE, "--state-dir", "s3://key:s3ntinel@bucket/x"],
        &["import", "--from", address, "--db-path", DATABASE],
        &["state", "show", "--from", address, "--db-path", DATABASE],
        &["state", "recover", "--to", address, "--db-path", DATABASE],
    ] {
        check_is_refused(&place, &place.cds(arguments));
    }
}

#[test]
fn misplaced_address_hides_password() {
    let place = Place::with_functions(1);
    let address = "postgres://user:s3ntinel@host/db";
    for arguments in [
        &["runs", "list", address][..],
        &["runs", "list", "--limit", "host=h password=s3ntinel"],
        &["persist", "--path", address, "--db-path", DATABASE],
        &["runs", "list", "--db-path", "./postgres://user:s3ntinel@host/db"],
    ] {
        let outcome = place.cds(arguments);
        assert_eq!(outcome.code, Some(2), "{outcome:#?}");
        assert!(!outcome.stderr.contains(SECRET), "{outcome:#?}");
    }
    let help = Outcome::of(place.command(&["persist", "--help"]).env("CDS_DB_PATH", address));
    assert!(help.stdout.contains("CDS_DB_PATH") && !help.stdout.contains(SECRET), "{help:#?}");
}

#[test]
fn names_may_have_colons_and_signs() {
    for name in ["a:b.sqlite", "x=1.sqlite", "./sqlite:x.sqlite", "./host=a dbname=b"] {
        let place = Place::with_functions(1);
        let arguments = ["persist", "--path", TREE, "--provider-url", "builtin:", "--db-path", name];
        place.cds(&arguments).succeeded();
        let plain = name.trim_start_matches("./");
        assert!(place.names().contains(&plain.to_owned()), "{name}");
        assert!(place.names().contains(&LOCK.replace(DATABASE, plain)), "{name}");
    }
}
