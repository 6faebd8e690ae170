//! The transitions of a unit one below the other, each with its intent and its code before and after.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use cds_persistence::RecordedUnit;

use super::{
    History, Step, json, page,
    sides::{Side, Sides},
    unified::{Hunk, NOWHERE, Sign, Text, hunks},
};
use cds_terminal::{
    screen::Screen,
    sections::Sections,
    style::Tone,
    text::{code_line, one_line, safe_line},
};

/// Lines of one diff that are shown.
const SHOWN_LINES: usize = 1_000;
/// The same of code that is on both sides.
const SHOWN_SAME_LINES: usize = 20;
/// Digits of a hash that are enough for people.
const HASH_DIGITS: usize = 12;
const INDENT: &str = "    ";

/// Writes what is known of a unit, and every transition with what it changed.
pub(super) fn write(writer: &mut dyn Write, history: &History, screen: &Screen) -> io::Result<()> {
    let mut head = Sections::new(screen);
    page::head(&mut head, history, screen);
    if let Some(sentence) = page::left_out(history) {
        head.sentence(sentence);
    }
    write!(writer, "{}", head.finish())?;
    for step in &history.steps {
        writeln!(writer)?;
        write!(writer, "{}", transition(step, screen))?;
    }
    Ok(())
}

fn transition(step: &Step, screen: &Screen) -> String {
    let row = &step.row;
    let mut text = screen.palette.paint(page::tone(&row.transition), &one_line(&row.transition));
    let _ = writeln!(text, " in run {}, {}", row.run_id, one_line(&screen.time.in_full(&row.recorded_at)));
    let mut fields = Sections::new(screen);
    for (name, value) in [("commit", &row.code_ref), ("actor", &row.actor), ("reasoning", &row.reasoning)] {
        if let Some(value) = value {
            fields.field(name, value);
        }
    }
    if let Some(changed) = page::changed(step) {
        fields.field("changed", changed);
    }
    let hash = |hash: &Option<String>| {
        hash.as_deref().map_or_else(|| "-".to_owned(), |hash| page::short_hash(hash, HASH_DIGITS))
    };
    fields.field("content", format!("{} -> {}", hash(&row.previous_content_hash), hash(&row.content_hash)));
    text.push_str(&fields.finish());
    if let Some(sides) = &step.sides {
        push_sides(&mut text, step, sides, screen);
    }
    text
}

fn push_sides(text: &mut String, step: &Step, sides: &Sides, screen: &Screen) {
    let mut is_complete = true;
    for (side, which) in [(&sides.before, "before"), (&sides.after, "after")] {
        if let Some(reason) = absence(side) {
            let line = format!("what it was {which} is no longer there: {reason}");
            let _ = writeln!(text, "  {}", screen.palette.paint(Tone::Warning, &line));
            is_complete = false;
        }
        if matches!(side, Side::Altered(_)) {
            let line = format!("what it was {which} is not what the history speaks of: the record was altered");
            let _ = writeln!(text, "  {}", screen.palette.paint(Tone::Bad, &line));
        }
    }
    let records = [sides.before.record(), sides.after.record()];
    let names = [0, 1].map(|place| records[place].map(|record| name(step, record, place == 0)));
    let intents = records.map(intent);
    let intents = [0, 1].map(|place| Text { text: &intents[place], first_line: 1 });
    let codes = records.map(json::code);
    let diff = match records {
        [None, None] => return,
        _ if is_complete => [0, 1],
        // One side alone is shown as it is, and not as if all of it had been added or removed.
        [Some(_), None] => [0, 0],
        [_, Some(_)] => [1, 1],
    };
    let [before, after] = diff;
    push_diff(text, "intent", None, [intents[before], intents[after]], screen);
    let names = [before, after].map(|place| names[place].clone().unwrap_or_else(|| NOWHERE.to_owned()));
    push_diff(text, "code", Some(&names), [codes[before], codes[after]], screen);
}

