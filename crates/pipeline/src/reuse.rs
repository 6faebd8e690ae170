//! Records of unchanged files from the snapshots of a database.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use cds_analyzer::UnparsedFile;
use cds_model::{FieldValue, Fingerprint, Intent, Record, RecordHashes, SourceSlice, SourceText};
use cds_model_builder::analyzer_name;
use cds_persistence::{Error as DatabaseError, FileRecord, KnownContent, KnownFile, KnownFiles, SqliteReader};

use crate::{Context, DatabasePlan, Warning};

/// Files as the snapshots of a database know them. What was altered there since it was written counts as unknown.
pub(crate) struct StoredFiles {
    state: Mutex<State>,
}

struct State {
    /// `None` once it cannot be read.
    files: Option<KnownFiles>,
    /// The name of the analyzer, by its grammar.
    analyzers: HashMap<&'static str, Arc<str>>,
    altered: Vec<String>,
    error: Option<DatabaseError>,
}

impl StoredFiles {
    /// Opens the database; one that is missing or cannot be read knows nothing.
    pub(crate) fn open(database: &DatabasePlan, context: &Context) -> Option<Self> {
        match SqliteReader::open_if_present(&database.path, &database.options) {
            Ok(reader) => {
                let files = Some(KnownFiles::new(reader?));
                let state = State { files, analyzers: HashMap::new(), altered: Vec::new(), error: None };
                Some(Self { state: Mutex::new(state) })
            }
            Err(error) => {
                context.reporter.warn(&Warning::NothingReused(error));
                None
            }
        }
    }

    /// Warns of what could not be used.
    pub(crate) fn close(self, context: &Context) {
        let State { altered, error, .. } = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = error {
            context.reporter.warn(&Warning::NothingReused(error));
        }
        if let Some(example) = altered.first() {
            context.reporter.warn(&Warning::AlteredFiles { example: example.clone(), file_count: altered.len() });
        }
    }

    fn find(&self, file: &UnparsedFile<'_>) -> Option<Vec<FileRecord>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { files, analyzers, altered, error } = &mut *state;
        let analyzer = analyzers.entry(file.grammar).or_insert_with(|| Arc::from(analyzer_name(file.grammar)));
        let known =
            KnownFile { file_path: file.path, source_hash: file.source_hash, language: file.language, analyzer };
        match files.as_mut()?.find(&known) {
            Ok(KnownContent::Records(records)) => Some(records),
            Ok(KnownContent::Nothing) => None,
            Ok(KnownContent::Altered) => {
                altered.push(file.path.to_string());
                None
            }
            Err(cause) => {
                *files = None;
                *error = Some(cause);
                None
            }
        }
    }
}

impl cds_analyzer::KnownFiles for StoredFiles {
    fn records_of(&self, file: &UnparsedFile<'_>) -> Option<Vec<Record>> {
        let stored = self.find(file)?;
        // Outside of the lock: hashing takes longer than reading.
        let records: Option<Vec<Record>> =
            stored.into_iter().map(|record| verified(record, file.path, file.source)).collect();
        if records.is_none() {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.altered.push(file.path.to_string());
        }
        records
    }
}

/// The record with the exact code from its file; `None` unless all of it is as it was written.
fn verified(stored: FileRecord, file_path: &Arc<str>, source: &SourceText) -> Option<Record> {
    if stored.start_line == 0 || stored.end_line < stored.start_line || stored.end_line > source.line_count() {
        return None;
    }
    let raw_code = source.slice(source.line_range(stored.start_line, stored.end_line));
    let fields = [
        FieldValue::from(&*stored.kind),
        FieldValue::from(&**file_path),
        FieldValue::text(stored.signature.as_deref()),
        stored.start_line.into(),
        stored.end_line.into(),
        raw_code.as_str().into(),
        FieldValue::from(&*stored.normalized_code),
        FieldValue::from(&*stored.md5sum),
        FieldValue::text(stored.intent.as_deref()),
        FieldValue::from(&*stored.intent_status),
        FieldValue::text(stored.intent_error.as_deref()),
    ];
    let written: Fingerprint = stored.content_hash.parse().ok()?;
    if RecordHashes::content_of(&fields) != written {
        return None;
    }
    Some(Record {
        kind: stored.kind.parse().ok()?,
        file_path: Arc::clone(file_path),
        signature: stored.signature.as_deref().map(SourceSlice::from),
        start_line: stored.start_line,
        end_line: stored.end_line,
        raw_code,
        normalized_code: stored.normalized_code,
        md5sum: stored.md5sum.parse().ok()?,
        intent: Intent::Skipped,
        question: None,
    })
}
