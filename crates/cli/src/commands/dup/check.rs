//! `cds dup check`: the duplicates of a snapshot.

use std::collections::HashMap;

use anyhow::anyhow;
use cds_duplication::{Channel, file_lines};
use cds_findings::{
    FailOn, Findings, Source, Warning,
    baseline::{Earlier, Lineage},
    load, select,
    trend::{self, TrendPoint, TrendQuery},
};
use cds_persistence::{RunId, SqliteReader};
use cds_report::gates;
use cds_terminal::{numbers::one_or_many, screen::Screen};
use clap::{Args, ValueEnum};

use crate::{
    app::App,
    arguments::{
        DatabaseArguments, DupFormat, DupResultArguments, GateArguments, Limit, RunArguments, SearchArguments,
    },
    failure::{Failure, database_failure, findings_failure},
    findings::{find_run, source, today, warn, warn_of},
    output::conclude,
};

/// Find duplicated code in a snapshot
///
/// Kinds of duplicates: exact (equal code), renamed (equal except for names and literals), near (similar, with statements
/// changed), fragment (a run of lines within different definitions) and intent (other code with the same purpose).
#[derive(Debug, Args)]
pub(crate) struct DupCheckArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    run: RunArguments,

    #[command(flatten)]
    search: SearchArguments,

    /// Show only groups with a member in a matching file, for example 'orders/**'; repeatable
    #[arg(long, value_name = "GLOB", help_heading = "Display options")]
    path_filter: Vec<String>,

    /// Maximum number of groups to show, shared by the channels; 0 shows all [default: 50 in tables and Markdown, else 0]
    #[arg(long, short = 'n', value_name = "N", allow_negative_numbers = true, help_heading = "Display options")]
    limit: Option<Limit>,

    /// Show only groups whose id starts with this, also those that another group covers
    #[arg(long, value_name = "ID", help_heading = "Display options")]
    group: Option<String>,

    /// Show the code of each group side by side instead of a list
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Display options")]
    show: Option<Show>,

    /// Explain why a group was found and what decides its confidence
    #[arg(long, value_name = "GROUP", conflicts_with_all = ["group", "show"], help_heading = "Display options")]
    explain: Option<String>,

    #[command(flatten)]
    gate: GateArguments,

    #[command(flatten)]
    result: DupResultArguments,
}

/// Runs in the trend of a page; each of them is searched.
const TREND_RUNS: usize = 20;

/// What else the table can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Show {
    /// The members side by side, with differences marked
    Diff,
}

pub(super) fn run(arguments: &DupCheckArguments, app: &App) -> Result<(), Failure> {
    let format = arguments.result.format;
    if arguments.show.is_some() && format != DupFormat::Table {
        return Err(Failure::usage(anyhow!("use --show diff: it is for people, and --format asks for another form"))
            .with_hint("leave one of the two out"));
    }
    if arguments.explain.is_some() && format != DupFormat::Table {
        return Err(Failure::usage(anyhow!("use --explain: it is for people, and --format asks for another form"))
            .with_hint("leave one of the two out"));
    }
    let settings = arguments.search.settings();
    let filter = select::PathFilter::new(&arguments.path_filter).map_err(findings_failure)?;
    let gate = arguments.gate.gate();
    let plan = arguments.database.plan()?;
    let output = arguments.result.output(&plan)?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let source = source(&plan, &reader);
    let run = find_run(&reader, &arguments.run.run).map_err(findings_failure)?;
    if gate.is_asked() {
        app.announce_check(&plan, "dup check", run.project.as_deref(), None);
    }
    let mut warnings = Vec::new();
    let definitions =
        load::definitions(&source, RunId(run.run_id), &settings, &mut warnings).map_err(findings_failure)?;
    if definitions.is_empty() {
        warnings.push(Warning::NoRecords(RunId(run.run_id)));
    }
    warn_of(&warnings, app.console);
    app.check()?;
    let mut findings = Findings::search(run, settings, definitions);
    app.check()?;
    findings.view.path_filters.clone_from(&arguments.path_filter);
    if findings.report.left_out_pair_count() > 0 {
        app.console.warning(&format!("not searched: {}", cds_report::left_out(&findings)));
    }
    findings.shown = match arguments.group.as_ref().or(arguments.explain.as_ref()) {
        Some(prefix) => select::by_id(&findings, prefix).map_err(findings_failure)?,
        None => select::shown(&findings, &filter),
    };
    gate.apply(&source, &today(), &mut findings).map_err(findings_failure)?;
    warn(&mut findings, app.console);
    if let Some(uncounted) = gates::uncounted(&findings) {
        app.console.note(&format!("note: {uncounted}"));
    }
    if !findings.broken_gates.is_empty() && gate.fail_on == Some(FailOn::New) {
        keep_what_is_new(&mut findings);
    }
    if gate.is_asked() && arguments.is_brief(&findings) {
        let count = findings.shown.len();
        findings.shown.retain(|shown| shown.state.is_news());
        findings.view.unlisted_count = Some(count - findings.shown.len());
    }
    select::truncate(&mut findings, arguments.limit.unwrap_or(format.usual_limit()).0);
    let needs_code = arguments.show.is_some() || format == DupFormat::Html;
    add_code(&reader, &mut findings, needs_code)?;
    if format == DupFormat::Html {
        findings.trend = trend_to(&source, &findings, app)?;
    }
    if findings.truncated_count > 0 && matches!(format, DupFormat::Csv | DupFormat::Gitlab) {
        let groups = one_or_many(findings.truncated_count as u64, "group is", "groups are");
        app.console.warning(&format!("{groups} left out; --limit 0 shows all"));
    }
    let screen = if arguments.result.is_file() { Screen::of_file() } else { Screen::of_stdout() };
    let written = match (format, arguments.show) {
        _ if arguments.explain.is_some() => {
            output.write(|writer| cds_report::explain::write(writer, &findings, &screen))
        }
        (_, Some(Show::Diff)) => output.write(|writer| cds_report::diff::write(writer, &findings, &screen)),
        (DupFormat::Github, _) => {
            output.write_commands(|writer| cds_report::write(format.format(), writer, &findings, &screen))
        }
        _ => output.write(|writer| cds_report::write(format.format(), writer, &findings, &screen)),
    };
    conclude(verdict(&findings), written)
}

