//! One object with every field.

use std::io::{self, Write};

use cds_findings::Findings;

use super::fields::{GroupFields, SummaryFields};
use cds_terminal::safe_json;

/// Writes the object, each group on its own line.
pub(super) fn write(writer: &mut dyn Write, findings: &Findings) -> io::Result<()> {
    let mut summary = Vec::new();
    safe_json::to_writer(&mut summary, &SummaryFields::of(findings))?;
    // The groups are the last field of the same object: they are written one by one, however many there are.
    summary.pop();
    writer.write_all(&summary)?;
    write!(writer, ",\"groups\":[")?;
    for (index, shown) in findings.shown.iter().enumerate() {
        writer.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        safe_json::to_writer(writer, &GroupFields::of(findings, shown))?;
    }
    writeln!(writer, "]}}")
}

#[cfg(test)]
mod tests {
    use cds_findings::{Subject, samples};
    use serde_json::Value;

    use super::*;
    use cds_findings::GroupState;
    use cds_terminal::text::is_unsafe;

    fn object(findings: &Findings) -> (String, Value) {
        let mut json = Vec::new();
        write(&mut json, findings).unwrap();
        let text = String::from_utf8(json).unwrap();
        let value = serde_json::from_str(&text).unwrap();
        (text, value)
    }

    #[test]
    fn it_looks_as_reviewed() {
        let mut findings = samples::shop();
        findings.shown[1].state = GroupState::New;
        findings.shown[2].state = GroupState::Grown { before: 1 };
        (findings.shown[1].added, findings.shown[2].added) = (vec![0, 1], vec![1]);
        findings.shown.truncate(4);
        (findings.truncated_count, findings.baseline) = (1, Some(Subject::run(6)));
        insta::assert_snapshot!(object(&findings).0);
    }

    #[test]
    fn nothing_found_is_an_object_too() {
        let (_, value) = object(&samples::findings(Vec::new(), Vec::new()));
        assert_eq!((&value["groups"], &value["truncated"]), (&Value::Array(Vec::new()), &Value::Bool(false)));
        assert_eq!((value["schema_version"].as_u64(), value["run_id"].as_i64()), (Some(1), Some(7)));
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_reads_back() {
        let (text, value) = object(&samples::hostile());
        assert!(text.lines().all(|line| !line.chars().any(is_unsafe)), "{text:?}");
        assert_eq!(value["groups"][0]["members"][0]["intent"], samples::HOSTILE);
    }
}
