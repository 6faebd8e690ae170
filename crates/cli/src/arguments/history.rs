//! What is written into the history of a tree's definitions.

use clap::Args;

use super::accounts::{given, unless_empty};
use cds_terminal::text;

use crate::provenance::Authorship;

const LONGEST_ACTOR: usize = 200;
const LONGEST_REASON: usize = 500;

/// What the user says about the changes since the last snapshot.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger options")]
pub(crate) struct HistoryArguments {
    /// Author of the changes [default: the author of the commit, if the tree has no uncommitted changes]
    #[arg(long, value_name = "NAME", value_parser = unless_empty(parse_actor), env = "CDS_ACTOR")]
    actor: Option<String>,

    /// Reason for the changes [default: the first line of the commit message]
    #[arg(long, value_name = "TEXT", value_parser = unless_empty(parse_reason), env = "CDS_CHANGE_REASON")]
    change_reason: Option<String>,
}

impl HistoryArguments {
    /// Who made the changes, and why: as given, else from the commit, if it is known.
    pub(crate) fn plan(&self, commit: &Authorship) -> (Option<String>, Option<String>) {
        let first = |own: &Option<String>, other: &Option<String>| {
            given(own.as_deref()).or(other.as_deref()).map(str::to_owned)
        };
        (first(&self.actor, &commit.author), first(&self.change_reason, &commit.subject))
    }
}

fn parse_actor(text: &str) -> Result<String, String> {
    parse_line(text, LONGEST_ACTOR)
}

fn parse_reason(text: &str) -> Result<String, String> {
    parse_line(text, LONGEST_REASON)
}

/// One line of which something is left without the blanks around it.
fn parse_line(text: &str, longest: usize) -> Result<String, String> {
    let line = text.trim();
    let is_fit = !line.is_empty() && line.chars().count() <= longest && !text.chars().any(text::is_unsafe);
    let accepted = || format!("accepted are 1 to {longest} characters on one line without control characters");
    if is_fit { Ok(line.to_owned()) } else { Err(accepted()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_values_win_over_commit_values() {
        let text = |text: &str| Some(text.to_owned());
        let commit = Authorship { author: text("Ada"), subject: text("Sum up") };
        let plan = |actor: Option<&str>, reason: Option<&str>| {
            HistoryArguments { actor: actor.map(str::to_owned), change_reason: reason.map(str::to_owned) }.plan(&commit)
        };
        assert_eq!(plan(None, None), (text("Ada"), text("Sum up")));
        assert_eq!(plan(Some("Bo"), Some("")), (text("Bo"), text("Sum up")));
        assert_eq!(plan(Some(""), Some("Why")), (text("Ada"), text("Why")));
        let nothing = HistoryArguments { actor: None, change_reason: None }.plan(&Authorship::default());
        assert_eq!(nothing, (None, None));
    }

    #[test]
    fn a_line_is_short_and_safe() {
        assert_eq!(parse_actor(" Ada Löv "), Ok("Ada Löv".to_owned()));
        assert_eq!(parse_reason(&"ü".repeat(LONGEST_REASON)), Ok("ü".repeat(LONGEST_REASON)));
        for wrong in [" ", "a\nb", "a\n", "a\u{1b}[31m", "a\u{202e}b", &"x".repeat(LONGEST_ACTOR + 1)] {
            assert!(parse_actor(wrong).is_err(), "{wrong:?}");
        }
    }
}
