//! Counts what a walk does not read, by the ending of the names and by the reason.
//!
//! The walk itself never shows what ignore files or dots hide. So each folder that is walked is listed once more, and
//! what was listed and not walked was left out. Nothing that is left out is opened: an ignored folder counts once,
//! however much it holds.

use std::{collections::HashMap, ffi::OsStr, fs, path::Path};

use cds_model::{NotRead, NotReadReason};

/// Longer endings, and those with other characters, are none.
const LONGEST_ENDING: usize = 16;
/// The most endings that are counted separately while the tree is walked.
const MOST_ENDINGS: usize = 10_000;
/// Endings of one reason that get a row of their own.
const MOST_ROWS: usize = 20;

/// Entries of a tree that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    ending: String,
    is_hidden: bool,
}

/// What is left out of one walk.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeftOut {
    counts: HashMap<(NotReadReason, String), u64>,
    listed: HashMap<Kind, u64>,
    walked: HashMap<Kind, u64>,
}

impl LeftOut {
    /// Counts one that the walk came to and that is not read.
    pub(crate) fn add(&mut self, reason: NotReadReason, ending: String) {
        add(&mut self.counts, (reason, ending), |key| NotRead::OTHERS.clone_into(&mut key.1));
    }

    /// The walk came to this entry.
    pub(crate) fn walk(&mut self, name: &OsStr, is_folder: bool) {
        add(&mut self.walked, Kind::of(name, is_folder), Kind::generalize);
    }

    /// The walk goes through this folder; `is_counted` says no to names that are none of the tree.
    pub(crate) fn list(&mut self, folder: &Path, is_counted: &dyn Fn(&Path) -> bool) {
        // That it cannot be listed is an error of the walk.
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten().filter(|entry| is_counted(&entry.path())) {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            add(&mut self.listed, Kind::of(&entry.file_name(), is_folder), Kind::generalize);
        }
    }

    /// The rows: by reason, the most frequent endings first and the others under one.
    pub(crate) fn rows(mut self) -> Vec<NotRead> {
        for (kind, count) in std::mem::take(&mut self.listed) {
            // A file may have been removed or added between the two looks.
            let rest = count.saturating_sub(self.walked.get(&kind).copied().unwrap_or_default());
            let reason = if kind.is_hidden { NotReadReason::Hidden } else { NotReadReason::Ignored };
            if rest > 0 {
                *self.counts.entry((reason, kind.ending)).or_default() += rest;
            }
        }
        let mut rows: Vec<NotRead> = self
            .counts
            .into_iter()
            .map(|((reason, ending), file_count)| NotRead { ending, reason, file_count })
            .collect();
        let is_rest = |row: &NotRead| row.ending == NotRead::OTHERS;
        rows.sort_by(|left, right| {
            let by_count = right.file_count.cmp(&left.file_count);
            (left.reason, is_rest(left))
                .cmp(&(right.reason, is_rest(right)))
                .then(by_count)
                .then_with(|| left.ending.cmp(&right.ending))
        });
        rows.chunk_by(|one, next| one.reason == next.reason).flat_map(shortened).collect()
    }
}

/// The first rows of one reason, and the others as one.
fn shortened(rows: &[NotRead]) -> Vec<NotRead> {
    let is_short = rows.len() <= MOST_ROWS && rows.iter().all(|row| row.ending != NotRead::OTHERS);
    let (own, rest) = rows.split_at(if is_short { rows.len() } else { rows.len().saturating_sub(1).min(MOST_ROWS) });
    let others = rest.first().map(|row| NotRead {
        ending: NotRead::OTHERS.to_owned(),
        reason: row.reason,
        file_count: rest.iter().map(|row| row.file_count).sum(),
    });
    own.iter().cloned().chain(others).collect()
}

impl Kind {
    fn of(name: &OsStr, is_folder: bool) -> Self {
        let ending = if is_folder { NotRead::FOLDER.to_owned() } else { ending(name) };
        Self { ending, is_hidden: name.as_encoded_bytes().starts_with(b".") }
    }

    fn generalize(&mut self) {
        NotRead::OTHERS.clone_into(&mut self.ending);
    }
}

/// The end of a name from its last dot; empty where it has none that is short and plain.
pub(crate) fn ending(name: &OsStr) -> String {
    let ending = Path::new(name).extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_plain = |character: char| character.is_alphanumeric() || "_-+~".contains(character);
    let is_ending = !ending.is_empty() && ending.len() <= LONGEST_ENDING && ending.chars().all(is_plain);
    if is_ending { format!(".{ending}") } else { String::new() }
}

/// Counts one more of `key`, or of what it is `generalized` to where there are too many keys already.
fn add<K: Eq + std::hash::Hash>(counts: &mut HashMap<K, u64>, mut key: K, generalized: impl Fn(&mut K)) {
    if counts.len() >= MOST_ENDINGS && !counts.contains_key(&key) {
        generalized(&mut key);
    }
    *counts.entry(key).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_is_short_and_plain() {
        for (name, expected) in [
            ("a.js", ".js"),
            ("a.tar.gz", ".gz"),
            ("Makefile", ""),
            (".gitignore", ""),
            ("a.", ""),
            ("a.b c", ""),
            ("a.\u{1b}[31m", ""),
            ("a.01234567890123456", ""),
            ("a.ü", ".ü"),
            ("a.h~", ".h~"),
        ] {
            assert_eq!(ending(OsStr::new(name)), expected, "{name:?}");
        }
    }

    #[test]
    fn many_endings_share_one_row() {
        let mut left_out = LeftOut::default();
        left_out.add(NotReadReason::Link, ".py".to_owned());
        for number in 0..MOST_ENDINGS + 50 {
            left_out.add(NotReadReason::OtherLanguage, format!(".{number}"));
        }
        (0..3).for_each(|_| left_out.add(NotReadReason::OtherLanguage, ".7".to_owned()));
        let rows = left_out.rows();
        assert_eq!((rows.len(), &*rows[0].ending, rows[0].reason), (MOST_ROWS + 2, ".py", NotReadReason::Link));
        assert_eq!((&*rows[1].ending, rows[1].file_count), (".7", 4));
        let last = rows.last().unwrap();
        assert_eq!((&*last.ending, last.file_count), ("*", (MOST_ENDINGS + 50 - MOST_ROWS) as u64));
    }
}
