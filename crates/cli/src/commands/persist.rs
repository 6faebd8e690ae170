//! `cds persist`: a snapshot of a tree, written into a database.

use std::path::Path;

use cds_llm_client::{EnrichOptions, Enrichment};
use cds_model::{RunSettings, RunSnapshot};
use cds_persistence::{Persistence, SavedRun, SqlitePersistence};
use clap::{Args, ValueEnum};

use super::dry_run;
use crate::{
    answers::DatabaseAnswers,
    arguments::{DatabaseArguments, IntentArguments, IntentPlan, SourceArguments, SourcePlan},
    failure::{Failure, database_failure},
    output::Output,
    preflight,
    render::{account, fields::Fields, messages, safe_json},
    signals::Interrupt,
    stages,
};

/// Snapshot a tree into a database: records, fingerprints and intents, in one transaction
#[derive(Debug, Args)]
pub(crate) struct PersistArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    intents: IntentArguments,

    /// Ask for every intent anew, also where an answer is kept
    #[arg(long)]
    refresh_intents: bool,

    /// Say what a snapshot would take, ask no question and write nothing
    #[arg(long)]
    dry_run: bool,

    /// One line of key=value, or one JSON object
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text, env = "CDS_SUMMARY_FORMAT")]
    format: SummaryFormat,
}

/// The forms of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SummaryFormat {
    /// `persisted run_id=… …`
    Text,
    /// The same as an object.
    Json,
}

pub(super) fn run(arguments: &PersistArguments, interrupt: &Interrupt) -> Result<(), Failure> {
    let started_at = stages::now();
    let source = arguments.source.plan()?;
    let mut intents = arguments.intents.plan(stages::seed())?;
    intents.options = EnrichOptions { refresh: arguments.refresh_intents, ..intents.options };
    if arguments.dry_run {
        return dry_run::run(&source, &intents, &arguments.database, arguments.format, interrupt);
    }
    let path = &arguments.database.db_path;
    let options = arguments.database.options();
    // A provider that is required is looked at first, so that no database is created in vain.
    let early = intents.requires_provider.then(|| preflight::probe(&intents, interrupt)).transpose()?;
    let mut database = SqlitePersistence::open(path, &options).map_err(database_failure)?;
    warn_about_place(path, &source);
    let probed = early.map_or_else(|| preflight::probe(&intents, interrupt), Ok)?;
    let preflight = probed.into_preflight(|| database.latest_digest(intents.client.model()).ok().flatten());
    let mut found = stages::find_records(&source, interrupt)?;
    let enrichment =
        stages::enrich(&intents, &mut found.records, preflight, &mut DatabaseAnswers(&mut database), interrupt)?;
    let snapshot = RunSnapshot {
        started_at,
        finished_at: stages::now(),
        settings: settings(&source, &intents),
        records: found.records,
        errors: found.errors,
        enrichment: intents.client.is_paid().then_some(enrichment.account),
        account: None,
    };
    // From here on the snapshot is written; only a second signal ends that.
    let mut saved = database.save(&snapshot).map_err(database_failure)?;
    let closed = database.close();
    for warning in std::mem::take(&mut saved.warnings).into_iter().chain(closed.err()) {
        messages::warning(&format!("the snapshot is safe, but cds failed to {:#}", anyhow::Error::new(warning)));
    }
    show(&saved, &enrichment, path, arguments.format)
}

fn settings(source: &SourcePlan, intents: &IntentPlan) -> RunSettings {
    RunSettings {
        root_path: source.tree.root().to_string_lossy().into_owned(),
        provider_url: intents.client.provider_url().to_owned(),
        model: intents.client.model().to_owned(),
        scope: intents.options.scope,
        progress_batch_size: intents.options.progress_batch_size.get(),
    }
}

/// The source of a scanned tree is in the database; so is the database then in the tree that gets shared.
fn warn_about_place(path: &Path, source: &SourcePlan) {
    if path.canonicalize().is_ok_and(|path| path.starts_with(source.tree.root())) {
        messages::warning("the database lies inside of the scanned tree; it holds the code and may be shared with it");
    }
}

fn show(saved: &SavedRun, enrichment: &Enrichment, path: &Path, format: SummaryFormat) -> Result<(), Failure> {
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
                "intents": account::json(&enrichment.account),
            });
            safe_json::to_writer(writer, &object)?;
            writeln!(writer)
        }
    })
}
