//! What the commands about duplicates have in common: where snapshots are read from, and what is known beside them.

use std::path::Path;

use cds_findings::{Error, Findings, RunFacts, Source, Warning, load};
use cds_llm_client::EmbeddedClient;
use cds_persistence::{RunId, SqliteReader};

use crate::{arguments::DatabasePlan, clock, provenance, render::messages::Console};

/// The database that `plan` names.
pub(crate) fn source<'a>(plan: &'a DatabasePlan, reader: &'a SqliteReader) -> Source<'a> {
    Source { reader, path: &plan.path, options: &plan.options, is_derived }
}

/// A model is asked to begin with a verb, so the form of a sentence says who made it.
fn is_derived(intent: &str, has_builtin_model: bool) -> bool {
    has_builtin_model && EmbeddedClient::has_form(intent) || EmbeddedClient::has_form_of_stub(intent)
}

/// The run that `name` means, with its place in the repository around it.
pub(crate) fn find_run(reader: &SqliteReader, name: &str) -> Result<(RunId, RunFacts), Error> {
    let (number, run) = load::find_run(reader, name)?;
    Ok((number, RunFacts { path_prefix: provenance::path_prefix(Path::new(&run.root_path)), ..run }))
}

/// Shows the warnings that were not shown yet.
pub(crate) fn warn(findings: &mut Findings, console: Console) {
    warn_of(&std::mem::take(&mut findings.warnings), console);
}

/// Shows warnings.
pub(crate) fn warn_of(warnings: &[Warning], console: Console) {
    for warning in warnings {
        console.warning(&warning.to_string());
    }
}

/// The day in UTC, `YYYY-MM-DD`.
pub(crate) fn today() -> String {
    clock::now().to_string().chars().take(10).collect()
}
