//! `cds doctor`: what would go wrong, before it does. It changes nothing.

mod database;
mod question;

use std::{
    fmt,
    io::{self, Write},
};

use cds_pipeline::preflight;
use cds_terminal::{columns::wrap, screen::Screen, style::Tone, text::one_line};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    app::App,
    arguments::{DatabaseArguments, IntentArguments, IntentPlan, ResultFormat},
    clock,
    failure::Failure,
    output::Output,
};

/// Check a database and a provider for problems, and show how to fix them; changes nothing
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    intents: IntentArguments,

    /// Ask the model one question, which a paid model charges for
    #[arg(long)]
    ask: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Ok,
    Warn,
    Fail,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// One thing that was looked at.
#[derive(Debug)]
struct Check {
    level: Level,
    name: &'static str,
    finding: String,
    remedy: Option<String>,
}

impl Check {
    fn ok(name: &'static str, finding: impl Into<String>) -> Self {
        Self { level: Level::Ok, name, finding: finding.into(), remedy: None }
    }

    fn warn(name: &'static str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Warn, name, finding: finding.into(), remedy: Some(remedy.into()) }
    }

    fn fail(name: &'static str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Fail, name, finding: finding.into(), remedy: Some(remedy.into()) }
    }

    fn of_failure(name: &'static str, failure: &Failure) -> Self {
        let remedy = failure.hint().map(str::to_owned);
        Self { level: Level::Fail, name, finding: failure.to_string(), remedy }
    }
}

pub(super) fn run(arguments: &DoctorArguments, app: &App) -> Result<(), Failure> {
    let mut intents = arguments.intents.plan(clock::seed(), app.console)?;
    let mut checks = vec![sqlite()];
    checks.extend(match arguments.database.plan_if_given()? {
        Some(plan) => database::examine(&plan),
        None => vec![Check::warn(
            "database",
            "none is configured; commands that need one will say so",
            "name the file with --db-path FILE, or set CDS_DB_PATH",
        )],
    });
    checks.push(provider(&mut intents, app)?);
    if arguments.ask {
        checks.push(question::ask(&intents, app)?);
    }
    checks.push(git(std::env::var_os("PATH").as_deref().unwrap_or_default()));
    Output::Stdout.conclude(verdict(&checks), |writer| {
        arguments.format.write(writer, || json(&checks), |writer, screen| write(writer, &checks, screen))
    })
}

fn verdict(checks: &[Check]) -> Result<(), Failure> {
    match count(checks, Level::Fail) {
        0 => Ok(()),
        failed => Err(Failure::verdict(format!("{failed} of {} checks failed", checks.len()))),
    }
}

/// It is built in; one that can damage a database is refused when one is opened.
fn sqlite() -> Check {
    Check::ok("sqlite", format!("version {}, built in", cds_persistence::sqlite_version()))
}

fn provider(intents: &mut IntentPlan, app: &App) -> Result<Check, Failure> {
    // So that a provider that cannot be asked is an answer here, and not only a warning.
    intents.requires_provider = true;
    let place = format!("{}, model {}", intents.client.provider_url(), intents.client.model());
    match preflight::probe(intents, &app.context) {
        Ok(_) => Ok(Check::ok("provider", format!("{place}: there"))),
        Err(_) if app.is_interrupted() => Err(app.interruption()),
        Err(error) => Ok(Check::of_failure("provider", &error.into())),
    }
}

/// Only for information, and without running it: commits are read from the repository's files.
fn git(path: &std::ffi::OsStr) -> Check {
    let names = if cfg!(windows) { ["git.exe"] } else { ["git"] };
    let found =
        std::env::split_paths(path).flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.is_file());
    Check::ok(
        "git",
        match found {
            Some(file) => {
                format!("found at {}; not needed, commits are read from the repository itself", file.display())
            }
            None => "not found, and not needed: commits are read from the repository itself".to_owned(),
        },
    )
}

fn count(checks: &[Check], level: Level) -> usize {
    checks.iter().filter(|check| check.level == level).count()
}

fn json(checks: &[Check]) -> Value {
    let check = |check: &Check| {
        json!({
            "check": check.name,
            "level": check.level.to_string(),
            "finding": check.finding,
            "remedy": check.remedy,
        })
    };
    json!({
        "checks": checks.iter().map(check).collect::<Value>(),
        "warn_count": count(checks, Level::Warn),
        "fail_count": count(checks, Level::Fail),
    })
}

fn write(writer: &mut dyn Write, checks: &[Check], screen: &Screen) -> io::Result<()> {
    let indent = 4 + 2 + 11 + 2;
    let room = screen.width.saturating_sub(indent);
    for check in checks {
        let tone = match check.level {
            Level::Ok => Tone::Good,
            Level::Warn => Tone::Warning,
            Level::Fail => Tone::Bad,
        };
        let mut start = format!("{}  {:11}  ", screen.palette.paint(tone, &format!("{:4}", check.level)), check.name);
        let remedy = check.remedy.iter().map(|remedy| format!("remedy: {remedy}"));
        for text in std::iter::once(check.finding.clone()).chain(remedy) {
            for line in wrap(&one_line(&text), room) {
                writeln!(writer, "{start}{line}")?;
                start = " ".repeat(indent);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_looked_for_and_not_needed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(git(folder.path().as_os_str()).finding.starts_with("not found"));
        std::fs::write(folder.path().join(if cfg!(windows) { "git.exe" } else { "git" }), "").unwrap();
        let check = git(folder.path().as_os_str());
        assert!(check.level == Level::Ok && check.finding.starts_with("found at"), "{check:?}");
    }
}
