//! Words for a shell: what is printed can be pasted, whatever it holds.

use std::fmt::Write as _;

/// The words with blanks between them, each quoted where a POSIX shell would read something else.
pub(crate) fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

/// No crate for it: the usual ones put control characters into the quotes as they are, and a terminal would obey them.
fn word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:,=@%+".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if !text.chars().any(cds_terminal::text::is_unsafe) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    // As bash, zsh and ksh read it.
    let mut word = String::from("$'");
    for letter in text.chars() {
        match letter {
            '\'' | '\\' => word.extend(['\\', letter]),
            letter if cds_terminal::text::is_unsafe(letter) => {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    // A text takes everything.
                    let _ = write!(word, "\\x{byte:02x}");
                }
            }
            letter => word.push(letter),
        }
    }
    word + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_reads_quoted_words_unchanged() {
        let words = ["plain-1.0", "", "a b", "it's", "$HOME `x` \"y\" \\", "two\nlines\u{1b}[31m'\\", "~", "#x", "ä*"];
        let line = quoted(words);
        assert!(!line.chars().any(cds_terminal::text::is_unsafe), "{line}");
        let script = format!("printf '%s\\0' {line}");
        let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
        let read: Vec<_> = output.stdout.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
        assert_eq!(read[..words.len()], words);
    }
}
