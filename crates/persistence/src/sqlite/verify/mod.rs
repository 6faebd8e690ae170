//! Recomputes the proof of all snapshots, and reports every deviation from what was written.
//!
//! One transaction reads in the order of the chain: the history rows of a snapshot, then its records. Memory holds one
//! record, a few hashes for each definition, and the chain row of each snapshot. Meanwhile, `SQLite` checks the
//! integrity of the file on a second connection.

mod chain;
mod file;
mod findings;
mod history;
mod records;
mod replay;
mod stored;
mod units;
mod unsealed;

use std::{collections::HashSet, ops::ControlFlow, panic::resume_unwind, thread, time::Duration};

use cds_model::{Fingerprint, NameOf};
use rusqlite::{Connection, Result};

use self::{
    chain::{Chain, Entry},
    findings::Findings,
    history::HistoryReader,
    records::{RecordReader, Totals},
    replay::Replay,
    stored::integer,
};
use super::{database::Database, fit, reader::SqliteReader};
use crate::{
    Deviation, DeviationKind, Error, Layout, RunId, Step, Unverified, Verification, VerifyQuery,
    table::{self, analyzer_errors, record_hashes, run_hash, runs, runs_ledger, select::verify, snapshot_chain},
};

/// The most unverifiable snapshots that are listed.
const UNVERIFIED_LIMIT: usize = 1_000;

/// The pause between attempts to interrupt the other thread.
const STOP_INTERVAL: Duration = Duration::from_millis(10);

impl SqliteReader {
    /// Recomputes everything that can be recomputed, and reports deviations.
    ///
    /// `progress` is called now and then with the number of records read, and decides whether to continue.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or `progress` cancelled. An altered or damaged row is a finding, not an error.
    pub fn verify(
        &self,
        query: &VerifyQuery,
        progress: &dyn Fn(u64) -> ControlFlow<()>,
    ) -> std::result::Result<Verification, Error> {
        self.read(|database| verify(database, query, progress))
    }
}

fn verify(
    database: &Database,
    query: &VerifyQuery,
    progress: &dyn Fn(u64) -> ControlFlow<()>,
) -> std::result::Result<Verification, Error> {
    // The integrity check reads the whole file, which takes as long as the rest, so it runs in parallel.
    let other = database.open_another()?;
    let stop = other.connection.get_interrupt_handle();
    let name_of = database.options().name_of;
    let layout = database.read(&Step::ReadSchema, table::layout)?;
    thread::scope(|scope| {
        let look_over = move || other.read(&Step::Verify, file::check_whole);
        let whole = thread::Builder::new().spawn_scoped(scope, look_over).ok();
        let outcome = database
            .read(&Step::Verify, |connection| Verifier::new(connection, name_of, query, progress, layout).verify());
        // After a failure or cancellation, do not wait for the other thread. Interrupts repeat, because one between two
        // statements has no effect.
        while !matches!(outcome, Ok(Some(_))) && whole.as_ref().is_some_and(|whole| !whole.is_finished()) {
            stop.interrupt();
            thread::sleep(STOP_INTERVAL);
        }
        let whole = whole.map(|whole| whole.join().unwrap_or_else(|panic| resume_unwind(panic)));
        let Some(mut verification) = outcome? else { return Err(Error::Cancelled { path: database.path() }) };
        // If no second thread could be started, the file is checked now.
        let mut deviations = whole.unwrap_or_else(|| database.read(&Step::Verify, file::check_whole))?;
        verification.deviation_count += deviations.len() as u64;
        // Damage comes first: it may be the cause of the other deviations.
        deviations.append(&mut verification.deviations);
        deviations.truncate(most_reported(query, layout));
        verification.deviations = deviations;
        Ok(verification)
    })
}

/// In the compact layout a single edit may alter a record in each run.
const MORE_WHERE_SHARED: usize = 10;

fn most_reported(query: &VerifyQuery, layout: Layout) -> usize {
    match layout {
        Layout::Plain => query.limit,
        Layout::Compact => query.limit.saturating_mul(MORE_WHERE_SHARED),
    }
}

