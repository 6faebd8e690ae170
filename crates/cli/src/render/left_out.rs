//! What a run did not read, for people and for programs.

use std::path::Path;

use cds_model::{NotRead, NotReadReason};
use cds_terminal::fields::Fields;
use serde_json::{Value, json};

use super::messages;

/// Endings that a line names.
const NAMED_COUNT: usize = 5;

/// One line with the sums by reason and the most frequent endings; none where everything was read.
pub(crate) fn note(not_read: &[NotRead]) {
    let total = sum(not_read.iter());
    if total == 0 {
        return;
    }
    let mut line = Fields::new("not_read").field("files", total);
    for reason in NotReadReason::ALL {
        let count = sum(not_read.iter().filter(|row| row.reason == reason));
        if count > 0 {
            line = line.field(reason.as_str(), count);
        }
    }
    messages::note(&line.field("most", most(not_read)).finish());
}

/// Why a tree gave no records: what it holds instead.
pub(crate) fn why_nothing(root: &Path, not_read: &[NotRead]) -> String {
    let found = if not_read.is_empty() {
        "the folder holds nothing else".to_owned()
    } else {
        format!("it holds {}", most(not_read))
    };
    format!("no Python file was read in {}: {found}", root.display())
}

/// Every row, as a list of objects.
pub(crate) fn json(not_read: &[NotRead]) -> Value {
    let row =
        |row: &NotRead| json!({ "ending": row.ending, "reason": row.reason.as_str(), "file_count": row.file_count });
    not_read.iter().map(row).collect()
}

fn sum<'a>(rows: impl Iterator<Item = &'a NotRead>) -> u64 {
    rows.map(|row| row.file_count).sum()
}

/// `9 .md (other_language), 2 folders (ignored)`: the most frequent ones.
fn most(not_read: &[NotRead]) -> String {
    let mut rows: Vec<&NotRead> = not_read.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.file_count));
    let shown = rows.iter().take(NAMED_COUNT).map(|row| {
        let what = match row.ending.as_str() {
            "" => "without an ending",
            NotRead::FOLDER => "folders",
            NotRead::OTHERS => "of other endings",
            ending => ending,
        };
        format!("{} {what} ({})", row.file_count, row.reason)
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match sum(rows.iter().skip(NAMED_COUNT).copied()) {
        0 => shown,
        rest => format!("{shown} and {rest} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_endings_are_named() {
        let row = |ending: &str, reason, file_count| NotRead { ending: ending.to_owned(), reason, file_count };
        let rows = [
            row("/", NotReadReason::Ignored, 2),
            row("", NotReadReason::OtherLanguage, 1),
            row(".md", NotReadReason::OtherLanguage, 9),
            row("*", NotReadReason::OtherLanguage, 4),
            row(".py", NotReadReason::TooLarge, 3),
            row(".js", NotReadReason::OtherLanguage, 1),
        ];
        let text = "9 .md (other_language), 4 of other endings (other_language), 3 .py (too_large), 2 folders (ignored), \
                    1 without an ending (other_language) and 1 more";
        assert_eq!(most(&rows), text);
        assert_eq!(
            why_nothing(Path::new("/a"), &rows[..1]),
            "no Python file was read in /a: it holds 2 folders (ignored)"
        );
        assert_eq!(why_nothing(Path::new("/a"), &[]), "no Python file was read in /a: the folder holds nothing else");
    }
}
