//! One row a member, by RFC 4180.
//!
//! A cell that begins as a formula does gets an apostrophe before it, so that no spreadsheet evaluates
//! analyzed code. Text is on one line, and characters that a terminal might obey are written as `\u{…}`.

use std::io::{self, Write};

use cds_duplication::{Channel, Group};
use cds_findings::{Findings, Shown};

use super::fields::rounded;
use cds_terminal::text::one_line;

const HEADINGS: [&str; 24] = [
    "run_id",
    "channel",
    "group_id",
    "state",
    "is_test",
    "confidence",
    "member_count",
    "pair_count",
    "md5_overlap_pairs",
    "saved_lines",
    "record_id",
    "kind",
    "file_path",
    "signature",
    "start_line",
    "end_line",
    "fragment_start_line",
    "fragment_end_line",
    "best_ratio",
    "avg_ratio",
    "md5_overlap",
    "common_lines",
    "is_generated",
    "is_added",
];

/// Writes the headings and a row for each member of each group, the representative first.
pub(super) fn write(writer: &mut dyn Write, findings: &Findings) -> io::Result<()> {
    row(writer, &HEADINGS.map(str::to_owned))?;
    for shown in &findings.shown {
        let group = findings.group(shown);
        for place in 0..group.members.len() {
            row(writer, &cells(findings, shown, group, place))?;
        }
    }
    Ok(())
}

fn cells(findings: &Findings, shown: &Shown, group: &Group, place: usize) -> [String; HEADINGS.len()] {
    let member = &group.members[place];
    let definition = findings.definition(member);
    let fragment = (group.channel == Channel::Fragment).then_some(member.file_lines);
    let line = |line: Option<u32>| line.map(|line| line.to_string()).unwrap_or_default();
    [
        findings.run.subject.run_id().map(|run| run.to_string()).unwrap_or_default(),
        group.channel.as_str().to_owned(),
        group.group_id.clone(),
        shown.state.as_str().unwrap_or_default().to_owned(),
        group.is_test.to_string(),
        group.confidence.as_str().to_owned(),
        group.members.len().to_string(),
        group.pair_count.to_string(),
        group.md5_overlap_pairs.to_string(),
        group.saved_lines.to_string(),
        definition.record_id.to_string(),
        definition.kind.to_string(),
        text(&definition.file_path),
        definition.signature.as_deref().map(text).unwrap_or_default(),
        definition.start_line.to_string(),
        definition.end_line.to_string(),
        line(fragment.map(|(first, _)| first)),
        line(fragment.map(|(_, last)| last)),
        rounded(member.best_ratio).to_string(),
        rounded(member.avg_ratio).to_string(),
        member.md5_overlap.to_string(),
        group.common_lines.to_string(),
        group.is_generated.to_string(),
        shown.is_added(place).map(|is_added| is_added.to_string()).unwrap_or_default(),
    ]
}

/// Text from a tree, which no program is to take for anything else.
fn text(text: &str) -> String {
    let text = one_line(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

fn row(writer: &mut dyn Write, cells: &[String; HEADINGS.len()]) -> io::Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            writer.write_all(b",")?;
        }
        if cell.contains(['"', ',', '\r', '\n']) {
            write!(writer, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            writer.write_all(cell.as_bytes())?;
        }
    }
    writer.write_all(b"\r\n")
}

#[cfg(test)]
mod tests {
    use cds_findings::samples;

    use super::*;
    use cds_terminal::text::is_unsafe;

    fn csv(findings: &Findings) -> String {
        let mut output = Vec::new();
        write(&mut output, findings).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_looks_as_reviewed() {
        insta::assert_snapshot!(csv(&samples::shop()).replace('\r', "␍"));
    }

    #[test]
    fn a_formula_is_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "  =cmd|'/c'!A0", "\t=1"] {
            assert!(text(formula).starts_with('\''), "{formula}");
        }
        assert_eq!(text("def f(a=1):"), "def f(a=1):");
    }

    #[test]
    fn hostile_text_stays_in_its_cell() {
        let text = csv(&samples::hostile());
        assert_eq!(text.matches("\r\n").count(), 3);
        assert!(text.lines().all(|line| !line.chars().any(is_unsafe)), "{text:?}");
        // Commas outside of quotes end a cell.
        for line in text.lines() {
            let outside = line.split('"').step_by(2);
            assert_eq!(outside.map(|part| part.matches(',').count()).sum::<usize>(), HEADINGS.len() - 1, "{line}");
        }
    }
}
