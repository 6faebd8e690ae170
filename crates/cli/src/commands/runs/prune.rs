//! `cds runs prune`: room for new snapshots.

use std::{
    io::{self, Write},
    time::Duration,
};

use cds_model::Fingerprint;
use cds_persistence::{KeepRule, PruneVerdict, SqlitePersistence, SqliteReader};
use clap::Args;
use serde_json::{Value, json};

use super::{facts, no_run_yet};
use cds_terminal::{
    fields::Fields,
    grid::{Cell, Column, Grid, Saving},
    screen::Screen,
    style::Tone,
};

use crate::{
    app::App,
    arguments::{DatabaseArguments, DatabasePlan, LockArguments, ResultFormat, parse_duration},
    clock,
    commands::damage,
    commands::warn_of_closing,
    failure::{Failure, database_failure},
    output::Output,
};

/// Remove old snapshots; the newest one and the rows of the ledger are always kept
///
/// A snapshot is kept if any rule keeps it. The telemetry of a run without a snapshot is removed if the run is older than
/// every snapshot that is kept.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("rule").required(true).multiple(true).args(["keep_last", "keep_daily", "older_than"]))]
pub(super) struct PruneArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    lock: LockArguments,

    /// Keep the latest N snapshots of each part of each project
    #[arg(long, help_heading = "Filter options", value_name = "N", value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    keep_last: Option<u32>,

    /// Keep the last snapshot of each of the latest N days (UTC) with snapshots, for each part of each project
    #[arg(long, help_heading = "Filter options", value_name = "N", value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    keep_daily: Option<u32>,

    /// Remove snapshots that began longer ago than this, for example 90d, and keep younger ones
    #[arg(long, help_heading = "Filter options", value_name = "TIME", value_parser = parse_duration)]
    older_than: Option<Duration>,

    /// Show what would be removed, without removing it
    #[arg(long, help_heading = None)]
    dry_run: bool,

    /// Shrink the database file afterwards; needs as much free space as the rest of the database, on its disk and in the
    /// temporary folder
    #[arg(long, help_heading = None, alias = "compact")]
    vacuum: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

const COLUMNS: &[Column] = &[
    Column::text(""),
    Column::number("ID"),
    Column::text("PROJECT"),
    Column::text("STARTED"),
    Column::number("RECORDS"),
    Column::text("WHY"),
];

const SAVINGS: &[Saving] = &[
    Saving::Shorten("STARTED"),
    Saving::Cut("PROJECT", 16),
    Saving::Cut("WHY", 24),
    Saving::Shorten("STARTED"),
    Saving::Drop("RECORDS"),
    Saving::Cut("PROJECT", 8),
    Saving::Cut("WHY", 12),
    Saving::Drop("STARTED"),
    Saving::Drop("PROJECT"),
];

/// What was done, or would be.
struct Outcome {
    verdicts: Vec<PruneVerdict>,
    /// What the chain ends with now, where it was written.
    chain_head: Option<Fingerprint>,
    is_dry: bool,
    /// Bytes of the file before and after it was rebuilt.
    sizes: Option<(u64, u64)>,
    /// Why it was not rebuilt, though it was to be.
    failure: Option<Failure>,
}

/// What is left to do when the file cannot be rebuilt.
const AFTER_PRUNING: &str = "the snapshots are removed for good; to give back their room, run the command again with \
                             --vacuum when no program reads the database, and with free space on its disk and in the \
                             temporary folder";

pub(super) fn run(arguments: &PruneArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let rules = arguments.rules();
    let outcome = if arguments.dry_run {
        let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
        damage::warn(&reader, app.console);
        Outcome {
            verdicts: reader.plan_prune(&rules).map_err(database_failure)?,
            chain_head: None,
            is_dry: true,
            sizes: None,
            failure: None,
        }
    } else {
        arguments.prune(&plan, &rules, app)?
    };
    let render = |writer: &mut dyn Write| {
        arguments.format.write(writer, || json(&outcome), |writer, screen| write(writer, &outcome, &plan, screen))
    };
    if outcome.is_dry {
        Output::Stdout.write(render)?;
    } else {
        Output::Stdout.report("the snapshots are pruned", render);
    }
    outcome.failure.map_or(Ok(()), Err)
}

impl PruneArguments {
    fn rules(&self) -> Vec<KeepRule> {
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let last = self.keep_last.map(|last| KeepRule::Last(count(last)));
        let daily = self.keep_daily.map(|days| KeepRule::Daily(count(days)));
        let since = self.older_than.map(|age| KeepRule::Since(clock::ago(age)));
        [last, daily, since].into_iter().flatten().collect()
    }