/// Where the code of a side stands.
fn name(step: &Step, record: &RecordedUnit, is_before: bool) -> String {
    let metadata = step.metadata.as_ref();
    let origin = metadata.and_then(|metadata| metadata.from.as_ref()).filter(|_| is_before);
    let path = origin.map(|origin| &origin.file_path).or(metadata.map(|metadata| &metadata.file_path));
    let path = path.map(|path| safe_line(path)).unwrap_or_default();
    format!("{path}:{}-{} (run {})", record.start_line, record.end_line, record.run_id)
}

/// What a side says that it is for, or why it does not.
fn intent(record: Option<&RecordedUnit>) -> String {
    let Some(record) = record else { return String::new() };
    match (&record.intent, &record.intent_error) {
        (Some(intent), _) => intent.clone(),
        (None, Some(error)) => format!("({}: {error})", record.intent_status),
        (None, None) => String::new(),
    }
}

/// Why a side cannot be shown; `None` if it can, or if it is empty.
const fn absence(side: &Side) -> Option<&'static str> {
    match side {
        Side::Pruned => Some("the snapshots that had it were pruned"),
        Side::Missing => {
            Some("the record or its snapshot is missing, and nothing says that it was pruned; cds verify says more")
        }
        Side::Nothing | Side::Stored(_) | Side::Altered(_) => None,
    }
}

