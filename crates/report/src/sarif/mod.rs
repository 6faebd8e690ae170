//! SARIF 2.1.0, for code scanning on GitHub and other readers.
//!
//! Each copy is a result of its own, with the other copies as related locations: code scanning shows a result beside a
//! change only if the change touches its first location, so an added copy needs a result of its own.
//!
//! Within GitHub's limits: at most 5,000 results are written, since it shows no more of a run, each with one location
//! and up to 20 related ones; that stays far below 10 MB when compressed. What is left out is a notification of the
//! invocation. `primaryLocationLineHash` is left to GitHub's upload action, which computes it from the source and
//! warns about any other value.

mod rules;
mod uri;

use std::io::{self, Write};

use cds_duplication::Channel;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Findings,
    copies::{self, Copy, Fingerprints},
};
use cds_findings::{GroupState, Subject};
use cds_terminal::{numbers::one_or_many, safe_json, text};

/// The most results that GitHub shows of a run.
const MOST_RESULTS: usize = 5_000;
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const ROOT: &str = "%SRCROOT%";
const LEFT_OUT: &str = "cds/left-out";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Value,
    locations: [Value; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Value>,
    partial_fingerprints: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    properties: Value,
}

/// Writes one run; a result a line.
pub(super) fn write(writer: &mut dyn Write, findings: &Findings) -> io::Result<()> {
    write!(writer, "{{\"$schema\":\"{SCHEMA}\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":")?;
    safe_json::to_writer(writer, &tool())?;
    for (key, value) in run_fields(findings) {
        write!(writer, ",\n\"{key}\":")?;
        safe_json::to_writer(writer, &value)?;
    }
    write!(writer, ",\n\"results\":[")?;
    let mut fingerprints = Fingerprints::default();
    for (index, copy) in copies::all(findings).take(MOST_RESULTS).enumerate() {
        writer.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        safe_json::to_writer(writer, &result(findings, &copy, &fingerprints.next(&copy)))?;
    }
    writeln!(writer, "]}}]}}")
}

fn tool() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let left_out = "Some findings are not among the results.";
    json!({ "driver": {
        "name": "cds",
        "version": version,
        "semanticVersion": version,
        "rules": rules::all(),
        "notifications": [{
            "id": LEFT_OUT,
            "name": "LeftOut",
            "shortDescription": { "text": left_out },
            "fullDescription": { "text": "The number of results is limited, or groups were accepted." },
            "help": { "text": "Use another output format of cds dup check to see all findings, for example --format json." },
        }],
    } })
}

fn run_fields(findings: &Findings) -> Vec<(&'static str, Value)> {
    let run = &findings.run;
    let mut fields = vec![
        ("columnKind", json!("unicodeCodePoints")),
        ("originalUriBaseIds", json!({ ROOT: { "description": { "text": "The root of the repository." } } })),
        (
            "invocations",
            json!([{ "executionSuccessful": true, "toolExecutionNotifications": notifications(findings) }]),
        ),
    ];
    if let Some(code_ref) = &run.code_ref {
        let commit = code_ref.strip_suffix("-dirty").unwrap_or(code_ref);
        let tree = run.root_path.as_str();
        let repository = tree.strip_suffix(run.path_prefix.trim_end_matches('/')).unwrap_or(tree);
        let details = json!({
            "repositoryUri": uri::of_folder(repository),
            "revisionId": commit,
            "mappedTo": { "uriBaseId": ROOT },
            "properties": { "isDirty": commit != code_ref },
        });
        fields.push(("versionControlProvenance", json!([details])));
    }
    let totals = &findings.report.totals;
    fields.push((
        "properties",
        json!({
            "runId": run.subject.run_id(),
            "startedAt": run.started_at,
            "project": run.project,
            "baselineRunId": findings.baseline.as_ref().and_then(Subject::run_id),
            "baselineCommit": findings.baseline.as_ref().and_then(Subject::commit),
            "acceptedCount": findings.accepted_count,
            "groupCount": totals.group_count,
            "memberCount": totals.member_count,
            "repeatedLines": totals.repeated_lines,
            "intentLines": totals.intent_lines,
            "lineCount": totals.line_count,
        }),
    ));
    fields
}

