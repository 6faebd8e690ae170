//! What of a tree was not read, in words.

use std::path::Path;

use cds_model::{NotRead, NotReadReason};

/// Endings that a line names.
const NAMED_COUNT: usize = 5;

/// Why a tree gave no records: what it holds instead.
pub fn why_nothing(root: &Path, not_read: &[NotRead]) -> String {
    let found = if not_read.is_empty() {
        "the folder holds nothing else".to_owned()
    } else {
        format!("it holds {}", most(not_read))
    };
    format!("no source file was read in {}: {found}", root.display())
}

/// How many files and folders were not read for each reason that occurs.
pub fn sums(not_read: &[NotRead]) -> Vec<(NotReadReason, u64)> {
    let of = |reason| sum(not_read.iter().filter(|row| row.reason == reason));
    NotReadReason::ALL.into_iter().map(|reason| (reason, of(reason))).filter(|(_, count)| *count > 0).collect()
}

/// `9 .md (other_language), 2 folders (ignored)`: the most frequent ones.
pub fn most(not_read: &[NotRead]) -> String {
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

fn sum<'a>(rows: impl Iterator<Item = &'a NotRead>) -> u64 {
    rows.map(|row| row.file_count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ending: &str, reason: NotReadReason, file_count: u64) -> NotRead {
        NotRead { ending: ending.to_owned(), reason, file_count }
    }

    #[test]
    fn most_frequent_endings_are_named() {
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
            "no source file was read in /a: it holds 2 folders (ignored)"
        );
        assert_eq!(why_nothing(Path::new("/a"), &[]), "no source file was read in /a: the folder holds nothing else");
    }

    #[test]
    fn sums_leave_out_other_reasons() {
        let rows = [row("/", NotReadReason::Ignored, 2), row(".x", NotReadReason::Ignored, 3)];
        assert_eq!(sums(&rows), [(NotReadReason::Ignored, 5)]);
        assert!(sums(&[]).is_empty());
    }
}
