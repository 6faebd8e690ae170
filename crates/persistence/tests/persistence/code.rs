//! The code of a snapshot, as the search for duplicates reads it.

use std::{collections::HashMap, sync::Arc};

use cds_model::{AskedQuestion, Intent, Record, SymbolKind};
use cds_persistence::{CodeRow, Error, Persistence as _, RunId, SqliteReader, Text, TextQuery};

use crate::{
    reader::read,
    samples::{CONTRACT, answer, at, key, make_database, mixed, number, open, record, save, workplace},
};

fn rows(reader: &SqliteReader, run: i64) -> Vec<CodeRow> {
    let mut rows = Vec::new();
    reader.code_rows(RunId(run), &mut |row| rows.push(row)).unwrap();
    rows
}

#[test]
fn records_are_visited_once_in_order() {
    let (_directory, path) = workplace();
    let mut snapshot = mixed();
    let failed = Intent::Failed("HTTP 500".to_owned());
    snapshot.records = vec![
        record(SymbolKind::File, "a.py", 1, "def f():\n    return 1  # 加\n", Intent::Skipped),
        record(SymbolKind::Function, "a.py", 1, "def f():\n    return 1", Intent::Success("Gives one.".to_owned())),
        record(SymbolKind::Function, "b.py", 4, "def g():\n    return 2", failed),
        record(SymbolKind::File, "c.py", 1, &"加".repeat(9_000), Intent::Skipped),
    ];
    save(&path, &mixed()).unwrap();
    "builtin:outline-v1".clone_into(&mut snapshot.settings.model);
    save(&path, &snapshot).unwrap();
    let reader = read(&path).unwrap();

    assert_eq!(reader.newest_snapshot().unwrap(), Some(RunId(2)));
    let found = rows(&reader, 2);
    let kinds: Vec<&str> = found.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(kinds, ["file", "function", "function", "file"]);
    assert!(Arc::ptr_eq(&found[0].file_path, &found[1].file_path), "the records of a file share its path");
    assert_eq!((&*found[2].file_path, found[2].start_line, found[2].end_line), ("b.py", 4, 5));
    assert_eq!((found[0].signature.as_deref(), found[1].signature.as_deref()), (None, Some("def f():")));
    assert_eq!(&*found[1].normalized_code, "def f():\n    return 1");
    assert_eq!(found[1].md5sum, snapshot.records[1].md5sum.to_string());
    assert_eq!((found[1].intent.as_deref(), found[2].intent.as_deref()), (Some("Gives one."), None));
    let heads: Vec<Option<&str>> = found.iter().map(|row| row.head.as_deref()).collect();
    assert_eq!(heads, [Some("def f():\n    return 1  # 加\n"), None, None, Some(&*"加".repeat(8_192))]);
    assert!(found.iter().all(|row| row.has_builtin_model) && found.len() == 4);
    assert!(rows(&reader, 1).iter().all(|row| !row.has_builtin_model) && rows(&reader, 1).len() == 4);
    assert_eq!(rows(&reader, 3), []);

    let first = found[0].id;
    let raw = reader.raw_code(&[first, first, 999]).unwrap();
    assert_eq!(raw, HashMap::from([(first, "def f():\n    return 1  # 加\n".to_owned())]));
    assert_eq!(reader.raw_code(&[]).unwrap(), HashMap::new());
}

