//! Sample snapshots and databases, and their content as text.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use cds_model::{
    AnalyzerError, AskedQuestion, EnrichmentAccount, FieldHasher, HistoryContext, Intent, KeptAnswer, Md5Sum, NotRead,
    NotReadReason, QuestionKey, Record, RunSettings, RunSnapshot, Scope, SourceFile, SourceSlice, SymbolKind,
    Timestamp,
};
use cds_persistence::{Error, Layout, OpenOptions, Persistence, SavedRun, SqlitePersistence};
use rusqlite::Connection;
use tempfile::TempDir;

/// An empty directory, and a path in it for a new database.
pub(crate) fn workplace() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("code.sqlite");
    (directory, path)
}

pub(crate) fn waiting(milliseconds: u64) -> OpenOptions {
    OpenOptions { busy_timeout: Duration::from_millis(milliseconds), layout: layout(), ..OpenOptions::default() }
}

/// The layout of the databases that the tests create: every test holds for both.
pub(crate) fn layout() -> Layout {
    let word = std::env::var("CDS_TEST_LAYOUT").unwrap_or_default();
    if word.is_empty() { Layout::Plain } else { word.parse().expect("CDS_TEST_LAYOUT is plain or compact") }
}

/// Whether a test ends at once: it alters tables that are views in the compact layout, or drops them.
pub(crate) fn plain_only() -> bool {
    layout() != Layout::Plain
}

pub(crate) fn open(path: &Path) -> Result<SqlitePersistence, Error> {
    SqlitePersistence::open(path, &waiting(0))
}

/// Opens, saves and closes.
pub(crate) fn save(path: &Path, snapshot: &RunSnapshot) -> Result<SavedRun, Error> {
    let mut persistence = open(path)?;
    let saved = persistence.save(snapshot)?;
    persistence.close()?;
    Ok(saved)
}

pub(crate) fn record(kind: SymbolKind, file_path: &str, start_line: u32, code: &str, intent: Intent) -> Record {
    Record {
        kind,
        file_path: file_path.into(),
        signature: (kind != SymbolKind::File).then(|| SourceSlice::from(code.lines().next().unwrap_or_default())),
        start_line,
        end_line: start_line + 1,
        raw_code: SourceSlice::from(code),
        normalized_code: code.trim_end().into(),
        md5sum: Md5Sum(md5::compute(code.trim_end()).0),
        intent,
        question: None,
    }
}

/// Four records, one of each kind, two with equal code, with every state of an intent; two analyzer errors.
pub(crate) fn mixed() -> RunSnapshot {
    let success = Intent::Success("Returns one.".to_owned());
    RunSnapshot {
        started_at: Timestamp::from_unix_milliseconds(1_795_166_400_120),
        finished_at: Timestamp::from_unix_milliseconds(1_795_166_461_000),
        settings: RunSettings {
            root_path: "/srv/code".to_owned(),
            provider_url: "http://127.0.0.1:11434".to_owned(),
            model: "qwen3-coder:latest".to_owned(),
            scope: Scope::default(),
            progress_batch_size: 10,
        },
        records: vec![
            record(SymbolKind::File, "a.py", 1, "# all of it\n", Intent::Skipped),
            record(SymbolKind::Class, "a.py", 2, "class A:\n    pass", Intent::Failed("timed out".to_owned())),
            record(SymbolKind::Method, "a.py", 3, "def one():\n    return 1", success.clone()),
            record(SymbolKind::Function, "b/c.py", 1, "def one():\n    return 1", success),
        ],
        errors: vec![
            AnalyzerError { file_path: "bad.py".to_owned(), line: Some(7), reason: "does not parse".to_owned() },
            AnalyzerError { file_path: "locked".to_owned(), line: None, reason: "permission denied".to_owned() },
        ],
        not_read: vec![
            NotRead { ending: ".js".to_owned(), reason: NotReadReason::OtherLanguage, file_count: 2 },
            NotRead { ending: "/".to_owned(), reason: NotReadReason::Ignored, file_count: 1 },
        ],
        source_files: vec![source_file("a.py", 3), source_file("b/c.py", 1)],
        enrichment: None,
        account: None,
        history: None,
    }
}

