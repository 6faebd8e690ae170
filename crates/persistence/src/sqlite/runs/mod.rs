//! Queries over the accounts: lists of runs, the run that a name means, details of one run, and sums.
//!
//! Each answer is read in one transaction, so it is consistent. A missing table counts as empty.

mod accounts;
mod details;
mod find;
mod name;
mod resolve;
mod stats;

use std::ops::ControlFlow;

use self::accounts::Accounts;
use super::{database::Database, fit, reader::SqliteReader};
use crate::{
    DefinitionRow, Error, Invocation, InvocationDetails, InvocationFilter, LedgerRow, RunId, RunStats, StageFilter,
    StageRow, Step,
    table::{records, select, stage_runs},
};

impl SqliteReader {
    /// The invocations that match `filter`, newest first.
    ///
    /// They are in the order of writing, independent of any clock. A snapshot without a ledger row comes before the
    /// first invocation whose snapshot has a smaller number.
    pub fn invocations(&self, filter: &InvocationFilter) -> Result<Vec<Invocation>, Error> {
        self.read_accounts(|accounts| invocations(accounts, filter))
    }

    /// The stage runs that match `filter`, newest first, in the order of writing.
    pub fn stage_runs(&self, filter: &StageFilter) -> Result<Vec<StageRow>, Error> {
        self.read_accounts(|accounts| match accounts.with(&stage_runs::TABLE) {
            Some(connection) => select::stages::newest(connection, filter),
            None => Ok(Vec::new()),
        })
    }

    /// The details of an invocation besides its own row.
    pub fn invocation_details(&self, invocation: &Invocation) -> Result<InvocationDetails, Error> {
        self.read_accounts(|accounts| details::details(accounts, invocation))
    }

    /// Sums over the invocations that began at `since` or later (RFC 3339 as stored), or over all.
    pub fn run_stats(&self, since: Option<&str>) -> Result<RunStats, Error> {
        self.read_accounts(|accounts| stats::stats(accounts, since))
    }

    /// The definitions and files of a snapshot without their code, in order; empty if there is no such snapshot.
    pub fn definitions(&self, run: RunId) -> Result<Vec<DefinitionRow>, Error> {
        let query = |database: &Database| {
            database.read(&Step::ReadRecords, |connection| {
                if fit::has_table(connection, &records::TABLE)? {
                    select::definitions::of_run(connection, run)
                } else {
                    Ok(Vec::new())
                }
            })
        };
        self.read(query)
    }

    fn read_accounts<T>(&self, query: impl Fn(&Accounts<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.read(|database| database.read(&Step::ReadAccounts, |connection| query(&Accounts::of(connection)?)))
    }
}

fn invocations(accounts: &Accounts<'_>, filter: &InvocationFilter) -> rusqlite::Result<Vec<Invocation>> {
    let mut found = Vec::new();
    accounts.walk(|invocation| {
        if filter.limit.is_some_and(|limit| found.len() >= limit) {
            return Ok(ControlFlow::Break(()));
        }
        if lets_through(filter, &invocation) && accounts.stages_let_through(filter, &invocation)? {
            found.push(accounts.with_costs(invocation)?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

fn lets_through(filter: &InvocationFilter, invocation: &Invocation) -> bool {
    filter.status.as_deref().is_none_or(|status| invocation.status() == status)
        && filter.since.as_deref().is_none_or(|since| invocation.started_at() >= since)
        && filter.project.as_deref().is_none_or(|project| invocation.project() == Some(project))
        && ledger_lets_through(filter, invocation.ledger.as_ref())
}

/// A snapshot without an account matches none of these conditions.
fn ledger_lets_through(filter: &InvocationFilter, row: Option<&LedgerRow>) -> bool {
    let is_command = |wanted: &str, row: &LedgerRow| {
        row.command.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let begins = |wanted: &str, row: &LedgerRow| {
        row.code_ref.as_ref().is_some_and(|commit| commit.to_lowercase().starts_with(&wanted.to_lowercase()))
    };
    let is = |wanted: &Option<String>, test: &dyn Fn(&str, &LedgerRow) -> bool| {
        wanted.as_deref().is_none_or(|wanted| row.is_some_and(|row| test(wanted, row)))
    };
    is(&filter.command, &is_command)
        && is(&filter.commit, &begins)
        && is(&filter.note, &|wanted, row| holds(row.notes.as_deref(), wanted))
}

/// Whether the text contains `part`, in either case.
fn holds(text: Option<&str>, part: &str) -> bool {
    text.is_some_and(|text| text.to_lowercase().contains(&part.to_lowercase()))
}
