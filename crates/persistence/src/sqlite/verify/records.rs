//! Verifies the records of one snapshot: hashes each, names them file by file, and compares them with the history.

use std::{collections::BTreeMap, ops::ControlFlow};

use cds_model::{
    FieldValue, Fingerprint, Md5Sum, MerkleTree, NameOf, RECORD_FIELDS, RecordHashes, UnitKey, UnitRow, unit_names,
};
use rusqlite::{Connection, Result, Row};

use super::{
    chain::Entry,
    findings::Findings,
    replay::{Replay, Seen},
    stored::{fingerprint, hex, integer, show, text},
};
use crate::{
    Deviation, DeviationKind, RunId,
    table::{record_hashes, records, run_hash::field_value, select::verify},
};

/// Indexes of the columns of [`verify::RECORDS`].
const FILE_PATH: usize = 1;
const NORMALIZED_CODE: usize = 6;
const MD5SUM: usize = 7;
const ID: usize = RECORD_FIELDS.len();
const HASHED_ID: usize = ID + 1;
const HASHED_RUN: usize = ID + 2;
const CONTENT_HASH: usize = ID + 3;
const FIELD_SUMS: usize = ID + 4;

/// Records between two checks whether to continue.
const RECORDS_AT_ONCE: u64 = 256;

/// Counts over all records.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) record_count: u64,
    pub(super) byte_count: u64,
}

impl Totals {
    /// Counts one more record, and calls `progress` now and then.
    pub(super) fn add(&mut self, byte_count: usize, progress: &dyn Fn(u64) -> ControlFlow<()>) -> ControlFlow<()> {
        self.record_count += 1;
        self.byte_count += byte_count as u64;
        // Not for each record, because the callback may draw a progress bar.
        if self.record_count.is_multiple_of(RECORDS_AT_ONCE) {
            progress(self.record_count)
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Compares the stored MD5 sum of a record with that of its code; the columns are those of the code and of the sum.
fn check_md5(
    row: &Row<'_>,
    run: RunId,
    (code, sum): (usize, usize),
    locate: impl FnOnce() -> Result<(i64, String)>,
    findings: &mut Findings,
) -> Result<()> {
    let recomputed = Md5Sum(md5::compute(row.get_ref(code)?.as_bytes().unwrap_or_default()).0);
    let stored = row.get_ref(sum)?;
    if stored.as_str().ok().and_then(|sum| sum.parse().ok()) != Some(recomputed) {
        let (id, place) = locate()?;
        findings.add(DeviationKind::Md5, Some(run), || {
            let deviation = Deviation::of(DeviationKind::Md5, records::TABLE.name).row(id).place(place);
            deviation.field("md5sum").stored(show(stored)).recomputed(recomputed)
        });
    }
    Ok(())
}

/// A definition of the current file.
struct Named {
    id: i64,
    kind: String,
    /// The end of its signature in `signatures`; `None` if it has none.
    signature_end: Option<usize>,
    lines: (u32, u32),
    seen: Seen,
}

/// The result of reading the records of a snapshot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub(super) root: Fingerprint,
    pub(super) record_count: u64,
    /// Records whose names are in the history.
    pub(super) known_count: usize,
}

/// Reads the records of one snapshot.
pub(super) struct RecordReader<'a> {
    entry: &'a Entry,
    is_derived: bool,
    name_of: NameOf,
    replay: &'a mut Replay,
    findings: &'a mut Findings,
    tree: MerkleTree,
    file_path: String,
    signatures: String,
    of_file: Vec<Named>,
    known_count: usize,
}

impl<'a> RecordReader<'a> {
    /// A reader for the snapshot of `entry`; `is_derived` says that its intents come from the embedded provider.
    pub(super) fn new(
        entry: &'a Entry,
        is_derived: bool,
        name_of: NameOf,
        replay: &'a mut Replay,
        findings: &'a mut Findings,
    ) -> Self {
        Self {
            entry,
            is_derived,
            name_of,
            replay,
            findings,
            tree: MerkleTree::default(),
            file_path: String::new(),
            signatures: String::new(),
            of_file: Vec::new(),
            known_count: 0,
        }
    }

