//! The code of a group side by side: its representative against each other member, with what differs marked.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{self, Write},
};

use cds_duplication::{Channel, Group, Member};
use cds_findings::{Findings, Shown};
use unicode_width::UnicodeWidthStr as _;

use super::{
    align::{Aligner, Line, quiet_lines},
    copies,
};
use cds_terminal::{
    numbers::counted,
    screen::Screen,
    sections::Sections,
    style::{Palette, Tone},
    text::code_line,
};

/// Members that are compared with the representative; the rest is counted.
const SHOWN_MEMBERS: usize = 8;
/// Lines of a member that are shown.
const SHOWN_LINES: usize = 1_000;
/// Columns of a line's number, with the mark and the blanks around both.
const GUTTER: usize = 8;
const BETWEEN: &str = " │ ";

/// The code of one member as it is shown.
struct Code {
    first_line: u32,
    lines: Vec<String>,
    /// Which of them no channel compares.
    are_quiet: Vec<bool>,
    hidden_count: usize,
}

/// Writes each group that is shown.
pub fn write(writer: &mut dyn Write, findings: &Findings, screen: &Screen) -> io::Result<()> {
    if findings.shown.is_empty() {
        return writeln!(writer, "no groups to show");
    }
    for (index, shown) in findings.shown.iter().enumerate() {
        if index > 0 {
            writeln!(writer)?;
        }
        write!(writer, "{}", page(findings, shown, screen))?;
    }
    if findings.truncated_count > 0 {
        let groups = counted(findings.truncated_count as u64, "more group");
        writeln!(writer, "\n… and {groups}; --limit 0 shows all")?;
    }
    Ok(())
}

fn page(findings: &Findings, shown: &Shown, screen: &Screen) -> String {
    let group = findings.group(shown);
    let mut head = Sections::new(screen);
    let mut facts = format!(
        "{} group {}: {} members, SAME {}, SAVED {}",
        group.channel.as_str(),
        group.group_id,
        group.members.len(),
        group.common_lines,
        group.saved_lines
    );
    for word in shown.state.as_str().into_iter().chain(copies::words(group)) {
        let _ = write!(facts, ", {word}");
    }
    head.heading(&facts);
    for (place, member) in group.members.iter().take(SHOWN_MEMBERS + 1).enumerate() {
        let definition = findings.definition(member);
        let (first, last) = member.file_lines;
        let ratio = if place == 0 { String::new() } else { format!(", ratio {:.2}", member.best_ratio) };
        let added = if shown.is_added(place) == Some(true) { ", added" } else { "" };
        head.field(&(place + 1).to_string(), format!("{}:{first}-{last}{ratio}{added}", definition.file_path));
        if let Some(intent) = &definition.intent {
            head.field("", intent);
        }
    }
    if let Some(rest) = group.members.len().checked_sub(SHOWN_MEMBERS + 1).filter(|rest| *rest > 0) {
        head.field("", format!("… and {rest} more"));
    }
    let mut page = head.finish();
    let Some((first, others)) = group.members.split_first() else { return page };
    let origin = code(findings, group, first);
    let mut known: HashMap<Vec<String>, usize> = HashMap::from([(origin.lines.clone(), 1)]);
    let mut is_shown = false;
    for (place, member) in (2..).zip(others.iter().take(SHOWN_MEMBERS)) {
        let other = code(findings, group, member);
        if let Some(same) = known.get(&other.lines) {
            let _ = writeln!(page, "\n  {place} is identical to {same}");
            continue;
        }
        known.insert(other.lines.clone(), place);
        let _ = writeln!(page);
        side_by_side(&mut page, &origin, (place, &other), screen);
        is_shown = true;
    }
    if !is_shown {
        let _ = writeln!(page);
        alone(&mut page, &origin, screen);
    }
    page
}

/// The exact lines of a member, without the indentation that all of them have; the normalized ones if the exact ones
/// are not available.
fn code(findings: &Findings, group: &Group, member: &Member) -> Code {
    let definition = findings.definition(member);
    let (first, last) = member.file_lines;
    let (text, (from, to)) = if let Some(raw) = findings.raw_code.get(&definition.record_id) {
        let line = |line: u32| line.saturating_sub(definition.start_line);
        (&**raw, (line(first), line(last).saturating_add(1)))
    } else {
        (&*definition.normalized_code, member.normalized_lines)
    };
    let is_part = group.channel == Channel::Fragment;
    let (skipped, count) = if is_part { (from as usize, to.saturating_sub(from) as usize) } else { (0, usize::MAX) };
    let quiet = quiet_lines(text, &definition.normalized_code);
    let lines: Vec<&str> = text.lines().skip(skipped).take(count).collect();
    let indent = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0);
    let shown = lines.iter().take(SHOWN_LINES);
    Code {
        first_line: first,
        lines: shown
            .map(|line| code_line(line.get(indent..).unwrap_or_else(|| line.trim_start()).trim_end()))
            .collect(),
        are_quiet: quiet.into_iter().skip(skipped).take(lines.len().min(SHOWN_LINES)).collect(),
        hidden_count: lines.len().saturating_sub(SHOWN_LINES),
    }
}

