//! The definitions that contain a text unchanged, except for its indentation.

use std::collections::HashMap;

use memchr::memmem::Finder;
use rayon::prelude::*;

/// For each text that has all lines of `piece` one behind the other, its place, the lines there: from 0, the last one
/// excluded. Of several the first ones.
pub(super) fn places<T: AsRef<str> + Sync>(codes: &[T], piece: &str) -> HashMap<u32, (u32, u32)> {
    let wanted: Vec<&str> = piece.lines().map(str::trim).collect();
    // Hardly any text has the longest line.
    let longest = wanted.iter().max_by_key(|line| line.len()).copied().unwrap_or_default();
    if longest.is_empty() {
        return HashMap::new();
    }
    let finder = Finder::new(longest);
    let find = |(index, code): (usize, &T)| {
        let code = code.as_ref();
        finder.find(code.as_bytes())?;
        let lines: Vec<&str> = code.lines().map(str::trim).collect();
        let first = lines.windows(wanted.len()).position(|lines| lines == wanted)?;
        Some((index as u32, (first as u32, (first + wanted.len()) as u32)))
    };
    codes.par_iter().enumerate().filter_map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lines_have_to_follow_each_other() {
        let codes = ["def f():\n    a\n    b(\n        c)\n    a\n    b(\n", "a\nx\nb(\n", "ab(\n", ""];
        assert_eq!(places(&codes, "a\nb(\n"), HashMap::from([(0, (1, 3))]));
        assert_eq!(places(&codes, "a\nc)\n"), HashMap::new());
        assert_eq!(places(&codes, "\n"), HashMap::new());
    }
}
