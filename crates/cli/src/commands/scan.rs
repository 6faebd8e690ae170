//! `cds scan`: the duplicates of a tree as it is, without a database.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use cds_duplication::Channel;
use cds_findings::{Findings, RunFacts, Subject, gate, load, select};
use cds_model::{Record, SymbolKind};
use cds_pipeline::{
    Session, SourcePlan,
    backfill::{CommitPlan, CommittedRecords, records_at},
    stages::{self, Found},
};
use cds_provenance::Repository;
use clap::Args;

use super::dup::{Sources, search, show};
use crate::{
    app::App,
    arguments::{
        DatabaseArguments, DupResultArguments, SearchArguments, SourceArguments, TreeGateArguments, ViewArguments,
    },
    clock,
    failure::Failure,
    provenance,
};

/// Find duplicated code in a tree, without a database and without a model
///
/// Finds what `cds dup check` finds in a snapshot, except duplicates by intent. Nothing is saved. With a database, files
/// that are unchanged since its last snapshot are not parsed again. Exits with 0 also if there are duplicates, unless a
/// gate is given.
#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    search: SearchArguments,

    #[command(flatten)]
    view: ViewArguments,

    #[command(flatten)]
    gate: TreeGateArguments,

    #[command(flatten)]
    result: DupResultArguments,
}

pub(super) fn run(arguments: &ScanArguments, app: &App) -> Result<(), Failure> {
    let view = arguments.view.plan(arguments.result.format)?;
    let gate = arguments.gate.gate()?;
    let mut settings = arguments.search.settings();
    if settings.derived_intents {
        return Err(Failure::usage(anyhow!("search by intent: a scan has no intents"))
            .with_hint("save a snapshot with cds persist, then run cds dup check"));
    }
    settings.channels.remove(&Channel::Intent);
    let database = arguments.database.plan_if_given()?;
    let source = arguments.source.plan_here()?;
    let source = match &database {
        Some(database) => source.without(&database.path).reusing(Some(database)),
        None => source,
    };
    let output = arguments.result.output(database.as_ref())?;
    let started_at = clock::now().to_string();
    let found = stages::find_records(&source, &mut Session::without_store(&app.context))?;
    let root = source.tree.root();
    let facts = RunFacts {
        subject: Subject::Tree,
        started_at,
        root_path: root.to_string_lossy().into_owned(),
        path_prefix: provenance::path_prefix(root),
        project: None,
        code_ref: None,
    };
    let mut findings = search(facts, settings, load::of_records(&found.records), &view, app)?;
    if let Some(name) = &arguments.gate.baseline_ref {
        let base = Base { name, source: &source, found: &found };
        base.compare(arguments.gate.changed, &mut findings, app)?;
    }
    gate.judge(&mut findings);
    let code = |ids: &[i64]| Ok(code_of(&found.records, ids));
    let trend = |_: &_| Ok(Vec::new());
    show(findings, &gate, &view, &output, Sources { code: &code, trend: &trend }, app)
}

/// The commit that the tree is compared with.
struct Base<'a> {
    name: &'a str,
    source: &'a SourcePlan,
    found: &'a Found,
}

impl Base<'_> {
    fn compare(&self, changed_only: bool, findings: &mut Findings, app: &App) -> Result<(), Failure> {
        let attempt = || format!("use --baseline-ref {:?}", self.name);
        let root = self.source.tree.root();
        let folder = if root.is_file() { root.parent().unwrap_or(root) } else { root };
        let repository = Repository::discover(folder, &provenance::safe_directories())
            .with_context(attempt)
            .map_err(Failure::failed)?
            .ok_or_else(|| {
                Failure::usage(anyhow!("{}: the tree lies in no git repository", attempt()))
                    .with_hint("scan a folder of a clone, or compare two runs of a database with cds dup check")
            })?;
        let plan = CommitPlan {
            repository: &repository,
            name: self.name,
            scope: root.strip_prefix(repository.work_tree()).unwrap_or(Path::new("")).to_owned(),
            options: self.source.options,
            selection: self.source.tree.selection().clone(),
            threads: self.source.threads,
        };
        let CommittedRecords { commit, records } = records_at(&plan, self.found, &app.context)?;
        let subject = Subject::Commit { name: self.name.to_owned(), id: commit.to_string() };
        gate::compare_with(subject, &load::of_records(&records), findings);
        if changed_only {
            select::touching(findings, &changed_files(&self.found.records, &records));
        }
        Ok(())
    }
}

/// The files whose exact text is not that of the same path in the commit.
fn changed_files(now: &[Record], before: &[Record]) -> BTreeSet<Arc<str>> {
    let is_file = |record: &&Record| record.kind == SymbolKind::File;
    let before: HashMap<&str, &str> =
        before.iter().filter(is_file).map(|record| (&*record.file_path, record.raw_code.as_str())).collect();
    let differs = |record: &&Record| before.get(&*record.file_path).copied() != Some(record.raw_code.as_str());
    now.iter().filter(is_file).filter(differs).map(|record| Arc::clone(&record.file_path)).collect()
}

/// The exact code of the records with these ids, which count from 1.
fn code_of(records: &[Record], ids: &[i64]) -> HashMap<i64, String> {
    let record = |id: i64| records.get(usize::try_from(id.checked_sub(1)?).ok()?);
    ids.iter().filter_map(|id| record(*id).map(|record| (*id, record.raw_code.as_str().to_owned()))).collect()
}
