//! What GitHub and validators need of the file.

use std::collections::HashSet;

use serde_json::Value;

use super::*;
use cds_findings::samples;

fn written(findings: &Findings) -> (String, Value) {
    let mut output = Vec::new();
    write(&mut output, findings).unwrap();
    let output = String::from_utf8(output).unwrap();
    let log = serde_json::from_str(&output).unwrap();
    (output, log)
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

/// The parts without which code scanning refuses a file, by its documentation, and how the parts refer to each other.
fn assert_is_accepted(log: &Value) {
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].is_string());
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for key in ["shortDescription", "fullDescription", "help"] {
            let text = rule[key]["text"].as_str().unwrap();
            assert!((1..=1024).contains(&text.len()), "{text}");
        }
    }
    let mut fingerprints = HashSet::new();
    for result in results(log) {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(["note", "warning"].contains(&result["level"].as_str().unwrap()));
        assert!(fingerprints.insert(result["partialFingerprints"]["cdsGroup/v1"].as_str().unwrap()));
        let related = result["relatedLocations"].as_array().unwrap();
        assert_eq!(result["locations"].as_array().unwrap().len(), 1);
        assert!(related.len() <= 20);
        for location in result["locations"].as_array().unwrap().iter().chain(related) {
            let place = &location["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.starts_with('/') && uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
            let region = &place["region"];
            assert!(
                region["startLine"].as_u64().unwrap() >= 1
                    && region["endLine"].as_u64() >= region["startLine"].as_u64()
            );
        }
        // Every link of the message leads to a related location.
        let message = result["message"]["text"].as_str().unwrap();
        let ids: Vec<u64> = related.iter().map(|location| location["id"].as_u64().unwrap()).collect();
        for id in &ids {
            assert!(message.contains(&format!("]({id})")), "{message}");
        }
    }
}

#[test]
fn every_copy_is_a_result() {
    let (output, log) = written(&samples::shop());
    assert_is_accepted(&log);
    assert_eq!(results(&log).len(), 11);
    insta::assert_snapshot!(output);
}

#[test]
fn the_state_decides_how_loud_a_result_is() {
    let mut findings = samples::shop();
    findings.baseline = Some(Subject::run(6));
    for (state, baseline, level) in [
        (GroupState::Uncompared, Value::Null, "warning"),
        (GroupState::New, "new".into(), "warning"),
        (GroupState::Grown { before: 2 }, "updated".into(), "warning"),
        (GroupState::Known, "unchanged".into(), "note"),
    ] {
        findings.shown[0].state = state;
        let (_, log) = written(&findings);
        assert_is_accepted(&log);
        assert_eq!((&results(&log)[0]["baselineState"], results(&log)[0]["level"].as_str()), (&baseline, Some(level)));
    }
}

#[test]
fn more_than_github_shows_is_left_out_and_said() {
    let definitions: Vec<_> = (0..6_000)
        .map(|id| samples::function(id, &format!("a/{id}.py"), "f", 1, "def f(row):\n    return row\n"))
        .collect();
    let all: Vec<usize> = (0..1_000).collect();
    let mut groups = vec![samples::group(Channel::Exact, "00000000000000aa", &definitions, &all)];
    groups.extend(
        (500..3_000)
            .map(|id| samples::group(Channel::Exact, &format!("{id:016x}"), &definitions, &[2 * id, 2 * id + 1])),
    );
    let mut findings = samples::findings(definitions, groups);
    (findings.truncated_count, findings.accepted_count) = (3, 2);
    let (output, log) = written(&findings);
    assert_is_accepted(&log);
    assert_eq!(results(&log).len(), 5_000);
    assert!(output.len() < 60 << 20, "{}", output.len());
    let notifications = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let texts: Vec<&str> = notifications.iter().map(|note| note["message"]["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        [
            "1000 of 6000 copies are left out, because code scanning shows no more than 5000.",
            "3 more groups are beyond the limit.",
            "2 groups are accepted and left out.",
        ]
    );
    assert_eq!(results(&log)[0]["properties"]["unlistedCopyCount"], 979);
    assert!(results(&log)[0]["message"]["text"].as_str().unwrap().ends_with(" and 979 more."));
}

#[test]
fn hostile_text_is_data() {
    let mut findings = samples::hostile();
    findings.report.groups[0].channel = Channel::Intent;
    let (output, log) = written(&findings);
    assert_is_accepted(&log);
    assert!(!output.chars().any(|character| text::is_unsafe(character) && character != '\n'), "{output:?}");
    let message = results(&log)[0]["message"]["text"].as_str().unwrap();
    assert!(message.contains("\\[x\\](y)`{{0}}`"), "{message}");
}

#[test]
fn paths_begin_at_the_root_of_the_repository() {
    let mut findings = samples::shop();
    findings.run.root_path = "/builds/shop/my code".to_owned();
    findings.run.path_prefix = "my code/".to_owned();
    findings.run.code_ref = Some("1f6467f-dirty".to_owned());
    let (_, log) = written(&findings);
    let location = &results(&log)[0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location["uri"], "my%20code/shop/cart.py");
    let provenance = &log["runs"][0]["versionControlProvenance"][0];
    assert_eq!((&provenance["revisionId"], &provenance["properties"]["isDirty"]), (&"1f6467f".into(), &true.into()));
    assert_eq!(provenance["repositoryUri"], "file:///builds/shop/");
    findings.run.code_ref = None;
    assert!(written(&findings).1["runs"][0].get("versionControlProvenance").is_none());
}