/// Notes on what the results leave out, one sentence each.
fn notifications(findings: &Findings) -> Vec<Value> {
    let copy_count = copies::all(findings).count();
    let notify = |level: &str, text: String| json!({ "level": level, "message": { "text": escaped(&text) }, "descriptor": { "id": LEFT_OUT, "index": 0 } });
    let mut notifications = Vec::new();
    if copy_count > MOST_RESULTS {
        let left_out = copy_count - MOST_RESULTS;
        notifications.push(notify(
            "warning",
            format!("{left_out} of {copy_count} copies are left out, because code scanning shows no more than {MOST_RESULTS}."),
        ));
    }
    if findings.truncated_count > 0 {
        let groups = one_or_many(findings.truncated_count as u64, "more group is", "more groups are");
        notifications.push(notify("warning", format!("{groups} beyond the limit.")));
    }
    if findings.accepted_count > 0 {
        let groups = one_or_many(findings.accepted_count as u64, "group is", "groups are");
        notifications.push(notify("note", format!("{groups} accepted and left out.")));
    }
    if let Some(unsearched) = copies::unsearched(findings) {
        notifications.push(notify("note", format!("Not searched: {unsearched}.")));
    }
    notifications
}

fn result(findings: &Findings, copy: &Copy<'_>, fingerprint: &str) -> SarifResult {
    let (others, more_count) = copy.others(findings);
    let group = copy.group;
    let links: Vec<String> = others
        .iter()
        .enumerate()
        .map(|(at, other)| format!("[{}]({})", escaped(&other.place(findings)), at + 1))
        .chain((more_count > 0).then(|| format!("{more_count} more")))
        .collect();
    let mut message = format!("{} See {}.", escaped(&copy.sentence()), sentence_list(&links));
    if let (Channel::Intent, Some(intent)) = (group.channel, &copy.definition.intent) {
        message.push_str(" Intent: ");
        message.push_str(&escaped(&text::one_line(intent)));
    }
    let related = |(at, other): (usize, &Copy<'_>)| {
        let mut location = location(findings, other);
        location["id"] = json!(at + 1);
        location["message"] = json!({ "text": escaped(&other.name()) });
        location
    };
    SarifResult {
        rule_id: rules::id(group.channel),
        rule_index: rules::index(group.channel),
        level: if copies::is_minor(copy.shown, group) { "note" } else { rules::level(group.channel) },
        message: json!({ "text": message }),
        locations: [location(findings, copy)],
        related_locations: others.iter().enumerate().map(related).collect(),
        partial_fingerprints: json!({ "cdsGroup/v1": format!("{}:{fingerprint}", group.group_id) }),
        baseline_state: baseline_state(copy.shown.state),
        properties: json!({
            "groupId": group.group_id,
            "channel": group.channel.as_str(),
            "state": copy.shown.state.as_str(),
            "recordId": copy.definition.record_id,
            "md5sum": copy.definition.md5sum.to_string(),
            "copyCount": group.members.len(),
            "unlistedCopyCount": more_count,
            "repeatedLines": group.repeated_lines,
            "commonLines": group.common_lines,
            "savedLines": group.saved_lines,
            "bestRatio": copy.member.best_ratio,
            "avgRatio": copy.member.avg_ratio,
            "linesAreEstimated": copy.member.lines_are_estimated,
            "isTest": copy.member.is_test,
            "isGenerated": copy.member.is_generated,
            "confidence": group.confidence.as_str(),
            "isAdded": copy.shown.is_added(copy.place),
        }),
    }
}

fn location(findings: &Findings, copy: &Copy<'_>) -> Value {
    let (first, last) = copy.member.file_lines;
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri::of_record(&copy.path(findings)), "uriBaseId": ROOT },
            "region": { "startLine": first.max(1), "endLine": last.max(first).max(1) },
        },
        "logicalLocations": [{ "name": copy.name(), "kind": copy.definition.kind.as_str() }],
    })
}

fn sentence_list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A grown group was there and is not what it was.
const fn baseline_state(state: GroupState) -> Option<&'static str> {
    match state {
        GroupState::Uncompared => None,
        GroupState::Known => Some("unchanged"),
        GroupState::New => Some("new"),
        GroupState::Grown { .. } => Some("updated"),
    }
}

/// Text for a message, in which brackets are links and braces are placeholders.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '[' | ']' => escaped.extend(['\\', character]),
            '{' | '}' => escaped.extend([character, character]),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
