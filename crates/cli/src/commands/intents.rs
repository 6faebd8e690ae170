//! `cds intents`: the answers that are kept, and how to be rid of some.

use std::{io::Write, time::Duration};

use cds_model::Timestamp;
use cds_persistence::{IntentCacheStats, SqlitePersistence, SqliteReader};
use cds_terminal::{fields::Fields, text};
use clap::{Args, Subcommand};
use serde_json::json;

use cds_terminal::numbers::grouped;

use crate::{
    app::App,
    arguments::{DatabaseArguments, DatabasePlan, LockArguments, ResultFormat, parse_duration, write_object},
    clock,
    failure::{Failure, database_failure},
    output::Output,
};

/// Show or remove saved answers of the model
///
/// A saved answer is used again, so that no question is paid for twice.
#[derive(Debug, Args)]
pub(crate) struct IntentsArguments {
    #[command(subcommand)]
    command: IntentsCommand,
}

#[derive(Debug, Subcommand)]
enum IntentsCommand {
    /// What is kept, by model, and how much of it the stored runs use
    Stats {
        #[command(flatten)]
        database: DatabaseArguments,

        /// Output format
        #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
        format: ResultFormat,
    },
    /// Remove answers; the model is asked again when one of them is needed
    #[command(group = clap::ArgGroup::new("which").required(true).multiple(true).args(["older_than", "unused"]))]
    Prune {
        #[command(flatten)]
        database: DatabaseArguments,

        #[command(flatten)]
        lock: LockArguments,

        /// Remove answers that were saved longer ago than this, for example 90d
        #[arg(long, value_name = "TIME", value_parser = parse_duration)]
        older_than: Option<Duration>,

        /// Remove answers that no record of a stored run uses
        #[arg(long)]
        unused: bool,

        /// Show how many answers would be removed, without removing them
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) fn run(arguments: &IntentsArguments, app: &App) -> Result<(), Failure> {
    match &arguments.command {
        IntentsCommand::Stats { database, format } => {
            let database = database.plan()?;
            let reader = SqliteReader::open(&database.path, &database.options).map_err(database_failure)?;
            show(&reader.intent_cache_stats().map_err(database_failure)?, *format)
        }
        IntentsCommand::Prune { database, lock, older_than, unused, dry_run } => {
            let database = database.plan()?;
            let older_than = older_than.map(clock::ago);
            let count = if *dry_run {
                let reader = SqliteReader::open(&database.path, &database.options).map_err(database_failure)?;
                reader.count_prunable_answers(older_than, *unused).map_err(database_failure)?
            } else {
                prune(&database, lock, older_than, *unused, app)?
            };
            let line = Fields::new(if *dry_run { "would_prune" } else { "pruned" }).field("answers", count).finish();
            let render = |writer: &mut dyn Write| writeln!(writer, "{line}");
            if *dry_run {
                return Output::Stdout.write(render);
            }
            Output::Stdout.report("the answers are pruned", render);
            Ok(())
        }
    }
}

fn prune(
    database: &DatabasePlan,
    lock: &LockArguments,
    older_than: Option<Timestamp>,
    unused: bool,
    app: &App,
) -> Result<usize, Failure> {
    // It is there, or this fails: a file that is missing is not created only to find nothing in it.
    let lock = app.begin_upkeep(database, lock, "intents prune")?;
    let mut writer = SqlitePersistence::open(&database.path, &database.options).map_err(database_failure)?;
    lock.check()?;
    let count = writer.prune_answers(older_than, unused).map_err(database_failure)?;
    writer.close().map_err(database_failure)?;
    Ok(count)
}

fn show(stats: &IntentCacheStats, format: ResultFormat) -> Result<(), Failure> {
    Output::Stdout.write(|writer| match format {
        ResultFormat::Json => {
            let object = json!({
                "answers": stats.answer_count,
                "used": stats.used_count,
                "unused": stats.unused_count(),
                "intent_bytes": stats.intent_byte_count,
                "oldest": stats.oldest,
                "newest": stats.newest,
                "prompt_tokens": stats.prompt_tokens,
                "answer_tokens": stats.answer_tokens,
                "models": stats.models,
            });
            write_object(writer, object)
        }
        ResultFormat::Table if stats.answer_count == 0 => writeln!(writer, "no answers are kept yet"),
        ResultFormat::Table => {
            writeln!(writer, "answers  {}", grouped(stats.answer_count))?;
            writeln!(writer, "used     {}", grouped(stats.used_count))?;
            writeln!(writer, "unused   {}", grouped(stats.unused_count()))?;
            writeln!(writer, "oldest   {}", text::one_line(stats.oldest.as_deref().unwrap_or("-")))?;
            writeln!(writer, "newest   {}", text::one_line(stats.newest.as_deref().unwrap_or("-")))?;
            for model in &stats.models {
                let name = text::one_line(&model.model);
                let digest: String = text::one_line(&model.model_digest).chars().take(12).collect();
                writeln!(writer, "model    {name} {digest}  {}", grouped(model.answer_count))?;
            }
            Ok(())
        }
    })
}
