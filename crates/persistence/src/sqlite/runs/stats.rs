//! Sums over all invocations.

use std::{collections::BTreeMap, ops::ControlFlow};

use cds_model::{AccountStatus, Stage};
use rusqlite::Result;

use super::{accounts::Accounts, details::in_order, lets_through};
use crate::{
    Counted, Invocation, InvocationFilter, RunStats, StageDurations,
    table::{select::stages, stage_runs},
};

pub(super) fn stats(accounts: &Accounts<'_>, since: Option<&str>) -> Result<RunStats> {
    let filter = InvocationFilter { since: since.map(str::to_owned), ..InvocationFilter::default() };
    let mut stats = RunStats::default();
    let mut statuses = BTreeMap::<String, u64>::new();
    accounts.walk(|invocation| {
        if lets_through(&filter, &invocation) {
            if invocation.is_run() {
                *statuses.entry(invocation.status().to_owned()).or_default() += 1;
            } else {
                stats.other_count += 1;
            }
            add(&mut stats, &accounts.with_costs(invocation)?);
        }
        Ok(ControlFlow::<()>::Continue(()))
    })?;
    let statuses = statuses.into_iter().map(|(name, count)| Counted { name, count }).collect();
    stats.statuses = in_order(statuses, &AccountStatus::ALL.map(AccountStatus::as_str));
    if let Some(connection) = accounts.with(&stage_runs::TABLE) {
        stats.stages = by_stage(&stages::durations(connection, since)?);
    }
    Ok(stats)
}

/// Saturates at the maximum, because other programs may store any number.
fn add(stats: &mut RunStats, invocation: &Invocation) {
    let sum = |total: u64, more: Option<u64>| total.saturating_add(more.unwrap_or_default());
    let sum_of_known = |total: Option<u64>, more: Option<u64>| match (total, more) {
        (None, None) => None,
        _ => Some(sum(total.unwrap_or_default(), more)),
    };
    stats.call_count = sum(stats.call_count, invocation.llm_calls);
    stats.tokens = sum_of_known(stats.tokens, invocation.tokens);
    if let Some(enrichment) = &invocation.enrichment {
        stats.selected_count = sum(stats.selected_count, Some(enrichment.selected_count));
        stats.reused_count = sum(stats.reused_count, Some(enrichment.reused_count));
        stats.shared_count = sum(stats.shared_count, Some(enrichment.shared_count));
        stats.prompt_tokens = sum_of_known(stats.prompt_tokens, enrichment.prompt_tokens);
        stats.answer_tokens = sum_of_known(stats.answer_tokens, enrichment.answer_tokens);
    }
}

/// `durations` are grouped by stage and sorted within each group.
fn by_stage(durations: &[(String, f64)]) -> Vec<StageDurations> {
    let mut stages: Vec<_> = durations
        .chunk_by(|(left, _), (right, _)| left == right)
        .map(|group| StageDurations {
            stage: group[0].0.clone(),
            count: group.len() as u64,
            median_seconds: median(group),
            p95_seconds: nearest_rank_95(group),
        })
        .collect();
    let known = Stage::ALL.map(Stage::as_str);
    stages.sort_by_key(|entry| known.iter().position(|name| *name == entry.stage).unwrap_or(known.len()));
    stages
}

/// The median: the middle value, or the mean of the two middle values.
fn median(group: &[(String, f64)]) -> f64 {
    f64::midpoint(group[(group.len() - 1) / 2].1, group[group.len() / 2].1)
}

/// The 95th percentile by nearest rank: the smallest value that at least 95 of 100 do not exceed.
fn nearest_rank_95(group: &[(String, f64)]) -> f64 {
    group[(group.len() * 95).div_ceil(100) - 1].1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seconds: &[f64]) -> (f64, f64) {
        let durations: Vec<_> = seconds.iter().map(|&seconds| ("build".to_owned(), seconds)).collect();
        let stages = by_stage(&durations);
        assert_eq!((stages.len(), stages[0].count), (1, seconds.len() as u64));
        (stages[0].median_seconds, stages[0].p95_seconds)
    }

    #[test]
    fn median_and_percentile_are_exact() {
        assert_eq!(of(&[3.0]), (3.0, 3.0));
        assert_eq!(of(&[1.0, 2.0]), (1.5, 2.0));
        assert_eq!(of(&[1.0, 2.0, 9.0]), (2.0, 9.0));
        let many: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(of(&many), (50.5, 95.0));
        assert_eq!(of(&many[..20]), (10.5, 19.0));
        assert_eq!(of(&many[..21]), (11.0, 20.0));
    }
}
