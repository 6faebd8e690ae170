//! A whole snapshot, from a tree on disk into a store in memory.

use cds_llm_client::{Budget, EmbeddedClient, Left};
use cds_model::{Intent, IntentStatus, Record, RunStatus, SymbolKind};
use cds_persistence::{LockLost, LossReason};
use cds_pipeline::{Error, Intents};

use crate::{
    memory::MemoryPersistence,
    support::{Paid, context, intents, no_intents, take, take_with, tree},
};

const CART: &str = "class Cart:\n    def total(self):\n        return sum(self.prices)\n";
const TWICE: &str = "def total(self):\n    return sum(self.prices)\n";

#[test]
fn snapshot_reaches_any_store_whole() {
    let folder = tree(&[("cart.py", CART), ("notes.md", "# Notes\n")]);
    let (store, (context, _)) = (MemoryPersistence::default(), context());

    let taken = take(folder.path(), EmbeddedClient, store.clone(), &context).unwrap();

    let kept = store.kept();
    let [snapshot] = kept.snapshots.as_slice() else { panic!("{}", kept.snapshots.len()) };
    let kinds: Vec<SymbolKind> = snapshot.records.iter().map(|record| record.kind).collect();
    assert_eq!(kinds, [SymbolKind::File, SymbolKind::Class, SymbolKind::Method]);
    let method = &snapshot.records[2];
    assert_eq!((&*method.file_path, method.start_line, method.end_line), ("cart.py", 2, 3));
    assert_eq!(method.intent.status(), IntentStatus::Success);
    assert_eq!(snapshot.settings.provider_url, "builtin:");
    assert_eq!((taken.saved.run_id.0, taken.saved.record_count, taken.saved.status), (1, 3, RunStatus::Completed));
    assert_eq!(taken.not_read.iter().map(|row| &*row.ending).collect::<Vec<_>>(), [".md"]);
    assert_eq!((kept.closed_count, kept.answers.len()), (1, 0));
}

