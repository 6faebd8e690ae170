//! The stages that the commands share: analyze, build, enrich.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use cds_llm_client::{AnswerStore, Ending, EnrichContext, Enrichment, IntentEnricher, Preflight};
use cds_model::{AnalyzerError, EnrichmentAccount, NotRead, Record, RunSnapshot, Stage, StageSource, Timestamp};
use cds_persistence::{Error, SavedRun};

use crate::{
    accounts::{Accounts, StageInput, TelemetryObserver, fingerprint, telemetry},
    arguments::{IntentPlan, SourcePlan},
    failure::{Failure, database_failure},
    progress::ConsoleObserver,
    render::{account, left_out, messages},
    signals::Interrupt,
    threads::Workers,
    tracked::Tracked,
};

/// Records of a tree, and what is missing from them.
pub(crate) struct Found {
    pub(crate) records: Vec<Record>,
    pub(crate) errors: Vec<AnalyzerError>,
    /// What of the tree was not read.
    pub(crate) not_read: Vec<NotRead>,
}

/// Analyzes the tree and builds its records. Each analyzer error is a line on stderr, and so is what was not read.
pub(crate) fn find_records(
    plan: &SourcePlan,
    accounts: &mut Accounts,
    interrupt: &Interrupt,
) -> Result<Found, Failure> {
    let workers = Workers::new(plan.threads);
    let config = fingerprint::analyze_config(plan);
    let input = StageInput { stage: Stage::Analyze, config, fingerprint: None, rows_in: None };
    let (analysis, analyzed) = accounts.run_stage_with_tracking(input, |report| {
        let analysis = workers.run(|| cds_analyzer::analyze(&plan.tree, &plan.options, &|| interrupt.is_raised()));
        interrupt.check()?;
        report.fingerprint =
            report.code_ref().map(|code_ref| fingerprint::analyze_input(&analysis.inputs, code_ref, config));
        report.rows_in = Some(analysis.inputs.len() as u64);
        report.rows_out = Some(analysis.files.iter().map(|file| file.symbols.len() as u64).sum());
        report.missing =
            missing(analysis.errors.len(), "analyzer error", analysis.errors.first().map(|error| &*error.reason));
        Ok((analysis, report.fingerprint))
    })?;
    analysis.errors.iter().for_each(messages::analyzer_error);
    left_out::note(&analysis.not_read);
    if analysis.files.is_empty() {
        messages::warning(&left_out::why_nothing(plan.tree.root(), &analysis.not_read));
    }
    if let Some(telemetry) = accounts.telemetry() {
        analysis.errors.iter().for_each(|error| _ = telemetry.record(telemetry::analyzer_error(error)));
    }
    let config = fingerprint::build_config();
    let fingerprint = analyzed.map(|analyzed| fingerprint::build_input(analyzed, config));
    let rows_in = Some(analysis.files.iter().map(|file| file.symbols.len() as u64).sum());
    let input = StageInput { stage: Stage::Build, config, fingerprint, rows_in };
    accounts.run_stage_with_tracking(input, |report| {
        let records = workers.run(|| cds_model_builder::build(analysis.files));
        interrupt.check()?;
        report.rows_out = Some(records.len() as u64);
        Ok(Found { records, errors: analysis.errors, not_read: analysis.not_read })
    })
}

/// Fills in the intents; progress and costs go to stderr.
pub(crate) fn enrich(
    plan: &IntentPlan,
    records: &mut [Record],
    preflight: Preflight,
    store: &mut dyn AnswerStore,
    accounts: &mut Accounts,
    interrupt: &Interrupt,
) -> Result<Enrichment, Failure> {
    let config = fingerprint::enrich_config(plan, &preflight);
    let fingerprint = accounts.id().map(|_| fingerprint::enrich_input(records, config));
    let input = StageInput { stage: Stage::Enrich, config, fingerprint, rows_in: Some(records.len() as u64) };
    let has_checkpoint = accounts.has_checkpoint(&input);
    // Whom nobody pays is not called.
    let telemetry = accounts.telemetry().filter(|_| plan.client.is_paid());
    let answered = accounts.answered();
    accounts.run_stage_with_tracking(input, |report| {
        let mut console = ConsoleObserver::new(preflight.unavailable.as_deref(), plan.has_sparse_progress);
        let mut observer = TelemetryObserver::new(&mut console, telemetry, answered);
        let enricher = IntentEnricher::new(plan.client.as_ref(), plan.options);
        let context = EnrichContext { preflight, store, observer: &mut observer, stop: interrupt.stop_signal() };
        let mut enrichment = plan.runtime.block_on(enricher.enrich(records, context));
        drop(console);
        if !plan.client.is_paid() {
            // Nobody else was asked.
            enrichment.account = EnrichmentAccount { asked_count: 0, call_count: 0, ..enrichment.account };
        }
        let account = &enrichment.account;
        account::show(account, &enrichment.failures);
        refuse_without_answers(plan, &enrichment)?;
        report.llm_calls = Some(account.call_count as u64);
        report.tokens = sum(account.prompt_tokens, account.answer_tokens);
        interrupt.check()?;
        // All of it was answered before, for the same code and settings.
        if has_checkpoint && account.reused_count == account.selected_count {
            report.source = StageSource::Checkpoint;
        }
        report.rows_out = Some((account.selected_count - account.failed_count) as u64);
        let reason = enrichment.failures.first().map(|group| &*group.reason);
        report.missing = missing(account.failed_count, "failed intent", reason);
        Ok(enrichment)
    })
}