    /// Reads every record; `None` if cancelled.
    pub(super) fn read(
        mut self,
        connection: &Connection,
        totals: &mut Totals,
        progress: &dyn Fn(u64) -> ControlFlow<()>,
    ) -> Result<Option<Read>> {
        let mut statement = connection.prepare_cached(verify::RECORDS.sql(connection)?)?;
        let mut rows = statement.query([self.entry.run.0])?;
        while let Some(row) = rows.next()? {
            let byte_count = self.read_one(row)?;
            if totals.add(byte_count, progress).is_break() {
                return Ok(None);
            }
        }
        self.end_file();
        let (root, record_count) = (self.tree.root(), self.tree.leaf_count());
        Ok(Some(Read { root, record_count, known_count: self.known_count }))
    }

    fn read_one(&mut self, row: &Row<'_>) -> Result<usize> {
        let mut fields = [FieldValue::Null; RECORD_FIELDS.len()];
        let mut byte_count = 0;
        for (column, field) in fields.iter_mut().enumerate() {
            *field = field_value(row.get_ref(column)?);
            byte_count += match field {
                FieldValue::Text(bytes) | FieldValue::Blob(bytes) => bytes.len(),
                FieldValue::Null | FieldValue::Integer(_) | FieldValue::Real(_) => 0,
            };
        }
        let hashes = RecordHashes::of(&fields);
        // The tree covers recomputed hashes: stored ones could be forged together with the record.
        self.tree.push(hashes.content);
        let at = || Ok((row.get(ID)?, location(row)?));
        check_md5(row, self.entry.run, (NORMALIZED_CODE, MD5SUM), at, self.findings)?;
        let seen = self.check_hashes(row, &hashes)?;
        self.keep(row, seen)?;
        Ok(byte_count)
    }

    /// Compares a record with its stored hashes; returns it as it was written.
    fn check_hashes(&mut self, row: &Row<'_>, hashes: &RecordHashes) -> Result<Seen> {
        let run = self.entry.run;
        let id: i64 = row.get(ID)?;
        // NULL means that the left join found no hash row.
        if integer(row, HASHED_ID)?.is_none() {
            let place = location(row)?;
            self.findings.add(DeviationKind::Unpaired, Some(run), || {
                let deviation = Deviation::of(DeviationKind::Unpaired, record_hashes::TABLE.name);
                deviation.row(id).place(place).field("content_hash").recomputed(hashes.content)
            });
            // It is unknown what was written, so there is nothing to compare with the history.
            return Ok(Seen { content: None, code: None, intent: None });
        }
        let whole = Seen { content: Some(hashes.content), code: Some(hashes.code), intent: Some(hashes.intent) };
        let content = fingerprint(row, CONTENT_HASH)?;
        let sums = row.get_ref(FIELD_SUMS)?;
        let sums_are_same = sums.as_blob().is_ok_and(|sums| sums == hashes.field_sums);
        let is_of_run = integer(row, HASHED_RUN)? == Some(run.0);
        if content == Some(hashes.content) && sums_are_same && is_of_run {
            return Ok(whole);
        }
        let place = location(row)?;
        let stored_content = show(row.get_ref(CONTENT_HASH)?);
        // The content hash tells that something was altered, the field sums tell which column. If no sum differs, the
        // stored content hash itself was altered.
        let altered = hashes.altered_fields(sums.as_blob().unwrap_or_default());
        if content != Some(hashes.content) && !altered.is_empty() {
            self.findings.add(DeviationKind::Record, Some(run), || {
                let deviation = Deviation::of(DeviationKind::Record, records::TABLE.name).row(id).place(place);
                deviation.field(altered.join(", ")).stored(stored_content).recomputed(hashes.content)
            });
            return Ok(Seen { content, code: None, intent: None });
        }
        self.findings.add(DeviationKind::RecordHash, Some(run), || {
            let deviation = Deviation::of(DeviationKind::RecordHash, record_hashes::TABLE.name).row(id).place(place);
            if content != Some(hashes.content) {
                deviation.field("content_hash").stored(stored_content).recomputed(hashes.content)
            } else if sums_are_same {
                let stored = row.get_ref(HASHED_RUN).map(show).unwrap_or_default();
                deviation.field("run_id").stored(stored).recomputed(run)
            } else {
                deviation.field("field_sums").stored(show(sums)).recomputed(hex(&hashes.field_sums))
            }
        });
        Ok(whole)
    }

