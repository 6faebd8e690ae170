//! One object a line: each group, and the totals at the end.

use std::io::{self, Write};

use cds_findings::Findings;
use serde::Serialize;

use super::fields::{GroupFields, SummaryFields};
use cds_terminal::safe_json;

#[derive(Serialize)]
struct Line<T: Serialize> {
    r#type: &'static str,
    #[serde(flatten)]
    fields: T,
}

/// Writes a line of type `group` for each group and one of type `summary` behind them.
///
/// A reader that meets the last line knows that it has all of them.
pub(super) fn write(writer: &mut dyn Write, findings: &Findings) -> io::Result<()> {
    for shown in &findings.shown {
        line(writer, "group", GroupFields::of(findings, shown))?;
    }
    line(writer, "summary", SummaryFields::of(findings))
}

fn line(writer: &mut dyn Write, r#type: &'static str, fields: impl Serialize) -> io::Result<()> {
    safe_json::to_writer(writer, &Line { r#type, fields })?;
    writeln!(writer)
}

#[cfg(test)]
mod tests {
    use cds_findings::samples;
    use serde_json::Value;

    use super::*;

    #[test]
    fn last_line_has_the_totals() {
        let mut findings = samples::shop();
        findings.truncated_count = 2;
        let mut output = Vec::new();
        write(&mut output, &findings).unwrap();
        let text = String::from_utf8(output).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 6);
        for (line, channel) in lines.iter().zip(["exact", "renamed", "near", "fragment", "intent"]) {
            assert_eq!((&line["type"], &line["channel"]), (&Value::from("group"), &Value::from(channel)));
        }
        let last = &lines[5];
        assert_eq!((&last["type"], &last["truncated"]), (&Value::from("summary"), &Value::Bool(true)));
        assert_eq!(last["totals"]["group_count"], 5);
        assert_eq!(last.get("groups"), None);
    }
}
