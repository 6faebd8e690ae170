//! The accounts of a database within one transaction: existing tables, and the walk over all invocations.

use std::{collections::HashMap, ops::ControlFlow};

use rusqlite::{Connection, Result};

use super::{fit, holds};
use crate::{
    Invocation, InvocationFilter, RunId,
    table::{
        TABLES, Table, enrichments, ledger_details, runs, runs_ledger,
        select::{ledger, stages},
        stage_runs,
    },
};

/// A connection within a transaction.
#[derive(Debug)]
pub(super) struct Accounts<'a> {
    connection: &'a Connection,
    /// The names of our tables that exist.
    present: Vec<&'static str>,
}

impl<'a> Accounts<'a> {
    pub(super) fn of(connection: &'a Connection) -> Result<Self> {
        let mut present = Vec::new();
        for table in TABLES {
            if fit::has_table(connection, table)? {
                present.push(table.name);
            }
        }
        Ok(Self { connection, present })
    }

    /// The connection, if `table` exists.
    pub(super) fn with(&self, table: &Table) -> Option<&'a Connection> {
        self.present.contains(&table.name).then_some(self.connection)
    }

    /// Calls `visit` with each invocation, newest first and without costs, until it breaks.
    ///
    /// One row and the numbers of all snapshots are in memory.
    pub(super) fn walk<T>(&self, mut visit: impl FnMut(Invocation) -> Result<ControlFlow<T>>) -> Result<Option<T>> {
        let owners = self.with(&runs_ledger::TABLE).map(ledger::owners).transpose()?.unwrap_or_default();
        let mut strays = self.strays(&owners)?.into_iter().peekable();
        if let Some(connection) = self.with(&runs_ledger::TABLE) {
            let mut statement = connection.prepare(ledger::NEWEST_FIRST)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let stored = ledger::read(row)?;
                while let Some(stray) = strays.next_if(|stray| stored.snapshot_id.is_some_and(|id| *stray > id)) {
                    if let ControlFlow::Break(wanted) = visit(self.stray(stray)?)? {
                        return Ok(Some(wanted));
                    }
                }
                if let ControlFlow::Break(wanted) = visit(self.accounted(stored, &owners)?)? {
                    return Ok(Some(wanted));
                }
            }
        }
        for stray in strays {
            if let ControlFlow::Break(wanted) = visit(self.stray(stray)?)? {
                return Ok(Some(wanted));
            }
        }
        Ok(None)
    }

    /// Snapshots that no ledger row names, the highest number first.
    fn strays(&self, owners: &HashMap<RunId, i64>) -> Result<Vec<RunId>> {
        let mut strays = self.with(&runs::TABLE).map(runs::newest_first).transpose()?.unwrap_or_default();
        strays.retain(|run| !owners.contains_key(run));
        Ok(strays)
    }

    fn stray(&self, run: RunId) -> Result<Invocation> {
        Ok(Invocation {
            ledger: None,
            details: None,
            snapshot_id: Some(run),
            snapshot: runs::snapshot(self.connection, run)?,
            enrichment: None,
            llm_calls: None,
            tokens: None,
        })
    }

    fn accounted(&self, stored: ledger::Stored, owners: &HashMap<RunId, i64>) -> Result<Invocation> {
        // Another program may have removed the last snapshot. Its number was then assigned again and means the newer
        // one.
        let own = stored.snapshot_id.filter(|run| owners.get(run) == Some(&stored.row_id));
        let snapshot = match (own, self.with(&runs::TABLE)) {
            (Some(run), Some(connection)) => runs::snapshot(connection, run)?,
            _ => None,
        };
        let details = match self.with(&ledger_details::TABLE) {
            Some(connection) => ledger_details::of_run(connection, &stored.row.run_id)?,
            None => None,
        };
        Ok(Invocation {
            ledger: Some(stored.row),
            details,
            snapshot_id: stored.snapshot_id,
            snapshot,
            enrichment: None,
            llm_calls: None,
            tokens: None,
        })
    }

    /// Whether its stages match `filter`; an error may also be the run's own.
    pub(super) fn stages_let_through(&self, filter: &InvocationFilter, invocation: &Invocation) -> Result<bool> {
        if filter.stage.is_none() && filter.error.is_none() {
            return Ok(true);
        }
        let rows = match (&invocation.ledger, self.with(&stage_runs::TABLE)) {
            (Some(row), Some(connection)) => stages::of_invocation(connection, &row.run_id)?,
            _ => Vec::new(),
        };
        let has_stage = filter.stage.as_ref().is_none_or(|wanted| rows.iter().any(|row| row.stage == *wanted));
        let has_error = filter.error.as_ref().is_none_or(|wanted| {
            let own = invocation.ledger.as_ref().and_then(|row| row.error.as_deref());
            holds(own, wanted) || rows.iter().any(|row| holds(row.error.as_deref(), wanted))
        });
        Ok(has_stage && has_error)
    }

    /// The invocation with its costs.
    pub(super) fn with_costs(&self, mut invocation: Invocation) -> Result<Invocation> {
        if let (Some(snapshot), Some(connection)) = (&invocation.snapshot, self.with(&enrichments::TABLE)) {
            invocation.enrichment = enrichments::of_run(connection, snapshot.id)?;
        }
        if let (Some(row), Some(connection)) = (&invocation.ledger, self.with(&stage_runs::TABLE)) {
            (invocation.llm_calls, invocation.tokens) = stages::costs(connection, &row.run_id)?;
        }
        if let Some(enrichment) = &invocation.enrichment {
            invocation.llm_calls = invocation.llm_calls.or(Some(enrichment.call_count));
            invocation.tokens = invocation.tokens.or_else(|| enrichment.tokens());
        }
        Ok(invocation)
    }
}
