//! The records of a tree: analyze and build.

use std::path::Path;

use cds_analyzer::{KnownFiles, NothingKnown};
use cds_model::{Analysis, AnalyzerError, FileContent, Fingerprint, NotRead, Record, SourceFile, Stage, StageSource};
use cds_model_builder::Built;

use super::{fingerprint, missing};
use crate::{
    Error, Event, FileCounts, Session, SourcePlan, Warning,
    accounts::{StageInput, telemetry},
    reuse::StoredFiles,
    threads::Workers,
};

/// Records of a tree, and what is missing from them.
#[derive(Debug)]
pub struct Found {
    /// In the order of a snapshot.
    pub records: Vec<Record>,
    /// What could not be read, or only in part.
    pub errors: Vec<AnalyzerError>,
    /// What of the tree was not read.
    pub not_read: Vec<NotRead>,
    /// The files that have records.
    pub source_files: Vec<SourceFile>,
    /// Where the records come from.
    pub files: FileCounts,
}

/// Analyzes the tree and builds its records. The reporter gets each analyzer error, and what was not read.
///
/// # Errors
///
/// The process was asked to stop, or has lost its lock.
pub fn find_records(plan: &SourcePlan, session: &mut Session) -> Result<Found, Error> {
    let workers = Workers::new(plan.threads);
    let stage = AnalyzeStage {
        config: fingerprint::analyze_config(&plan.options, plan.tree.selection()),
        root: plan.tree.root(),
        requires_files: plan.requires_files,
        workers: &workers,
    };
    let context = session.context().clone();
    find_records_in(&stage, session, || {
        let should_stop = || context.interrupt.is_raised();
        let stored = plan.known_in.as_ref().and_then(|database| StoredFiles::open(database, &context));
        let known: &dyn KnownFiles = stored.as_ref().map_or(&NothingKnown, |stored| stored);
        let analysis = workers.run(|| cds_analyzer::analyze(&plan.tree, &plan.options, known, &should_stop));
        context.interrupt.check()?;
        if let Some(stored) = stored {
            stored.close(&context);
        }
        Ok(analysis)
    })
}

/// What decides the records of a tree, wherever its files come from.
pub(crate) struct AnalyzeStage<'a> {
    /// Over the settings.
    pub(crate) config: Fingerprint,
    /// As messages name the tree.
    pub(crate) root: &'a Path,
    /// Whether a tree without a file that can be read ends the work.
    pub(crate) requires_files: bool,
    /// Who builds the records.
    pub(crate) workers: &'a Workers,
}

/// The same of files that come from anywhere.
pub(crate) fn find_records_in(
    stage: &AnalyzeStage<'_>,
    session: &mut Session,
    analyze: impl FnOnce() -> Result<Analysis, Error>,
) -> Result<Found, Error> {
    let AnalyzeStage { config, root, workers, .. } = *stage;
    let context = session.context().clone();
    let accounts = session.accounts();
    let input = StageInput { stage: Stage::Analyze, config, fingerprint: None, rows_in: None };
    let (analysis, files, analyzed) = accounts.run_stage_with_tracking(input, |report| {
        let analysis = analyze()?;
        context.interrupt.check()?;
        let files = counts(&analysis);
        if files.reused > 0 && files.parsed == 0 {
            report.source = StageSource::Checkpoint;
        }
        report.fingerprint =
            report.code_ref().map(|code_ref| fingerprint::analyze_input(&analysis.inputs, code_ref, config));
        report.rows_in = Some(analysis.inputs.len() as u64);
        report.rows_out = Some(analysis.record_count() as u64);
        report.missing =
            missing(analysis.errors.len(), "analyzer error", analysis.errors.first().map(|error| &*error.reason));
        Ok((analysis, files, report.fingerprint))
    })?;
    context.reporter.report(&Event::Analyzed(files));
    for error in &analysis.errors {
        context.reporter.report(&Event::AnalyzerError(error));
    }
    context.reporter.report(&Event::NotRead(&analysis.not_read));
    if analysis.files.is_empty() {
        let (root, not_read) = (root.to_owned(), analysis.not_read.clone());
        if stage.requires_files {
            return Err(Error::NothingRead { root, not_read });
        }
        context.reporter.warn(&Warning::NothingRead { root, not_read });
    }
    if let Some(buffer) = accounts.telemetry() {
        let now = context.process.now();
        analysis.errors.iter().for_each(|error| _ = buffer.record(telemetry::analyzer_error(now, error)));
    }
    let config = fingerprint::build_config();
    let fingerprint = analyzed.map(|analyzed| fingerprint::build_input(analyzed, config));
    let rows_in = Some(analysis.record_count() as u64);
    let input = StageInput { stage: Stage::Build, config, fingerprint, rows_in };
    accounts.run_stage_with_tracking(input, |report| {
        let Built { records, source_files } = workers.run(|| cds_model_builder::build(analysis.files));
        context.interrupt.check()?;
        report.rows_out = Some(records.len() as u64);
        Ok(Found { records, errors: analysis.errors, not_read: analysis.not_read, source_files, files })
    })
}

fn counts(analysis: &Analysis) -> FileCounts {
    let read = analysis.inputs.iter().filter(|input| input.content.is_ok()).count();
    let mut counts = FileCounts { read, ..FileCounts::default() };
    for file in &analysis.files {
        match file.content {
            FileContent::Parsed(_) => counts.parsed += 1,
            FileContent::Known(_) => counts.reused += 1,
            FileContent::CopyOf(_) => counts.shared += 1,
        }
    }
    counts
}
