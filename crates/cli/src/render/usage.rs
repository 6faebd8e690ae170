//! What the parser of the arguments says: help as it is, errors in three lines.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use cds_terminal::text;
use clap::error::ErrorKind;

use super::messages;
use crate::environment;

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
            let variable =
                environment::variable_of(error).map(|name| format!(" (from the environment variable {name})"));
            let message = format!("{}{}", in_short(&error.render().to_string()), variable.unwrap_or_default());
            messages::line(&text::one_line(&message));
            messages::line(&format!("hint: {}", hint(error)));
            ExitCode::from(2)
        }
    }
}

fn pipe_end(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

/// What leads on: a tree where a database is searched is the most common mistake.
fn hint(error: &clap::Error) -> String {
    match environment::tree_for_check(error) {
        Some(tree) => {
            format!("to search a tree: cds scan {tree}; cds dup check searches a saved snapshot (--db-path FILE)")
        }
        None => "for all options and what they accept, add --help".to_owned(),
    }
}

/// The message without usage and pointers.
fn in_short(message: &str) -> String {
    let ends = ["\nUsage:", "\nFor more information"];
    let end = ends.iter().filter_map(|mark| message.find(mark)).min().unwrap_or(message.len());
    message[..end].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_is_left_to_the_help() {
        assert_eq!(in_short("error: no\n  --path\n\nUsage: cds\n\nFor more information, try"), "error: no\n  --path");
    }
}
