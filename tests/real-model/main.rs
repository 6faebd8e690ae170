//! Asks a real model on a real server: every intent is answered, begins with a verb, and is paid for once.
//!
//! `just real-model` sets up a server and runs this test. Without `CDS_REAL_MODEL_URL` the test reports that it was
//! skipped. `CDS_REAL_MODEL_TREE` replaces `fixtures/shop`. The figures go to stderr; `docs/intents.md` lists those of
//! larger models.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::HashSet,
    env,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use rusqlite::Connection;

/// Words of the prompt; an intent may use them only if its code does.
const PROMPT_WORDS: [&str; 11] = [
    "retrypolicy",
    "csv",
    "dictionaries",
    "lifetime",
    "moment",
    "retried",
    "attempt",
    "marker",
    "preamble",
    "markdown",
    "instruction",
];
/// First words that end like a third-person verb but are not verbs.
const NO_VERBS: [&str; 8] = ["this", "class", "its", "as", "process", "access", "always", "is"];

struct Asked {
    intent: String,
    code: String,
}

#[test]
fn real_model_is_asked_once() {
    let Ok(url) = env::var("CDS_REAL_MODEL_URL") else {
        return say("skipped: CDS_REAL_MODEL_URL names no server");
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tree = env::var("CDS_REAL_MODEL_TREE").map_or_else(|_| root.join("fixtures/shop"), PathBuf::from);
    let folder = tempfile::tempdir().unwrap();
    let database = env::var("CDS_REAL_MODEL_DB").map_or_else(|_| folder.path().join("t.sqlite"), PathBuf::from);

    let first = persist(&tree, &database, &url);
    let (asked, failed) = intents(&database);
    let account = account(&database, "SELECT max(run_id) FROM enrichments");
    persist(&tree, &database, &url);
    let second = account_of_last(&database);

    say(&format!("{first}\n{account}"));
    assert_eq!(second, 0, "the second run asks again only what failed, and fails again");
    check(&asked, failed);
}

/// Prints the figures and checks them against what even a small model reaches.
fn check(asked: &[Asked], failed: usize) {
    let verbs = asked.iter().filter(|asked| begins_with_verb(&asked.intent)).count();
    let leaks: Vec<&str> =
        asked.iter().filter(|asked| repeats_prompt(asked)).map(|asked| asked.intent.as_str()).collect();
    let distinct: HashSet<&str> = asked.iter().map(|asked| asked.intent.as_str()).collect();
    let count = asked.len();
    say(&format!(
        "answered {count} of {}, begin with a verb {verbs}, distinct sentences {}, words of the prompt {}",
        count + failed,
        distinct.len(),
        leaks.len()
    ));
    for leak in &leaks {
        say(&format!("  word of the prompt: {leak}"));
    }
    assert!(count * 10 >= (count + failed) * 8, "at least 8 of 10 are answered");
    assert!(verbs * 10 >= count * 6, "at least 6 of 10 begin with a verb");
    assert!(distinct.len() * 2 > count, "most sentences differ");
}

fn persist(tree: &Path, database: &Path, url: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cds"));
    command.args(["persist", "--request-timeout", "300s", "--path"]).arg(tree).arg("--db-path").arg(database);
    command.args(["--provider-url", url, "--model"]).arg(env::var("CDS_REAL_MODEL").unwrap_or_else(|_| "model".into()));
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The intents that a model gave in the last run, and the number of failures.
fn intents(database: &Path) -> (Vec<Asked>, usize) {
    let connection = Connection::open(database).unwrap();
    let sql = "SELECT intent, normalized_code FROM records JOIN record_questions ON record_id = records.id
        WHERE run_id = (SELECT max(id) FROM runs) AND intent_status = 'success' AND question <> 'derived'";
    let mut statement = connection.prepare(sql).unwrap();
    let asked = statement.query_map([], |row| Ok(Asked { intent: row.get(0)?, code: row.get(1)? })).unwrap();
    let asked = asked.map(Result::unwrap).collect();
    let sql = "SELECT count(*) FROM records WHERE run_id = (SELECT max(id) FROM runs) AND intent_status = 'failed'";
    let failed: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    (asked, usize::try_from(failed).unwrap())
}

fn account(database: &Path, run: &str) -> String {
    let connection = Connection::open(database).unwrap();
    let sql = format!(
        "SELECT 'asked ' || asked_count || ', calls ' || call_count || ', prompt tokens ' || prompt_tokens ||
                ', answer tokens ' || answer_tokens || ', seconds ' || round(elapsed_seconds)
         FROM enrichments WHERE run_id = ({run})"
    );
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

/// The number of questions that the last run asked although their answers were kept.
fn account_of_last(database: &Path) -> i64 {
    let connection = Connection::open(database).unwrap();
    let sql = "SELECT asked_count - (SELECT count(DISTINCT md5sum) FROM records
            WHERE run_id = 1 AND intent_status = 'failed')
        FROM enrichments WHERE run_id = (SELECT max(run_id) FROM enrichments)";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn begins_with_verb(intent: &str) -> bool {
    let word = intent.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
    word.ends_with('s') && !NO_VERBS.contains(&word.as_str())
}

fn repeats_prompt(asked: &Asked) -> bool {
    let [intent, code] = [&asked.intent, &asked.code].map(|text| text.to_lowercase());
    PROMPT_WORDS.iter().any(|word| intent.contains(word) && !code.contains(word))
}

fn say(line: &str) {
    // The test runner captures `print!` but not a write to stderr.
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}
