//! The commits that references name.
//!
//! The library for git parses them. Finding the files is ours, because the library opens whatever lies there, and
//! follows links out of the repository.

use std::{collections::BTreeSet, fs, path::Path};

use gix::refs::{FullName, Target, file::loose, packed};

use crate::{
    error::{Error, Result, library},
    files,
    id::Id,
    repository::Repository,
};

pub(crate) const IN_TABLES: Error =
    Error::Unsupported("the repository keeps its references in tables (reftable), which are not read");
/// As many names as git follows from one to the next.
const LONGEST_CHAIN: usize = 5;
const LONGEST_NAME: usize = 1024;
const TAGS: &str = "refs/tags";
const MOST_TAGS: usize = 200_000;
const LARGEST_REFERENCE: u64 = 8 << 10;
const LARGEST_PACKED_REFERENCES: u64 = 64 << 20;

/// The id of the commit that is checked out.
pub(crate) fn head(repository: &Repository) -> Result<Id> {
    let name = FullName::try_from("HEAD").map_err(library)?;
    let head = loose(repository, &repository.place.git_dir, name)?;
    follow(repository, head.ok_or_else(|| Error::Missing("HEAD".to_owned()))?)
}

/// What the first reference names that git would look for under `name`.
pub(crate) fn resolve(repository: &Repository, name: &str) -> Result<Id> {
    let unknown = || Error::Missing(format!("reference {name}"));
    for full in ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].map(|folder| format!("{folder}{name}")) {
        let Ok(full) = checked_name(full.as_bytes()) else { continue };
        if let Some(target) = find(repository, &full)? {
            return follow(repository, target);
        }
    }
    Err(unknown())
}

/// The names of the tags, without the folder that they lie in; names that are no text are left out.
pub(crate) fn tags(repository: &Repository) -> Result<Vec<String>> {
    let mut found = BTreeSet::new();
    let root = repository.place.common_dir.join(TAGS);
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry.map_err(|error| Error::io("the tags", error))?;
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(&root) {
                found.extend(String::from_utf8(files::git_path(name)));
            }
            if found.len() + folders.len() > MOST_TAGS {
                return Err(too_many_tags());
            }
        }
    }
    let packed = repository.place.common_dir.join("packed-refs");
    let content = files::read(&packed, LARGEST_PACKED_REFERENCES)?.unwrap_or_default();
    // A line is an id, a blank and a name; others begin with `#` or `^`.
    for line in content.split(|byte| *byte == b'\n') {
        let name = line.splitn(2, |byte| *byte == b' ').nth(1).and_then(|name| name.strip_prefix(b"refs/tags/"));
        found.extend(name.and_then(|name| std::str::from_utf8(name).ok()).map(|name| name.trim_end().to_owned()));
        if found.len() > MOST_TAGS {
            return Err(too_many_tags());
        }
    }
    found.retain(|name| checked_name(format!("{TAGS}/{name}").as_bytes()).is_ok());
    Ok(found.into_iter().collect())
}

fn too_many_tags() -> Error {
    Error::TooLarge { what: "the repository has".to_owned(), than: "more than", limit: MOST_TAGS as u64, unit: "tags" }
}

fn follow(repository: &Repository, mut target: Target) -> Result<Id> {
    for _ in 0..LONGEST_CHAIN {
        let name = match target {
            Target::Object(id) => return Ok(Id(id)),
            Target::Symbolic(name) => name,
        };
        target = find(repository, &checked_name(name.as_bstr())?)?.ok_or(Error::Unborn)?;
    }
    Err(Error::damaged("the references of the repository lead from one to the next without an end"))
}

fn find(repository: &Repository, name: &FullName) -> Result<Option<Target>> {
    match loose(repository, &repository.place.common_dir, name.clone())? {
        Some(target) => Ok(Some(target)),
        None => packed(repository, name),
    }
}

/// A reference in a file of its own; none when there is no such file.
fn loose(repository: &Repository, folder: &Path, name: FullName) -> Result<Option<Target>> {
    let relative = files::path_of(name.as_bstr());
    let path = folder.join(relative.ok_or_else(|| Error::damaged("a reference has a name that cannot be read here"))?);
    let Ok(metadata) = fs::symlink_metadata(&path) else { return Ok(None) };
    let failed = |error| Error::io("a reference", error);
    if metadata.is_symlink() {
        // The way of old versions of git to name another reference.
        let target = fs::read_link(&path).map_err(failed)?;
        return checked_name(&files::git_path(&target)).map(|name| Some(Target::Symbolic(name)));
    }
    if metadata.is_dir() {
        return Ok(None);
    }
    // Else a file anywhere whose content looks like an id would be shown as one.
    let (real, folder) = (path.canonicalize().map_err(failed)?, folder.canonicalize().map_err(failed)?);
    if !real.starts_with(folder) {
        return Err(Error::damaged("a reference lies outside of the repository"));
    }
    let content = files::read(&path, LARGEST_REFERENCE)?.unwrap_or_default();
    match loose::Reference::try_from_path(name, &content, repository.hash) {
        Ok(reference) => Ok(Some(reference.target)),
        Err(_) => match content.strip_prefix(b"ref:") {
            Some(name) => checked_name(name.trim_ascii()).map(|name| Some(Target::Symbolic(name))),
            None => Err(Error::damaged("a reference holds no commit id")),
        },
    }
}

/// A reference in the file that holds many of them.
fn packed(repository: &Repository, name: &FullName) -> Result<Option<Target>> {
    let path = repository.place.common_dir.join("packed-refs");
    let Some(content) = files::read(&path, LARGEST_PACKED_REFERENCES)? else { return Ok(None) };
    let damaged = |_| Error::damaged("the packed references are damaged");
    let buffer = packed::Buffer::from_bytes(&content, repository.hash).map_err(damaged)?;
    let found = buffer.try_find(name.as_ref()).map_err(damaged)?;
    Ok(found.map(|reference| Target::Object(reference.target())))
}

/// The name, when it can be one of a reference: below `refs/`, and no way out of it.
fn checked_name(name: &[u8]) -> Result<FullName> {
    if name == b"refs/heads/.invalid" {
        // What HEAD says where the references are in tables.
        return Err(IN_TABLES);
    }
    let full = (name.len() <= LONGEST_NAME && name.starts_with(b"refs/"))
        .then(|| FullName::try_from(gix::bstr::BString::from(name)).ok());
    full.flatten().ok_or_else(|| Error::damaged("a reference has a name that none may have"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_references() {
        assert!(checked_name("refs/heads/täst/a-b_c".as_bytes()).is_ok());
        for name in
            ["", "HEAD", "refs/", "refs/../config", "/refs/heads/a", "refs//a", "refs/heads/a.lock", "refs/a\0b"]
        {
            assert!(checked_name(name.as_bytes()).is_err(), "{name}");
        }
        assert!(checked_name(format!("refs/{}", "a".repeat(2000)).as_bytes()).is_err());
    }
}