/// One verification in one transaction.
struct Verifier<'a> {
    connection: &'a Connection,
    name_of: NameOf,
    query: &'a VerifyQuery,
    progress: &'a dyn Fn(u64) -> ControlFlow<()>,
    findings: Findings,
    totals: Totals,
    verification: Verification,
    /// Whether the expected hash is among the recomputed ones.
    is_expected_met: bool,
}

impl<'a> Verifier<'a> {
    fn new(
        connection: &'a Connection,
        name_of: NameOf,
        query: &'a VerifyQuery,
        progress: &'a dyn Fn(u64) -> ControlFlow<()>,
        layout: Layout,
    ) -> Self {
        Self {
            connection,
            name_of,
            query,
            progress,
            findings: Findings::new(most_reported(query, layout), layout),
            totals: Totals::default(),
            verification: Verification::default(),
            is_expected_met: false,
        }
    }

    /// `None` if it was cancelled.
    fn verify(mut self) -> Result<Option<Verification>> {
        match self.walk() {
            Ok(ControlFlow::Continue(())) => self.check_expected(),
            Ok(ControlFlow::Break(())) => return Ok(None),
            // Damage that ends the walk is a finding; everything verified before still counts.
            Err(cause) if file::is_damage(&cause) => {
                self.findings.push(Deviation::of(DeviationKind::Damage, "").stored(cause));
            }
            Err(cause) => return Err(cause),
        }
        let mut verification = self.verification;
        verification.byte_count = self.totals.byte_count;
        (verification.deviations, verification.deviation_count) = self.findings.into_parts();
        Ok(Some(verification))
    }

