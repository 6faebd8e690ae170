//! Shows findings: which groups, their code where a form needs it, and what the gates say.

use std::collections::HashMap;

use cds_duplication::{Channel, Definition, Settings, file_lines};
use cds_findings::{FailOn, Findings, Gate, RunFacts, Warning, order, select, trend::TrendPoint};
use cds_report::gates;
use cds_terminal::{numbers::one_or_many, screen::Screen};

use crate::{
    app::App,
    arguments::{DupFormat, DupView},
    failure::{Failure, findings_failure},
    findings::{warn, warn_of},
    output::{Output, conclude},
};

/// Reads the exact code of records, by id.
pub(crate) type ReadCode<'a> = dyn Fn(&[i64]) -> Result<HashMap<i64, String>, Failure> + 'a;

/// Where the forms find what the search did not need.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// The exact code of records, by id.
    pub(crate) code: &'a ReadCode<'a>,
    /// The last runs of the project up to this one.
    pub(crate) trend: &'a dyn Fn(&Findings) -> Result<Vec<TrendPoint>, Failure>,
}

/// Searches `definitions`, and selects the groups that the view asks for.
pub(crate) fn search(
    run: RunFacts,
    settings: Settings,
    definitions: Vec<Definition>,
    view: &DupView,
    app: &App,
) -> Result<Findings, Failure> {
    if definitions.is_empty() {
        warn_of(&[Warning::NoRecords(run.subject.clone())], app.console);
    }
    app.check()?;
    let mut findings = Findings::search(run, settings, definitions);
    app.check()?;
    findings.view.path_filters.clone_from(&view.path_filters);
    if findings.report.left_out_pair_count() > 0 {
        app.console.warning(&format!("not searched: {}", cds_report::left_out(&findings)));
    }
    findings.shown = match view.group_prefix() {
        Some(prefix) => select::by_id(&findings, prefix).map_err(findings_failure)?,
        None => select::shown(&findings, &view.filter),
    };
    Ok(findings)
}

/// Shows the findings after the gate has judged them; fails if a gate failed.
pub(crate) fn show(
    mut findings: Findings,
    gate: &Gate,
    view: &DupView,
    output: &Output,
    sources: Sources<'_>,
    app: &App,
) -> Result<(), Failure> {
    warn(&mut findings, app.console);
    if let Some(uncounted) = gates::uncounted(&findings) {
        app.console.note(&format!("note: {uncounted}"));
    }
    if !findings.broken_gates.is_empty() && gate.fail_on == Some(FailOn::New) {
        keep_what_is_new(&mut findings);
    }
    if gate.is_asked() && findings.broken_gates.is_empty() && view.is_brief() {
        let count = findings.shown.len();
        findings.shown.retain(|shown| shown.state.is_news());
        findings.view.unlisted_count = Some(count - findings.shown.len());
    }
    if let Some(sort) = view.sort {
        order::sort(&mut findings, sort);
    }
    findings.view.sections = view.sections;
    select::truncate(&mut findings, view.limit());
    let is_page = view.format == DupFormat::Html;
    add_code(sources.code, &mut findings, view.shows_code() || is_page)?;
    if is_page {
        findings.trend = (sources.trend)(&findings)?;
    }
    if findings.truncated_count > 0 && matches!(view.format, DupFormat::Csv | DupFormat::Gitlab) {
        let groups = one_or_many(findings.truncated_count as u64, "group is", "groups are");
        app.console.warning(&format!("{groups} left out; --limit 0 shows all"));
    }
    conclude(verdict(&findings), write(&findings, view, output))
}

fn write(findings: &Findings, view: &DupView, output: &Output) -> Result<(), Failure> {
    let screen = if output.is_stdout() { Screen::of_stdout() } else { Screen::of_file() };
    let format = view.format.format();
    if view.explains() {
        output.write(|writer| cds_report::explain::write(writer, findings, &screen))
    } else if view.shows_code() {
        output.write(|writer| cds_report::diff::write(writer, findings, &screen))
    } else if view.format == DupFormat::Github {
        output.write_commands(|writer| cds_report::write(format, writer, findings, &screen))
    } else {
        output.write(|writer| cds_report::write(format, writer, findings, &screen))
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

/// Reads the exact code of the members that are shown, and finds the lines of fragments in it.
fn add_code(code: &ReadCode<'_>, findings: &mut Findings, needs_all: bool) -> Result<(), Failure> {
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
    let raw_code = code(&ids)?;
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
