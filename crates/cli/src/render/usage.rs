//! What the parser of the arguments says: help as it is, errors in three lines and without passwords.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::error::ErrorKind;

use super::{messages, text};

/// Shows help on stdout, or an error on stderr, and returns the exit status that belongs to it.
pub(crate) fn show(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let shown = error.print().and_then(|()| std::io::stdout().flush());
            // A reader who left is no reason to fail.
            let Err(error) = shown.or_else(pipe_end) else { return ExitCode::SUCCESS };
            messages::line(&format!("error: failed to write to stdout: {error}"));
            ExitCode::from(1)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(2)
        }
        _ => {
            messages::line(&text::one_line(&in_short(&error.render().to_string())));
            messages::line("hint: for all options and what they accept, add --help");
            ExitCode::from(2)
        }
    }
}

fn pipe_end(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

/// The message without usage and pointers, and without what may be a password.
fn in_short(message: &str) -> String {
    let ends = ["\nUsage:", "\nFor more information"];
    let end = ends.iter().filter_map(|mark| message.find(mark)).min().unwrap_or(message.len());
    without_credentials(message[..end].trim_end())
}

/// The text with `***` for whatever stands between `://` and `@` in one word.
fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, word) = rest.split_at(start + "://".len());
        shown.push_str(before);
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        rest = match word[..end].rfind('@') {
            Some(at) => {
                shown.push_str("***");
                &word[at..]
            }
            None => word,
        };
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_wherever_the_address_stands() {
        for (text, expected) in [
            ("unexpected 'http://user:p@ss@h:1/x' found", "unexpected 'http://***@h:1/x' found"),
            ("a://b c@d", "a://b c@d"),
            ("x://u:p@h and y://q:r@i", "x://***@h and y://***@i"),
        ] {
            assert_eq!(without_credentials(text), expected);
        }
    }

    #[test]
    fn the_usage_is_left_to_the_help() {
        assert_eq!(in_short("error: no\n  --path\n\nUsage: cds\n\nFor more information, try"), "error: no\n  --path");
    }
}
