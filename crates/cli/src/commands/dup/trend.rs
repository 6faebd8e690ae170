//! `cds dup trend`: how the duplicates of a project came and went.

use std::io::{self, Write};

use cds_persistence::SqliteReader;
use clap::Args;
use serde_json::{Value, json};

use super::{ReadArguments, facts};
use cds_findings::{
    baseline::Lineage,
    load,
    trend::{TrendPoint, TrendQuery, trend},
};
use cds_terminal::{
    columns::wrap,
    grid::{Cell, Column, Grid, Saving},
    numbers::{counted, percent},
    screen::Screen,
    style::Tone,
    text::one_line,
};

use crate::{
    app::App,
    arguments::SearchArguments,
    failure::{Failure, database_failure, findings_failure},
    findings::{source, warn_of},
};

/// Show how duplicates change from run to run, oldest first
///
/// Each run is searched again with the same settings.
#[derive(Debug, Args)]
pub(super) struct TrendArguments {
    #[command(flatten)]
    read: ReadArguments,

    /// Maximum number of runs to show, the latest ones
    #[arg(long, short = 'n', value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=10_000), allow_negative_numbers = true, help_heading = "Display options")]
    limit: u32,

    /// Project to show [default: the project of the latest run]
    #[arg(long, value_name = "NAME", help_heading = "Input options")]
    project: Option<String>,

    #[command(flatten)]
    search: SearchArguments,
}

const COLUMNS: &[Column] = &[
    Column::number("RUN"),
    Column::text("STARTED"),
    Column::text("COMMIT"),
    Column::number("GROUPS"),
    Column::number("MEMBERS"),
    Column::number("REPEATED"),
    Column::number("SHARE"),
    Column::number("INTENTS"),
    Column::number("NEW"),
    Column::number("GROWN"),
    Column::number("REMOVED"),
];

const SAVINGS: &[Saving] = &[
    Saving::Shorten("STARTED"),
    Saving::Shorten("COMMIT"),
    Saving::Shorten("STARTED"),
    Saving::Drop("INTENTS"),
    Saving::Drop("COMMIT"),
    Saving::Drop("MEMBERS"),
    Saving::Drop("STARTED"),
    Saving::Drop("REPEATED"),
];

pub(super) fn run(arguments: &TrendArguments, app: &App) -> Result<(), Failure> {
    let (reader, plan) = arguments.read.open(app.console)?;
    let lineage = arguments.lineage(&reader)?;
    let points = match &lineage {
        None => Vec::new(),
        Some(lineage) => {
            let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
            let settings = arguments.search.settings();
            let query = TrendQuery { lineage, last_run_id: None, limit, settings: &settings };
            let mut warnings = Vec::new();
            let points = trend(&source(&plan, &reader), &query, &|| app.is_interrupted(), &mut warnings);
            warn_of(&warnings, app.console);
            points.map_err(findings_failure)?
        }
    };
    arguments.read.show(
        || json(lineage.as_ref(), &points),
        |writer, screen| {
            if points.is_empty() { writeln!(writer, "no run matches") } else { write(writer, &points, screen) }
        },
    )
}

impl TrendArguments {
    /// The project to show; `None` if the database has no run.
    fn lineage(&self, reader: &SqliteReader) -> Result<Option<Lineage>, Failure> {
        if let Some(name) = &self.project {
            return Ok(Some(Lineage::Project(name.clone())));
        }
        match reader.newest_snapshot().map_err(database_failure)? {
            Some(run) => Ok(Some(Lineage::of(&load::find_run(reader, &run.to_string()).map_err(findings_failure)?.1))),
            None => Ok(None),
        }
    }
}

fn json(lineage: Option<&Lineage>, points: &[TrendPoint]) -> Value {
    let point = |point: &TrendPoint| {
        json!({
            "run_id": point.snapshot.run_id.0,
            "started_at": point.snapshot.started_at,
            "committed_at": point.snapshot.committed_at,
            "code_ref": point.snapshot.code_ref,
            "group_count": point.totals.group_count,
            "member_count": point.totals.member_count,
            "repeated_lines": point.totals.repeated_lines,
            "line_count": point.totals.line_count,
            "share": point.totals.share(),
            "intent_lines": point.totals.intent_lines,
            "intent_share": point.totals.intent_share(),
            "born_count": point.moves.map(|moves| moves.born),
            "grown_count": point.moves.map(|moves| moves.grown),
            "removed_count": point.moves.map(|moves| moves.removed),
        })
    };
    let (project, root_path) = match lineage {
        Some(Lineage::Project(name)) => (Some(name), None),
        Some(Lineage::Root(path)) => (None, Some(path)),
        None => (None, None),
    };
    json!({ "project": project, "root_path": root_path, "runs": points.iter().map(point).collect::<Value>() })
}

