//! Who made a commit, and why, as its object says.
//!
//! The library for git refuses a commit with a line of an author that is not quite right, as old importers wrote them.
//! What such a commit says is still worth to know.

/// Who made the changes of a tree, and why, as the commit has it: not yet fit for a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authorship {
    /// The author of the commit, `Name <mail>`; `None` if unknown.
    pub author: Option<String>,
    /// The first line of the commit's message; `None` if unknown or empty.
    pub subject: Option<String>,
}

/// What the content of a commit says.
///
/// Headers come first, one a line; a line that begins with a blank goes on with the one before. The message begins
/// behind the first empty line.
pub(crate) fn authorship(content: &[u8]) -> Authorship {
    let (headers, message) = split_at_empty_line(content);
    let header = |name: &str| {
        headers.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b" "))
    };
    let is_latin = header("encoding").is_some_and(|name| {
        [&b"ISO-8859-1"[..], b"ISO8859-1", b"latin1"].iter().any(|latin| name.trim_ascii().eq_ignore_ascii_case(latin))
    });
    let line = |bytes: &[u8]| Some(decoded(bytes, is_latin)).filter(|line| !line.is_empty());
    let mut lines = message.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    Authorship {
        author: header("author").and_then(name_and_mail).and_then(line),
        subject: lines.find(|line| !line.is_empty()).and_then(line),
    }
}

/// When the commit was made, in seconds since 1970.
pub(crate) fn committed_at(content: &[u8]) -> Option<i64> {
    let (headers, _) = split_at_empty_line(content);
    let line = headers.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"committer "))?;
    let behind_mail = &line[line.iter().rposition(|byte| *byte == b'>')? + 1..];
    let seconds = std::str::from_utf8(behind_mail).ok()?.split_ascii_whitespace().next()?;
    // Some importers wrote a fraction, or a time before 1970.
    seconds.split('.').next()?.parse().ok()
}

fn split_at_empty_line(content: &[u8]) -> (&[u8], &[u8]) {
    match content.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&content[..end], &content[end + 2..]),
        None => (content, b""),
    }
}

/// The line without the time that follows the mail.
fn name_and_mail(line: &[u8]) -> Option<&[u8]> {
    let end = line.iter().rposition(|byte| *byte == b'>')?;
    Some(line[..=end].trim_ascii())
}

/// Other encodings than these two are so rare that what is no UTF-8 in them is only marked.
fn decoded(bytes: &[u8], is_latin: bool) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) if is_latin => bytes.iter().copied().map(char::from).collect(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> (Option<String>, Option<String>) {
        let Authorship { author, subject } = authorship(content);
        (author, subject)
    }

    fn known(author: &str, subject: &str) -> (Option<String>, Option<String>) {
        (Some(author.to_owned()), Some(subject.to_owned()))
    }

    #[test]
    fn author_and_first_line_are_read() {
        let content = "tree 4b82\nparent 1\nauthor Ada Löv <ada@example.org> 1700000000 +0100\ncommitter Bo <b@x> 1 +0\n\
                       gpgsig -----BEGIN\n author Eve <e@x> 1 +0\n -----END\n\n\n  Sum up  prices \n\nauthor No <n@x>\n";
        assert_eq!(read(content.as_bytes()), known("Ada Löv <ada@example.org>", "Sum up  prices"));
    }

    #[test]
    fn time_is_that_of_the_committer() {
        let with = |line: &str| committed_at(format!("tree 1\nauthor A <a@x> 5 +0\n{line}\n\nx").as_bytes());
        assert_eq!(with("committer Bo <b@x> 1700000000 +0100"), Some(1_700_000_000));
        assert_eq!(with("committer Bo > <b@x> -12 +0100"), Some(-12));
        assert_eq!(with("committer <> 1.5 +0"), Some(1));
        for unknown in ["", "committer Bo <b@x>", "committer Bo <b@x> soon", "committer 12"] {
            assert_eq!(with(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn missing_words_stay_unknown() {
        for content in ["", "\n\n", "tree 1\nauthor someone\n\n \n\n", "authors A <a@x> 1 +0", "tree 1\n\nauthor"] {
            assert_eq!(read(content.as_bytes()).0, None, "{content:?}");
        }
        assert_eq!(read(b"author <a@x> 1 +0"), (Some("<a@x>".to_owned()), None));
        assert_eq!(read(b"author A <a@x> 1 +0\n\n\t\n \n").1, None);
    }

    #[test]
    fn no_encoding_is_in_the_way() {
        let with = |encoding: &str| [format!("author Andr\n{encoding}\n\n").as_bytes(), b"Gr\xfc\xdfe"].concat();
        assert_eq!(read(&with("encoding iso-8859-1")).1.unwrap(), "Grüße");
        assert_eq!(read(&with("encoding SHIFT_JIS")).1.unwrap(), "Gr\u{fffd}\u{fffd}e");
        assert_eq!(read(&with("x y")).1.unwrap(), "Gr\u{fffd}\u{fffd}e");
    }
}
