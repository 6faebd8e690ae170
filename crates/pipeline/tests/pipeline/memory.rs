//! A store that keeps snapshots and answers in memory: all that the contract asks for, and nothing of SQLite.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};

use cds_model::{HistoryContext, Intent, KeptAnswer, QuestionKey, Record, RunSnapshot, Timestamp};
use cds_persistence::{Error, IntentOrigin, KnownRecord, LastChange, LatestSnapshot, Persistence, RunId, SavedRun};

/// What is left of a store when its session is closed.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) snapshots: Vec<RunSnapshot>,
    pub(crate) answers: HashMap<QuestionKey, (KeptAnswer, Timestamp)>,
    pub(crate) closed_count: usize,
}

/// A handle of it; every clone is the same store.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryPersistence(Arc<Mutex<Kept>>);

impl MemoryPersistence {
    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap()
    }
}

impl Persistence for MemoryPersistence {
    fn save_if(&mut self, snapshot: &RunSnapshot, may_commit: &dyn Fn() -> bool) -> Result<SavedRun, Error> {
        if !may_commit() {
            return Err(Error::Withdrawn { path: PathBuf::from("memory") });
        }
        let mut kept = self.kept();
        kept.snapshots.push(snapshot.clone());
        Ok(SavedRun {
            run_id: RunId(i64::try_from(kept.snapshots.len()).unwrap()),
            record_count: snapshot.records.len(),
            intent_failed_count: snapshot.intent_failed_count(),
            analyzer_error_count: snapshot.errors.len(),
            status: snapshot.status(),
            proof: None,
            warnings: Vec::new(),
        })
    }

    fn lookup_answers(&self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, Error> {
        let kept = self.kept();
        let of = |key: &QuestionKey| Some((*key, kept.answers.get(key)?.0.intent.clone()));
        Ok(keys.iter().filter_map(of).collect())
    }

    fn keep_answers(&mut self, answers: &[KeptAnswer], at: Timestamp) -> Result<(), Error> {
        self.kept().answers.extend(answers.iter().map(|answer| (answer.key, (answer.clone(), at))));
        Ok(())
    }

    fn forget_answers(&mut self, keys: &[QuestionKey]) -> Result<(), Error> {
        self.kept().answers.retain(|key, _| !keys.contains(key));
        Ok(())
    }

    fn latest_digest(&self, model: &str) -> Result<Option<String>, Error> {
        let kept = self.kept();
        let of_model = kept.answers.values().filter(|(answer, _)| answer.model == model);
        Ok(of_model.max_by_key(|(_, at)| *at).map(|(answer, _)| answer.model_digest.clone()))
    }

    fn has_definitions_of(&self, project: &str, _root_path: &str) -> Result<bool, Error> {
        let kept = self.kept();
        let is_of = |snapshot: &&RunSnapshot| snapshot.history.as_ref().is_some_and(|it| it.project == project);
        Ok(kept.snapshots.iter().rev().find(is_of).is_some_and(|snapshot| !snapshot.records.is_empty()))
    }

    fn latest_snapshot(&self, project: &str, part: &str, _root_path: &str) -> Result<Option<LatestSnapshot>, Error> {
        let kept = self.kept();
        let is_of = |history: &HistoryContext| history.project == project && history.part == part;
        let of = kept.snapshots.iter().zip(1..).filter(|(snapshot, _)| snapshot.history.as_ref().is_some_and(is_of));
        let latest = of.last();
        Ok(latest.map(|(snapshot, number)| LatestSnapshot {
            run: RunId(number),
            provider_url: snapshot.settings.provider_url.clone(),
            model: snapshot.settings.model.clone(),
            records: snapshot.records.iter().map(known).collect(),
        }))
    }

    /// Without a history, nothing is known.
    fn last_changes(&self, _project: &str, _part: &str) -> Result<Vec<LastChange>, Error> {
        Ok(Vec::new())
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        self.kept().closed_count += 1;
        Ok(())
    }
}

fn known(record: &Record) -> KnownRecord {
    let asked = record.question.map(|asked| IntentOrigin::Asked(asked.key, asked.is_cut));
    KnownRecord {
        kind: record.kind.to_string(),
        file_path: record.file_path.clone(),
        signature: record.signature.as_ref().map(|signature| signature.as_str().to_owned()),
        lines: (record.start_line, record.end_line),
        md5sum: record.md5sum.to_string(),
        intent: record.intent.text().map(str::to_owned),
        origin: asked.or_else(|| matches!(record.intent, Intent::Derived(_)).then_some(IntentOrigin::Derived)),
    }
}
