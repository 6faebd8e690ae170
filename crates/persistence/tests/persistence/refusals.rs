//! Refused files stay unchanged.

use std::{fs, path::Path};

use cds_persistence::{Error, SqlitePersistence};
use rusqlite::Connection;

use crate::samples::{CONTRACT, chain_about, make_database, mixed, names_in, open, plain_only, save, workplace};

/// Creates a file with `make`, and returns the error of opening it; the file and its directory must not change.
fn refused(make: impl FnOnce(&Path)) -> (Error, String) {
    let (directory, path) = workplace();
    make(&path);
    let (bytes, names) = (fs::read(&path).unwrap(), names_in(directory.path()));

    let error = open(&path).unwrap_err();
    assert!(fs::read(&path).unwrap() == bytes, "the file has changed");
    assert_eq!(names_in(directory.path()), names);
    let text = chain_about(&path, &error);
    (error, text)
}

fn refused_schema(sql: &str) -> String {
    let (error, text) = refused(|path| make_database(path, sql));
    assert!(matches!(error, Error::SchemaMismatch { .. }), "{error:?}");
    text.strip_prefix("open database DB: table ").unwrap().to_owned()
}

#[test]
fn invalid_names_are_refused() {
    for name in ["", ":memory:"] {
        let error = open(Path::new(name)).unwrap_err();
        assert!(matches!(error, Error::InvalidName { .. }), "{name}: {error:?}");
        assert!(!Path::new(name).exists(), "{name}");
    }
    for name in ["file:x.sqlite", "FILE:x?mode=memory", "file::memory:", "postgresql:db", "host=h password=s3cret"] {
        let error = open(Path::new(name)).unwrap_err();
        assert!(matches!(error, Error::Address { .. }), "{name}: {error:?}");
        assert!(!Path::new(name).exists() && !error.to_string().contains("s3cret"), "{name}");
    }
}

#[test]
fn missing_directory_is_not_created() {
    let (directory, _) = workplace();
    let path = directory.path().join("missing/x.sqlite");
    let error = open(&path).unwrap_err();
    assert!(matches!(&error, Error::MissingDirectory { directory, .. } if path.starts_with(directory)), "{error:?}");
    assert_eq!(names_in(directory.path()), [""; 0]);
}

#[test]
fn file_as_directory_is_refused() {
    let (directory, path) = workplace();
    fs::write(&path, "text").unwrap();
    let error = open(&path.join("x.sqlite")).unwrap_err();
    assert!(matches!(error, Error::MissingDirectory { .. }), "{error:?}");
    assert_eq!(names_in(directory.path()), ["code.sqlite"]);
}

#[test]
fn directory_is_refused() {
    let (directory, _) = workplace();
    let error = open(directory.path()).unwrap_err();
    assert!(matches!(error, Error::NotARegularFile { kind: "a directory", .. }), "{error:?}");
    assert_eq!(names_in(directory.path()), [""; 0]);
}

#[cfg(unix)]
#[test]
fn special_files_are_refused() {
    let (directory, path) = workplace();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let socket = directory.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    for (path, expected) in [
        (pipe.as_path(), "a named pipe"),
        (&socket, "a socket"),
        (Path::new("/dev/null"), "a device"),
        (&path, "a symbolic link to nothing"),
    ] {
        let error = open(path).unwrap_err();
        assert!(matches!(error, Error::NotARegularFile { kind, .. } if kind == expected), "{error:?}");
    }
    assert_eq!(names_in(directory.path()), ["code.sqlite", "pipe", "socket"]);
}

#[test]
fn other_file_formats_are_refused() {
    for content in [&b"x"[..], b"SQLite format 3\0 and then something else", b"\0", &[0; 4096], &[b'#'; 9_000]] {
        let (error, text) = refused(|path| fs::write(path, content).unwrap());
        assert!(matches!(error, Error::NotADatabase { .. }), "{error:?}");
        assert_eq!(text, "open database DB: it is not an SQLite database");
    }
}

#[cfg(unix)]
#[test]
fn read_only_file_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (error, text) = refused(|path| {
        save(path, &mixed()).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
    });
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
    assert_eq!(text, "write to database DB: it is read-only");
}

#[test]
fn blocked_log_path_is_refused() {
    let (error, text) = refused(|path| {
        save(path, &mixed()).unwrap();
        fs::create_dir(path.with_extension("sqlite-wal")).unwrap();
    });
    assert!(matches!(error, Error::SideFile { .. }), "{error:?}");
    assert!(text.ends_with("-wal\" next to it is a directory, not a regular file"), "{text}");
}

#[test]
fn unusable_new_file_is_removed() {
    let (directory, path) = workplace();
    fs::create_dir(path.with_extension("sqlite-wal")).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, Error::SideFile { .. }), "{error:?}");
    assert_eq!(names_in(directory.path()), ["code.sqlite-wal"]);
}

#[test]
fn truncated_file_is_refused() {
    let (error, text) = refused(|path| {
        save(path, &mixed()).unwrap();
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(8192 * 2).unwrap();
    });
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert_eq!(text, "read the schema: database DB is damaged: database disk image is malformed (SQLite error 11)");
}

#[test]
fn overwritten_schema_is_refused() {
    let (error, _) = refused(|path| {
        save(path, &mixed()).unwrap();
        let mut bytes = fs::read(path).unwrap();
        bytes[100..8192].fill(0x5a);
        fs::write(path, bytes).unwrap();
    });
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
}

