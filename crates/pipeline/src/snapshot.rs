//! A snapshot of a tree: every stage, one after the other.

use std::{fmt, num::NonZeroU32};

use cds_llm_client::{Enrichment, Preflight};
use cds_model::{EnrichmentAccount, HistoryContext, NotRead, Record, RunSettings, RunSnapshot, Timestamp};
use cds_persistence::SavedRun;

use crate::{
    Error, FileCounts, Intents, Predecessor, Session, SourcePlan,
    preflight::{self, Probed},
    stages::{self, Found},
};

/// What a snapshot is taken of, and what it must hold.
pub struct SnapshotPlan<'a> {
    /// The tree.
    pub source: &'a SourcePlan,
    /// Where the intents come from.
    pub intents: &'a Intents,
    /// Whose history the snapshot goes on with.
    pub history: HistoryContext,
    /// When the invocation began.
    pub started_at: Timestamp,
    /// Whether a tree without records may follow on one with records: the history then removes all of them.
    pub may_be_empty: bool,
    /// The percentage of the records in scope that must have an intent; the snapshot is saved all the same.
    pub min_intents: Option<f64>,
}

/// A snapshot that was taken.
#[derive(Debug)]
pub struct Taken {
    /// What was written.
    pub saved: SavedRun,
    /// What the intents cost, and which failed.
    pub enrichment: Enrichment,
    /// Where the records come from.
    pub files: FileCounts,
    /// What of the tree was not read.
    pub not_read: Vec<NotRead>,
    /// What the snapshot lacks of what was asked for.
    pub shortfall: Option<Shortfall>,
}

/// Fewer intents than were asked for; shown as the gate that failed, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shortfall {
    /// The percentage that was asked for.
    pub least: f64,
    /// Records in scope, and those of them that have an intent; absent if the run has no records at all.
    pub counts: Option<(usize, usize)>,
}

/// Takes the snapshot. A provider that was `probed` already is not looked at again.
///
/// # Errors
///
/// No snapshot was written; answers up to then are kept.
pub fn take(plan: SnapshotPlan<'_>, probed: Option<Probed>, session: &mut Session) -> Result<Taken, Error> {
    let SnapshotPlan { source, intents, history, started_at, may_be_empty, min_intents } = plan;
    let of = Predecessor { project: &history.project, part: &history.part, root: source.tree.root() };
    let preflight = intents.asked().map(|plan| preflight::into_preflight(plan, probed, session)).transpose()?;
    let mut found = stages::find_records(source, session)?;
    if !may_be_empty {
        refuse_nothing(&found, source, &history.project, session)?;
    }
    let (enrichment, settings) = enrich(intents, preflight, &mut found.records, &of, session)?;
    let files = found.files;
    let mut snapshot = RunSnapshot {
        started_at,
        finished_at: session.context().process.now(),
        settings,
        records: found.records,
        errors: found.errors,
        not_read: found.not_read,
        source_files: found.source_files,
        enrichment: intents.asked().filter(|plan| plan.client.is_paid()).map(|_| enrichment.account),
        account: None,
        history: Some(history),
    };
    // From here on the snapshot is written; only a second signal ends that.
    let is_empty = snapshot.records.is_empty();
    let counts = intent_counts(intents, &enrichment.account);
    let shortfall = min_intents.and_then(|least| shortfall(least, is_empty, counts));
    let reason = shortfall.map(|shortfall| shortfall.to_string());
    let saved = stages::persist(&mut snapshot, reason.as_deref(), session)?;
    Ok(Taken { saved, enrichment, files, not_read: snapshot.not_read, shortfall })
}

/// A tree without records over a project that has some is more often a checkout that failed than a project that ended.
fn refuse_nothing(found: &Found, source: &SourcePlan, project: &str, session: &Session) -> Result<(), Error> {
    let root = source.tree.root();
    if !found.records.is_empty() || !session.has_definitions_of(project, root)? {
        return Ok(());
    }
    Err(Error::NoRecords { project: project.to_owned(), root: root.to_owned(), not_read: found.not_read.clone() })
}

/// That fewer records than `least` percent of those in scope have an intent; absent if enough have, or no record is in scope.
/// A run without any record meets no gate.
fn shortfall(least: f64, is_empty: bool, (all, have): (usize, usize)) -> Option<Shortfall> {
    if is_empty && least > 0.0 {
        return Some(Shortfall { least, counts: None });
    }
    #[expect(clippy::cast_precision_loss, reason = "no tree has 2^53 records")]
    let is_met = 100.0 * have as f64 >= least * all as f64;
    (!is_met).then_some(Shortfall { least, counts: Some((all, have)) })
}

impl fmt::Display for Shortfall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "--min-intents {}: ", self.least)?;
        match self.counts {
            None => formatter.write_str("the run has no records"),
            Some((all, have)) => write!(formatter, "only {have} of {all} records in scope have an intent"),
        }
    }
}

/// Fills in the intents, and says where they come from: a run that asks nothing goes on with what the latest snapshot says.
fn enrich(
    intents: &Intents,
    preflight: Option<Preflight>,
    records: &mut [Record],
    of: &Predecessor<'_>,
    session: &mut Session,
) -> Result<(Enrichment, RunSettings), Error> {
    let settings = |provider_url: &str, model: &str, scope, progress_batch_size: NonZeroU32| RunSettings {
        root_path: of.root.to_string_lossy().into_owned(),
        provider_url: provider_url.to_owned(),
        model: model.to_owned(),
        scope,
        progress_batch_size: progress_batch_size.get(),
    };
    match intents {
        Intents::Asked(plan) => {
            let enrichment = stages::enrich(plan, records, preflight.unwrap_or_default(), of, session)?;
            let (client, options) = (&plan.client, &plan.options);
            let batch_size = options.progress_batch_size;
            Ok((enrichment, settings(client.provider_url(), client.model(), options.scope, batch_size)))
        }
        Intents::Kept(plan) => {
            let (enrichment, latest) = stages::keep(*plan, records, of, session)?;
            let none = RunSettings::NOT_ASKED;
            let (url, model) = latest.as_ref().map_or((none, none), |latest| (&*latest.provider_url, &*latest.model));
            Ok((enrichment, settings(url, model, plan.scope, plan.progress_batch_size)))
        }
    }
}

/// Records in scope, and those of them that have an intent.
fn intent_counts(intents: &Intents, account: &EnrichmentAccount) -> (usize, usize) {
    let have = match intents {
        Intents::Asked(_) => account.selected_count.saturating_sub(account.failed_count),
        Intents::Kept(_) => account.reused_count,
    };
    (account.selected_count, have)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_share_is_exact_at_its_bounds() {
        let of = |least: f64, selected: usize, failed: usize| shortfall(least, false, (selected, selected - failed));
        for (least, selected, failed) in [(100.0, 3, 0), (0.0, 3, 3), (50.0, 2, 1), (90.0, 10, 1), (100.0, 0, 0)] {
            assert_eq!(of(least, selected, failed), None, "{least} {selected} {failed}");
        }
        let expected = "--min-intents 99.5: only 199 of 201 records in scope have an intent";
        assert_eq!(of(99.5, 201, 2).map(|shortfall| shortfall.to_string()).as_deref(), Some(expected));
        let without_records = |least| shortfall(least, true, (0, 0));
        assert!(without_records(0.1).is_some() && without_records(0.0).is_none());
        assert!(of(0.1, 3, 3).is_some() && of(100.0, 1_000_000, 1).is_some());
    }
}
