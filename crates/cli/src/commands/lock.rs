//! `cds lock`: who writes to a database now.

use cds_persistence::{LockHolder, LockStatus, lock_path, lock_status};
use cds_terminal::{screen::Screen, sections::Sections, style::Tone};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    arguments::{DatabaseArguments, ResultFormat},
    failure::Failure,
    output::Output,
};

/// Show who holds the lock of a database
#[derive(Debug, Args)]
pub(crate) struct LockCommandArguments {
    #[command(subcommand)]
    command: LockCommand,
}

#[derive(Debug, Subcommand)]
enum LockCommand {
    /// Show which process holds the lock, since when, and in which stage
    #[command(after_help = crate::EXIT_CODES)]
    Status {
        #[command(flatten)]
        database: DatabaseArguments,

        /// Output format
        #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
        format: ResultFormat,
    },
}

pub(super) fn run(arguments: &LockCommandArguments) -> Result<(), Failure> {
    let LockCommand::Status { database, format } = &arguments.command;
    let path = lock_path(&database.plan()?.path);
    let status = lock_status(&path).map_err(|error| {
        Failure::failed(error).with_hint("see whether the file may be read, and whether its file system has locks")
    })?;
    let name = path.to_string_lossy();
    let object = || {
        let mut object = json(&status);
        object["path"] = (&*name).into();
        object
    };
    Output::Stdout.write(|writer| {
        format.write(writer, object, |writer, screen| write!(writer, "{}", render(&status, &name, screen)))
    })
}

/// The state as an object: `state` is `missing`, `free`, `left_behind` or `held`.
pub(super) fn json(status: &LockStatus) -> Value {
    let (state, holder) = parts(status);
    let holder = holder.map(|holder| {
        json!({
            "pid": (holder.pid != 0).then_some(holder.pid),
            "host": non_empty(&holder.host),
            "run_id": non_empty(&holder.run_id),
            "command": non_empty(&holder.command),
            "started_at": non_empty(&holder.started_at),
            "stage": non_empty(&holder.stage),
        })
    });
    json!({ "state": state, "holder": holder })
}

const fn parts(status: &LockStatus) -> (&'static str, Option<&LockHolder>) {
    match status {
        LockStatus::Missing => ("missing", None),
        LockStatus::Free { left_behind: None } => ("free", None),
        LockStatus::Free { left_behind: Some(holder) } => ("left_behind", Some(holder)),
        LockStatus::Held(holder) => ("held", holder.as_ref()),
    }
}

fn non_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// What the state means, in a sentence without its subject.
pub(super) fn meaning(status: &LockStatus) -> &'static str {
    match status {
        LockStatus::Missing => "free: there is no lock file, no command has written here yet",
        LockStatus::Free { left_behind: None } => "free: no command is writing",
        LockStatus::Free { left_behind: Some(_) } => {
            "free: its last holder ended without letting it go; the next command that writes takes it and marks what \
             was interrupted"
        }
        LockStatus::Held(Some(_)) => "held: another command writes",
        LockStatus::Held(None) => "held: by an unknown process",
    }
}

fn render(status: &LockStatus, path: &str, screen: &Screen) -> String {
    let mut page = Sections::new(screen);
    let tone = if matches!(status, LockStatus::Held(_)) { Tone::Warning } else { Tone::Good };
    page.toned_field("lock", tone, meaning(status));
    page.field("file", path);
    if let (_, Some(holder)) = parts(status) {
        page.optional("process", (holder.pid != 0).then_some(holder.pid));
        page.optional("host", non_empty(&holder.host));
        page.optional("command", non_empty(&holder.command));
        page.optional("since", non_empty(&holder.started_at).map(|stored| screen.time.in_full(stored)));
        page.optional("stage", non_empty(&holder.stage));
        page.optional("run", non_empty(&holder.run_id));
    }
    page.finish()
}

#[cfg(test)]
mod tests {
    use jiff::tz::{self, TimeZone};

    use super::*;
    use cds_terminal::{local_time::LocalTime, style::Palette};

    #[test]
    fn every_state_says_what_it_means() {
        let holder = LockHolder {
            pid: 4711,
            host: "ci-7".to_owned(),
            run_id: "019a9f3e-1c2b-7def-8123-000000000001".to_owned(),
            command: "persist".to_owned(),
            started_at: "2026-11-20T22:15:00.120Z".to_owned(),
            stage: "\x1b[31menrich".to_owned(),
        };
        let states = [
            LockStatus::Missing,
            LockStatus::Free { left_behind: None },
            LockStatus::Free { left_behind: Some(LockHolder { pid: 0, ..LockHolder::default() }) },
            LockStatus::Held(Some(holder)),
            LockStatus::Held(None),
        ];
        let time = LocalTime::of(TimeZone::fixed(tz::offset(1)));
        let screen = Screen { width: 80, palette: Palette::Plain, time };
        let texts: Vec<String> = states
            .iter()
            .map(|status| format!("{}\n{}", json(status), render(status, "/x/cds.sqlite.lock", &screen)))
            .collect();
        insta::assert_snapshot!("lock_states", texts.join("\n"));
    }
}
