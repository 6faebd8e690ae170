//! `cds persist`: a snapshot of a tree, written into a database.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use cds_model::{RunSettings, RunSnapshot};
use cds_persistence::{Error, OpenOptions, Persistence, SavedRun, SqlitePersistence};
use clap::{Args, ValueEnum};

use crate::{
    arguments::{IntentArguments, IntentPlan, SourceArguments, SourcePlan, parse_duration},
    failure::Failure,
    output::Output,
    render::{fields::Fields, messages},
    stages,
};

/// Snapshot a tree into a database: records, fingerprints and intents, in one transaction
#[derive(Debug, Args)]
pub(crate) struct PersistArguments {
    #[command(flatten)]
    source: SourceArguments,

    /// The SQLite file; it is created if missing, its folder is not
    #[arg(long, value_name = "FILE", env = "CDS_DB_PATH")]
    db_path: PathBuf,

    /// How long to wait for a database that another process holds
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration, env = "CDS_BUSY_TIMEOUT")]
    busy_timeout: Duration,

    #[command(flatten)]
    intents: IntentArguments,

    /// One line of key=value, or one JSON object
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text, env = "CDS_SUMMARY_FORMAT")]
    format: SummaryFormat,
}

/// The forms of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SummaryFormat {
    /// `persisted run_id=… …`
    Text,
    /// The same as an object.
    Json,
}

pub(super) fn run(arguments: &PersistArguments) -> Result<(), Failure> {
    let started_at = stages::now();
    let source = arguments.source.plan()?;
    let intents = arguments.intents.plan()?;
    let mut database = open(&arguments.db_path, arguments.busy_timeout)?;
    warn_about_place(&arguments.db_path, &source);
    let mut found = stages::find_records(&source)?;
    stages::enrich(&intents, &mut found.records)?;
    let snapshot = RunSnapshot {
        started_at,
        finished_at: stages::now(),
        settings: settings(&source, &intents),
        records: found.records,
        errors: found.errors,
        enrichment: None,
    };
    let mut saved = database.save(&snapshot).map_err(database_failure)?;
    let closed = database.close();
    for warning in std::mem::take(&mut saved.warnings).into_iter().chain(closed.err()) {
        messages::warning(&format!("the snapshot is safe, but cds failed to {:#}", anyhow::Error::new(warning)));
    }
    show(&saved, &arguments.db_path, arguments.format)
}

fn settings(source: &SourcePlan, intents: &IntentPlan) -> RunSettings {
    RunSettings {
        root_path: source.tree.root().to_string_lossy().into_owned(),
        provider_url: intents.client.provider_url().to_owned(),
        model: intents.client.model().to_owned(),
        scope: intents.scope,
        progress_batch_size: intents.progress_batch_size.get(),
    }
}

fn open(path: &Path, busy_timeout: Duration) -> Result<SqlitePersistence, Failure> {
    SqlitePersistence::open(path, &OpenOptions { busy_timeout }).map_err(database_failure)
}

/// The source of a scanned tree is in the database; so is the database then in the tree that gets shared.
fn warn_about_place(path: &Path, source: &SourcePlan) {
    if path.canonicalize().is_ok_and(|path| path.starts_with(source.tree.root())) {
        messages::warning("the database lies inside of the scanned tree; it holds the code and may be shared with it");
    }
}

fn show(saved: &SavedRun, path: &Path, format: SummaryFormat) -> Result<(), Failure> {
    let db_path = path.to_string_lossy();
    Output::Stdout.write(|writer| match format {
        SummaryFormat::Text => {
            let line = Fields::new("persisted")
                .field("run_id", saved.run_id)
                .field("db_path", &db_path)
                .field("record_count", saved.record_count)
                .field("intent_failed_count", saved.intent_failed_count)
                .field("analyzer_error_count", saved.analyzer_error_count)
                .field("status", saved.status);
            writeln!(writer, "{}", line.finish())
        }
        SummaryFormat::Json => {
            let object = serde_json::json!({
                "run_id": saved.run_id.0,
                "db_path": db_path,
                "record_count": saved.record_count,
                "intent_failed_count": saved.intent_failed_count,
                "analyzer_error_count": saved.analyzer_error_count,
                "status": saved.status.as_str(),
            });
            writeln!(writer, "{object}")
        }
    })
}

fn database_failure(error: Error) -> Failure {
    let is_argument =
        matches!(error, Error::InvalidName { .. } | Error::MissingDirectory { .. } | Error::NotARegularFile { .. });
    let hint = hint(&error);
    let failure = if is_argument { Failure::usage(error) } else { Failure::failed(error) };
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

fn hint(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::InvalidName { .. } => "name a file on disk, for example --db-path cds.sqlite",
        Error::MissingDirectory { .. } => "create the folder first, or name a file in an existing one",
        Error::NotARegularFile { .. } => "name a file, for example --db-path cds.sqlite",
        Error::ReadOnly { .. } | Error::Create { .. } | Error::CannotOpen { .. } => {
            "give yourself permission to write the file and its folder, or name another file"
        }
        Error::NotADatabase { .. } | Error::AnotherProgram { .. } | Error::ForeignTables { .. } => {
            "the file was left as it is; name another one"
        }
        Error::Damaged { .. } => {
            "look at it with: sqlite3 FILE 'PRAGMA integrity_check'; restore a copy, or name another file"
        }
        Error::NewerFormat { .. } => "use the version of cds that wrote it, or a newer one",
        Error::SchemaMismatch { .. } => "the file was left as it is; docs/schema.md has the columns that are needed",
        Error::Locked { .. } => "wait until the other process is done, or wait longer with --busy-timeout 60s",
        Error::Full { .. } => "nothing was written; make room and run the command again",
        _ => return None,
    })
}
