//! What a run takes over from the latest snapshot.

use cds_model::{AskedQuestion, HistoryContext, Intent, QuestionKey, Record, RunSnapshot, SymbolKind};
use cds_persistence::{IntentOrigin, KnownRecord, LatestSnapshot, Persistence as _, RunId};

use crate::{
    reader::read,
    samples::{CONTRACT, make_database, mixed, open, record, save, workplace},
};

fn function(name: &str, body: u32, intent: Intent) -> Record {
    record(SymbolKind::Function, "a.py", 1, &format!("def {name}():\n    return {body}"), intent)
}

fn snapshot(part: &str, records: Vec<Record>) -> RunSnapshot {
    let history = HistoryContext {
        project: "shop".to_owned(),
        part: part.to_owned(),
        actor: None,
        reasoning: None,
        changed_at: None,
    };
    RunSnapshot { records, history: Some(history), errors: Vec::new(), ..mixed() }
}

fn success() -> Intent {
    Intent::Success("Gives one.".to_owned())
}

#[test]
fn latest_snapshot_has_sentences_and_origins() {
    let (_directory, path) = workplace();
    save(&path, &snapshot("", vec![function("old", 1, success())])).unwrap();
    let asked = AskedQuestion { key: QuestionKey([7; 32]), is_cut: true };
    let records = vec![
        record(SymbolKind::File, "a.py", 1, "def f(): ...", Intent::Skipped),
        Record { question: Some(asked), ..function("f", 1, success()) },
        function("g", 2, Intent::Derived("Is a stub.".to_owned())),
        Record { question: Some(asked), ..function("h", 3, Intent::NotAsked) },
        function("i", 4, Intent::Failed("timed out".to_owned())),
    ];
    save(&path, &snapshot("", records.clone())).unwrap();
    save(&path, &snapshot("tools", vec![function("other", 1, success())])).unwrap();

    let reader = read(&path).unwrap();
    let latest = reader.latest_snapshot("shop", "", "/elsewhere").unwrap().unwrap();

    let origin = Some(IntentOrigin::Asked(asked.key, true));
    let expected = [(None, None), (Some("Gives one."), origin), (Some("Is a stub."), Some(IntentOrigin::Derived))];
    let expected = [&expected[..], &[(None, origin), (None, None)]].concat();
    let found: Vec<_> = latest.records.iter().map(|record| (record.intent.as_deref(), record.origin)).collect();
    assert_eq!((latest.run, found), (RunId(2), expected));
    let KnownRecord { kind, file_path, signature, lines, md5sum, .. } = &latest.records[1];
    assert_eq!((&**kind, &**file_path, signature.as_deref(), *lines), ("function", "a.py", Some("def f():"), (1, 2)));
    assert_eq!(*md5sum, records[1].md5sum.to_string());
    assert_eq!((latest.provider_url, latest.model), (mixed().settings.provider_url, mixed().settings.model));
    assert_eq!(reader.latest_snapshot("none", "", "/elsewhere").unwrap(), None);
}

#[test]
fn pruned_snapshot_is_not_the_latest() {
    let (_directory, path) = workplace();
    let run = |path: &std::path::Path| {
        let latest = read(path).unwrap().latest_snapshot("shop", "", "/elsewhere").unwrap();
        latest.map(|LatestSnapshot { run, .. }| run.0)
    };
    for body in 1..3 {
        save(&path, &snapshot("", vec![function("f", body, success())])).unwrap();
    }
    assert_eq!(run(&path), Some(2));
    make_database(
        &path,
        "PRAGMA foreign_keys = OFF; DELETE FROM records WHERE run_id = 2; DELETE FROM runs WHERE id = 2",
    );
    assert_eq!(run(&path), Some(1));
}

#[test]
fn snapshot_of_another_program_is_found_by_root() {
    let (_directory, path) = workplace();
    make_database(&path, CONTRACT);
    make_database(
        &path,
        "INSERT INTO runs VALUES (4, 't', 't', '/srv/shop', 'http://h', 'm', 'all', 1, 'completed', 0, 0, 1);
         INSERT INTO records VALUES (9, 4, 'function', 'a.py', 'def f():', 1, 2, '', '', 'x', 'Gives.', 'success', NULL)",
    );

    let reader = read(&path).unwrap();
    let latest = reader.latest_snapshot("shop", "", "/srv/shop").unwrap().unwrap();

    assert_eq!((latest.run, &*latest.model, latest.records[0].intent.as_deref()), (RunId(4), "m", Some("Gives.")));
    assert_eq!(reader.latest_snapshot("shop", "", "/srv/other").unwrap(), None);
}

#[test]
fn last_change_of_code_is_known() {
    let (_directory, path) = workplace();
    for (f, g) in [(1, 1), (2, 1), (2, 1)] {
        let mut moved = function("g", g, success());
        moved.file_path = "b.py".into();
        let records = vec![function("f", f, Intent::Success(format!("Gives {f}."))), moved];
        save(&path, &snapshot("", records)).unwrap();
    }
    let mut changes = open(&path).unwrap().last_changes("shop", "").unwrap();
    changes.sort_by(|left, right| left.name.cmp(&right.name));
    let found: Vec<_> = changes.iter().map(|change| (&*change.file_path, &*change.name, change.run.0)).collect();
    assert_eq!(found, [("a.py", "f", 2), ("b.py", "g", 1)]);
    assert_eq!(open(&path).unwrap().last_changes("shop", "tools").unwrap(), []);
}