/// A provider that is required has to answer: where it refused every question, nothing is written.
fn refuse_without_answers(plan: &IntentPlan, enrichment: &Enrichment) -> Result<(), Failure> {
    let Ending::GaveUp { reason } = &enrichment.ending else { return Ok(()) };
    let has_answer = enrichment.account.failed_count < enrichment.account.selected_count;
    if !plan.requires_provider || has_answer {
        return Ok(());
    }
    let failure = Failure::failed(anyhow::anyhow!("ask for intents: no question was answered: {reason}"));
    Err(failure.with_hint("mend that, or leave --require-provider out to save the snapshot without intents"))
}

/// Writes the snapshot, and with it the end of its accounts, which names the `shortfall` of what was asked for.
pub(crate) fn persist(
    snapshot: &mut RunSnapshot,
    shortfall: Option<&str>,
    tracked: &mut Tracked,
    interrupt: &Interrupt,
) -> Result<SavedRun, Failure> {
    let (accounts, database) = tracked.parts();
    let (database, lock) = database.context("write a snapshot without a database").map_err(Failure::failed)?;
    let config = fingerprint::persist_config(Path::new(&snapshot.settings.root_path));
    let rows = Some(snapshot.records.len() as u64);
    let input = StageInput { stage: Stage::Persist, config, fingerprint: None, rows_in: rows };
    accounts.settle();
    let turn = accounts.turn();
    let mut saved = accounts.run_stage_with_tracking(input, |report| {
        report.rows_out = rows;
        snapshot.account = report.end_of_run(config, shortfall);
        let saved = turn.take(|| {
            lock.check(interrupt)?;
            // A signal that comes while the snapshot is written no longer ends it; the loss of the lock does.
            let saved = database.save_if(snapshot, &|| lock.is_held(interrupt));
            saved.map_err(|error| match error {
                Error::Withdrawn { .. } | Error::Stopped { .. } => interrupt.failure(),
                error => database_failure(error),
            })
        })?;
        // Where its account was refused, it is written alone.
        report.fingerprint = saved.proof.map(|proof| snapshot.input_fingerprint(config, proof.snapshot_root));
        if saved.warnings.iter().any(|warning| matches!(warning, Error::Account { .. })) {
            report.was_refused(saved.run_id.0, saved.status.into(), shortfall);
        }
        Ok(saved)
    })?;
    for warning in std::mem::take(&mut saved.warnings) {
        if let Error::Account { .. } = warning {
            accounts.warn_once(warning);
            continue;
        }
        if let Error::Doubtful { what, .. } = &warning {
            messages::grave_warning(
                &format!("the proof of the snapshots before was changed by somebody else: {what}"),
                "cds verify says what was altered",
            );
            continue;
        }
        messages::warning(&format!("the snapshot is safe, but cds failed to {:#}", anyhow::Error::new(warning)));
    }
    Ok(saved)
}

/// What a stage did not come to, with the first or most frequent reason.
fn missing(count: usize, what: &str, reason: Option<&str>) -> Option<String> {
    let reason = reason.unwrap_or("no reason is known");
    match count {
        0 => None,
        1 => Some(format!("1 {what}: {reason}")),
        _ => Some(format!("{count} {what}s, among them: {reason}")),
    }
}

/// What is known of two sums together; nothing where neither is known.
fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.map_or(other, |one| Some(one.saturating_add(other.unwrap_or(0))))
}

/// The time of day.
pub(crate) fn now() -> Timestamp {
    ago(Duration::ZERO)
}

/// The moment that lies so long before now.
pub(crate) fn ago(duration: Duration) -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let moment = since_epoch.saturating_sub(duration).as_millis();
    Timestamp::from_unix_milliseconds(i64::try_from(moment).unwrap_or(i64::MAX))
}

/// The moment that lies so long after now.
pub(crate) fn in_future(duration: Duration) -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let moment = since_epoch.saturating_add(duration).as_millis();
    Timestamp::from_unix_milliseconds(i64::try_from(moment).unwrap_or(i64::MAX))
}

/// A seed for the jitter of waits, another one in each process.
pub(crate) fn seed() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_secs() ^ u64::from(since_epoch.subsec_nanos()) << 32 ^ u64::from(std::process::id())
}