fn write(writer: &mut dyn Write, points: &[TrendPoint], screen: &Screen) -> io::Result<()> {
    let mut grid = Grid::new(COLUMNS, SAVINGS);
    for point in points {
        let moves = point.moves;
        let worse = |count: Option<usize>| {
            Cell::of(count).tone(if count.is_none_or(|count| count == 0) { Tone::Faint } else { Tone::Bad })
        };
        let better = |count: Option<usize>| {
            Cell::of(count).tone(if count.is_none_or(|count| count == 0) { Tone::Faint } else { Tone::Good })
        };
        grid.push([
            Cell::of(Some(point.snapshot.run_id)),
            facts::time_cell(point.snapshot.committed_at.as_ref().unwrap_or(&point.snapshot.started_at), screen),
            facts::commit_cell(point.snapshot.code_ref.as_deref()),
            Cell::of(Some(point.totals.group_count)),
            Cell::of(Some(point.totals.member_count)),
            Cell::of(Some(point.totals.repeated_lines)),
            Cell::new(percent(point.totals.share())),
            Cell::new(percent(point.totals.intent_share())).tone(Tone::Faint),
            worse(moves.map(|moves| moves.born)),
            worse(moves.map(|moves| moves.grown)),
            better(moves.map(|moves| moves.removed)),
        ]);
    }
    grid.write(writer, screen, 0)?;
    let runs = counted(points.len() as u64, "run");
    let summary = one_line(&format!("{runs}; times in {}", screen.time.name()));
    wrap(&summary, screen.width).iter().try_for_each(|line| writeln!(writer, "{line}"))
}

#[cfg(test)]
mod tests {
    use cds_duplication::Totals;
    use cds_persistence::RunId;
    use jiff::tz::TimeZone;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use cds_findings::{baseline::Earlier, samples::HOSTILE, trend::Moves};
    use cds_terminal::{local_time::LocalTime, style::Palette, text::is_unsafe};

    fn points(word: &str) -> Vec<TrendPoint> {
        let point = |run_id, group_count, moves| TrendPoint {
            snapshot: Earlier {
                run_id: RunId(run_id),
                started_at: "2026-11-20T22:15:00.120Z".to_owned(),
                committed_at: None,
                code_ref: (run_id > 1).then(|| word.to_owned()),
                has_records: true,
            },
            totals: Totals {
                group_count,
                member_count: 2 * group_count,
                repeated_lines: 10 * group_count,
                intent_lines: group_count,
                line_count: 1_234,
            },
            moves,
        };
        let moves = |born, grown, removed| Some(Moves { born, removed, grown });
        vec![point(1, 4, None), point(7, 7, moves(3, 1, 0)), point(12, 0, moves(0, 0, 7))]
    }

    fn table(points: &[TrendPoint], width: usize) -> String {
        let screen = Screen { width, palette: Palette::Plain, time: LocalTime::of(TimeZone::UTC) };
        let mut output = Vec::new();
        write(&mut output, points, &screen).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_looks_as_reviewed() {
        let points = points("1f6467f6800f02fcbea9178082e1398a00112233");
        insta::assert_snapshot!("trend_60", table(&points, 60));
        insta::assert_snapshot!("trend_120", table(&points, 120));
    }

    #[test]
    fn lines_fit_the_terminal() {
        for width in 40..200 {
            for line in table(&points(HOSTILE), width).lines() {
                assert!(line.width() <= width && !line.chars().any(is_unsafe), "{width}: {line}");
            }
        }
    }

    #[test]
    fn changes_of_first_run_are_null() {
        let object = json(Some(&Lineage::Project("shop".to_owned())), &points("x"));
        assert_eq!((&object["project"], &object["root_path"]), (&json!("shop"), &Value::Null));
        assert_eq!((&object["runs"][0]["born_count"], &object["runs"][1]["born_count"]), (&Value::Null, &json!(3)));
        assert_eq!(object["runs"][0]["share"], json!(40.0 / 1_234.0));
        assert_eq!(json(None, &[])["runs"], json!([]));
    }
}
