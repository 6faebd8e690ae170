//! Examines the location of a database without opening it and without leaving anything behind.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{journal, location::Location};
use crate::Error;

/// The findings about a path.
#[derive(Debug)]
pub struct LocationReport {
    /// Why no database can be written at the path: its name, its directory, or an existing file.
    pub refusal: Option<Error>,
    /// Whether the file exists.
    pub is_present: bool,
    /// Whether the file may be written; true if it does not exist.
    pub is_file_writable: bool,
    /// The directory of the file and its side files.
    pub folder: PathBuf,
    /// Why nothing can be written to that directory.
    pub folder_error: Option<io::Error>,
    /// The file system; `None` if unknown, as on every system except Linux.
    pub file_system: Option<FileSystem>,
    /// Whether a write-ahead log can work there, as far as known.
    pub is_fit_for_log: bool,
    /// The free space for this user in bytes; `None` if unknown.
    pub free_bytes: Option<u64>,
}

/// A kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSystem {
    /// Its number in `linux/magic.h`; shown in hexadecimal.
    pub number: u32,
    /// Its name, if it is a common one.
    pub name: Option<&'static str>,
}

/// Examines the location of a database without touching the file.
///
/// It writes a nameless or temporary file to the directory.
pub fn examine_location(path: &Path) -> LocationReport {
    let found = Location::existing(path).and_then(|location| location.check_is_reached_once());
    let is_present = !matches!(
        found,
        Err(Error::Missing { .. } | Error::MissingDirectory { .. } | Error::InvalidName { .. } | Error::Address { .. })
    );
    let refusal = match found {
        Ok(()) | Err(Error::Missing { .. }) => None,
        Err(error) => Some(error),
    };
    let folder = folder_of(path);
    let asked = if is_present { path } else { &folder };
    let file_system = journal::file_system(asked).map(|number| FileSystem { number, name: name_of(number) });
    LocationReport {
        refusal,
        is_present,
        is_file_writable: !is_present || is_writable(path),
        folder_error: tempfile::tempfile_in(&folder).err(),
        file_system,
        is_fit_for_log: file_system.is_none_or(|found| !journal::is_unfit_for_log(found.number)),
        free_bytes: free_bytes(&folder),
        folder,
    }
}

/// Side files of a symbolic link are next to its target.
fn folder_of(path: &Path) -> PathBuf {
    let file = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn is_writable(path: &Path) -> bool {
    // The superuser could write it anyway, but the permissions ask not to.
    std::fs::metadata(path).is_ok_and(|file| !file.permissions().readonly()) && may_write(path)
}

#[cfg(target_os = "linux")]
fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn may_write(_: &Path) -> bool {
    true
}

#[cfg(target_os = "linux")]
fn free_bytes(folder: &Path) -> Option<u64> {
    let answer = rustix::fs::statvfs(folder).ok()?;
    Some(answer.f_bavail.saturating_mul(answer.f_frsize))
}

#[cfg(not(target_os = "linux"))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// The numbers of `linux/magic.h`, and of ZFS, which is not listed there.
const fn name_of(number: u32) -> Option<&'static str> {
    Some(match number {
        0xef53 => "ext4",
        0x9123_683e => "btrfs",
        0x5846_5342 => "xfs",
        0x2fc1_2fc1 => "zfs",
        0xf2f5_2010 => "f2fs",
        0x0102_1994 => "tmpfs",
        0x8584_58f6 => "ramfs",
        0x794c_7630 => "overlayfs",
        0x7371_7368 => "squashfs",
        0x9660 => "iso9660",
        0x4d44 => "vfat",
        0x2011_bab0 => "exfat",
        0x7366_746e => "ntfs3",
        0x6969 => "nfs",
        0x517b => "smb",
        0xfe53_4d42 => "smb2",
        0xff53_4d42 => "cifs",
        0x0102_1997 => "9p",
        0x6573_5546 => "fuse",
        _ => return None,
    })
}
