//! What `cds similar` prints.

use std::io::{self, Write};

use serde_json::{Value, json};

use cds_findings::similar::{Found, Fragment};

use super::Answer;
use cds_terminal::{
    grid::{Cell, Column, Grid, Saving},
    screen::Screen,
};

/// The two of lines only where a record shares some.
const COLUMNS: &[Column] = &[
    Column::text("CHANNEL"),
    Column::number("RATIO"),
    Column::number("TEXT"),
    Column::number("TOKENS"),
    Column::text("KIND"),
    Column::path("PLACE"),
    Column::text("LINES"),
    Column::text("OWN LINES"),
    Column::text("SIGNATURE"),
];

const WITHOUT_LINES: &[Column] = &[COLUMNS[0], COLUMNS[1], COLUMNS[2], COLUMNS[3], COLUMNS[4], COLUMNS[5], COLUMNS[8]];

const SAVINGS: &[Saving] = &[
    Saving::Cut("SIGNATURE", 24),
    Saving::Cut("PLACE", 32),
    Saving::Drop("TOKENS"),
    Saving::Drop("TEXT"),
    Saving::Drop("KIND"),
    Saving::Cut("PLACE", 16),
    Saving::Drop("SIGNATURE"),
    Saving::Cut("PLACE", 8),
];

pub(super) fn object(answer: &Answer) -> Value {
    let rounded = |ratio: f64| (ratio * 10_000.0).round() / 10_000.0;
    let target = &answer.target;
    json!({
        "schema_version": 1,
        "tool_version": env!("CARGO_PKG_VERSION"),
        "run_id": answer.run.subject.run_id(),
        "to": {
            "file_path": &*target.file_path,
            "kind": target.kind.as_str(),
            "signature": target.signature.as_deref(),
            "start_line": target.start_line,
            "end_line": target.end_line,
            "md5sum": target.md5sum.to_string(),
        },
        "min_ratio": answer.min_ratio,
        "similar": answer.found.iter().map(|Found { similar, definition, fragment }| {
            json!({
                "channel": similar.channel.as_str(),
                "ratio": rounded(similar.ratio),
                "text_ratio": rounded(similar.text_ratio),
                "token_ratio": rounded(similar.token_ratio),
                "record_id": definition.record_id,
                "kind": definition.kind.as_str(),
                "file_path": &*definition.file_path,
                "signature": definition.signature.as_deref(),
                "start_line": definition.start_line,
                "end_line": definition.end_line,
                "intent": definition.intent.as_deref(),
                "fragment": fragment.as_ref().map(|fragment| json!({
                    "start_line": fragment.lines.0,
                    "end_line": fragment.lines.1,
                    "to_start_line": fragment.target_lines.0,
                    "to_end_line": fragment.target_lines.1,
                    "equal_line_count": fragment.equal_line_count,
                    "equal_token_count": fragment.equal_token_count,
                })),
            })
        }).collect::<Value>(),
    })
}

pub(super) fn table(writer: &mut dyn Write, answer: &Answer, screen: &Screen) -> io::Result<()> {
    let subject = &answer.run.subject;
    if answer.found.is_empty() {
        return writeln!(writer, "nothing in {subject} is like it");
    }
    let has_lines = answer.found.iter().any(|found| found.fragment.is_some());
    let mut grid = Grid::new(if has_lines { COLUMNS } else { WITHOUT_LINES }, SAVINGS);
    let ratio = |ratio: f64| Cell::of((ratio > 0.0).then(|| format!("{ratio:.2}")));
    for Found { similar, definition, fragment } in &answer.found {
        let lines = |of: fn(&Fragment) -> (u32, u32)| {
            Cell::of(fragment.as_ref().map(of).map(|(first, last)| format!("{first}-{last}")))
        };
        let [channel, kind] = [similar.channel.as_str(), definition.kind.as_str()].map(Cell::new);
        let ratios = [similar.ratio, similar.text_ratio, similar.token_ratio].map(ratio);
        let [ratio, by_text, by_tokens] = ratios;
        let place = Cell::new(format!("{}:{}", definition.file_path, definition.start_line));
        let signature = Cell::new(definition.signature.as_deref().unwrap_or("-"));
        if has_lines {
            let [of_it, own] = [lines(|fragment| fragment.lines), lines(|fragment| fragment.target_lines)];
            grid.push([channel, ratio, by_text, by_tokens, kind, place, of_it, own, signature]);
        } else {
            grid.push([channel, ratio, by_text, by_tokens, kind, place, signature]);
        }
    }
    grid.write(writer, screen, 0)
}