/// A file that has records; its content is its path.
pub(crate) fn source_file(file_path: &str, record_count: u32) -> SourceFile {
    SourceFile {
        file_path: file_path.into(),
        source_hash: FieldHasher::hash("content", [file_path.into()]),
        language: "python".into(),
        analyzer: "tree-sitter 1 python 1 rules 1 normal 1".into(),
        record_count,
    }
}

/// The same snapshot with a history of `project`.
pub(crate) fn traced(mut snapshot: RunSnapshot, project: &str) -> RunSnapshot {
    snapshot.history = Some(HistoryContext {
        project: project.to_owned(),
        part: String::new(),
        actor: None,
        reasoning: None,
        changed_at: None,
    });
    snapshot
}

/// The same snapshot with question 1, question 2 twice and cut, and an enrichment account.
pub(crate) fn asked() -> RunSnapshot {
    let mut snapshot = mixed();
    for (record, (number, is_cut)) in snapshot.records[1..].iter_mut().zip([(1, false), (2, true), (2, true)]) {
        record.question = Some(AskedQuestion { key: key(number), is_cut });
    }
    snapshot.enrichment = Some(EnrichmentAccount {
        selected_count: 3,
        asked_count: 2,
        reused_count: 0,
        shared_count: 1,
        failed_count: 1,
        retried_count: 2,
        call_count: 4,
        cut_count: 1,
        prompt_tokens: Some(800),
        answer_tokens: None,
        elapsed: Duration::from_millis(6_500),
        mean_latency: Duration::from_millis(1_250),
        p95_latency: Duration::from_secs(2),
    });
    snapshot
}

/// A question; its key is spread over the whole range.
pub(crate) fn key(number: u64) -> QuestionKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    QuestionKey(bytes)
}

/// The answer to the question with this number.
pub(crate) fn answer(number: u64) -> KeptAnswer {
    KeptAnswer {
        key: key(number),
        intent: format!("Does {number}."),
        model: "qwen3-coder:latest".to_owned(),
        model_digest: "aa11".to_owned(),
        prompt_version: 3,
        prompt_tokens: Some(100),
        answer_tokens: None,
    }
}

/// The moment `seconds` after 1970.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_milliseconds(seconds * 1_000)
}

/// The same snapshot without any failure.
pub(crate) fn faultless() -> RunSnapshot {
    let mut snapshot = mixed();
    snapshot.errors.clear();
    snapshot.not_read.clear();
    snapshot.source_files.clear();
    snapshot.records.retain(|record| record.intent.error().is_none());
    snapshot
}

/// The whole database as text: every schema object, then every row of every table.
pub(crate) fn dump(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let tables = texts(&connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    let mut lines = texts(&connection, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name");
    for table in tables {
        let names = format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')");
        let row = texts(&connection, &names).join(" || ', ' || ");
        lines.extend(texts(&connection, &format!("SELECT '{table}: ' || {row} FROM {table}")));
    }
    lines
}

/// The first column of every row.
pub(crate) fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

pub(crate) fn number(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Creates a database with `sql`, and no side files.
pub(crate) fn make_database(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
    connection.close().unwrap();
}

/// The names of the files in the directory, sorted.
pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// An error and its causes, as the command line prints them.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The same, with `DB` for the path of the database.
pub(crate) fn chain_about(path: &Path, error: &dyn std::error::Error) -> String {
    let quoted = format!("\"{}\"", path.display());
    chain(error).replace(&quoted, "DB")
}

/// The tables of the contract as another program may define them.
pub(crate) const CONTRACT: &str = "
create table runs (id integer primary key, started_at text not null, finished_at text not null,
  root_path text not null, provider_url text not null, model text not null, scope text not null,
  progress_batch_size integer not null, status text not null, analyzer_error_count integer not null,
  intent_failed_count integer not null, record_count integer not null);
create table records (id integer primary key, run_id integer not null references runs(id), kind text not null,
  file_path text not null, signature text, start_line integer not null, end_line integer not null,
  raw_code text not null, normalized_code text not null, md5sum text not null, intent text,
  intent_status text not null, intent_error text);";

/// The addition to a message if the trigger `refuse` of a test refused a row.
pub(crate) const NAMED: &str = "; triggers of another program act here: \"refuse\"";