    /// Keeps the fields that decide names until the whole file is read.
    fn keep(&mut self, row: &Row<'_>, seen: Seen) -> Result<()> {
        let path = text(row, FILE_PATH)?.unwrap_or_default();
        if path != self.file_path {
            self.end_file();
            path.clone_into(&mut self.file_path);
        }
        let line = |column| Ok::<_, rusqlite::Error>(integer(row, column)?.and_then(|line| u32::try_from(line).ok()));
        // A record without a kind was altered, which `check_hashes` has reported; it cannot have a name.
        let Some(kind) = text(row, 0)? else { return Ok(()) };
        let signature = text(row, 2)?;
        self.signatures.push_str(signature.unwrap_or_default());
        self.of_file.push(Named {
            id: row.get(ID)?,
            kind: kind.to_owned(),
            signature_end: signature.map(|_| self.signatures.len()),
            lines: (line(3)?.unwrap_or_default(), line(4)?.unwrap_or_default()),
            seen,
        });
        Ok(())
    }

    /// Names the definitions of the current file, and compares them with the history.
    fn end_file(&mut self) {
        let mut start = 0;
        let rows: Vec<UnitRow<'_>> = self
            .of_file
            .iter()
            .map(|named| {
                let signature =
                    named.signature_end.map(|end| &self.signatures[std::mem::replace(&mut start, end)..end]);
                UnitRow::stored(&named.kind, &self.file_path, signature, named.lines)
            })
            .collect();
        let names = unit_names(&rows, self.name_of);
        for (named, name) in self.of_file.drain(..).zip(&names) {
            let key =
                UnitKey { file_path: &self.file_path, kind: &named.kind, name: &name.qualified, ordinal: name.ordinal };
            let wrong = self.replay.see(self.entry, &key, &named.seen, self.is_derived);
            self.known_count += usize::from(wrong != Some("name"));
            // A record without a code hash was altered, which `check_hashes` has reported.
            if let (Some(field), Some(_)) = (wrong, named.seen.code) {
                let (path, line) = (&self.file_path, named.lines.0);
                self.findings.add(DeviationKind::Definition, Some(self.entry.run), || {
                    Deviation::of(DeviationKind::Definition, records::TABLE.name)
                        .row(named.id)
                        .place(format!("{path}:{line}"))
                        .field(field)
                        .stored(format_args!("{} {name}", named.kind))
                });
            }
        }
        self.signatures.clear();
    }
}

/// The location of a record: `file:line`.
fn location(row: &Row<'_>) -> Result<String> {
    Ok(format!("{}:{}", show(row.get_ref(FILE_PATH)?), show(row.get_ref(3)?)))
}

/// Verifies the MD5 sums of snapshots without a chain row: of `only`, or of all.
pub(super) fn check_unsealed(
    connection: &Connection,
    has_chain: bool,
    only: Option<RunId>,
    (totals, progress): (&mut Totals, &dyn Fn(u64) -> ControlFlow<()>),
    findings: &mut Findings,
) -> Result<Option<BTreeMap<RunId, u64>>> {
    let mut counts = BTreeMap::new();
    let query = if has_chain { verify::UNSEALED_RECORDS } else { verify::ALL_RECORDS };
    let mut statement = connection.prepare(query.sql(connection)?)?;
    let mut rows = statement.query([only.map(|run| run.0)])?;
    while let Some(row) = rows.next()? {
        let run = RunId(integer(row, 1)?.unwrap_or_default());
        *counts.entry(run).or_default() += 1;
        let at = || Ok((row.get(0)?, format!("{}:{}", show(row.get_ref(2)?), show(row.get_ref(3)?))));
        check_md5(row, run, (4, 5), at, findings)?;
        let byte_count = row.get_ref(4)?.as_bytes().map_or(0, <[u8]>::len);
        if totals.add(byte_count, progress).is_break() {
            return Ok(None);
        }
    }
    Ok(Some(counts))
}
