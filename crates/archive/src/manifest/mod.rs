//! The manifest of an archived run: what it has to hold, written last.

mod verify;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use verify::{Deviation, verify_run_directory};

use crate::{
    Error,
    files::{Content, read_bounded, write_atomically},
};

/// The name of the manifest in the directory of a run.
pub const MANIFEST_NAME: &str = "manifest.json";
/// The format that is written; earlier ones are read.
pub const MANIFEST_FORMAT_VERSION: u32 = 1;

/// Longest manifest that is read, in bytes; what is written has a few thousand.
const MAX_LENGTH: u64 = 1024 * 1024;

/// What the directory of a run has to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the manifest, from 1.
    pub format_version: u32,
    /// The project; empty where it has no name.
    pub project: String,
    /// The number of the run in the database that it came from.
    pub run_id: i64,
    /// What else is known of the run; in the file its fields stand among the others.
    #[serde(flatten)]
    pub facts: RunFacts,
    /// Every file but the manifest itself.
    pub files: Vec<FileEntry>,
}

/// What only the caller knows of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunFacts {
    /// The version of the program that archived it.
    pub tool_version: String,
    /// What the run is known by wherever it goes.
    pub run_key: String,
    /// The part of the project; empty for all of it.
    pub part: String,
    /// The path of the tree that was analyzed.
    pub root_path: String,
    /// How many records the run has.
    pub record_count: u64,
    /// The Merkle root over the records of the run, where it has one.
    pub snapshot_root: Option<String>,
    /// Whether the root was computed when the run was archived; else the run was written with it.
    pub is_root_computed: bool,
    /// The database that the run came from.
    pub source: String,
    /// When it was archived, RFC 3339.
    pub archived_at: String,
}

/// A file of an archived run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name in the directory.
    pub name: String,
    /// How many rows its table has.
    #[serde(rename = "rows")]
    pub row_count: u64,
    /// Its length.
    #[serde(rename = "bytes")]
    pub byte_count: u64,
    /// SHA-256 of the file, as 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Reads the manifest in the directory of a run; nothing where there is none.
///
/// # Errors
///
/// It cannot be understood, is of a later format, is no regular file, or the system refused.
pub fn read_manifest(directory: &Path) -> Result<Option<Manifest>, Error> {
    /// What every format has.
    #[derive(Deserialize)]
    struct Format {
        format_version: u32,
    }

    let path = directory.join(MANIFEST_NAME);
    let damaged = |reason: String| Error::DamagedManifest { path: path.clone(), reason };
    let bytes = match read_bounded(&path, MAX_LENGTH)? {
        Content::Bytes(bytes) => bytes,
        Content::Missing => return Ok(None),
        Content::TooLong => return Err(damaged(format!("it has more than {MAX_LENGTH} bytes"))),
    };
    let Format { format_version } = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if format_version > MANIFEST_FORMAT_VERSION {
        let (found, known) = (format_version, MANIFEST_FORMAT_VERSION);
        return Err(Error::NewerManifest { path: path.clone(), found, known });
    }
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    for file in &manifest.files {
        // A crafted name must not lead out of the directory.
        let is_plain = Path::new(&file.name).file_name().is_some_and(|name| name == file.name.as_str());
        if !is_plain || file.name == MANIFEST_NAME {
            return Err(damaged(format!("{:?} is no name of a file in it", file.name)));
        }
    }
    Ok(Some(manifest))
}

pub(crate) fn write_manifest(path: &Path, manifest: &Manifest) -> Result<(), Error> {
    let mut text = serde_json::to_string_pretty(manifest)
        .map_err(|error| Error::DamagedManifest { path: path.to_owned(), reason: error.to_string() })?;
    text.push('\n');
    write_atomically(path, text.as_bytes())
}
