//! The read-only handle: it returns the same as the writer's handle, and refuses the same files.

use std::{fs, path::Path};

use cds_persistence::{Access, Error, IntentCacheStats, Persistence, SqliteReader};

use crate::samples::{
    CONTRACT, answer, asked, at, chain_about, key, make_database, mixed, names_in, open, save, waiting, workplace,
};

pub(crate) fn read(path: &Path) -> Result<SqliteReader, Error> {
    SqliteReader::open(path, &waiting(0))
}

#[test]
fn reader_agrees_with_writer() {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(1), answer(2), answer(3)], at(0)).unwrap();
    persistence.save(&asked()).unwrap();
    let reader = read(&path).unwrap();

    assert_eq!(reader.access(), Access::Shared);
    let (keys, model) = ([key(1), key(3), key(4)], "qwen3-coder:latest");
    assert_eq!(reader.lookup_answers(&keys).unwrap(), persistence.lookup_answers(&keys).unwrap());
    assert_eq!(reader.lookup_answers(&keys).unwrap().len(), 2);
    assert_eq!(reader.latest_digest(model).unwrap().as_deref(), Some("aa11"));
    assert_eq!(reader.intent_cache_stats().unwrap(), persistence.intent_cache_stats().unwrap());
    assert_eq!(reader.intent_cache_stats().unwrap().used_count, 2);
    let rate = reader.last_enrichment_rate(model).unwrap();
    assert_eq!(rate, persistence.last_enrichment_rate(model).unwrap());
    assert!(rate.is_some_and(|rate| rate.prompt_tokens_per_call == Some(200.0)), "{rate:?}");
    assert_eq!(reader.count_prunable_answers(None, true).unwrap(), 1);
}

#[test]
fn missing_tables_count_as_empty() {
    for sql in [CONTRACT, "PRAGMA journal_mode = WAL; CREATE TABLE runs (id INTEGER PRIMARY KEY)"] {
        let (_directory, path) = workplace();
        make_database(&path, &sql.replace("CREATE TABLE runs (id INTEGER PRIMARY KEY)", CONTRACT));
        let reader = read(&path).unwrap();
        assert_eq!(reader.lookup_answers(&[key(1)]).unwrap().len(), 0);
        assert_eq!(reader.latest_digest("m").unwrap(), None);
        assert_eq!(reader.intent_cache_stats().unwrap(), IntentCacheStats::default());
        assert_eq!(reader.last_enrichment_rate("m").unwrap(), None);
        assert_eq!(reader.count_prunable_answers(Some(at(9)), true).unwrap(), 0);
    }
}

#[test]
fn reader_creates_nothing() {
    let (directory, path) = workplace();
    let error = read(&path).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error:?}");
    assert_eq!(chain_about(&path, &error), "open database DB: it does not exist");
    assert_eq!(names_in(directory.path()), [""; 0]);

    fs::write(&path, "").unwrap();
    assert_eq!(read(&path).unwrap().intent_cache_stats().unwrap(), IntentCacheStats::default());
    assert_eq!(names_in(directory.path()), ["code.sqlite"]);
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn foreign_files_are_refused_unchanged() {
    type Make = fn(&Path);
    let cases: [(Make, &str); 8] = [
        (|path| fs::write(path, "x").unwrap(), "it is not an SQLite database"),
        (|path| fs::write(path, [b'#'; 9_000]).unwrap(), "it is not an SQLite database"),
        (|path| make_database(path, "CREATE TABLE places (url TEXT)"), "it has other tables"),
        (
            |path| make_database(path, "PRAGMA journal_mode = WAL; CREATE TABLE places (url TEXT)"),
            "it has other tables",
        ),
        (|path| make_database(path, &format!("{CONTRACT} PRAGMA user_version = 3")), "its format is version 3"),
        (|path| make_database(path, &format!("{CONTRACT} PRAGMA application_id = 9")), "belongs to another program"),
        (
            |path| make_database(path, &format!("{CONTRACT} CREATE TABLE intent_cache (question TEXT PRIMARY KEY)")),
            "table intent_cache does not fit: column 1 is `question` TEXT PRIMARY KEY, not",
        ),
        (
            |path| {
                save(path, &mixed()).unwrap();
                fs::OpenOptions::new().write(true).open(path).unwrap().set_len(8192 * 2).unwrap();
            },
            "is damaged",
        ),
    ];
    for (make, expected) in cases {
        let (directory, path) = workplace();
        make(&path);
        let (bytes, names) = (fs::read(&path).unwrap(), names_in(directory.path()));
        let error = read(&path).unwrap_err();
        assert!(chain_about(&path, &error).contains(expected), "{error}");
        assert!(fs::read(&path).unwrap() == bytes, "the file has changed");
        assert_eq!(names_in(directory.path()), names);
    }
    let (directory, _) = workplace();
    assert!(matches!(read(directory.path()), Err(Error::NotARegularFile { .. })));
    assert!(matches!(read(Path::new("file:x?mode=ro")), Err(Error::Address { .. })));
}

#[test]
fn uri_characters_in_names_are_literal() {
    let (directory, _) = workplace();
    for name in ["a?mode=memory&x=%41#y.sqlite", "%00", "ü b", "a\nb"] {
        let path = directory.path().join(name);
        let mut persistence = open(&path).unwrap();
        persistence.keep_answers(&[answer(1)], at(0)).unwrap();
        persistence.close().unwrap();
        let reader = read(&path).unwrap();
        assert_eq!((reader.access(), reader.intent_cache_stats().unwrap().answer_count), (Access::Immutable, 1));
    }
}

#[test]
fn wrong_cell_type_is_an_error() {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(1)], at(0)).unwrap();
    persistence.save(&asked()).unwrap();
    persistence.close().unwrap();
    make_database(&path, "UPDATE intent_cache SET intent = x'ff'");
    let error = read(&path).unwrap().lookup_answers(&[key(1)]).unwrap_err();
    assert!(matches!(error, Error::Statement { .. }), "{error:?}");
    assert!(chain_about(&path, &error).starts_with("read the stored answers in database DB: "), "{error}");
}
