//! Scripts without an ending, by their first line.

use std::{ffi::OsStr, io::Read as _, path::Path};

use cds_language::Language;

use crate::read::open;

/// Longer first lines name no interpreter.
const LONGEST_LINE: u64 = 256;

/// The language of a file without an ending whose first line names an interpreter of it.
///
/// Only the language that records of such files are read as: a snapshot does not say the language of a file.
pub(crate) fn script_language(path: &Path) -> Option<&'static Language> {
    may_be_script(path).then_some(())?;
    let file = open(path).ok().filter(|file| file.metadata().is_ok_and(|metadata| metadata.is_file()))?;
    let mut bytes = Vec::new();
    file.take(LONGEST_LINE).read_to_end(&mut bytes).ok()?;
    language_of_script(path, &bytes)
}

/// Whether the name has no ending, so that the first line decides.
pub(crate) fn may_be_script(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| !name.contains('.'))
}

/// The same of a file whose first bytes are known.
pub(crate) fn language_of_script(path: &Path, bytes: &[u8]) -> Option<&'static Language> {
    let name = path.file_name().and_then(OsStr::to_str).filter(|_| may_be_script(path))?;
    let bytes = &bytes[..bytes.len().min(usize::try_from(LONGEST_LINE).unwrap_or(usize::MAX))];
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let language = Language::of_first_line(std::str::from_utf8(line).ok()?)?;
    (language == Language::of_record(name)).then_some(language)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn first_lines_make_scripts() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text, expected) in [
            ("tool", "#!/usr/bin/env python3\nx = 1\n", Some("python")),
            ("other", "#!/usr/bin/env node\n", None),
            ("tool.txt", "#!/usr/bin/env python3\n", None),
            ("plain", "x = 1\n", None),
            ("empty", "", None),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            assert_eq!(script_language(&path).map(|language| language.id), expected, "{name}");
        }
        assert_eq!(script_language(folder.path()), None);
        assert_eq!(script_language(&folder.path().join("missing")), None);
    }
}
