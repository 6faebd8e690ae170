//! Detects a file that is a mount point itself, such as with `docker run -v FILE:FILE`.
//!
//! Its journal, log and lock are in another folder than those of a process that uses another path to the same file, so
//! neither process sees the other.

use std::path::Path;

/// Whether the file is a mount point; false if the system does not report it.
#[cfg(target_os = "linux")]
pub(super) fn is_mount(path: &Path) -> bool {
    says_kernel(path).unwrap_or_else(|| {
        let Ok(real) = std::fs::canonicalize(path) else { return false };
        // Device numbers do not help: in an overlay, a file and its folder may have different ones.
        std::fs::read("/proc/self/mountinfo").is_ok_and(|table| is_listed(&table, &real))
    })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_mount(_: &Path) -> bool {
    false
}

/// What `statx` reports for the target of `path`; `None` before Linux 5.8.
#[cfg(target_os = "linux")]
fn says_kernel(path: &Path) -> Option<bool> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::empty()).ok()?;
    let knows = found.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT);
    knows.then(|| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// Whether a mount table, as in proc(5), has an entry for `path`.
#[cfg(target_os = "linux")]
fn is_listed(table: &[u8], path: &Path) -> bool {
    let path = path.as_os_str().as_encoded_bytes();
    let mount_point = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4).map(unescape);
    table.split(|byte| *byte == b'\n').filter_map(mount_point).any(|point| point == path)
}

/// Decodes blanks, tabs, line breaks and backslashes, which are written as `\` and three octal digits.
#[cfg(target_os = "linux")]
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| str::from_utf8(digits).ok());
        let byte = digits.filter(|_| first == b'\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
        text.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[3..] } else { after };
    }
    text
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    use super::*;

    #[test]
    fn mount_table_escapes_are_decoded() {
        let table = b"63 43 254:0 /e/a /srv/my\\040db\\134.sqlite rw,relatime - ext4 /dev/vda rw\n\
                      64 43 254:0 / /srv/\\303\xff rw - tmpfs none rw\n";
        for (path, expected) in [
            (&b"/srv/my db\\.sqlite"[..], true),
            (b"/srv/my db\\.sqlite-wal", false),
            (b"/srv", false),
            (b"/e/a", false),
            (b"/srv/\xc3\xff", true),
            (b"", false),
        ] {
            assert_eq!(is_listed(table, Path::new(OsStr::from_bytes(path))), expected, "{path:?}");
        }
    }

    #[test]
    fn real_mount_points_are_detected() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!((is_mount(Path::new("/proc")), is_mount(file.path())), (true, false));
        assert!(is_listed(&std::fs::read("/proc/self/mountinfo").unwrap(), Path::new("/proc")));
        assert!(!is_mount(Path::new("/no/such/file")));
    }
}
