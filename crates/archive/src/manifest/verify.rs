//! Verifies the directory of a run against its manifest.

use std::{
    collections::BTreeSet,
    fmt,
    fs::{self, File},
    io,
    path::Path,
};

use super::{FileEntry, MANIFEST_NAME, Manifest, read_manifest};
use crate::{TableReader, directory::run_directory, table::HashingWriter};
use cds_persistence::RunId;

/// One difference between a directory and its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deviation {
    /// There is no manifest to compare with.
    NoManifest,
    /// The manifest, a file or the directory cannot be read.
    Unreadable {
        /// The file; empty for the directory itself.
        name: String,
        /// Why, with its causes.
        reason: String,
    },
    /// The manifest is that of another run.
    WrongRun {
        /// The project in the manifest.
        project: String,
        /// The run in the manifest.
        run_id: i64,
    },
    /// A file in the manifest does not exist.
    Missing {
        /// The file.
        name: String,
    },
    /// A file is not in the manifest.
    Unexpected {
        /// The file.
        name: String,
    },
    /// A file has another length.
    Length {
        /// The file.
        name: String,
        /// Bytes according to the manifest.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// A file has another content.
    Content {
        /// The file.
        name: String,
        /// SHA-256 according to the manifest.
        expected: String,
        /// SHA-256 of the file.
        found: String,
    },
    /// A table has another number of rows, although its file matches: the manifest itself is wrong.
    Rows {
        /// The file.
        name: String,
        /// Rows according to the manifest.
        expected: u64,
        /// Rows found.
        found: u64,
    },
}

impl fmt::Display for Deviation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoManifest => write!(formatter, "there is no {MANIFEST_NAME}"),
            Self::Unreadable { name, reason } if name.is_empty() => write!(formatter, "cannot be read: {reason}"),
            Self::Unreadable { name, reason } => write!(formatter, "{name:?} cannot be read: {reason}"),
            Self::WrongRun { project, run_id } => {
                write!(formatter, "the manifest names run {run_id} of project {project:?}")
            }
            Self::Missing { name } => write!(formatter, "{name:?} is missing"),
            Self::Unexpected { name } => write!(formatter, "{name:?} is not in the manifest"),
            Self::Length { name, expected, found } => {
                write!(formatter, "{name:?} has {found} bytes instead of {expected}")
            }
            Self::Content { name, expected, found } => {
                write!(formatter, "{name:?} has the SHA-256 {found} instead of {expected}")
            }
            Self::Rows { name, expected, found } => {
                write!(formatter, "{name:?} has {found} rows instead of {expected}")
            }
        }
    }
}

/// Compares every file of a run's directory with the manifest, byte for byte, and the manifest with the directory name.
///
/// The manifest is trusted. Only a root stored elsewhere reveals a change of files and manifest together.
pub fn verify_run_directory(directory: &Path) -> Vec<Deviation> {
    let manifest = match read_manifest(directory) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return vec![Deviation::NoManifest],
        Err(error) => return vec![unreadable(MANIFEST_NAME, &error)],
    };
    let mut deviations = Vec::new();
    if !matches_directory_name(directory, &manifest) {
        deviations.push(Deviation::WrongRun { project: manifest.project.clone(), run_id: manifest.run_id });
    }
    deviations.extend(manifest.files.iter().filter_map(|file| verify_file(directory, file)));
    let known: BTreeSet<&str> = manifest.files.iter().map(|file| file.name.as_str()).chain([MANIFEST_NAME]).collect();
    match names_in(directory) {
        Ok(names) => {
            let unknown = names.into_iter().filter(|name| !known.contains(name.as_str()));
            deviations.extend(unknown.map(|name| Deviation::Unexpected { name }));
        }
        Err(error) => deviations.push(unreadable("", &error)),
    }
    deviations
}

/// Whether the directory name is that of the run; a path without a name, such as `.`, cannot be wrong.
fn matches_directory_name(directory: &Path, manifest: &Manifest) -> bool {
    let Ok(expected) = run_directory(Path::new(""), &manifest.project, RunId(manifest.run_id)) else {
        return false;
    };
    let Some(name) = directory.file_name() else {
        return true;
    };
    let project = directory.parent().and_then(Path::file_name);
    Some(name) == expected.file_name()
        && project.is_none_or(|project| {
            // Another program may have encoded the same name differently.
            project.to_str().and_then(crate::project_from_directory_name).as_deref() == Some(&manifest.project)
        })
}

fn verify_file(directory: &Path, file: &FileEntry) -> Option<Deviation> {
    let path = directory.join(&file.name);
    let name = file.name.clone();
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Some(Deviation::Unreadable { name, reason: "it is not a regular file".to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(Deviation::Missing { name }),
        Err(error) => return Some(unreadable(&name, &error)),
    }
    let (found, sha256) = match hash(&path) {
        Ok(hashed) => hashed,
        Err(error) => return Some(unreadable(&name, &error)),
    };
    if found != file.byte_count {
        return Some(Deviation::Length { name, expected: file.byte_count, found });
    }
    if sha256 != file.sha256 {
        return Some(Deviation::Content { name, expected: file.sha256.clone(), found: sha256 });
    }
    match TableReader::open(&path).map(|table| table.row_count()) {
        Ok(found) if found == file.row_count => None,
        Ok(found) => Some(Deviation::Rows { name, expected: file.row_count, found }),
        Err(error) => Some(unreadable(&name, &error)),
    }
}

/// The length and the SHA-256 of a file.
fn hash(path: &Path) -> io::Result<(u64, String)> {
    let mut hashing = HashingWriter::new(io::sink());
    io::copy(&mut File::open(path)?, &mut hashing)?;
    Ok((hashing.byte_count(), hashing.sha256()))
}

/// The names in a directory, sorted.
fn names_in(directory: &Path) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let mut names = fs::read_dir(directory)?.map(name).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn unreadable(name: &str, error: &dyn std::error::Error) -> Deviation {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        reason = format!("{reason}: {inner}");
        cause = inner.source();
    }
    Deviation::Unreadable { name: name.to_owned(), reason }
}
