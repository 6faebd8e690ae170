//! `cds persist`: a snapshot of a tree, written into a database.

use std::path::Path;

use anyhow::anyhow;
use cds_llm_client::{EnrichOptions, Enrichment};
use cds_model::{
    EnrichmentAccount, HistoryContext, LedgerId, NotRead, RunSettings, RunSnapshot, Timestamp, Transition,
};
use cds_persistence::SavedRun;
use clap::{Args, ValueEnum};

use super::dry_run;
use cds_terminal::fields::Fields;

use crate::{
    arguments::{
        DatabasePlan, HistoryArguments, IntentArguments, IntentPlan, SourceArguments, SourcePlan, TrackingArguments,
        write_object,
    },
    failure::{Failure, database_failure},
    output::Output,
    preflight::{self, Probed},
    provenance::{Authorship, part_name},
    render::{account, left_out, messages},
    signals::Interrupt,
    stages::{self, Found},
    tracked::Tracked,
};

/// Snapshot a tree into a database: records, fingerprints and intents, in one transaction
#[derive(Debug, Args)]
pub(crate) struct PersistArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    tracking: TrackingArguments,

    #[command(flatten)]
    history: HistoryArguments,

    #[command(flatten)]
    intents: IntentArguments,

    /// Exit with 1 if fewer than this percentage of the records in scope have an intent; the run is saved all the same
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent, allow_negative_numbers = true, env = "CDS_MIN_INTENTS")]
    min_intents: Option<f64>,

    /// Ask for every intent anew, also where an answer is kept
    #[arg(long)]
    refresh_intents: bool,

    /// Write a snapshot without records also where the project had some: the history then removes all of them
    #[arg(long)]
    allow_empty: bool,

    /// Say what a snapshot would take, ask no question and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Output format of the summary
    #[arg(long, value_enum, default_value_t = SummaryFormat::Table, env = "CDS_SUMMARY_FORMAT")]
    format: SummaryFormat,
}

/// The forms of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SummaryFormat {
    /// One line of key=value pairs
    #[value(alias = "text")]
    Table,
    /// One JSON object
    Json,
}

impl PersistArguments {
    /// Whose history the snapshot goes on with.
    fn history(&self, source: &SourcePlan, authorship: &Authorship) -> HistoryContext {
        let project = self.tracking.account.plan(source).project;
        let (actor, reasoning) = self.history.plan(authorship);
        HistoryContext { project, part: part_name(source.tree.root()), actor, reasoning }
    }
}

pub(super) fn run(arguments: &PersistArguments, interrupt: &Interrupt) -> Result<(), Failure> {
    let started_at = stages::now();
    let database = arguments.tracking.database.plan()?;
    let source = arguments.source.plan()?.without(&database.path);
    let mut intents = arguments.intents.plan(stages::seed())?;
    intents.options = EnrichOptions { refresh: arguments.refresh_intents, ..intents.options };
    if arguments.dry_run {
        return dry_run::run(&source, &intents, &database, arguments.format, interrupt);
    }
    // A provider that is required is looked at first: nobody waits for the lock in vain.
    let early =
        intents.requires_provider.then(|| probe(arguments, &database, &source, &intents, interrupt)).transpose()?;
    let mut tracked = Tracked::open(&database, &arguments.tracking, "persist", &source, Some(&intents), interrupt)?;
    let history = arguments.history(&source, tracked.authorship());
    let outcome = snapshot(arguments, (&source, &intents), early, (started_at, history), &mut tracked, interrupt);
    let ledger_id = tracked.accounts().id();
    tracked.close(outcome.as_ref().err());
    let Outcome { saved, enrichment, not_read, shortfall } = outcome?;
    note_proof(&saved);
    show(&saved, (&enrichment, &not_read), ledger_id, &database.path, arguments.format);
    match shortfall {
        None => Ok(()),
        Some(shortfall) => {
            let (run, is_empty) = (saved.run_id, saved.record_count == 0);
            let hint =
                if is_empty { "check --path".to_owned() } else { format!("cds runs show {run} has the reasons") };
            Err(Failure::gate(shortfall).with_hint(format!("run {run} is saved; {hint}")))
        }
    }
}

/// Looks at the provider, and writes down that a run ended before it began where that cannot be asked.
fn probe(
    arguments: &PersistArguments,
    database: &DatabasePlan,
    source: &SourcePlan,
    intents: &IntentPlan,
    interrupt: &Interrupt,
) -> Result<Probed, Failure> {
    preflight::probe(intents, interrupt).inspect_err(|failure| {
        if !interrupt.is_raised() {
            Tracked::note_failed_start(database, &arguments.tracking, "persist", source, intents, failure);
        }
    })
}

/// What a snapshot came to.
struct Outcome {
    saved: SavedRun,
    enrichment: Enrichment,
    not_read: Vec<NotRead>,
    shortfall: Option<String>,
}

