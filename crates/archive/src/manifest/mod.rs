//! The manifest of an archived run: the list of its files, written last.

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
/// The format that is written; earlier formats can be read.
pub const MANIFEST_FORMAT_VERSION: u32 = 1;

/// The longest manifest that is read, in bytes; a normal one has a few thousand.
const MAX_LENGTH: u64 = 1024 * 1024;

/// The content of a run's directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the manifest, from 1.
    pub format_version: u32,
    /// The project; empty if it has no name.
    pub project: String,
    /// The number of the run in the database it came from.
    pub run_id: i64,
    /// Further facts; in the file their fields are on the same level.
    #[serde(flatten)]
    pub facts: RunFacts,
    /// Every file except the manifest.
    pub files: Vec<FileEntry>,
}

/// The facts about a run that only the caller knows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunFacts {
    /// The version of the program that archived it.
    pub tool_version: String,
    /// The key that identifies the run in every database and archive.
    pub run_key: String,
    /// The part of the project; empty for all of it.
    pub part: String,
    /// The path of the analyzed tree.
    pub root_path: String,
    /// The number of records of the run.
    pub record_count: u64,
    /// The Merkle root over the records; `None` if it has none.
    pub snapshot_root: Option<String>,
    /// Whether archiving computed the root; otherwise the run was written with it.
    pub is_root_computed: bool,
    /// The database the run came from.
    pub source: String,
    /// When it was archived, RFC 3339.
    pub archived_at: String,
}

/// One file of an archived run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name in the directory.
    pub name: String,
    /// The number of rows of its table.
    #[serde(rename = "rows")]
    pub row_count: u64,
    /// Its length in bytes.
    #[serde(rename = "bytes")]
    pub byte_count: u64,
    /// SHA-256 of the file, as 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Reads the manifest in the directory of a run; `None` if there is none.
///
/// # Errors
///
/// If it cannot be parsed, has a later format or is not a regular file, or on an I/O error.
pub fn read_manifest(directory: &Path) -> Result<Option<Manifest>, Error> {
    /// The part that every format has.
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
        // A forged name must not lead out of the directory.
        let is_plain = Path::new(&file.name).file_name().is_some_and(|name| name == file.name.as_str());
        if !is_plain || file.name == MANIFEST_NAME {
            return Err(damaged(format!("{:?} is not a plain file name", file.name)));
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
