//! Which questions are asked, and where the answers go.

use std::time::Duration;

use cds_llm_client::{
    AskError, Decision, EmbeddedClient, Ending, EnrichContext, IntentEnricher, LlmClient, NoStore, Preflight,
    SkipCondition, StopSignal,
};
use cds_model::{Intent, Record, Scope, SymbolKind};

use crate::support::{Memory, Reply, Scene, Scripted, counts, functions, intent_of, record};

#[tokio::test(start_paused = true)]
async fn each_record_gets_own_answer() {
    let client = Scripted::new(|call| match call.code.as_str() {
        "fail" => Reply::bad(AskError::Malformed { problem: "no JSON object" }),
        _ => Reply::good(call).after(Duration::from_millis(call.code.len() as u64 * 100)),
    });
    let mut scene = Scene::new(functions(&["aaaaaaaa", "bbb", "fail", "c", "dddddd", "ee"])).at_once(3);
    let enrichment = scene.run(&client).await;
    let expected = ["aaaaaaaa", "bbb", "fail", "c", "dddddd", "ee"].map(|code| match code {
        "fail" => Intent::Failed("malformed answer: no JSON object".to_owned()),
        code => Intent::Success(intent_of(code)),
    });
    assert_eq!(scene.intents(), expected);
    assert_eq!(counts(&enrichment.account), [6, 6, 0, 0, 1]);
    assert_eq!((enrichment.account.prompt_tokens, enrichment.account.answer_tokens), (Some(25), None));
    assert_eq!(enrichment.ending, Ending::Completed);
}

