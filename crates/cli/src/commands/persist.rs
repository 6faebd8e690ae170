//! `cds persist`: a snapshot of a tree, written into a database.

use std::path::Path;

use cds_model::{HistoryContext, LedgerId, Transition};
use cds_persistence::SavedRun;
use cds_pipeline::{
    Ending, Predecessor,
    preflight::{self, Probed},
    snapshot::{self, SnapshotPlan, Taken},
};
use cds_terminal::fields::Fields;
use clap::Args;

use super::dry_run::{self, SummaryFormat};
use crate::{
    app::App,
    arguments::{
        AskingArguments, HistoryArguments, IntentPlan, SourceArguments, SourcePlan, TrackingArguments, shown_layout,
        write_object,
    },
    clock,
    failure::Failure,
    growth::{self, Growth},
    output::Output,
    provenance::part_name,
    render::{account, left_out, messages::Console},
    tracking::Tracking,
};

/// Save a snapshot of a tree in a database: records, fingerprints and intents
#[derive(Debug, Args)]
#[command(mut_arg("layout", shown_layout))]
pub(crate) struct PersistArguments {
    #[command(flatten)]
    source: SourceArguments,

    #[command(flatten)]
    tracking: TrackingArguments,

    #[command(flatten)]
    history: HistoryArguments,

    #[command(flatten)]
    asking: AskingArguments,

    /// Exit with 1 if fewer than this percentage of the records in scope have an intent; the snapshot is saved anyway
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent, allow_negative_numbers = true, env = "CDS_MIN_INTENTS", help_heading = "Gate options")]
    min_intents: Option<f64>,

    /// Ask for every intent again instead of using saved answers
    #[arg(long, help_heading = "Intent options")]
    refresh_intents: bool,

    /// Save a snapshot without records even if the last one had some; the history then shows all of them as removed
    #[arg(long)]
    allow_empty: bool,

    /// Show what a snapshot would cost, without asking the model and without writing
    #[arg(long)]
    dry_run: bool,

    /// Output format of the summary
    #[arg(long, value_enum, default_value_t = SummaryFormat::Table, env = "CDS_SUMMARY_FORMAT", help_heading = "Output options")]
    format: SummaryFormat,
}

impl PersistArguments {
    /// Whose history the snapshot goes on with.
    fn history(&self, source: &SourcePlan, tracking: &Tracking<'_>) -> HistoryContext {
        let (actor, reasoning) = self.history.plan(&tracking.authorship());
        HistoryContext {
            project: tracking.project().to_owned(),
            part: part_name(source.tree.root()),
            actor,
            reasoning,
            changed_at: None,
        }
    }
}

pub(super) fn run(arguments: &PersistArguments, app: &App) -> Result<(), Failure> {
    let started_at = clock::now();
    let database = arguments.tracking.database.plan()?;
    let source = arguments.source.plan()?.without(&database.path).reusing(Some(&database));
    let intents = arguments.asking.plan(clock::seed(), arguments.refresh_intents, app.console)?;
    if arguments.dry_run {
        let (project, part) = (arguments.tracking.account.project(&source), part_name(source.tree.root()));
        let of = Predecessor { project: &project, part: &part, root: source.tree.root() };
        return dry_run::run(&source, &intents, (&database, &of), arguments.format, app);
    }
    let tracking = Tracking::new(&arguments.tracking, "persist", &database, &source, Some(&intents));
    // A required provider is checked first, so that no command waits for the lock in vain.
    let required = intents.asked().filter(|plan| plan.requires_provider);
    let probed = required.map(|plan| probe(plan, &tracking, app)).transpose()?;
    let bytes_before = growth::size(&database.path);
    let mut session = tracking.open(app)?;
    let plan = SnapshotPlan {
        source: &source,
        intents: &intents,
        history: arguments.history(&source, &tracking),
        started_at,
        may_be_empty: arguments.allow_empty,
        min_intents: arguments.min_intents,
    };
    let outcome = snapshot::take(plan, probed, &mut session);
    let ledger_id = session.id();
    session.close(&outcome.as_ref().err().map_or_else(Ending::completed, Ending::of));
    let taken = outcome?;
    note_proof(&taken.saved, app.console);
    let growth = Growth::since(bytes_before, &database.path);
    show(&taken, ledger_id, &database.path, growth, arguments.format);
    growth::suggest_compact(&database, app.console);
    match taken.shortfall {
        None => Ok(()),
        Some(shortfall) => {
            let (run, is_empty) = (taken.saved.run_id, taken.saved.record_count == 0);
            let hint =
                if is_empty { "check --path".to_owned() } else { format!("cds runs show {run} has the reasons") };
            Err(Failure::gate(shortfall.to_string()).with_hint(format!("run {run} is saved; {hint}")))
        }
    }
}

