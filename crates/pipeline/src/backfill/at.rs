//! The records of one commit that is not stored: what a tree is compared with.

use std::{collections::HashMap, path::PathBuf};

use cds_analyzer::{AnalysisOptions, FileSelection, KnownFiles, UnparsedFile};
use cds_model::{Fingerprint, Record};
use cds_provenance::{Id, Repository};

use super::{
    past_tree::PastTree,
    run::{failed, quiet},
};
use crate::{Context, Error, stages::Found, threads::Workers};

/// The most first parents that one `~` goes back.
const MOST_GENERATIONS: usize = 100_000;

/// Which files of which commit are read.
pub struct CommitPlan<'a> {
    /// Where the commit is.
    pub repository: &'a Repository,
    /// The commit: a branch, a tag, another reference or an id, with `~N` and `^` for first parents.
    pub name: &'a str,
    /// The folder or file that is analyzed, from the root of the repository; empty for all of it.
    pub scope: PathBuf,
    /// Which files are read.
    pub options: AnalysisOptions,
    /// Which of them by language and by pattern.
    pub selection: FileSelection,
    /// Threads that analyze; 0 is one for each core.
    pub threads: usize,
}

/// The records of a commit.
#[derive(Debug)]
pub struct CommittedRecords {
    /// The commit.
    pub commit: Id,
    /// In the order of a snapshot, without intents.
    pub records: Vec<Record>,
}

/// Reads the records of a commit from the object store. Files that are the same in `tree` are not parsed again.
///
/// # Errors
///
/// The commit is unknown, the repository cannot be read, or the process was asked to stop.
pub fn records_at(plan: &CommitPlan<'_>, tree: &Found, context: &Context) -> Result<CommittedRecords, Error> {
    let context = &quiet(context);
    let flag = context.interrupt.flag();
    let error = |source| failed(&format!("read the tree of {}", plan.name), source, context);
    let (name, generations) = generations_before(plan.name);
    let store = plan.repository.store(&flag).map_err(error)?;
    let mut commit = plan.repository.resolve(name, &flag).map_err(error)?;
    for _ in 0..generations {
        let parents = store.commit(&commit).map_err(error)?.parents;
        commit = *parents.first().ok_or_else(|| Error::NoParent { name: plan.name.to_owned() })?;
    }
    let root = store.commit(&commit).map_err(error)?.tree;
    let mut past = PastTree::new(&store, plan.scope.clone(), plan.options, plan.selection.clone());
    past.advance(&root).map_err(error)?;
    let workers = Workers::new(plan.threads);
    let analysis = past.analyze(&KnownTree::new(tree), &workers, context).map_err(error)?;
    let records = workers.run(|| cds_model_builder::build(analysis.files)).records;
    context.interrupt.check()?;
    Ok(CommittedRecords { commit, records })
}

/// A name and how many first parents it goes back: `main~2` and `main^^` are two.
fn generations_before(name: &str) -> (&str, usize) {
    let mut rest = name;
    let mut generations = 0;
    loop {
        let without_number = rest.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let number = &rest[without_number.len()..];
        if let Some(inner) = without_number.strip_suffix('~') {
            let count = if number.is_empty() { Some(1) } else { number.parse::<usize>().ok() };
            let Some(count) = count.filter(|count| *count <= MOST_GENERATIONS) else { return (rest, generations) };
            (rest, generations) = (inner, generations + count);
        } else if let (Some(inner), true) = (without_number.strip_suffix('^'), number.is_empty()) {
            (rest, generations) = (inner, generations + 1);
        } else {
            return (rest, generations);
        }
    }
}

/// The records of a tree by the files that they come from.
struct KnownTree<'a> {
    files: HashMap<(&'a str, Fingerprint, &'a str), &'a [Record]>,
}

impl<'a> KnownTree<'a> {
    fn new(found: &'a Found) -> Self {
        let mut rest = &found.records[..];
        let mut files = HashMap::with_capacity(found.source_files.len());
        for file in &found.source_files {
            let (own, others) = rest.split_at(rest.len().min(file.record_count as usize));
            rest = others;
            files.insert((&*file.file_path, file.source_hash, &*file.language), own);
        }
        Self { files }
    }
}

impl KnownFiles for KnownTree<'_> {
    fn records_of(&self, file: &UnparsedFile<'_>) -> Option<Vec<Record>> {
        self.files.get(&(&**file.path, file.source_hash, file.language)).map(|records| records.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_count_first_parents() {
        for (name, expected) in [
            ("main", ("main", 0)),
            ("main~1", ("main", 1)),
            ("v1.0~12", ("v1.0", 12)),
            ("HEAD^", ("HEAD", 1)),
            ("HEAD^^", ("HEAD", 2)),
            ("HEAD~", ("HEAD", 1)),
            ("HEAD~2^", ("HEAD", 3)),
            ("release-7", ("release-7", 0)),
            // The second parent of a merge is no first parent.
            ("HEAD^2", ("HEAD^2", 0)),
            ("HEAD~99999999999999999999", ("HEAD~99999999999999999999", 0)),
        ] {
            assert_eq!(generations_before(name), expected, "{name}");
        }
    }
}
