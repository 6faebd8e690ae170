//! `cds db`: how a database stores its records, and what takes its room.

mod size;

use cds_persistence::{Layout, SqlitePersistence, SqliteReader};
use cds_terminal::fields::Fields;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::App,
    arguments::{DatabaseArguments, LockArguments, ResultFormat},
    commands::warn_of_closing,
    failure::{Failure, database_failure},
    output::Output,
};

/// Convert a database between its layouts, or show what takes its room
#[derive(Debug, Args)]
pub(crate) struct DbArguments {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Convert a database to the compact layout, in which snapshots share what is equal
    ///
    /// Queries, hashes and archives stay the same. The conversion is one transaction. Afterwards the file is rebuilt, which
    /// needs as much free space as the database, on its disk and in the temporary folder.
    #[command(after_help = crate::EXIT_CODES)]
    Compact(ConvertArguments),
    /// Convert a database back to the plain layout, in which each snapshot has its own rows
    #[command(after_help = crate::EXIT_CODES)]
    Expand(ConvertArguments),
    /// Show what takes the room of a database, by table and by snapshot
    #[command(after_help = crate::EXIT_CODES)]
    Size(size::SizeArguments),
}

#[derive(Debug, Args)]
struct ConvertArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    lock: LockArguments,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

/// What is left to do when the file could not be rebuilt.
const AFTER_CONVERSION: &str = "the records are converted; to give back the room, run cds runs prune --vacuum and a rule \
                                of what to keep when no program reads the database, and with free space on its disk and \
                                in the temporary folder";

pub(super) fn run(arguments: &DbArguments, app: &App) -> Result<(), Failure> {
    match &arguments.command {
        DbCommand::Compact(arguments) => convert(arguments, Layout::Compact, "db compact", app),
        DbCommand::Expand(arguments) => convert(arguments, Layout::Plain, "db expand", app),
        DbCommand::Size(arguments) => size::run(arguments, app),
    }
}

/// What a conversion did.
struct Outcome {
    layout: Layout,
    /// Whether the database had the other layout.
    is_converted: bool,
    /// Bytes of the file before and after.
    sizes: Option<(u64, u64)>,
    /// Why the file was not rebuilt.
    failure: Option<Failure>,
}

fn convert(arguments: &ConvertArguments, layout: Layout, command: &str, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let lock = app.begin_upkeep(&plan, &arguments.lock, command)?;
    // To open it for writing would make tables in a file that holds nothing.
    drop(SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?);
    let mut database = SqlitePersistence::open(&plan.path, &plan.options).map_err(database_failure)?;
    let before = database.file_bytes().map_err(database_failure)?;
    lock.check()?;
    let is_converted = database.convert(layout, &|_| {}).map_err(database_failure)?;
    let mut outcome = Outcome { layout, is_converted, sizes: None, failure: None };
    if is_converted {
        // From here on the database is converted; what fails now must not hide that.
        match lock.check().map_err(Failure::from).and_then(|()| database.vacuum().map_err(database_failure)) {
            Ok((_, after)) => outcome.sizes = Some((before, after)),
            Err(failure) => {
                let failure = failure.within("rebuild the file after the conversion, which is done");
                outcome.failure = Some(failure.with_hint(AFTER_CONVERSION));
            }
        }
    }
    warn_of_closing(database.close(), app.console);
    Output::Stdout.report("the database is converted", |writer| {
        arguments.format.write(
            writer,
            || json(&outcome),
            |writer, _| {
                let mut line = Fields::new(if outcome.is_converted { "converted" } else { "unchanged" })
                    .field("layout", outcome.layout);
                if let Some((before, after)) = outcome.sizes {
                    line = line.field("bytes_before", before).field("bytes_after", after);
                }
                writeln!(writer, "{}", line.finish())
            },
        )
    });
    outcome.failure.map_or(Ok(()), Err)
}

fn json(outcome: &Outcome) -> serde_json::Value {
    json!({
        "layout": outcome.layout.as_str(),
        "is_converted": outcome.is_converted,
        "bytes_before": outcome.sizes.map(|(before, _)| before),
        "bytes_after": outcome.sizes.map(|(_, after)| after),
    })
}