/// Looks at the provider, and writes down that a run ended before it began where that cannot be asked.
fn probe(intents: &IntentPlan, tracking: &Tracking<'_>, app: &App) -> Result<Probed, Failure> {
    let probed = preflight::probe(intents, &app.context).inspect_err(|error| {
        if !app.is_interrupted() {
            tracking.note_failed_start(error, app);
        }
    });
    Ok(probed?)
}

/// `90`, `99.5` or `90%`.
fn parse_percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end().parse::<f64>().ok();
    let number = number.filter(|percent| (0.0..=100.0).contains(percent));
    number.ok_or_else(|| "accepted are the percentages from 0 to 100".to_owned())
}

/// A log that keeps these lines holds outside of the file what proves that the file is still as it was written.
fn note_proof(saved: &SavedRun, console: Console) {
    let Some(proof) = &saved.proof else { return };
    let mut line = Fields::new("history").field("run_id", saved.run_id);
    for transition in Transition::ALL {
        line = line.field(transition.as_str(), proof.transitions.of(transition));
    }
    console.note(&line.finish());
    let line = Fields::new("proof").field("run_id", saved.run_id).field("snapshot_root", proof.snapshot_root);
    console.note(&line.field("chain_head", proof.chain_head).finish());
}

fn show(taken: &Taken, ledger_id: Option<LedgerId>, path: &Path, growth: Growth, format: SummaryFormat) {
    let Taken { saved, enrichment, files, not_read, .. } = taken;
    let db_path = path.to_string_lossy();
    Output::Stdout.report(&format!("run {} is saved", saved.run_id), |writer| match format {
        SummaryFormat::Table => {
            let line = Fields::new("persisted")
                .field("run_id", saved.run_id)
                .field("db_path", &db_path)
                .field("record_count", saved.record_count)
                .field("intent_failed_count", saved.intent_failed_count)
                .field("analyzer_error_count", saved.analyzer_error_count)
                .field("status", saved.status)
                .field("database_bytes", growth.bytes)
                .field("added_bytes", growth.added);
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
                "database_bytes": growth.bytes,
                "added_bytes": growth.added,
                "ledger_id": ledger_id.map(|id| id.to_string()),
                "snapshot_root": saved.proof.map(|proof| proof.snapshot_root.to_string()),
                "chain_head": saved.proof.map(|proof| proof.chain_head.to_string()),
                "files": {
                    "read": files.read, "reused": files.reused, "shared": files.shared, "parsed": files.parsed,
                },
                "intents": account::json(&enrichment.account, enrichment.left),
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
    fn percentage_is_a_number_to_a_hundred() {
        for (text, expected) in [("0", 0.0), ("90", 90.0), ("99.5%", 99.5), ("100 %", 100.0)] {
            assert!((parse_percent(text).unwrap() - expected).abs() < 1e-12, "{text}");
        }
        for wrong in ["", "%", "-1", "101", "NaN", "inf", "all", "5%%"] {
            assert!(parse_percent(wrong).is_err(), "{wrong}");
        }
    }
}
