//! `cds attest`: a statement about a snapshot, once its root was found to be right.

mod page;
mod statement;

use anyhow::anyhow;
use cds_persistence::{ChainRow, RecomputedProof, SqliteReader};
use clap::Args;

use self::statement::{Facts, statement};
use cds_terminal::{safe_json, screen::Screen};

use crate::{
    arguments::{DatabaseArguments, ResultFormat},
    failure::{Failure, database_failure},
    output::Output,
};

/// Print an in-toto statement about a snapshot, for your own signing tool
#[derive(Debug, Args)]
pub(crate) struct AttestArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    /// Run to describe: latest, latest~1, a number or the start of an id
    #[arg(long, value_name = "RUN")]
    run: String,

    // Not from the environment: what a script signs must not depend on a preference for reading.
    /// Output format: the statement, or a table with the same facts
    #[arg(long, value_enum, default_value_t = ResultFormat::Json, help_heading = "Output options")]
    format: ResultFormat,
}

pub(super) fn run(arguments: &AttestArguments) -> Result<(), Failure> {
    let database = arguments.database.plan()?;
    let reader = SqliteReader::open(&database.path, &database.options).map_err(database_failure)?;
    let named = reader.resolve_snapshot(&arguments.run).map_err(database_failure)?;
    let id = named.row.id;
    let chained = reader.chain_rows(&[id]).map_err(database_failure)?.remove(&id).ok_or_else(|| {
        Failure::failed(anyhow!("attest run {id}: it has no root, since no history was kept when it was written"))
            .with_hint("a snapshot that cds persist writes now has one")
    })?;
    let recomputed = reader.recompute_proof(id).map_err(database_failure)?;
    if let Some(deviation) = deviation(&chained, recomputed.as_ref()) {
        return Err(Failure::failed(anyhow!("attest run {id}: {deviation}"))
            .with_hint(format!("cds verify --run {id} names what was altered")));
    }
    let details = reader.invocation_details(&named.invocation).map_err(database_failure)?;
    let facts = Facts {
        model_digests: reader.model_digests(id).map_err(database_failure)?,
        invocation: named.invocation,
        snapshot: named.row,
        stages: details.stages,
        chained,
    };
    Output::Stdout.write(|writer| match arguments.format {
        ResultFormat::Json => {
            safe_json::to_writer(writer, &statement(&facts))?;
            writeln!(writer)
        }
        ResultFormat::Table => write!(writer, "{}", page::render(&facts, &Screen::of_stdout())),
    })
}

/// The first thing that is not as it was written.
fn deviation(chained: &ChainRow, recomputed: Option<&RecomputedProof>) -> Option<String> {
    let differs = |what: &str, stored: &str, found: String| {
        (stored != found).then(|| format!("{what} {found}, but it was written with {stored}"))
    };
    let Some(found) = recomputed else { return Some("tables are missing that it was written with".to_owned()) };
    differs("its row in snapshot_chain gives the hash", &chained.hash, chained.link().hash().to_string())
        .or_else(|| differs("its records give the root", &chained.snapshot_root, found.snapshot_root.to_string()))
        .or_else(|| {
            differs("its own row and what hangs on it give the hash", &chained.run_hash, found.run_hash.to_string())
        })
        .or_else(|| {
            differs("the count of its records is", &chained.record_count.to_string(), found.record_count.to_string())
        })
}
