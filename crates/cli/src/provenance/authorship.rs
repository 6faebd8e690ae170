//! Who made a commit and why, fit for a terminal and a database.

use cds_terminal::text;

const LONGEST_AUTHOR: usize = 200;
const LONGEST_SUBJECT: usize = 500;

/// Who made the changes of a tree, and why; one short line each, safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Authorship {
    /// The author of the commit, `Name <mail>`, if it is known.
    pub(crate) author: Option<String>,
    /// The first line of the commit's message, if it is known and not empty.
    pub(crate) subject: Option<String>,
}

impl From<cds_provenance::Authorship> for Authorship {
    fn from(found: cds_provenance::Authorship) -> Self {
        Self {
            author: found.author.and_then(|author| one_line(&author, LONGEST_AUTHOR)),
            subject: found.subject.and_then(|subject| one_line(&subject, LONGEST_SUBJECT)),
        }
    }
}

fn one_line(text: &str, limit: usize) -> Option<String> {
    let line = text::one_line(text);
    let line = match line.char_indices().nth(limit) {
        Some(_) => line.chars().take(limit - 1).chain(['…']).collect(),
        None => line,
    };
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(author: &str, subject: &str) -> (Option<String>, Option<String>) {
        let found = cds_provenance::Authorship { author: Some(author.to_owned()), subject: Some(subject.to_owned()) };
        let Authorship { author, subject } = found.into();
        (author, subject)
    }

    #[test]
    fn lines_are_short_and_safe() {
        let author = format!("{}\x1b[2J <a@x>", "n".repeat(500));
        let (author, subject) = shown(&author, &format!("{}\u{202e}", "s".repeat(2000)));
        let (author, subject) = (author.unwrap(), subject.unwrap());
        assert_eq!((author.chars().count(), subject.chars().count()), (LONGEST_AUTHOR, LONGEST_SUBJECT));
        assert!(author.ends_with('…') && subject.ends_with('…'));
        let known = |text: &str| Some(text.to_owned());
        assert_eq!(shown("A\x1b[2J <a@x>", "x\u{202e}y\r"), (known("A\\u{1b}[2J <a@x>"), known("x\\u{202e}y")));
        assert_eq!(shown("A", "Sum up  prices"), (known("A"), known("Sum up prices")));
        assert_eq!(shown(" ", ""), (None, None));
    }
}
