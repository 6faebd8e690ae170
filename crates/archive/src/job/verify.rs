//! Verifies an archive against its manifests, and its records against their hashes and roots.

use std::path::{Path, PathBuf};

use cds_model::{FieldValue, MerkleTree, RECORD_FIELDS, RecordHashes};

use super::{
    outcome::reason,
    tables::{CONTENT_HASH, to_field_value},
};
use crate::{Error, Manifest, TableReader, Value, list_runs, read_manifest, verify_run_directory};

const RECORDS_FILE: &str = "records.parquet";

/// The extent of a verification, and what deviates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArchiveVerification {
    /// Verified runs.
    pub runs: u64,
    /// Hashed records.
    pub records: u64,
    /// The length of the files that the manifests name.
    pub bytes: u64,
    /// The deviations: the directory of the run, and what is wrong there.
    pub deviations: Vec<(PathBuf, String)>,
    /// Entries that are not runs and were not verified.
    pub strange: Vec<PathBuf>,
}

/// Verifies every run of an archive, or of one project: files against the manifest, hashes and root recomputed.
///
/// `observer` is called before each run.
///
/// # Errors
///
/// If the archive is not a directory or cannot be listed. A deviation is not an error.
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

/// The number of records, and the first deviation.
fn verify_records(directory: &Path, manifest: &Manifest) -> Result<(u64, Option<String>), Error> {
    let path = directory.join(RECORDS_FILE);
    let mut reader = TableReader::open(&path)?;
    let column = |name: &str| {
        let missing = || Error::UnfitTable { path: path.clone(), reason: format!("it has no column {name:?}") };
        reader.position(name).ok_or_else(missing)
    };
    let columns: Vec<usize> = RECORD_FIELDS.iter().map(|name| column(name)).collect::<Result<_, _>>()?;
    let hash_column = column(CONTENT_HASH)?;
    let mut tree = MerkleTree::default();
    let mut deviation = None;
    while let Some(batch) = reader.next_batch()? {
        for row in 0..batch.row_count() {
            let mut fields = [FieldValue::Null; RECORD_FIELDS.len()];
            for (field, column) in fields.iter_mut().zip(&columns) {
                *field = to_field_value(batch.value(row, *column));
            }
            // Recomputed from the fields: the stored hash could be forged together with the record.
            let content = RecordHashes::content_of(&fields);
            let recomputed = content.to_string();
            if deviation.is_none() && batch.value(row, hash_column) != Value::Text(&recomputed) {
                let number = tree.leaf_count() + 1;
                deviation =
                    Some(format!("record {number} has the content hash {recomputed}, but another one is stored"));
            }
            tree.push(content);
        }
    }
    let (count, root) = (tree.leaf_count(), tree.root().to_string());
    if deviation.is_none() && manifest.facts.snapshot_root.as_deref() != Some(&*root) {
        let stored = manifest.facts.snapshot_root.as_deref().unwrap_or("none");
        deviation = Some(format!("the records have the root {root}, the manifest says {stored}"));
    }
    if deviation.is_none() && manifest.facts.record_count != count {
        deviation = Some(format!("there are {count} records, the manifest says {}", manifest.facts.record_count));
    }
    Ok((count, deviation))
}
