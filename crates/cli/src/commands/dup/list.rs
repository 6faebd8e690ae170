//! `cds dup list`: what was accepted.

use std::io::{self, Write};

use cds_persistence::AcceptedDuplicate;
use clap::Args;
use serde_json::{Value, json};

use super::ReadArguments;
use cds_findings::accepted::{AcceptanceState, mark_unmatched};
use cds_terminal::numbers::counted;
use cds_terminal::{
    grid::{Cell, Column, Grid, Saving},
    screen::Screen,
    style::Tone,
};

use crate::{
    app::App,
    arguments::{SearchArguments, object},
    failure::{Failure, database_failure, findings_failure},
    findings::{source, today, warn_of},
};

/// List accepted duplicates, oldest first
///
/// The latest snapshot of each project is searched, to tell which acceptances still have their group.
#[derive(Debug, Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    read: ReadArguments,

    /// Also list acceptances that were revoked or replaced
    #[arg(long, help_heading = "Filter options")]
    all: bool,

    #[command(flatten)]
    search: SearchArguments,
}

const COLUMNS: &[Column] = &[
    Column::number("ID"),
    Column::text("GROUP"),
    Column::text("STATE"),
    Column::text("CHANNEL"),
    Column::number("COPIES"),
    Column::text("UNTIL"),
    Column::text("OWNER"),
    Column::path("EXAMPLE"),
    Column::text("REASON"),
];

const SAVINGS: &[Saving] = &[
    Saving::Cut("REASON", 30),
    Saving::Cut("EXAMPLE", 24),
    Saving::Cut("OWNER", 12),
    Saving::Drop("CHANNEL"),
    Saving::Drop("COPIES"),
    Saving::Shorten("GROUP"),
    Saving::Drop("OWNER"),
    Saving::Cut("EXAMPLE", 12),
    Saving::Cut("REASON", 10),
    Saving::Drop("EXAMPLE"),
];

pub(super) fn run(arguments: &ListArguments, app: &App) -> Result<(), Failure> {
    let (reader, plan) = arguments.read.open(app.console)?;
    let today = today();
    let rows = reader.accepted_duplicates().map_err(database_failure)?;
    let mut rows: Vec<(AcceptanceState, AcceptedDuplicate)> = rows
        .into_iter()
        .map(|row| (AcceptanceState::of(&row, &today), row))
        .filter(|(state, _)| arguments.all || *state != AcceptanceState::Revoked)
        .collect();
    let (source, settings, mut warnings) = (source(&plan, &reader), arguments.search.settings(), Vec::new());
    let marked = mark_unmatched(&mut rows, &source, &settings, &|| app.is_interrupted(), &mut warnings);
    warn_of(&warnings, app.console);
    marked.map_err(findings_failure)?;
    arguments.read.show(|| json(&rows), |writer, screen| write(writer, &rows, screen))
}

fn json(rows: &[(AcceptanceState, AcceptedDuplicate)]) -> Value {
    let row = |(state, row): &(AcceptanceState, AcceptedDuplicate)| {
        let mut fields = object(row);
        fields["state"] = state.as_str().into();
        fields
    };
    json!({ "accepted": rows.iter().map(row).collect::<Value>() })
}

fn write(writer: &mut dyn Write, rows: &[(AcceptanceState, AcceptedDuplicate)], screen: &Screen) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(writer, "no duplicates are accepted");
    }
    let mut grid = Grid::new(COLUMNS, SAVINGS);
    for (state, row) in rows {
        let tone = match state {
            AcceptanceState::InForce => Tone::Good,
            AcceptanceState::Unmatched | AcceptanceState::Expired => Tone::Warning,
            AcceptanceState::Revoked => Tone::Faint,
        };
        let group = &row.what.group_id;
        grid.push([
            Cell::of(Some(row.id)),
            Cell::forms(&[group.clone(), group.chars().take(8).collect()]),
            Cell::new(state.as_str()).tone(tone),
            Cell::new(&row.what.channel),
            Cell::of(Some(row.what.copy_count)),
            Cell::of(row.what.until.as_ref()),
            Cell::of(row.what.owner.as_ref()),
            Cell::new(&row.what.example),
            Cell::new(&row.what.reason),
        ]);
    }
    grid.write(writer, screen, 0)?;
    let count = |state| rows.iter().filter(|(other, _)| *other == state).count();
    let sums = AcceptanceState::ALL
        .map(|state| (state, count(state)))
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(state, count)| format!("{count} {}", state.as_str()))
        .collect::<Vec<_>>();
    writeln!(writer, "{}: {}", counted(rows.len() as u64, "acceptance"), sums.join(", "))
}

#[cfg(test)]
mod tests {
    use cds_persistence::Acceptance;
    use jiff::tz::TimeZone;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use cds_findings::samples::HOSTILE;
    use cds_terminal::{local_time::LocalTime, style::Palette, text::is_unsafe};

    fn rows(word: &str) -> Vec<(AcceptanceState, AcceptedDuplicate)> {
        let row = |id, state, until: Option<&str>, reason: &str| {
            let what = Acceptance {
                channel: "near".to_owned(),
                group_id: format!("{:016x}", 0x0123_4567_89ab_cdef_u64.wrapping_mul(id)),
                copy_count: 3,
                example: format!("shop/orders/{word}.py:120"),
                reason: reason.to_owned(),
                owner: (id > 1).then(|| word.to_owned()),
                until: until.map(str::to_owned),
            };
            let accepted_at = "2026-11-20T22:15:00.120Z".to_owned();
            let revoked_at = (state == AcceptanceState::Revoked).then(|| accepted_at.clone());
            (state, AcceptedDuplicate { id: i64::try_from(id).unwrap(), what, accepted_at, revoked_at })
        };
        vec![
            row(1, AcceptanceState::Revoked, None, "by mistake"),
            row(2, AcceptanceState::Expired, Some("2026-11-20"), word),
            row(3, AcceptanceState::InForce, Some("2027-01-31"), "both halves go when version 2 of the API is removed"),
        ]
    }

    fn list(rows: &[(AcceptanceState, AcceptedDuplicate)], width: usize) -> String {
        let screen = Screen { width, palette: Palette::Plain, time: LocalTime::of(TimeZone::UTC) };
        let mut output = Vec::new();
        write(&mut output, rows, &screen).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_looks_as_reviewed() {
        insta::assert_snapshot!("list_80", list(&rows("platform"), 80));
        insta::assert_snapshot!("list_160", list(&rows("platform"), 160));
    }

    #[test]
    fn lines_fit_the_terminal() {
        for width in 40..200 {
            for text in [list(&rows(HOSTILE), width), list(&rows("platform"), width)] {
                // The last line is ours, and as long as it is.
                for line in text.lines().take(text.lines().count() - 1) {
                    assert!(line.width() <= width && !line.chars().any(is_unsafe), "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn every_column_is_in_the_json() {
        let object = json(&rows("x"));
        assert_eq!(object["accepted"][2]["state"], json!("in_force"));
        assert_eq!(object["accepted"][0]["owner"], Value::Null);
        assert_eq!(object["accepted"][1].as_object().unwrap().len(), 11);
    }
}