    fn prune(&self, plan: &DatabasePlan, rules: &[KeepRule], app: &App) -> Result<Outcome, Failure> {
        let lock = app.begin_upkeep(plan, &self.lock, "runs prune")?;
        // To open it for writing would make tables in a file that holds nothing.
        let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
        if reader.is_blank().map_err(database_failure)? {
            return Ok(Outcome { verdicts: Vec::new(), chain_head: None, is_dry: false, sizes: None, failure: None });
        }
        drop(reader);
        let mut database = SqlitePersistence::open(&plan.path, &plan.options).map_err(database_failure)?;
        lock.check()?;
        let pruned = database.prune_runs(rules, clock::now()).map_err(database_failure)?;
        // From here on the snapshots are removed; what fails now must not hide that.
        let vacuum = || {
            lock.check()?;
            database.vacuum().map_err(database_failure)
        };
        let (sizes, failure) = match self.vacuum.then(vacuum).transpose() {
            Ok(sizes) => (sizes, None),
            Err(failure) => {
                let failure = failure.within("rebuild the file after the pruning, which is done");
                (None, Some(failure.with_hint(AFTER_PRUNING)))
            }
        };
        warn_of_closing(database.close(), app.console);
        Ok(Outcome { verdicts: pruned.verdicts, chain_head: pruned.chain_head, is_dry: false, sizes, failure })
    }
}

fn json(outcome: &Outcome) -> Value {
    let kept_count = outcome.verdicts.iter().filter(|verdict| verdict.is_kept).count();
    json!({
        "dry_run": outcome.is_dry,
        "removed_count": outcome.verdicts.len() - kept_count,
        "kept_count": kept_count,
        "chain_head": outcome.chain_head.map(|head| head.to_string()),
        "bytes_before": outcome.sizes.map(|(before, _)| before),
        "bytes_after": outcome.sizes.map(|(_, after)| after),
        "snapshots": outcome.verdicts,
    })
}

fn write(writer: &mut dyn Write, outcome: &Outcome, plan: &DatabasePlan, screen: &Screen) -> io::Result<()> {
    if outcome.verdicts.is_empty() {
        return writeln!(writer, "there is no snapshot to remove; {}", no_run_yet(plan));
    }
    let mut grid = Grid::new(COLUMNS, SAVINGS);
    for verdict in &outcome.verdicts {
        let word = if verdict.is_kept { Cell::new("keep") } else { Cell::new("remove").tone(Tone::Warning) };
        grid.push([
            word,
            Cell::of(Some(verdict.run_id)),
            Cell::new(&verdict.project),
            facts::time_cell(&verdict.started_at, screen),
            Cell::of(Some(verdict.record_count)),
            Cell::new(&verdict.reason),
        ]);
    }
    grid.write(writer, screen, 0)?;
    let removed = outcome.verdicts.iter().filter(|verdict| !verdict.is_kept);
    let (count, records) = removed
        .fold((0_usize, 0_u64), |(count, records), verdict| (count + 1, records.saturating_add(verdict.record_count)));
    let mut line = Fields::new(if outcome.is_dry { "would_prune" } else { "pruned" })
        .field("snapshots", count)
        .field("records", records)
        .field("kept", outcome.verdicts.len() - count);
    if let Some((before, after)) = outcome.sizes {
        line = line.field("bytes_before", before).field("bytes_after", after);
    }
    if let Some(head) = outcome.chain_head {
        line = line.field("chain_head", head);
    }
    writeln!(writer, "{}", line.finish())
}

#[cfg(test)]
mod tests {
    use cds_persistence::{OpenOptions, RunId};

    use super::{super::samples, *};

    fn outcome(text: &str) -> Outcome {
        let verdict = |id, is_kept, reason: &str| PruneVerdict {
            run_id: RunId(id),
            ledger_id: None,
            project: text.to_owned(),
            part: String::new(),
            started_at: "2026-11-20T22:15:00.120Z".to_owned(),
            record_count: 59,
            is_kept,
            reason: reason.to_owned(),
        };
        let verdicts = vec![
            verdict(9, true, "the last of project shop"),
            verdict(8, false, "no rule keeps it"),
            verdict(7, false, text),
        ];
        Outcome { verdicts, chain_head: None, is_dry: false, sizes: Some((40_960, 8_192)), failure: None }
    }

    fn shown(outcome: &Outcome, width: usize) -> String {
        let plan = DatabasePlan { path: "cds.sqlite".into(), options: OpenOptions::default() };
        let mut output = Vec::new();
        write(&mut output, outcome, &plan, &samples::screen(width)).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_looks_as_reviewed() {
        insta::assert_snapshot!("prune_80", shown(&outcome("shop"), 80));
    }

    #[test]
    fn rows_fit_the_terminal() {
        for width in 40..200 {
            let text = shown(&outcome(samples::HOSTILE), width);
            // The last line is for programs, and never cut.
            let (rows, _) = text.trim_end().rsplit_once('\n').unwrap();
            samples::assert_is_safe(rows, width);
        }
    }

    #[test]
    fn json_counts_what_stays() {
        let object = json(&outcome("shop"));
        assert_eq!((&object["removed_count"], &object["kept_count"]), (&json!(2), &json!(1)));
        assert_eq!(object["snapshots"][0]["is_kept"], json!(true));
    }
}
