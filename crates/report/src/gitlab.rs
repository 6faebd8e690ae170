//! The report on code quality that GitLab shows in merge requests: a list of issues.
//!
//! GitLab compares the fingerprints of two branches and takes issues with the same fingerprint for one, so that every
//! copy has its own, derived from its content and not from its lines.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Findings,
    copies::{self, Copy, Fingerprints},
};
use cds_terminal::safe_json;

#[derive(Serialize)]
struct Issue<'a> {
    r#type: &'static str,
    check_name: String,
    description: String,
    categories: [&'static str; 1],
    severity: &'static str,
    fingerprint: String,
    location: Location,
    other_locations: Vec<Location>,
    /// What GitLab does not know, under a name of its own.
    cds: Extra<'a>,
}

#[derive(Serialize)]
struct Extra<'a> {
    group_id: &'a str,
    state: Option<&'static str>,
    copy_count: usize,
    common_lines: u32,
    saved_lines: u64,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes one issue for each copy, one a line.
pub(super) fn write(writer: &mut dyn Write, findings: &Findings) -> io::Result<()> {
    let mut fingerprints = Fingerprints::default();
    write!(writer, "[")?;
    for (index, copy) in copies::all(findings).enumerate() {
        writer.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        safe_json::to_writer(writer, &issue(findings, &copy, fingerprints.next(&copy)))?;
    }
    writeln!(writer, "]")
}

fn issue<'a>(findings: &'a Findings, copy: &Copy<'a>, fingerprint: String) -> Issue<'a> {
    let (others, _) = copy.others(findings);
    let first = others.first().map_or_else(String::new, |other| format!(" See {}.", other.place(findings)));
    let group = copy.group;
    Issue {
        r#type: "issue",
        check_name: format!("cds/{}", group.channel.as_str()),
        description: format!("{}{first}", copy.sentence()),
        categories: ["Duplication"],
        severity: severity(copy),
        fingerprint,
        location: location(findings, copy),
        other_locations: others.iter().map(|other| location(findings, other)).collect(),
        cds: Extra {
            group_id: &group.group_id,
            state: copy.shown.state.as_str(),
            copy_count: group.members.len(),
            common_lines: group.common_lines,
            saved_lines: group.saved_lines,
        },
    }
}

fn location(findings: &Findings, copy: &Copy<'_>) -> Location {
    let (begin, end) = copy.member.file_lines;
    Location { path: copy.path(findings), lines: Lines { begin, end } }
}

/// By the lines that could be saved. Known groups, and groups only in tests, are for information.
fn severity(copy: &Copy<'_>) -> &'static str {
    match copy.group.saved_lines {
        _ if copies::is_minor(copy.shown, copy.group) => "info",
        0..10 => "info",
        10..50 => "minor",
        50..200 => "major",
        200.. => "critical",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;
    use cds_findings::{GroupState, samples};
    use cds_terminal::text;

    fn written(findings: &Findings) -> (String, Vec<Value>) {
        let mut output = Vec::new();
        write(&mut output, findings).unwrap();
        let output = String::from_utf8(output).unwrap();
        let issues = serde_json::from_str(&output).unwrap();
        (output, issues)
    }

    #[test]
    fn every_copy_is_an_issue() {
        let (output, issues) = written(&samples::shop());
        insta::assert_snapshot!(output);
        let fingerprints: HashSet<&str> = issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
        assert_eq!(fingerprints.len(), 11);
    }

    #[test]
    fn what_could_be_saved_is_the_severity() {
        let mut findings = samples::shop();
        for (saved_lines, expected) in
            [(9, "info"), (10, "minor"), (50, "major"), (200, "critical"), (9_999, "critical")]
        {
            findings.report.groups[0].saved_lines = saved_lines;
            assert_eq!(written(&findings).1[0]["severity"], expected, "{saved_lines}");
        }
        findings.shown[0].state = GroupState::New;
        assert_eq!(written(&findings).1[0]["severity"], "critical");
        findings.shown[0].state = GroupState::Known;
        assert_eq!(written(&findings).1[0]["severity"], "info");
    }

    #[test]
    fn hostile_text_is_data() {
        let findings = samples::hostile();
        let (output, issues) = written(&findings);
        assert!(!output.chars().any(|character| text::is_unsafe(character) && character != '\n'), "{output:?}");
        assert_eq!(issues[0]["location"]["path"], &*findings.definitions[0].file_path);
    }

    #[test]
    fn nothing_is_an_empty_list() {
        let mut findings = samples::shop();
        findings.shown.clear();
        assert_eq!(written(&findings).0, "[]\n");
    }
}
