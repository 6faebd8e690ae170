//! `cds dup accept`: lets a group of duplicates be.

use anyhow::anyhow;
use cds_duplication::{Definition, Group, find};
use cds_persistence::{Acceptance, RunId, SqlitePersistence, SqliteReader};
use clap::Args;

use super::group_prefix;
use crate::{
    arguments::{DatabaseArguments, LockArguments, SearchArguments},
    duplicates::{accepted::today, load},
    failure::{Failure, database_failure},
    output::Output,
    render::fields::Fields,
    signals::Interrupt,
    stages,
    writer_lock::WriterLock,
};

/// Enough to say why.
const LONGEST_REASON: usize = 4_000;
/// Enough for a name.
const LONGEST_OWNER: usize = 200;

/// Accept a group of duplicates: it is shown again when it gains a copy, its code changes, or its time is over
#[derive(Debug, Args)]
pub(super) struct AcceptArguments {
    /// The group's id as cds dup-check shows it, or its beginning
    #[arg(value_name = "GROUP")]
    group: String,

    /// Why it may stay
    #[arg(long, value_name = "TEXT", value_parser = parse_reason, allow_hyphen_values = true)]
    reason: String,

    /// Who answers for that
    #[arg(long, value_name = "NAME", value_parser = parse_owner)]
    owner: Option<String>,

    /// The last day on which it counts, in UTC [default: for good]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_until)]
    until: Option<String>,

    /// The run in which the group is looked for
    #[arg(long, value_name = "RUN", default_value = "latest")]
    run_id: String,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    search: SearchArguments,
}

pub(super) fn run(arguments: &AcceptArguments, interrupt: &Interrupt) -> Result<(), Failure> {
    let prefix = group_prefix(&arguments.group)?;
    let plan = arguments.database.plan()?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let acceptance = arguments.acceptance(&reader, &prefix)?;
    // Before the database is opened to write: a second handle of this process would take the first one's locks along.
    drop(reader);
    interrupt.check()?;
    let lock = WriterLock::acquire(&plan, &arguments.lock, "dup accept", interrupt)?;
    let mut writer = SqlitePersistence::open(&plan.path, &plan.options).map_err(database_failure)?;
    lock.check(interrupt)?;
    let id = writer.accept_duplicate(&acceptance, stages::now()).map_err(database_failure)?;
    writer.close().map_err(database_failure)?;
    let line = Fields::new("accepted")
        .field("id", id)
        .field("group_id", &acceptance.group_id)
        .field("channel", &acceptance.channel)
        .field("copies", acceptance.copy_count)
        .field("example", &acceptance.example)
        .field("until", acceptance.until.as_deref().unwrap_or("-"))
        .finish();
    Output::Stdout.report("the group is accepted", |writer| writeln!(writer, "{line}"));
    Ok(())
}

impl AcceptArguments {
    fn acceptance(&self, reader: &SqliteReader, prefix: &str) -> Result<Acceptance, Failure> {
        let run = load::find_run(reader, &self.run_id)?;
        let settings = self.search.settings();
        let definitions = load::definitions(reader, RunId(run.run_id), &settings.kinds)?;
        let report = find(&definitions, &settings);
        let group = only(&report.groups, prefix, run.run_id)?;
        Ok(Acceptance {
            channel: group.channel.as_str().to_owned(),
            group_id: group.group_id.clone(),
            copy_count: u32::try_from(group.members.len()).unwrap_or(u32::MAX),
            example: example(group, &definitions),
            reason: self.reason.clone(),
            owner: self.owner.clone(),
            until: self.until.clone(),
        })
    }
}

/// The one group whose id begins with `prefix` and that no other one tells.
fn only<'a>(groups: &'a [Group], prefix: &str, run_id: i64) -> Result<&'a Group, Failure> {
    let attempt = format!("find group {prefix:?} in run {run_id}");
    let found: Vec<&Group> = groups.iter().filter(|group| group.group_id.starts_with(prefix)).collect();
    match found[..] {
        [group] => match &group.told_by {
            None => Ok(group),
            Some(other) => Err(Failure::usage(anyhow!("{attempt}: it is part of what group {other} shows"))
                .with_hint(format!("accept that one: cds dup accept {other} …"))),
        },
        [] => Err(Failure::usage(anyhow!("{attempt}: there is none among what this search finds"))
            .with_hint("use the same run, channels and thresholds as the cds dup-check that showed it")),
        _ => {
            let ids: Vec<&str> = found.iter().take(5).map(|group| group.group_id.as_str()).collect();
            Err(Failure::usage(anyhow!("{attempt}: {} begin so", found.len()))
                .with_hint(format!("it may be {}", ids.join(", "))))
        }
    }
}

/// Where the first copy is.
fn example(group: &Group, definitions: &[Definition]) -> String {
    let place =
        |member: &cds_duplication::Member| format!("{}:{}", definitions[member.index].file_path, member.file_lines.0);
    group.members.first().map(place).unwrap_or_default()
}

fn parse_reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_fit = !text.is_empty() && text.chars().count() <= LONGEST_REASON;
    if is_fit { Ok(text.to_owned()) } else { Err(format!("accepted are 1 to {LONGEST_REASON} characters")) }
}

fn parse_owner(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_fit = !text.is_empty() && text.chars().count() <= LONGEST_OWNER;
    if is_fit { Ok(text.to_owned()) } else { Err(format!("accepted are 1 to {LONGEST_OWNER} characters")) }
}

fn parse_until(text: &str) -> Result<String, String> {
    day(text, &today())
}

/// A day of the calendar that is not over, in the one form that sorts as text.
fn day(text: &str, today: &str) -> Result<String, String> {
    let day = text.parse::<jiff::civil::Date>().ok().filter(|day| day.to_string() == text);
    match day {
        None => Err("accepted is a day such as 2027-01-31".to_owned()),
        Some(_) if text < today => Err(format!("that day is over; today is {today} in UTC")),
        Some(_) => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duplicates::samples;

    #[test]
    fn a_last_day_is_a_day_that_is_not_over() {
        let today = "2026-11-21";
        for text in ["2026-11-21", "2028-02-29", "9999-12-31"] {
            assert_eq!(day(text, today).unwrap(), text);
        }
        for wrong in [
            "2026-11-20",
            "2027-02-29",
            "2027-13-01",
            "2027-1-1",
            "20270101",
            "+002027-01-01",
            "2027-01-01T00:00:00",
            "tomorrow",
            "",
        ] {
            assert!(day(wrong, today).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_beginning_of_an_id_leads_to_one_group_or_to_none() {
        let mut groups = samples::shop().report.groups;
        assert_eq!(only(&groups, "00000000000000e3", 7).unwrap().group_id, "00000000000000e3");
        let told = |groups: &[Group], prefix: &str| {
            let failure = only(groups, prefix, 7).unwrap_err();
            format!("{failure}; {}", failure.hint().unwrap_or_default())
        };
        assert!(told(&groups, "0000").contains("5 begin so; it may be 00000000000000e1, "));
        assert!(told(&groups, "1234").contains("find group \"1234\" in run 7: there is none"));
        groups[2].told_by = Some("00000000000000e1".to_owned());
        assert!(told(&groups, "00000000000000e3").contains("accept that one: cds dup accept 00000000000000e1"));
    }
}