/// One half of the screen.
#[derive(Clone, Copy)]
struct Half {
    width: usize,
    palette: Palette,
    tone: Tone,
    /// What stands before a line that differs.
    sign: char,
    /// What stands around what differs where there are no colours.
    brackets: [&'static str; 2],
}

fn side_by_side(page: &mut String, left: &Code, (place, right): (usize, &Code), screen: &Screen) {
    let room = screen.width.saturating_sub(BETWEEN.width());
    let palette = screen.palette;
    let halves = [
        Half { width: room / 2, palette, tone: Tone::Bad, sign: '-', brackets: ["[-", "-]"] },
        Half { width: room - room / 2, palette, tone: Tone::Good, sign: '+', brackets: ["{+", "+}"] },
    ];
    let titles = [1, place].map(|place| palette.paint(Tone::Strong, &place.to_string()));
    let indent = " ".repeat(GUTTER);
    let blanks = " ".repeat(halves[0].width.saturating_sub(GUTTER + 1));
    let _ = writeln!(page, "{indent}{}{blanks}{BETWEEN}{indent}{}", titles[0], titles[1]);
    let lines = [left, right].map(Code::compared);
    let mut aligner = Aligner::default();
    for (row, column) in aligner.align(&lines[0], &lines[1]) {
        let texts = [row.map(|row| lines[0][row].text), column.map(|column| lines[1][column].text)];
        let pieces = match texts {
            [Some(left), Some(right)] => aligner.differences(left, right).map(Some),
            // A line without a partner has its sign; brackets around all of it would add nothing.
            [left, right] => [left, right].map(|text| text.map(|text| vec![(text, palette == Palette::Coloured)])),
        };
        let numbers = [(row, left), (column, right)].map(|(line, code)| line.map(|line| code.number(line)));
        let is_changed = texts[0].map(str::trim) != texts[1].map(str::trim);
        let mut cells = halves.iter().zip(pieces.iter().zip(numbers)).map(|(half, (pieces, number))| {
            pieces.as_ref().zip(number).map_or_else(Vec::new, |(pieces, number)| half.lines(number, pieces, is_changed))
        });
        let (left, right) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        for line in 0..left.len().max(right.len()) {
            let own =
                left.get(line).map_or_else(|| " ".repeat(halves[0].width), |(text, blanks)| format!("{text}{blanks}"));
            let other = right.get(line).map(|(text, _)| text.as_str()).unwrap_or_default();
            let _ = writeln!(page, "{}", format!("{own}{BETWEEN}{other}").trim_end());
        }
    }
    for (place, code) in [(1, left), (place, right)] {
        if code.hidden_count > 0 {
            let _ = writeln!(page, "  … and {} more lines of {place}", code.hidden_count);
        }
    }
}

fn alone(page: &mut String, code: &Code, screen: &Screen) {
    let half = Half { width: screen.width, palette: screen.palette, tone: Tone::Plain, sign: ' ', brackets: ["", ""] };
    for (line, text) in code.lines.iter().enumerate() {
        for (text, _) in half.lines(code.number(line), &[(text.as_str(), false)], false) {
            let _ = writeln!(page, "{}", text.trim_end());
        }
    }
    if code.hidden_count > 0 {
        let _ = writeln!(page, "  … and {} more lines", code.hidden_count);
    }
}

impl Code {
    fn compared(&self) -> Vec<Line<'_>> {
        self.lines.iter().zip(&self.are_quiet).map(|(text, is_quiet)| Line { text, is_quiet: *is_quiet }).collect()
    }

    fn number(&self, line: usize) -> u32 {
        self.first_line.saturating_add(u32::try_from(line).unwrap_or(u32::MAX))
    }
}

impl Half {
    /// A line of code as lines of this half, each with the blanks that fill it up.
    fn lines(self, number: u32, pieces: &[(&str, bool)], is_changed: bool) -> Vec<(String, String)> {
        let room = self.width.saturating_sub(GUTTER).max(2);
        let mut lines = Vec::new();
        let mut rest = self.characters(pieces).into_iter().peekable();
        loop {
            let mut text = String::new();
            let mut runs: Vec<(String, bool)> = Vec::new();
            while let Some(&(character, mark)) = rest.peek() {
                text.push(character);
                // As a whole, since characters that join others can be wider than each for itself.
                if text.width() > room && !runs.is_empty() {
                    text.pop();
                    break;
                }
                rest.next();
                match runs.last_mut().filter(|(_, last)| *last == mark) {
                    Some((run, _)) => run.push(character),
                    None => runs.push((character.to_string(), mark)),
                }
            }
            let gutter = if lines.is_empty() {
                format!("{number:>5} {} ", if is_changed { self.sign } else { ' ' })
            } else {
                " ".repeat(GUTTER)
            };
            let gutter = self.palette.paint(if is_changed { self.tone } else { Tone::Faint }, &gutter);
            let painted: String = runs
                .iter()
                .map(|(run, mark)| self.palette.paint(if *mark { self.tone } else { Tone::Plain }, run))
                .collect();
            lines.push((format!("{gutter}{painted}"), " ".repeat(room.saturating_sub(text.width()))));
            if rest.peek().is_none() {
                return lines;
            }
        }
    }

