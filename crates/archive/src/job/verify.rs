//! Compares an archive with its manifests, and its records with their hashes and roots.

use std::path::{Path, PathBuf};

use cds_model::{FieldValue, MerkleTree, RECORD_FIELDS, RecordHashes};

use super::{
    outcome::reason,
    tables::{CONTENT_HASH, to_field_value},
};
use crate::{Error, Manifest, TableReader, Value, list_runs, read_manifest, verify_run_directory};

const RECORDS_FILE: &str = "records.parquet";

/// What was compared, and what is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArchiveVerification {
    /// Runs that were looked at.
    pub runs: u64,
    /// Records that were hashed.
    pub records: u64,
    /// The length of the files that the manifests name.
    pub bytes: u64,
    /// What deviates: the directory of the run, and what is wrong there.
    pub deviations: Vec<(PathBuf, String)>,
    /// What is no run and was not looked at.
    pub strange: Vec<PathBuf>,
}

/// Compares every run of an archive, or of one project, with its manifest, and makes the hashes of its records and their
/// root anew. `observer` is told of each run before.
///
/// # Errors
///
/// The archive is no directory, or cannot be listed. What is wrong with a run is no error.
pub fn verify_archive(
    archive: &Path,
    project: Option<&str>,
    observer: &mut dyn FnMut(&Path),
) -> Result<ArchiveVerification, Error> {
    let listing = list_runs(archive)?;
    let mut found = ArchiveVerification { strange: listing.strange, ..ArchiveVerification::default() };
    for run in listing.runs.into_iter().filter(|run| project.is_none_or(|project| project == run.project)) {
        observer(&run.path);
        found.runs += 1;
        let deviations = verify_run_directory(&run.path);
        let is_whole = deviations.is_empty();
        found.deviations.extend(deviations.into_iter().map(|deviation| (run.path.clone(), deviation.to_string())));
        let Ok(Some(manifest)) = read_manifest(&run.path) else { continue };
        found.bytes += manifest.files.iter().map(|file| file.byte_count).sum::<u64>();
        if !is_whole {
            continue;
        }
        match verify_records(&run.path, &manifest) {
            Ok((count, deviation)) => {
                found.records += count;
                found.deviations.extend(deviation.map(|deviation| (run.path.clone(), deviation)));
            }
            Err(error) => found.deviations.push((run.path.clone(), reason(&error))),
        }
    }
    Ok(found)
}

/// How many records there are, and the first thing that is wrong with them.
fn verify_records(directory: &Path, manifest: &Manifest) -> Result<(u64, Option<String>), Error> {
    let path = directory.join(RECORDS_FILE);
    let mut reader = TableReader::open(&path)?;
    let place = |name: &str| {
        let missing = || Error::UnfitTable { path: path.clone(), reason: format!("it has no column {name:?}") };
        reader.position(name).ok_or_else(missing)
    };
    let places: Vec<usize> = RECORD_FIELDS.iter().map(|name| place(name)).collect::<Result<_, _>>()?;
    let hash_place = place(CONTENT_HASH)?;
    let mut tree = MerkleTree::default();
    let mut deviation = None;
    while let Some(batch) = reader.next_batch()? {
        for row in 0..batch.row_count() {
            let mut fields = [FieldValue::Null; RECORD_FIELDS.len()];
            for (field, place) in fields.iter_mut().zip(&places) {
                *field = to_field_value(batch.value(row, *place));
            }
            let content = RecordHashes::content_of(&fields);
            let recomputed = content.to_string();
            if deviation.is_none() && batch.value(row, hash_place) != Value::Text(&recomputed) {
                let number = tree.leaf_count() + 1;
                deviation = Some(format!("record {number} gives the content hash {recomputed}, and has another one"));
            }
            tree.push(content);
        }
    }
    let (count, root) = (tree.leaf_count(), tree.root().to_string());
    if deviation.is_none() && manifest.facts.snapshot_root.as_deref() != Some(&*root) {
        let stored = manifest.facts.snapshot_root.as_deref().unwrap_or("none");
        deviation = Some(format!("the records give the root {root}, and the manifest says {stored}"));
    }
    if deviation.is_none() && manifest.facts.record_count != count {
        deviation = Some(format!("there are {count} records, and the manifest says {}", manifest.facts.record_count));
    }
    Ok((count, deviation))
}