#[test]
fn answers_are_kept_and_reused() {
    let folder = tree(&[("a.py", TWICE), ("b.py", TWICE)]);
    let (store, client, (context, lines)) = (MemoryPersistence::default(), Paid::default(), context());

    let first = take(folder.path(), client.clone(), store.clone(), &context).unwrap();
    let second = take(folder.path(), client.clone(), store.clone(), &context).unwrap();

    // Both files ask one question, and the second run asks none.
    assert_eq!((client.call_count(), store.kept().answers.len()), (1, 1));
    assert_eq!((first.enrichment.account.call_count, second.enrichment.account.call_count), (1, 0));
    assert_eq!(second.enrichment.account.reused_count, 2);
    let sentences = |at: usize| {
        let records = store.kept().snapshots[at].records.clone();
        records.iter().filter_map(|record| record.intent.text().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!((sentences(0).len(), sentences(0)), (2, sentences(1)));
    assert!(lines.all().contains(&"progress: 2 of 2".to_owned()), "{:?}", lines.all());
}

#[test]
fn changed_answer_is_not_trusted() {
    let folder = tree(&[("a.py", TWICE)]);
    let (store, client, (context, _)) = (MemoryPersistence::default(), Paid::default(), context());
    take(folder.path(), client.clone(), store.clone(), &context).unwrap();
    for (answer, _) in store.kept().answers.values_mut() {
        answer.intent = "Adds \u{1b}[31m prices.".to_owned();
    }

    take(folder.path(), client.clone(), store.clone(), &context).unwrap();

    assert_eq!(client.call_count(), 2);
}

#[test]
fn empty_tree_does_not_replace_records() {
    let folder = tree(&[("cart.py", CART)]);
    let (store, (context, lines)) = (MemoryPersistence::default(), context());
    take(folder.path(), EmbeddedClient, store.clone(), &context).unwrap();
    std::fs::remove_file(folder.path().join("cart.py")).unwrap();

    let refused = take(folder.path(), EmbeddedClient, store.clone(), &context).unwrap_err();

    assert!(matches!(&refused, Error::NoRecords { project, .. } if project == "shop"), "{refused:?}");
    let kept = store.kept();
    assert_eq!((kept.snapshots.len(), kept.closed_count), (1, 2));
    let last = lines.all().pop().unwrap();
    assert!(last.starts_with("warning: no source file was read in "), "{last}");
}

#[test]
fn broken_file_is_reported() {
    let folder = tree(&[("cart.py", CART), ("broken.py", "def f(:\n")]);
    let (store, (context, lines)) = (MemoryPersistence::default(), context());

    let taken = take(folder.path(), EmbeddedClient, store, &context).unwrap();

    assert_eq!(taken.saved.status, RunStatus::CompletedWithErrors);
    assert_eq!(lines.all().first().map(String::as_str), Some("analyzer_error: broken.py"));
}

#[test]
fn signal_leaves_the_store_alone() {
    let folder = tree(&[("cart.py", CART)]);
    let (store, (context, _)) = (MemoryPersistence::default(), context());
    context.interrupt.hear(15);

    let ended = take(folder.path(), EmbeddedClient, store.clone(), &context).unwrap_err();

    assert!(matches!(ended, Error::Interrupted { signal: Some(15) }), "{ended:?}");
    let kept = store.kept();
    assert_eq!((kept.snapshots.len(), kept.closed_count), (0, 1));
}

#[test]
fn lost_lock_is_reported_once() {
    let (context, lines) = context();
    let why = LockLost { path: "x.lock".into(), why: LossReason::Deleted };

    context.interrupt.lose_lock(&why, context.reporter.as_ref());
    context.interrupt.lose_lock(&why, context.reporter.as_ref());

    assert_eq!(lines.all(), ["warning: the lock was lost: its lock file \"x.lock\" was deleted; stopping"]);
    assert!(matches!(context.interrupt.check(), Err(Error::LockLost(_))));
}

/// The intents of the last snapshot, by path and first line.
fn intents_of(store: &MemoryPersistence) -> Vec<(String, Intent)> {
    let records = store.kept().snapshots.last().unwrap().records.clone();
    let place = |record: &Record| format!("{} {}:{}", record.kind, record.file_path, record.start_line);
    records.iter().map(|record| (place(record), record.intent.clone())).collect()
}

#[test]
fn unchanged_code_keeps_its_sentence() {
    let folder = tree(&[("a.py", &format!("{CART}\n\n{TWICE}")), ("b.py", "def stub(): ...\n")]);
    let (store, client, (context, _)) = (MemoryPersistence::default(), Paid::default(), context());
    take(folder.path(), client.clone(), store.clone(), &context).unwrap();
    let (calls, before) = (client.call_count(), intents_of(&store));
    // The class moves to another file and gets a comment; the function changes; another one is new.
    std::fs::write(folder.path().join("c.py"), format!("{CART}        # all of it\n")).unwrap();
    std::fs::write(folder.path().join("a.py"), format!("{}\ndef new():\n    return 1\n", TWICE.replace("sum", "max")))
        .unwrap();

    let taken = take_with(folder.path(), &no_intents(), store.clone(), &context).unwrap();

    let sentence = |place: &str| before.iter().find(|(known, _)| known == place).unwrap().1.clone();
    let expected = [
        ("file a.py:1", Intent::Skipped),
        ("function a.py:1", Intent::NotAsked),
        ("function a.py:4", Intent::NotAsked),
        ("file b.py:1", Intent::Skipped),
        ("function b.py:1", sentence("function b.py:1")),
        ("file c.py:1", Intent::Skipped),
        ("class c.py:1", sentence("class a.py:1")),
        ("method c.py:2", sentence("method a.py:2")),
    ];
    assert_eq!(intents_of(&store), expected.map(|(place, intent)| (place.to_owned(), intent)));
    assert!(matches!(sentence("function b.py:1"), Intent::Derived(_)));
    assert_eq!((client.call_count(), taken.saved.status), (calls, RunStatus::Completed));
    let account = taken.enrichment.account;
    assert_eq!((account.selected_count, account.reused_count, account.failed_count), (5, 3, 0));
    let kept = store.kept();
    let [first, second] = kept.snapshots.as_slice() else { panic!("{}", kept.snapshots.len()) };
    assert_eq!((&second.settings.model, second.enrichment), (&first.settings.model, None));
    // The question of the last sentence stays with the definition.
    assert_eq!(second.records[1].question, first.records[3].question);
    assert!(second.records[1].question.is_some() && second.records[2].question.is_none());
}

#[test]
fn first_snapshot_may_ask_nothing() {
    let folder = tree(&[("cart.py", CART)]);
    let (store, (context, _)) = (MemoryPersistence::default(), context());

    take_with(folder.path(), &no_intents(), store.clone(), &context).unwrap();

    let intents: Vec<Intent> = intents_of(&store).into_iter().map(|(_, intent)| intent).collect();
    assert_eq!(intents, [Intent::Skipped, Intent::NotAsked, Intent::NotAsked]);
    let settings = store.kept().snapshots[0].settings.clone();
    assert_eq!((&*settings.provider_url, &*settings.model), ("none:", "none:"));
}

#[test]
fn altered_sentence_is_not_kept() {
    let folder = tree(&[("a.py", TWICE)]);
    let (store, (context, _)) = (MemoryPersistence::default(), context());
    take(folder.path(), EmbeddedClient, store.clone(), &context).unwrap();
    store.kept().snapshots[0].records[1].intent = Intent::Success("Adds \u{1b}[31m prices.".to_owned());

    take_with(folder.path(), &no_intents(), store.clone(), &context).unwrap();

    assert_eq!(intents_of(&store)[1].1, Intent::NotAsked);
}

#[test]
fn limit_asks_changed_code_first() {
    let code = |name: &str| format!("def {name}(x):\n    return x.{name}\n");
    let all = ["a", "b", "c", "d"].map(code).concat();
    let folder = tree(&[("a.py", &all)]);
    let (store, (context, _)) = (MemoryPersistence::default(), context());
    let limited = |client: Paid| match intents(client) {
        Intents::Asked(mut plan) => {
            plan.options.budget = Budget { max_calls: Some(1), ..Budget::default() };
            Intents::Asked(plan)
        }
        kept @ Intents::Kept(_) => kept,
    };
    take_with(folder.path(), &no_intents(), store.clone(), &context).unwrap();
    std::fs::write(folder.path().join("a.py"), all.replace("x.c", "x.cc")).unwrap();

    let taken = take_with(folder.path(), &limited(Paid::default()), store.clone(), &context).unwrap();

    let answered: Vec<bool> = intents_of(&store).iter().map(|(_, intent)| intent.text().is_some()).collect();
    assert_eq!(answered, [false, false, false, true, false], "the third function alone has changed");
    assert_eq!(taken.enrichment.left, Left { question_count: 3, record_count: 3 });
    assert!(matches!(&intents_of(&store)[1].1, Intent::Failed(reason) if reason.starts_with("not asked: the limit")));
}