    /// The characters of the pieces, each with whether it is marked; without colours the marks are written out.
    fn characters(self, pieces: &[(&str, bool)]) -> Vec<(char, bool)> {
        let mut characters = Vec::new();
        let mut is_open = false;
        let has_brackets = self.palette == Palette::Plain;
        for (at, &(piece, mark)) in pieces.iter().enumerate() {
            // Blanks between two marked pieces belong to the mark.
            let is_joined = is_open && piece.trim().is_empty() && pieces.get(at + 1).is_some_and(|(_, next)| *next);
            let mark = mark || is_joined;
            if mark != is_open && has_brackets {
                characters.extend(self.brackets[usize::from(is_open)].chars().map(|character| (character, mark)));
            }
            is_open = mark;
            characters.extend(piece.chars().map(|character| (character, mark)));
        }
        if is_open && has_brackets {
            characters.extend(self.brackets[1].chars().map(|character| (character, true)));
        }
        characters
    }
}

#[cfg(test)]
mod tests {
    use cds_duplication::Confidence;
    use cds_findings::{GroupState, samples};
    use jiff::tz::TimeZone;

    use super::*;
    use cds_terminal::{local_time::LocalTime, text::is_unsafe};

    fn diff(findings: &Findings, width: usize, palette: Palette) -> String {
        let screen = Screen { width, palette, time: LocalTime::of(TimeZone::UTC) };
        let mut output = Vec::new();
        write(&mut output, findings, &screen).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_looks_as_reviewed() {
        let mut findings = samples::shop();
        let raw = "    def load(row):\n\t# What it costs.\n        price = row[\"price\"]\n        tax = price * 0.19\n        return price + tax\n";
        findings.raw_code.insert(11, raw.to_owned());
        insta::assert_snapshot!("dup_diff_80", diff(&findings, 80, Palette::Plain));
        insta::assert_snapshot!("dup_diff_160", diff(&findings, 160, Palette::Plain));
    }

    #[test]
    fn the_heading_says_what_the_table_says() {
        let mut findings = samples::shop();
        findings.shown = vec![findings.shown[2].clone()];
        (findings.shown[0].state, findings.shown[0].added) = (GroupState::Grown { before: 1 }, vec![1]);
        findings.report.groups[2].confidence = Confidence::Low;
        let text = diff(&findings, 120, Palette::Plain);
        assert!(
            text.starts_with("near group 00000000000000e3: 2 members, SAME 2, SAVED 4, grown, low confidence\n"),
            "{text}"
        );
        assert!(text.contains("shop/log.py:5-9, ratio 0.91, added\n") && text.matches("added").count() == 1, "{text}");
    }

    #[test]
    fn only_what_differs_is_in_colour() {
        let mut findings = samples::shop();
        findings.shown = vec![findings.shown[1].clone()];
        let text = diff(&findings, 120, Palette::Coloured);
        assert!(text.contains("\x1b[31mprice\x1b[0m = \x1b[31mrow\x1b[0m[\"\x1b[31mprice\x1b[0m\"]"), "{text:?}");
        assert!(text.contains("\x1b[32mcost\x1b[0m = \x1b[32mentry\x1b[0m[\"\x1b[32mcost\x1b[0m\"]"), "{text:?}");
        assert!(!text.contains("[-") && !text.contains("{+"));
    }

    #[test]
    fn lines_fit_the_terminal() {
        let mut findings = samples::hostile();
        findings.raw_code.insert(21, format!("def evil(row):\n\t'{}'\n    return 加算加算加算\n", samples::HOSTILE));
        findings
            .raw_code
            .insert(22, "def evil(row):\n    '\u{2764}\u{fe0f}\u{2764}\u{fe0f}' + 加算加算加算加算加算\n".repeat(3));
        for width in 40..180 {
            for text in [diff(&findings, width, Palette::Plain), diff(&samples::shop(), width, Palette::Plain)] {
                for line in text.lines() {
                    assert!(line.width() <= width, "{width}: {line}");
                    assert!(!line.chars().any(is_unsafe), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn long_code_is_cut_and_says_so() {
        let mut findings = samples::shop();
        findings.shown.truncate(1);
        findings.raw_code.insert(11, "x = 1\n".repeat(1_500));
        let text = diff(&findings, 100, Palette::Plain);
        assert!(text.contains("  … and 500 more lines of 1"), "{text}");
    }
}
