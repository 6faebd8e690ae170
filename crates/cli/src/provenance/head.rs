//! The commit that is checked out.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};

use super::{files, id::ObjectId, repository::Repository};

/// As many names as git follows from one to the next.
const LONGEST_CHAIN: usize = 5;
const LONGEST_NAME: usize = 1024;
const LARGEST_REFERENCE: u64 = 8 << 10;
const LARGEST_PACKED_REFERENCES: u64 = 64 << 20;

/// What a reference holds.
enum Reference {
    Id(ObjectId),
    Name(Vec<u8>),
}

/// The id of the commit that is checked out.
pub(super) fn read(repository: &Repository) -> Result<ObjectId> {
    let head = loose(repository, &repository.git_dir, b"HEAD")?;
    let mut reference = head.context("the repository has no HEAD")?;
    for _ in 0..LONGEST_CHAIN {
        let name = match reference {
            Reference::Id(id) => return Ok(id),
            Reference::Name(name) => name,
        };
        reference = match loose(repository, &repository.common_dir, &name)? {
            Some(reference) => reference,
            None => match packed(repository, &name)? {
                Some(id) => Reference::Id(id),
                None => bail!("nothing is committed yet on the branch that is checked out"),
            },
        };
    }
    bail!("the references of the repository lead from one to the next without an end")
}

/// A reference in a file of its own; none when there is no such file.
fn loose(repository: &Repository, folder: &Path, name: &[u8]) -> Result<Option<Reference>> {
    let path = folder.join(files::path_of(name).context("a reference has a name that cannot be read here")?);
    let Ok(metadata) = fs::symlink_metadata(&path) else { return Ok(None) };
    if metadata.is_symlink() {
        // The way of old versions of git to name another reference.
        let target = fs::read_link(&path).context("read a reference")?;
        return Ok(Some(Reference::Name(checked_name(&files::git_path(&target))?)));
    }
    if metadata.is_dir() {
        return Ok(None);
    }
    // Else a file anywhere whose content looks like an id would be told as one.
    let (real, folder) = (path.canonicalize()?, folder.canonicalize()?);
    ensure!(real.starts_with(folder), "a reference lies outside of the repository");
    let content = files::read(&path, LARGEST_REFERENCE)?.unwrap_or_default();
    if let Some(name) = content.strip_prefix(b"ref:") {
        return checked_name(name.trim_ascii()).map(|name| Some(Reference::Name(name)));
    }
    let id = ObjectId::from_hex(repository.hash, content.trim_ascii());
    id.map(|id| Some(Reference::Id(id))).context("a reference holds no commit id")
}

/// A reference in the file that holds many of them.
fn packed(repository: &Repository, name: &[u8]) -> Result<Option<ObjectId>> {
    let content = files::read(&repository.common_dir.join("packed-refs"), LARGEST_PACKED_REFERENCES)?;
    let content = content.unwrap_or_default();
    let digit_count = repository.hash.len() * 2;
    for line in content.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii_end();
        if line.get(digit_count) == Some(&b' ') && &line[digit_count + 1..] == name {
            let id = ObjectId::from_hex(repository.hash, &line[..digit_count]);
            return id.map(Some).context("a packed reference holds no commit id");
        }
    }
    Ok(None)
}

/// The name, when it can be one of a reference: below `refs/`, and no way out of it.
fn checked_name(name: &[u8]) -> Result<Vec<u8>> {
    let is_part = |part: &[u8]| {
        let is_plain = |byte: &u8| !byte.is_ascii_control() && !b"\\:*?[~^".contains(byte);
        !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock") && part.iter().all(is_plain)
    };
    ensure!(
        // Where the references are in tables, this is what HEAD says.
        name != b"refs/heads/.invalid",
        "the repository keeps its references in tables (reftable), which are not read"
    );
    let is_name =
        name.len() <= LONGEST_NAME && name.starts_with(b"refs/") && name.split(|byte| *byte == b'/').all(is_part);
    ensure!(is_name, "a reference has a name that none may have");
    Ok(name.to_owned())
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
