//! What counts as a test, by the conventions of pytest and unittest.

/// Whether a file holds tests: it lies below a folder `tests` or `test`, or is called `test_*.py`, `*_test.py`,
/// `tests.py` or `conftest.py`.
pub fn is_test(file_path: &str) -> bool {
    let mut parts = file_path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let stem = name.strip_suffix(".py").unwrap_or(name);
    stem.starts_with("test_")
        || stem.ends_with("_test")
        || matches!(stem, "tests" | "conftest")
        || parts.any(|folder| folder == "tests" || folder == "test")
}

#[cfg(test)]
mod tests {
    use super::is_test;

    #[test]
    fn tests_are_known_by_their_path() {
        for path in ["tests/a.py", "a/test/b.py", "a/test_b.py", "a/b_test.py", "a/tests.py", "conftest.py"] {
            assert!(is_test(path), "{path}");
        }
        for path in ["a/b.py", "a/testing.py", "a/contest.py", "latest/a.py", "a/attest_.py"] {
            assert!(!is_test(path), "{path}");
        }
    }
}
