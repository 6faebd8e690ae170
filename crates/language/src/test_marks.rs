//! What counts as a test, by the conventions of each language.

use crate::Language;

/// By what the tests of a language are known.
#[derive(Debug, Clone, Copy)]
pub struct TestMarks {
    /// Names of folders with tests.
    pub folders: &'static [&'static str],
    /// What names of folders with tests end with.
    pub folder_ends: &'static [&'static str],
    /// What names of files begin with.
    pub beginnings: &'static [&'static str],
    /// What names of files end with, their ending left out.
    pub ends: &'static [&'static str],
    /// Whole names of files, their ending left out.
    pub names: &'static [&'static str],
}

/// Whether a file holds tests, by the conventions of its language.
pub fn is_test(file_path: &str) -> bool {
    let language = Language::of_record(file_path);
    let marks = &language.tests;
    let mut parts = file_path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let stem = name.rsplit_once('.').filter(|(_, ending)| language.files.endings.contains(ending));
    let stem = stem.map_or(name, |(stem, _)| stem);
    marks.beginnings.iter().any(|beginning| stem.starts_with(beginning))
        || marks.ends.iter().any(|end| stem.ends_with(end))
        || marks.names.contains(&stem)
        || parts
            .any(|folder| marks.folders.contains(&folder) || marks.folder_ends.iter().any(|end| folder.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::is_test;

    #[test]
    fn paths_mark_tests() {
        for path in ["tests/a.py", "a/test/b.py", "a/test_b.py", "a/b_test.py", "a/tests.py", "conftest.py"] {
            assert!(is_test(path), "{path}");
        }
        for path in [
            "a/b.test.ts",
            "src/__tests__/a.js",
            "a/b_test.go",
            "pkg/testdata/a.go",
            "src/test/java/A.java",
            "a/CartTest.java",
            "tests/a.rs",
            "src/Shop.Tests/a.cs",
            "a/CartTest.php",
        ] {
            assert!(is_test(path), "{path}");
        }
        for path in ["a/latest.ts", "a/testing.go", "src/main/java/Contest.java", "a/tester.rs"] {
            assert!(!is_test(path), "{path}");
        }
        for path in ["a/b.py", "a/testing.py", "a/contest.py", "latest/a.py", "a/attest_.py"] {
            assert!(!is_test(path), "{path}");
        }
    }
}