/// Every stage, one after the other.
fn snapshot(
    arguments: &PersistArguments,
    (source, intents): (&SourcePlan, &IntentPlan),
    early: Option<Probed>,
    (started_at, history): (Timestamp, HistoryContext),
    tracked: &mut Tracked,
    interrupt: &Interrupt,
) -> Result<Outcome, Failure> {
    let probed = early.map_or_else(|| preflight::probe(intents, interrupt), Ok)?;
    let preflight = probed.into_preflight(|| tracked.latest_digest(intents.client.model()));
    let mut found = stages::find_records(source, tracked.accounts(), interrupt)?;
    if !arguments.allow_empty {
        refuse_nothing(&found, source.tree.root(), &history.project, tracked)?;
    }
    let (accounts, mut answers) = tracked.accounts_and_answers();
    let enrichment = stages::enrich(intents, &mut found.records, preflight, &mut answers, accounts, interrupt)?;
    let mut snapshot = RunSnapshot {
        started_at,
        finished_at: stages::now(),
        settings: settings(source, intents),
        records: found.records,
        errors: found.errors,
        not_read: found.not_read,
        enrichment: intents.client.is_paid().then_some(enrichment.account),
        account: None,
        history: Some(history),
    };
    // From here on the snapshot is written; only a second signal ends that.
    let is_empty = snapshot.records.is_empty();
    let shortfall = arguments.min_intents.and_then(|least| shortfall(least, is_empty, &enrichment.account));
    let saved = stages::persist(&mut snapshot, shortfall.as_deref(), tracked, interrupt)?;
    Ok(Outcome { saved, enrichment, not_read: snapshot.not_read, shortfall })
}

/// That fewer records than `least` percent of those in scope have an intent; none where enough have, or none is in scope.
/// A run without any record meets no gate.
fn shortfall(least: f64, is_empty: bool, account: &EnrichmentAccount) -> Option<String> {
    if is_empty && least > 0.0 {
        return Some(format!("--min-intents {least}: the run has no records"));
    }
    let (all, have) = (account.selected_count, account.selected_count.saturating_sub(account.failed_count));
    #[expect(clippy::cast_precision_loss, reason = "no tree has 2^53 records")]
    let is_met = 100.0 * have as f64 >= least * all as f64;
    (!is_met).then(|| format!("--min-intents {least}: only {have} of {all} records in scope have an intent"))
}

/// `90`, `99.5` or `90%`.
fn parse_percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end().parse::<f64>().ok();
    let number = number.filter(|percent| (0.0..=100.0).contains(percent));
    number.ok_or_else(|| "accepted are the percentages from 0 to 100".to_owned())
}

/// A tree without records over a project that has some is more often a checkout that failed than a project that ended.
fn refuse_nothing(found: &Found, root: &Path, project: &str, tracked: &mut Tracked) -> Result<(), Failure> {
    let (_, database) = tracked.parts();
    let Some((database, _)) = database.filter(|_| found.records.is_empty()) else { return Ok(()) };
    if !database.has_definitions_of(project, &root.to_string_lossy()).map_err(database_failure)? {
        return Ok(());
    }
    let why = left_out::why_nothing(root, &found.not_read);
    Err(Failure::failed(anyhow!("persist a snapshot without records: project {project} has some, and {why}"))
        .with_hint(
            "check --path; with --allow-empty it is written all the same, and the history removes every definition",
        ))
}

/// A log that keeps these lines holds outside of the file what proves that the file is still as it was written.
fn note_proof(saved: &SavedRun) {
    let Some(proof) = &saved.proof else { return };
    let mut line = Fields::new("history").field("run_id", saved.run_id);
    for transition in Transition::ALL {
        line = line.field(transition.as_str(), proof.transitions.of(transition));
    }
    messages::note(&line.finish());
    let line = Fields::new("proof").field("run_id", saved.run_id).field("snapshot_root", proof.snapshot_root);
    messages::note(&line.field("chain_head", proof.chain_head).finish());
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

fn show(
    saved: &SavedRun,
    (enrichment, not_read): (&Enrichment, &[NotRead]),
    ledger_id: Option<LedgerId>,
    path: &Path,
    format: SummaryFormat,
) {
    let db_path = path.to_string_lossy();
    Output::Stdout.report(&format!("run {} is saved", saved.run_id), |writer| match format {
        SummaryFormat::Table => {
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
                "ledger_id": ledger_id.map(|id| id.to_string()),
                "snapshot_root": saved.proof.map(|proof| proof.snapshot_root.to_string()),
                "chain_head": saved.proof.map(|proof| proof.chain_head.to_string()),
                "intents": account::json(&enrichment.account),
                "not_read": left_out::json(not_read),
            });
            write_object(writer, object)
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_share_of_intents_is_exact_at_its_bounds() {
        let of = |least: f64, selected_count, failed_count| {
            let account = EnrichmentAccount { selected_count, failed_count, ..EnrichmentAccount::default() };
            shortfall(least, false, &account)
        };
        for (least, selected, failed) in [(100.0, 3, 0), (0.0, 3, 3), (50.0, 2, 1), (90.0, 10, 1), (100.0, 0, 0)] {
            assert_eq!(of(least, selected, failed), None, "{least} {selected} {failed}");
        }
        let expected = "--min-intents 99.5: only 199 of 201 records in scope have an intent";
        assert_eq!(of(99.5, 201, 2).as_deref(), Some(expected));
        let without_records = |least| shortfall(least, true, &EnrichmentAccount::default());
        assert!(without_records(0.1).is_some() && without_records(0.0).is_none());
        assert!(of(0.1, 3, 3).is_some() && of(100.0, 1_000_000, 1).is_some());
    }

    #[test]
    fn percentage_is_a_number_to_a_hundred() {
        for (text, expected) in [("0", 0.0), ("90", 90.0), ("99.5%", 99.5), ("100 %", 100.0)] {
            assert!((parse_percent(text).unwrap() - expected).abs() < 1e-12, "{text}");
        }
        for wrong in ["", "%", "-1", "101", "NaN", "inf", "all", "5%%"] {
            assert!(parse_percent(wrong).is_err(), "{wrong}");
        }
    }
}