#[test]
fn foreign_application_id_is_refused() {
    for sql in ["", CONTRACT] {
        let (error, text) = refused(|path| make_database(path, &format!("{sql} PRAGMA application_id = 252006674")));
        assert!(matches!(error, Error::AnotherProgram { application_id: 252_006_674, .. }), "{error:?}");
        assert_eq!(text, "open database DB: it belongs to another program (application_id 252006674)");
    }
}

#[test]
fn foreign_tables_are_refused() {
    for mode in ["DELETE", "WAL"] {
        let sql = format!("PRAGMA journal_mode = {mode}; CREATE TABLE places (url TEXT); CREATE VIEW v AS SELECT 1;");
        let (error, text) = refused(|path| make_database(path, &sql));
        assert!(matches!(error, Error::ForeignTables { .. }), "{error:?}");
        assert_eq!(text, "open database DB: it has other tables (\"places\") and neither runs nor records");
    }
}

#[test]
fn newer_format_is_refused() {
    for (sql, version) in [("", 3), (CONTRACT, 3), (CONTRACT, 2_000_000_000), (CONTRACT, -1)] {
        let (error, _) = refused(|path| make_database(path, &format!("{sql} PRAGMA user_version = {version}")));
        assert!(matches!(error, Error::NewerFormat { found, supported: 2, .. } if found == version), "{error:?}");
    }
}

#[test]
fn mismatched_columns_are_named() {
    for (from, to, expected) in [
        ("model text", "llm text", "runs does not fit: column 6 is `llm` TEXT NOT NULL, not `model` TEXT NOT NULL"),
        (
            "signature text",
            "signature blob",
            "records does not fit: column 5 is `signature` BLOB, not `signature` TEXT",
        ),
        (
            "md5sum text not null",
            "md5sum text",
            "records does not fit: column 10 is `md5sum` TEXT, not `md5sum` TEXT NOT NULL",
        ),
        (
            "intent text",
            "intent text not null",
            "records does not fit: column 11 is `intent` TEXT NOT NULL, not `intent` TEXT",
        ),
        (", intent_error text", "", "records does not fit: column 13 is missing, `intent_error` TEXT"),
        (
            "intent_error text",
            "intent_error text, \"a\u{1b}b\" any",
            "records does not fit: column 14 is not expected: `a\\u{1b}b` ANY",
        ),
        (
            "kind text not null,\n  file_path text not null",
            "file_path text not null, kind text not null",
            "records does not fit: column 3 is `file_path` TEXT NOT NULL, not `kind` TEXT NOT NULL",
        ),
        (
            "table records (id integer primary key",
            "table records (id integer",
            "records does not fit: column 1 is `id` INTEGER, not `id` INTEGER PRIMARY KEY",
        ),
        (
            "table records (id integer primary key",
            "table records (id integer primary key desc",
            "records does not fit: its primary key is not the row id",
        ),
        (
            "record_count integer not null",
            "record_count integer not null as (1)",
            "runs does not fit: column 12 is `record_count` INTEGER NOT NULL GENERATED, not `record_count` INTEGER NOT NULL",
        ),
    ] {
        let sql = CONTRACT.replacen(from, to, 1);
        assert_ne!(sql, CONTRACT, "{from}");
        assert_eq!(refused_schema(&sql), expected);
    }
}

#[test]
fn mismatch_is_found_beside_missing_table() {
    assert_eq!(
        refused_schema("CREATE TABLE records (id INTEGER PRIMARY KEY)"),
        "records does not fit: column 2 is missing, `run_id` INTEGER NOT NULL"
    );
}

#[test]
fn mismatched_own_table_is_refused() {
    assert_eq!(
        refused_schema(&format!("{CONTRACT} CREATE TABLE analyzer_errors (id INTEGER PRIMARY KEY, text TEXT)")),
        "analyzer_errors does not fit: column 2 is `text` TEXT, not `run_id` INTEGER NOT NULL"
    );
}

#[test]
fn views_and_virtual_tables_are_refused() {
    assert_eq!(refused_schema("CREATE VIEW Runs AS SELECT 1"), "runs does not fit: it is a view, not a table");
    assert_eq!(
        refused_schema("CREATE VIRTUAL TABLE records USING fts5(kind)"),
        "records does not fit: it is a virtual table, not a table"
    );
}

#[test]
fn broken_trigger_is_found_on_open() {
    if plain_only() {
        return;
    }
    let (error, text) = refused(|path| {
        save(path, &mixed()).unwrap();
        make_database(path, "CREATE TRIGGER log AFTER INSERT ON records BEGIN INSERT INTO log VALUES (1); END");
    });
    assert!(matches!(error, Error::Statement { .. }), "{error:?}");
    assert!(text.starts_with("prepare the insert into records in database DB: no such table: main.log"), "{text}");
}

#[test]
fn foreign_log_is_not_merged() {
    let (directory, path) = workplace();
    let original = directory.path().join("original.sqlite");
    let other = Connection::open(&original).unwrap();
    other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE places (url TEXT)").unwrap();
    let log = path.with_extension("sqlite-wal");
    for (from, to) in [("original.sqlite", &path), ("original.sqlite-wal", &log)] {
        fs::copy(directory.path().join(from), to).unwrap();
    }
    let before = (fs::read(&path).unwrap(), fs::read(&log).unwrap());
    assert!(!before.1.is_empty());

    let error = SqlitePersistence::open(&path, &crate::samples::waiting(0)).unwrap_err();
    assert!(matches!(error, Error::ForeignTables { .. }), "{error:?}");
    assert!((fs::read(&path).unwrap(), fs::read(&log).unwrap()) == before, "the database or its log has changed");
}
