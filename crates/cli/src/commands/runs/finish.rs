//! `cds runs finish`: writes the end of another program's run.

use cds_model::{AccountStatus, RunEnd, masked};
use clap::{Args, builder::PossibleValuesParser};

use super::ledger;
use cds_terminal::fields::Fields;

use crate::{
    app::App,
    arguments::{DatabaseArguments, parse_note, parse_notes},
    clock,
    commands::warn_of_closing,
    failure::Failure,
    output::Output,
};

/// The statuses that are an end.
pub(super) const ENDS: [&str; 4] = [
    AccountStatus::Completed.as_str(),
    AccountStatus::CompletedWithErrors.as_str(),
    AccountStatus::Failed.as_str(),
    AccountStatus::Interrupted.as_str(),
];

/// Record how a run of another program ended; the first end is kept
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger options")]
pub(super) struct FinishArguments {
    /// Run to finish: latest, latest~1, a number or the start of an id
    #[arg(value_name = "RUN", help_heading = None)]
    run: String,

    /// Status of the run [default: completed, or failed with --error]
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(ENDS))]
    status: Option<String>,

    /// Why the run failed, one line
    #[arg(long, value_name = "TEXT", value_parser = parse_note, allow_hyphen_values = true)]
    error: Option<String>,

    /// Note to append to the notes of the run, one line of at most 4,000 characters
    #[arg(long, value_name = "TEXT", value_parser = parse_notes, default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    notes: String,

    #[command(flatten)]
    database: DatabaseArguments,
}

pub(super) fn run(arguments: &FinishArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let row = ledger::find(&plan, &arguments.run)?;
    let end = RunEnd {
        id: ledger::id_of(&row)?,
        status: end_status(arguments.status.as_deref(), arguments.error.as_deref()),
        finished_at: clock::now(),
        snapshot_id: None,
        notes: with_note(row.notes.as_deref().unwrap_or_default(), &masked(&arguments.notes)),
        error: arguments.error.as_deref().map(masked),
    };
    let mut accounts = ledger::accounts(&plan)?;
    accounts.mark_run_finished(&end).map_err(ledger::account_failure)?;
    warn_of_closing(accounts.close(), app.console);
    let status = ledger::find(&plan, &row.run_id)?.status;
    let line = Fields::new("finished").field("run_id", &row.run_id).field("status", status).finish();
    Output::Stdout.write(|writer| writeln!(writer, "{line}"))
}

/// The status that is written where none is given.
pub(super) fn end_status(status: Option<&str>, error: Option<&str>) -> AccountStatus {
    let default = if error.is_some() { AccountStatus::Failed } else { AccountStatus::Completed };
    status.and_then(|word| word.parse().ok()).unwrap_or(default)
}

/// The notes with one more, unless it is there: a call that is repeated changes nothing.
fn with_note(notes: &str, note: &str) -> String {
    match (notes, note) {
        (_, "") => String::new(),
        ("", note) => note.to_owned(),
        (notes, note) if notes.lines().any(|line| line == note) => String::new(),
        (notes, note) => format!("{notes}\n{note}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_appended_once() {
        for (notes, note, expected) in
            [("", "", ""), ("a", "", ""), ("", "b", "b"), ("a", "b", "a\nb"), ("a\nb", "b", ""), ("ab", "b", "ab\nb")]
        {
            assert_eq!(with_note(notes, note), expected, "{notes:?} {note:?}");
        }
    }

    #[test]
    fn an_error_makes_a_failure() {
        assert_eq!(end_status(None, None), AccountStatus::Completed);
        assert_eq!(end_status(None, Some("x")), AccountStatus::Failed);
        assert_eq!(end_status(Some("completed_with_errors"), Some("x")), AccountStatus::CompletedWithErrors);
    }
}