#[test]
fn code_is_read_in_ranges() {
    let (_directory, path) = workplace();
    let mut snapshot = mixed();
    snapshot.records = vec![
        record(SymbolKind::File, "a.py", 1, "def f():\n    return 1", Intent::Skipped),
        record(SymbolKind::Function, "a.py", 1, "def f():\n    return 1", Intent::Skipped),
        record(SymbolKind::Function, "b.py", 4, "def g():\n    return '加'", Intent::Skipped),
    ];
    save(&path, &mixed()).unwrap();
    save(&path, &snapshot).unwrap();
    let reader = read(&path).unwrap();
    let run = RunId(2);
    let (first, last) = reader.record_bounds(run).unwrap().unwrap();
    assert_eq!((last - first, reader.record_bounds(RunId(3)).unwrap()), (2, None));

    let every = TextQuery { run, ids: 0..=i64::MAX, lengths: 0..=usize::MAX, functions_from: None, with_files: true };
    let ids = |query: TextQuery| {
        let texts = reader.normalized_code(&query, &|_| true).unwrap();
        texts.iter().map(|text| text.id - first).collect::<Vec<_>>()
    };
    assert_eq!(ids(every.clone()), [0, 1, 2]);
    let definitions = TextQuery { with_files: false, ..every.clone() };
    assert_eq!(ids(definitions.clone()), [1, 2]);
    assert_eq!(ids(TextQuery { ids: first..=first + 1, ..definitions.clone() }), [1]);
    assert_eq!(ids(TextQuery { lengths: 22..=26, ..every.clone() }), [2], "lengths are bytes");
    let short = TextQuery { lengths: 0..=0, ..every };
    assert_eq!(ids(TextQuery { functions_from: Some(21), ..short.clone() }), [1, 2], "and no file");
    assert_eq!(ids(TextQuery { functions_from: Some(22), ..short }), [2]);

    let wanted = reader.normalized_code(&definitions, &|path| path == "b.py").unwrap();
    assert_eq!(wanted.iter().map(|text| text.id).collect::<Vec<_>>(), [last]);

    let texts = reader.normalized_code(&definitions, &|_| true).unwrap();
    let expected = [(first + 1, "def f():\n    return 1"), (last, "def g():\n    return '加'")];
    let expected = expected.map(|(id, code)| Text { id, is_function: true, code });
    assert_eq!(texts.iter().collect::<Vec<_>>(), expected);

    let rows = reader.code_rows_by_id(run, &[last, 999, 1, first]).unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [last, first]);
    assert_eq!(reader.locations_in(run, "b.py").unwrap(), [(last, 4, 5)]);
}

#[test]
fn only_successful_intents_are_returned() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    make_database(&path, "UPDATE records SET intent = 'Left over.', intent_status = 'failed'");
    assert!(rows(&read(&path).unwrap(), 1).iter().all(|row| row.intent.is_none()));
    assert_eq!(number(&path, "SELECT count(*) FROM records WHERE intent IS NOT NULL"), 4);
}

#[test]
fn empty_database_has_no_code() {
    let (_directory, path) = workplace();
    make_database(&path, CONTRACT);
    let reader = read(&path).unwrap();
    assert_eq!((reader.newest_snapshot().unwrap(), rows(&reader, 1)), (None, Vec::new()));
}

#[test]
fn unreadable_column_is_an_error() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    make_database(&path, "UPDATE records SET start_line = -1 WHERE id = 2");
    let mut seen = 0;
    let outcome = read(&path).unwrap().code_rows(RunId(1), &mut |_| seen += 1);
    assert!(matches!(outcome, Err(Error::Statement { .. })), "{outcome:?}");
    assert_eq!(seen, 0, "no record was visited");
}

#[test]
fn unasked_record_has_its_last_sentence() {
    let (_directory, path) = workplace();
    let asked = |number| Some(AskedQuestion { key: key(number), is_cut: false });
    let mut snapshot = mixed();
    let function = |line, question| Record {
        question,
        ..record(SymbolKind::Function, "a.py", line, "def f():\n    return 1", Intent::NotAsked)
    };
    let failed = record(SymbolKind::Function, "a.py", 9, "def h():\n    return 2", Intent::Failed("why".to_owned()));
    snapshot.records = vec![function(1, asked(1)), function(3, asked(2)), function(5, None)];
    snapshot.records.push(Record { question: asked(1), ..failed });
    save(&path, &snapshot).unwrap();
    open(&path).unwrap().keep_answers(&[answer(1)], at(1)).unwrap();

    let reader = read(&path).unwrap();
    let intents: Vec<_> = rows(&reader, 1).iter().map(|row| row.intent.clone()).collect();
    assert_eq!(intents, [Some(answer(1).intent.into()), None, None, None]);
    assert_eq!(number(&path, "SELECT count(*) FROM records WHERE intent IS NOT NULL"), 0);
    assert_eq!(number(&path, "SELECT count(*) FROM records WHERE intent_status = 'skipped'"), 3);
}