#[tokio::test(start_paused = true)]
async fn blank_answer_is_a_failure() {
    let client = Scripted::new(Reply::blank);
    let mut scene = Scene::new(functions(&["a"]));
    scene.run(&client).await;
    assert_eq!(scene.records[0].intent.error(), Some("untrustworthy answer: it is blank"));
    assert_eq!((client.call_count(), scene.store.kept.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn records_out_of_scope_are_skipped() {
    let client = Scripted::new(Reply::good);
    let mut scene = Scene::new(vec![
        record(SymbolKind::File, "x"),
        record(SymbolKind::Class, "y"),
        record(SymbolKind::Class, " \n\t"),
        record(SymbolKind::Method, "z"),
    ]);
    scene.options.scope = "class".parse().unwrap();
    let enrichment = scene.run(&client).await;
    let asked: Vec<_> = scene.records.iter().map(|record| record.intent.text()).collect();
    assert_eq!(asked, [None, Some("Does y."), None, None]);
    assert_eq!(counts(&enrichment.account), [1, 1, 0, 0, 0]);
    assert!(scene.records.iter().filter(|record| record.question.is_some()).count() == 1);
}

#[tokio::test(start_paused = true)]
async fn equal_questions_are_asked_once() {
    let client = Scripted::new(|call| match call.code.as_str() {
        "bad" => Reply::bad(AskError::Malformed { problem: "no JSON object" }),
        _ => Reply::good(call),
    });
    let mut records = functions(&["a", "b", "a", "bad", "a", "bad", "b"]);
    records.push(record(SymbolKind::Method, "a"));
    let mut scene = Scene::new(records);
    let enrichment = scene.run(&client).await;
    assert_eq!(client.call_count(), 4);
    assert_eq!(counts(&enrichment.account), [8, 4, 0, 3, 2]);
    let key = |at: usize| scene.records[at].question.unwrap().key;
    assert!(key(0) == key(2) && key(0) != key(7) && key(3) == key(5));
    assert_eq!(scene.records[4].intent, Intent::Success(intent_of("a")));
}

#[tokio::test(start_paused = true)]
async fn cut_code_is_marked() {
    let client = Scripted::new(Reply::good);
    let long = "x = 1\n".repeat(50);
    let mut scene = Scene::new(functions(&["a", &long, &long]));
    let enrichment = scene.run(&client).await;
    let cut: Vec<_> = scene.records.iter().map(|record| record.question.unwrap().is_cut).collect();
    assert_eq!((cut, enrichment.account.cut_count), (vec![false, true, true], 1));
}

#[tokio::test(start_paused = true)]
async fn free_answers_are_not_stored() {
    let client = Scripted::new(|call| Reply::good(call).after(Duration::ZERO)).unpaid();
    let mut scene = Scene::new(functions(&["a", "a", "b"]));
    let enrichment = scene.run(&client).await;
    assert!(scene.all_succeeded());
    assert_eq!(counts(&enrichment.account), [3, 3, 0, 0, 0]);
    assert!(scene.records.iter().all(|record| record.question.is_none()));
    assert_eq!((scene.store.lookup_count, scene.store.groups.len()), (0, 0));
}

/// Has the embedded provider describe all records.
async fn describe_all(records: &mut [Record]) {
    let mut options = Scene::new(Vec::new()).options;
    options.scope = Scope::ALL;
    let context = EnrichContext {
        preflight: Preflight::default(),
        store: &mut NoStore,
        observer: &mut Memory::default(),
        stop: StopSignal::never(),
        ranks: Vec::new(),
    };
    IntentEnricher::new(&EmbeddedClient, options).enrich(records, context).await;
}

#[tokio::test]
async fn embedded_sentence_has_known_prefix() {
    use SymbolKind::{Class, File, Function, Method};
    let code = [
        (Function, "def load(path):\n    return open(path)"),
        (Function, "async def load(path):\n    return await fetch(path)"),
        (Method, "def load(self):\n    pass"),
        (Method, "async def load(self):\n    pass"),
        (Function, "\u{1}"),
        (Class, "class A(B): pass"),
        (Class, "class"),
        (File, "import os"),
        (File, "run()"),
    ];
    let mut records: Vec<Record> = code.into_iter().map(|(kind, code)| record(kind, code)).collect();
    describe_all(&mut records).await;
    for record in records {
        let Intent::Success(sentence) = &record.intent else { panic!("{record:?}") };
        assert!(EmbeddedClient::has_form(sentence), "{sentence}");
    }
    for sentence in ["Loads the functions of a file.", "This function loads a file.", ""] {
        assert!(!EmbeddedClient::has_form(sentence), "{sentence}");
    }
}

#[tokio::test]
async fn embedded_provider_is_deterministic() {
    let code = "def load(path):\n    return json.load(open(path))";
    let mut records = vec![
        record(SymbolKind::Function, code),
        record(SymbolKind::Function, code),
        record(SymbolKind::Class, "class A(B): pass"),
        record(SymbolKind::File, "import os"),
        record(SymbolKind::Function, "# only a comment"),
    ];
    describe_all(&mut records).await;
    let load = "Function `load` takes path, calls json.load and open, and returns `json.load(open(path))`.";
    let expected = [
        Intent::Success(load.to_owned()),
        Intent::Success(load.to_owned()),
        Intent::Success("Class `A` is a kind of B and adds nothing of its own.".to_owned()),
        Intent::Success("This file imports os.".to_owned()),
        Intent::Failed("untrustworthy answer: it is blank".to_owned()),
    ];
    let intents: Vec<_> = records.iter().map(|record| record.intent.clone()).collect();
    assert_eq!(intents, expected);
    assert_eq!((EmbeddedClient.model(), EmbeddedClient.provider_url()), ("builtin:outline-v1", "builtin:"));
}

#[tokio::test(start_paused = true)]
async fn bodyless_definitions_are_derived() {
    let client = Scripted::new(Reply::good);
    let mut scene = Scene::new(functions(&["def f(x): ...", "g", "def h():\n    return 1"]));
    let enrichment = scene.run(&client).await;
    assert_eq!((client.call_count(), enrichment.account.selected_count), (2, 2));
    let derived = "Function `f` takes x and does nothing.".to_owned();
    assert_eq!((&scene.records[0].intent, scene.records[0].question), (&Intent::Derived(derived), None));
    let decision = Decision::Skipped { record_count: 1, condition: SkipCondition::WithoutBody };
    assert!(scene.observer.decisions.contains(&decision), "{:?}", scene.observer.decisions);
    let forecast = IntentEnricher::new(&client, scene.options);
    let forecast = forecast.forecast(&functions(&["def f(x): ..."]), &scene.preflight, &mut scene.store).unwrap();
    assert_eq!((forecast.selected_count, forecast.call_count), (0, 0));
}
