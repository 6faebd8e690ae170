//! `cds dup accept`: lets a group of duplicates be, or all new ones.

use std::io::{self, Write};

use cds_duplication::{Definition, Group};
use cds_findings::{
    FailOn, Findings, Gate, Subject, load,
    select::{self, PathFilter},
};
use cds_persistence::{Acceptance, SqlitePersistence, SqliteReader};
use cds_terminal::fields::Fields;
use clap::Args;

use super::group_prefix;
use crate::{
    app::App,
    arguments::{DatabaseArguments, DatabasePlan, JudgementArguments, LockArguments, RunArguments, SearchArguments},
    clock,
    failure::{Failure, database_failure, findings_failure},
    findings::{source, today, warn, warn_of},
    output::Output,
    render::messages::Console,
};

/// Enough to say why.
const LONGEST_REASON: usize = 4_000;
/// Enough for a name.
const LONGEST_OWNER: usize = 200;

/// Accept duplicate groups, so that they are not shown and fail no gate
///
/// A group is shown again when it gains a copy, its code changes, or the acceptance expires.
#[derive(Debug, Args)]
pub(super) struct AcceptArguments {
    /// Id of the group, or the start of it
    #[arg(value_name = "GROUP", required_unless_present = "all_new")]
    group: Option<String>,

    /// Accept every group that fails `cds dup check --fail-on new` with the same baseline
    #[arg(long, conflicts_with = "group")]
    all_new: bool,

    /// Accept only groups with a member in a matching file; repeatable
    #[arg(long, value_name = "GLOB", conflicts_with = "group")]
    path_filter: Vec<String>,

    #[command(flatten)]
    judgement: JudgementArguments,

    /// Why the duplicates may stay
    #[arg(long, value_name = "TEXT", value_parser = parse_reason, allow_hyphen_values = true)]
    reason: String,

    /// Who is responsible [default: `CDS_ACTOR`, else the user of the CI job or of this machine]
    #[arg(long, value_name = "NAME", value_parser = parse_owner)]
    owner: Option<String>,

    /// Last day of the acceptance, in UTC [default: no end]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_until)]
    until: Option<String>,

    /// Show what would be accepted without writing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    run: RunArguments,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    lock: LockArguments,

    #[command(flatten)]
    search: SearchArguments,
}

/// What is to be accepted, and how that is reported.
struct Plan {
    acceptances: Vec<Acceptance>,
    run_id: i64,
    baseline_run_id: Option<i64>,
}

pub(super) fn run(arguments: &AcceptArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let found = arguments.plan(&plan, &reader, app.console)?;
    // Before the database is opened to write: a second handle of this process would take the first one's locks along.
    drop(reader);
    app.check()?;
    if arguments.dry_run {
        return Output::Stdout.write(|writer| arguments.write(writer, &found, None));
    }
    let ids = if found.acceptances.is_empty() {
        Vec::new()
    } else {
        let lock = app.begin_upkeep(&plan, &arguments.lock, "dup accept")?;
        let mut writer = SqlitePersistence::open(&plan.path, &plan.options).map_err(database_failure)?;
        lock.check()?;
        let ids = writer.accept_duplicates(&found.acceptances, clock::now()).map_err(database_failure)?;
        writer.close().map_err(database_failure)?;
        ids
    };
    Output::Stdout.report("the groups are accepted", |writer| arguments.write(writer, &found, Some(&ids)));
    Ok(())
}

impl AcceptArguments {
    fn plan(&self, database: &DatabasePlan, reader: &SqliteReader, console: Console) -> Result<Plan, Failure> {
        let source = source(database, reader);
        let prefix = self.group.as_deref().map(group_prefix).transpose()?;
        let filter = PathFilter::new(&self.path_filter).map_err(findings_failure)?;
        let (number, run) = load::find_run(reader, &self.run.run).map_err(findings_failure)?;
        let settings = self.search.settings();
        let mut warnings = Vec::new();
        let definitions = load::definitions(&source, number, &settings, &mut warnings).map_err(findings_failure)?;
        warn_of(&warnings, console);
        let mut findings = Findings::search(run, settings, definitions);
        let groups = if let Some(prefix) = &prefix {
            vec![select::only(&findings.report.groups, prefix, &findings.run.subject).map_err(findings_failure)?]
        } else {
            findings.shown = select::shown(&findings, &filter);
            let gate = Gate { fail_on: Some(FailOn::New), ..self.judgement.gate() };
            gate.apply(&source, number, &today(), &mut findings).map_err(findings_failure)?;
            warn(&mut findings, console);
            gate.counted(&findings).map(|shown| findings.group(shown)).collect()
        };
        let owner = self.owner.clone().or_else(actor);
        let acceptance = |group: &Group| Acceptance {
            channel: group.channel.as_str().to_owned(),
            group_id: group.group_id.clone(),
            copy_count: u32::try_from(group.members.len()).unwrap_or(u32::MAX),
            example: example(group, &findings.definitions),
            reason: self.reason.clone(),
            owner: owner.clone(),
            until: self.until.clone(),
        };
        Ok(Plan {
            acceptances: groups.into_iter().map(acceptance).collect(),
            run_id: number.0,
            baseline_run_id: findings.baseline.as_ref().and_then(Subject::run_id),
        })
    }

    /// A line for each group, and of all new ones a line with their count; without `ids` nothing was accepted.
    fn write(&self, writer: &mut dyn Write, plan: &Plan, ids: Option<&[i64]>) -> io::Result<()> {
        let verb = if ids.is_some() { "accepted" } else { "would_accept" };
        for (place, acceptance) in plan.acceptances.iter().enumerate() {
            let mut line = Fields::new(verb);
            if let Some(id) = ids.and_then(|ids| ids.get(place)) {
                line = line.field("id", id);
            }
            let line = line
                .field("group_id", &acceptance.group_id)
                .field("channel", &acceptance.channel)
                .field("copies", acceptance.copy_count)
                .field("example", &acceptance.example)
                .field("until", acceptance.until.as_deref().unwrap_or("-"));
            writeln!(writer, "{}", line.finish())?;
        }
        if !self.all_new {
            return Ok(());
        }
        let baseline = plan.baseline_run_id.map_or_else(|| "-".to_owned(), |run| run.to_string());
        let line = Fields::new(&format!("{verb}_all_new"))
            .field("groups", plan.acceptances.len())
            .field("run_id", plan.run_id)
            .field("baseline_run_id", baseline);
        writeln!(writer, "{}", line.finish())
    }
}

/// Who runs the command, by the first of these variables that says so. A container has none of them: then by the number
/// of the user, where the system lists its processes as files.
fn actor() -> Option<String> {
    let names = ["CDS_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR", "USER", "LOGNAME", "USERNAME"];
    names.iter().find_map(|name| parse_owner(&std::env::var(name).ok()?).ok()).or_else(user_number)
}

#[cfg(unix)]
fn user_number() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let process = std::fs::metadata("/proc/self").ok()?;
    Some(format!("uid {}", process.uid()))
}

#[cfg(not(unix))]
fn user_number() -> Option<String> {
    None
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

    #[test]
    fn last_day_must_not_be_over() {
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
}