    fn walk(&mut self) -> Result<ControlFlow<()>> {
        let schema = file::check_schema(self.connection, &mut self.findings)?;
        if !schema.has_records {
            return Ok(ControlFlow::Continue(()));
        }
        let runs = self.runs()?;
        if self.query.run.is_none() {
            // Only for all runs: a verification of one run reports nothing about others.
            unsealed::check_strays(self.connection, &runs, &mut self.findings)?;
        }
        let mut chain = Chain::default();
        if schema.has_history {
            chain = Chain::load(self.connection, &mut self.findings)?;
            if self.follow(&chain, &runs)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        self.check_unsealed(schema.has_history, &chain, &runs)
    }

    fn runs(&self) -> Result<HashSet<RunId>> {
        self.connection.prepare(verify::RUNS)?.query_map([], |row| row.get(0).map(RunId))?.collect()
    }

    /// Verifies snapshots in the order of the chain.
    fn follow(&mut self, chain: &Chain, runs: &HashSet<RunId>) -> Result<ControlFlow<()>> {
        let mut replay = Replay::default();
        let mut history = HistoryReader::new(self.connection)?;
        for (index, entry) in chain.entries.iter().enumerate() {
            // History rows come first: the records are compared with the replayed state.
            history.read_to(entry, &mut replay, &mut self.findings)?;
            self.expect(entry.hash);
            if !entry.is_snapshot {
                continue;
            }
            let is_wanted = self.query.run.is_none_or(|run| run == entry.run);
            let is_there = self.check_is_there(entry, chain, runs);
            // A pruned snapshot has no records, so the chain alone vouches for its root.
            if !is_there && is_wanted {
                entry.snapshot_root.into_iter().for_each(|root| self.expect(root));
            }
            // If a number was assigned again, only its last chain row describes the stored records.
            if is_there && is_wanted && chain.snapshots.get(&entry.run) == Some(&index) {
                if self.check_run(entry, &mut replay)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            } else {
                replay.pass(entry);
            }
        }
        history.read_rest(&mut replay, &mut self.findings)?;
        let unverified_count = units::check_table(self.connection, chain, &replay, &mut self.findings)?;
        if self.query.run.is_none() {
            self.verification.unverified_unit_count = unverified_count;
            self.check_stray_hashes()?;
        }
        self.check_ledger(chain, runs)?;
        self.check_error_ids(chain, runs)?;
        self.verification.history_count = history.count();
        self.verification.chain_count = chain.entries.len() as u64;
        self.verification.chain_head = chain.head();
        Ok(ControlFlow::Continue(()))
    }

    /// Whether the snapshot of a chain row exists, as it must until it is pruned.
    fn check_is_there(&mut self, entry: &Entry, chain: &Chain, runs: &HashSet<RunId>) -> bool {
        let (is_there, is_pruned) = (runs.contains(&entry.run), chain.pruned.contains(&entry.run));
        // Two cases are wrong: a missing snapshot without a pruning, and an existing one with a pruning.
        if is_there == is_pruned {
            let kind = if is_there { DeviationKind::UnexpectedRun } else { DeviationKind::MissingRun };
            self.findings.add(kind, Some(entry.run), || Deviation::of(kind, runs::TABLE.name).row(entry.run.0));
        }
        is_there && !is_pruned
    }

    fn check_run(&mut self, entry: &Entry, replay: &mut Replay) -> Result<ControlFlow<()>> {
        let run_hash = run_hash::of(self.connection, entry.run)?;
        if entry.run_hash != Some(run_hash) {
            self.report_run(entry, DeviationKind::Run, "run_hash", &shown(entry.run_hash), &run_hash.to_string());
        }
        let is_derived = runs::is_derived(self.connection, entry.run)?;
        let reader = RecordReader::new(entry, is_derived, self.name_of, replay, &mut self.findings);
        let Some(read) = reader.read(self.connection, &mut self.totals, self.progress)? else {
            return Ok(ControlFlow::Break(()));
        };
        let count = i64::try_from(read.record_count).unwrap_or(i64::MAX);
        if entry.record_count != Some(count) {
            let stored = entry.record_count.unwrap_or_default().to_string();
            self.report_run(entry, DeviationKind::RecordCount, "record_count", &stored, &count.to_string());
        }
        if entry.snapshot_root != Some(read.root) {
            let stored = shown(entry.snapshot_root);
            self.report_run(entry, DeviationKind::Root, "snapshot_root", &stored, &read.root.to_string());
        }
        let missing = replay.missing(entry, read.known_count);
        units::check_missing(self.connection, entry, &missing, &mut self.findings)?;
        // The recomputed root counts, so that a forged chain row cannot fulfil an expectation.
        self.expect(read.root);
        self.verification.run_count += 1;
        self.verification.record_count += read.record_count;
        if self.query.run.is_some() {
            self.verification.snapshot_root = Some(read.root);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reports a mismatch between a chain row and its snapshot.
    fn report_run(&mut self, entry: &Entry, kind: DeviationKind, field: &str, stored: &str, recomputed: &str) {
        self.findings.add(kind, Some(entry.run), || {
            let deviation = Deviation::of(kind, snapshot_chain::TABLE.name).row(entry.sequence);
            deviation.field(field).stored(stored).recomputed(recomputed)
        });
    }

    /// Reports hashes without a record, or of a snapshot that is not in the chain.
    fn check_stray_hashes(&mut self) -> Result<()> {
        let mut statement = self.connection.prepare(verify::STRAY_HASHES.sql(self.connection)?)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, run) = (integer(row, 0)?.unwrap_or_default(), integer(row, 1)?.map(RunId));
            self.findings.add(DeviationKind::Unpaired, run, || {
                Deviation::of(DeviationKind::Unpaired, record_hashes::TABLE.name).row(id).field("record_id").stored(id)
            });
        }
        Ok(())
    }

    /// Reports snapshots that are in the ledger, but neither exist nor were pruned.
    fn check_ledger(&mut self, chain: &Chain, runs: &HashSet<RunId>) -> Result<()> {
        // Snapshots before the first chain row are from a version without a chain.
        let first = chain.entries.iter().map(|entry| entry.run).min();
        let Some(first) = first.filter(|_| self.query.run.is_none()) else { return Ok(()) };
        if !fit::has_table(self.connection, &runs_ledger::TABLE)? {
            return Ok(());
        }
        let mut statement = self.connection.prepare(verify::LEDGER_SNAPSHOTS)?;
        let mut rows = statement.query([first.0])?;
        while let Some(row) = rows.next()? {
            let Some(run) = integer(row, 0)?.map(RunId) else { continue };
            if !runs.contains(&run) && !chain.pruned.contains(&run) && !chain.snapshots.contains_key(&run) {
                self.findings.add(DeviationKind::MissingRun, Some(run), || {
                    Deviation::of(DeviationKind::MissingRun, runs_ledger::TABLE.name).field("snapshot_id").stored(run)
                });
            }
        }
        Ok(())
    }

    /// Checks that the ids of analyzer errors are consecutive from run to run, except around pruned runs. No hash
    /// covers the ids, since they differ in every database. Runs of other programs are skipped: they may use any ids.
    fn check_error_ids(&mut self, chain: &Chain, runs: &HashSet<RunId>) -> Result<()> {
        if !runs.iter().all(|run| chain.snapshots.contains_key(run)) {
            return Ok(());
        }
        let first = chain.entries.iter().map(|entry| entry.run.0).min().unwrap_or_default();
        let is_gap = |after: i64, before: i64| chain.pruned.iter().any(|run| after < run.0 && run.0 < before);
        let mut statement = self.connection.prepare(verify::ERROR_IDS)?;
        let mut rows = statement.query([])?;
        let mut last = None;
        while let Some(row) = rows.next()? {
            let (run, lowest, highest): (_, i64, i64) =
                (integer(row, 0)?.unwrap_or_default(), row.get(1)?, row.get(2)?);
            let (last_run, expected) = last.map_or((0, 1), |(run, highest): (i64, i64)| (run, highest + 1));
            // Ids of pruned runs are missing between, and before the first run if earlier ones were pruned.
            let may_differ = is_gap(last_run, run) || (last.is_none() && first > 1);
            if run < last_run || (lowest != expected && !may_differ) {
                self.findings.add(DeviationKind::Order, Some(RunId(run)), || {
                    let deviation = Deviation::of(DeviationKind::Order, analyzer_errors::TABLE.name).row(lowest);
                    deviation.field("id").stored(lowest).recomputed(expected)
                });
            }
            last = Some((run, highest));
        }
        Ok(())
    }

    /// Lists snapshots without a chain row: only their MD5 sums can be recomputed.
    fn check_unsealed(&mut self, has_chain: bool, chain: &Chain, runs: &HashSet<RunId>) -> Result<ControlFlow<()>> {
        let is_wanted =
            |run: &RunId| !chain.snapshots.contains_key(run) && self.query.run.is_none_or(|wanted| wanted == *run);
        let mut unsealed: Vec<RunId> = runs.iter().copied().filter(is_wanted).collect();
        if unsealed.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        unsealed.sort_unstable();
        let counts = records::check_unsealed(
            self.connection,
            has_chain,
            self.query.run,
            (&mut self.totals, self.progress),
            &mut self.findings,
        )?;
        let Some(counts) = counts else { return Ok(ControlFlow::Break(())) };
        unsealed::check(self.connection, &unsealed, &mut self.findings)?;
        // A hash stored outside of the file cannot cover a run that is not in the chain.
        self.is_expected_met &= self.query.run.is_none();
        self.verification.unverified_run_count = unsealed.len() as u64;
        let unverified = unsealed
            .into_iter()
            .take(UNVERIFIED_LIMIT)
            .map(|run| Unverified { run, record_count: counts.get(&run).copied().unwrap_or_default() });
        self.verification.unverified = unverified.collect();
        Ok(ControlFlow::Continue(()))
    }

    /// Compares a recomputed root or chain hash with the expected one.
    fn expect(&mut self, hash: Fingerprint) {
        self.is_expected_met |= self.query.expected == Some(hash);
    }

    fn check_expected(&mut self) {
        let Some(expected) = self.query.expected.filter(|_| !self.is_expected_met) else { return };
        self.findings.add(DeviationKind::Expected, self.query.run, || {
            let mut deviation = Deviation::of(DeviationKind::Expected, "").field(expected.to_string());
            let recomputed = self.verification.snapshot_root.or(self.verification.chain_head);
            deviation.recomputed = recomputed.map(|hash| hash.to_string());
            deviation
        });
    }
}

fn shown(hash: Option<Fingerprint>) -> String {
    hash.map_or_else(|| "no hash".to_owned(), |hash| hash.to_string())
}