impl DupCheckArguments {
    /// A gate that is met is a few lines to people, who ask otherwise for what they want to see.
    fn is_brief(&self, findings: &Findings) -> bool {
        let asks_for_groups =
            self.limit.is_some() || self.group.is_some() || self.show.is_some() || self.explain.is_some();
        let is_for_people = matches!(self.result.format, DupFormat::Table | DupFormat::Markdown);
        findings.broken_gates.is_empty() && is_for_people && !asks_for_groups
    }
}

/// Whether every gate is met.
fn verdict(findings: &Findings) -> Result<(), Failure> {
    if findings.broken_gates.is_empty() {
        return Ok(());
    }
    Err(Failure::gate(findings.broken_gates.iter().map(gates::broken).collect::<Vec<_>>().join("; ")))
}

/// Leaves only the groups that broke a gate for new ones; all where it was another gate that broke.
fn keep_what_is_new(findings: &mut Findings) {
    if findings.shown.iter().any(|shown| shown.state.is_news()) {
        findings.shown.retain(|shown| shown.state.is_news());
    }
}

/// The last runs of the project up to the one at hand, which is searched already.
fn trend_to(source: &Source<'_>, findings: &Findings, app: &App) -> Result<Vec<TrendPoint>, Failure> {
    let run = &findings.run;
    let query = TrendQuery {
        lineage: &Lineage::of(run),
        last_run_id: Some(run.run_id - 1),
        limit: TREND_RUNS - 1,
        settings: &findings.settings,
    };
    let mut warnings = Vec::new();
    let points = trend::trend(source, &query, &|| app.is_interrupted(), &mut warnings);
    warn_of(&warnings, app.console);
    let mut points = points.map_err(findings_failure)?;
    let snapshot = Earlier {
        run_id: RunId(run.run_id),
        started_at: run.started_at.clone(),
        code_ref: run.code_ref.clone(),
        has_records: !findings.definitions.is_empty(),
    };
    points.push(TrendPoint { snapshot, totals: findings.report.totals, moves: None });
    Ok(points)
}

/// Reads the exact code of the members that are shown, and finds the lines of fragments in it.
fn add_code(reader: &SqliteReader, findings: &mut Findings, needs_all: bool) -> Result<(), Failure> {
    let mut ids = Vec::new();
    for shown in &findings.shown {
        let group = findings.group(shown);
        let members = group.members.iter();
        let wanted =
            members.filter(|member| needs_all || (group.channel == Channel::Fragment && member.lines_are_estimated));
        ids.extend(wanted.map(|member| findings.definition(member).record_id));
    }
    ids.sort_unstable();
    ids.dedup();
    let raw_code = reader.raw_code(&ids).map_err(database_failure)?;
    for shown in &findings.shown {
        let group = &mut findings.report.groups[shown.group];
        for member in group.members.iter_mut().filter(|member| member.lines_are_estimated) {
            let definition = &findings.definitions[member.index];
            if let Some(raw) = raw_code.get(&definition.record_id) {
                member.file_lines = file_lines(definition, raw, member.normalized_lines);
                member.lines_are_estimated = false;
            }
        }
    }
    findings.raw_code = if needs_all { raw_code } else { HashMap::new() };
    Ok(())
}