/// A diff under its title; a text that is the same on both sides is shown once.
fn push_diff(
    page: &mut String,
    title: &str,
    names: Option<&[String; 2]>,
    [before, after]: [Text<'_>; 2],
    screen: &Screen,
) {
    if before.text.is_empty() && after.text.is_empty() {
        return;
    }
    let palette = screen.palette;
    let mut hunks = hunks(before, after);
    let is_same = hunks.is_empty();
    let place = names.filter(|_| is_same).map(|names| format!(", {}", names[1])).unwrap_or_default();
    let _ = writeln!(page, "  {}{place}", palette.paint(Tone::Strong, title));
    if let Some([before, after]) = names.filter(|_| !is_same) {
        for line in [format!("--- {before}"), format!("+++ {after}")] {
            let _ = writeln!(page, "{INDENT}{}", palette.paint(Tone::Faint, &line));
        }
    }
    if is_same {
        let lines = after.text.split('\n').map(|line| (Sign::Both, line)).collect();
        hunks.push(Hunk { header: String::new(), lines });
    }
    let limit = if is_same { SHOWN_SAME_LINES } else { SHOWN_LINES };
    let mut line_count = 0_usize;
    for hunk in &hunks {
        if line_count < limit && names.is_some() && !is_same {
            let _ = writeln!(page, "{INDENT}{}", palette.paint(Tone::Faint, &hunk.header));
        }
        for (sign, line) in hunk.lines.iter().take(limit.saturating_sub(line_count)) {
            let line = format!("{}{}", sign.character(), code_line(line));
            let _ = writeln!(page, "{}", format!("{INDENT}{}", palette.paint(tone(*sign), &line)).trim_end());
        }
        line_count += hunk.lines.len();
    }
    if let Some(rest) = line_count.checked_sub(limit).filter(|rest| *rest > 0) {
        let _ = writeln!(page, "{INDENT}… and {rest} more lines; --format json has all of them");
    }
}

const fn tone(sign: Sign) -> Tone {
    match sign {
        Sign::Both => Tone::Plain,
        Sign::Before => Tone::Bad,
        Sign::After => Tone::Good,
    }
}

#[cfg(test)]
mod tests {
    use cds_persistence::{RunId, StoredUnit, UnitTransition};
    use jiff::tz::TimeZone;

    use super::*;
    use cds_terminal::{local_time::LocalTime, style::Palette, text::is_unsafe};

    use crate::commands::history::metadata::Metadata;

    fn record(run_id: i64, raw_code: &str, intent: &str) -> Side {
        Side::Stored(Box::new(RecordedUnit {
            run_id: RunId(run_id),
            is_nearest: true,
            is_as_written: true,
            content_hash: String::new(),
            start_line: 3,
            end_line: 4,
            raw_code: raw_code.to_owned(),
            intent: Some(intent.to_owned()),
            intent_status: "success".to_owned(),
            intent_error: None,
        }))
    }

    fn step(transition: &str, before: Side, after: Side) -> Step {
        let metadata = r#"{"file_path":"a\u001b.py","kind":"function","name":"f","ordinal":1,"changed":["code"]}"#;
        let row = UnitTransition {
            sequence: 1,
            run_id: RunId(2),
            transition: transition.to_owned(),
            previous_content_hash: Some("sha256:0123456789abcdef".to_owned()),
            content_hash: Some("sha256:fedcba9876543210".to_owned()),
            actor: Some("A U Thor".to_owned()),
            reasoning: Some("Count\nfrom two".to_owned()),
            metadata: metadata.to_owned(),
            recorded_at: "2026-11-20T22:01:00.120Z".to_owned(),
            previous_hash: String::new(),
            hash: String::new(),
            is_stored: true,
            ledger_id: None,
            code_ref: None,
        };
        Step { metadata: Metadata::of(&row), row, sides: Some(Sides { before, after }) }
    }

    fn shown(steps: Vec<Step>, palette: Palette) -> String {
        let unit = StoredUnit {
            id: 7,
            project: "shop".to_owned(),
            part: "src".to_owned(),
            file_path: "a\u{1b}.py".to_owned(),
            kind: "function".to_owned(),
            name: "f".to_owned(),
            ordinal: 1,
            is_present: false,
            first_run: RunId(1),
            last_run: RunId(2),
            last_seen_at: "2026-11-20T22:01:00.120Z".to_owned(),
            content_hash: "sha256:fedcba9876543210".to_owned(),
        };
        let step_count = steps.len() + 1;
        let history =
            History { unit, definition_count: None, is_numbered: false, earlier: Vec::new(), steps, step_count };
        let mut output = Vec::new();
        write(&mut output, &history, &Screen { width: 80, palette, time: LocalTime::of(TimeZone::UTC) }).unwrap();
        String::from_utf8(output).unwrap()
    }

    fn changed() -> Step {
        let before = record(1, "def f():\n\treturn 1\r", "Returns 1.");
        step("changed", before, record(2, "def f():\n\treturn 2\u{202e}\r", "Returns 2."))
    }

    #[test]
    fn it_looks_as_reviewed() {
        let moved = step("moved", record(1, "def f(): ...", "Waits."), record(2, "def f(): ...", "Waits."));
        let pruned = step("changed", Side::Pruned, record(2, "def f(): ...", "Waits."));
        let altered = match record(2, "forged", "") {
            Side::Stored(record) => Side::Altered(record),
            other => other,
        };
        let steps = vec![changed(), moved, pruned, step("changed", altered, Side::Missing)];
        insta::assert_snapshot!("history_diff", shown(steps, Palette::Plain));
    }

    #[test]
    fn removed_is_red_added_is_green() {
        let page = shown(vec![changed()], Palette::Coloured);
        assert!(page.contains("\x1b[31m-Returns 1.\x1b[0m") && page.contains("\x1b[32m+Returns 2.\x1b[0m"), "{page:?}");
        let plain = shown(vec![changed()], Palette::Plain);
        assert!(!plain.chars().any(|character| character != '\n' && is_unsafe(character)), "{plain:?}");
    }

    #[test]
    fn long_code_is_cut_and_says_so() {
        let long = |line: &str| vec![line; 1_500].join("\n");
        let page = shown(vec![step("changed", record(1, &long("x"), ""), record(2, &long("y"), ""))], Palette::Plain);
        assert!(page.contains("… and 2000 more lines"), "{page}");
        let page = shown(vec![step("moved", record(1, &long("x"), ""), record(2, &long("x"), ""))], Palette::Plain);
        assert!(page.contains("… and 1480 more lines"), "{page}");
    }
}
