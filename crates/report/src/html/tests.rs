//! The content of the file; how it behaves in a browser is in the top-level tests.

use serde_json::Value;

use super::*;
use cds_findings::{
    GroupState,
    samples::{self, HOSTILE},
};
use cds_terminal::text;

fn written(findings: &Findings) -> String {
    let mut output = Vec::new();
    write(&mut output, findings).unwrap();
    String::from_utf8(output).unwrap()
}

fn data(page: &str, id: &str) -> Value {
    let (_, rest) = page.split_once(&format!("<script type=\"application/json\" id=\"{id}\">")).unwrap();
    serde_json::from_str(rest.split("</script>").next().unwrap()).unwrap()
}

#[test]
fn the_page_refers_to_nothing() {
    let page = written(&samples::shop());
    for reference in [" src=", " href=", "@import", "url(", "fetch(", "XMLHttpRequest", "innerHTML", "eval(", "import("]
    {
        assert!(!page.contains(reference), "{reference}");
    }
    // The name of the SVG vocabulary is not an address that a browser requests.
    assert_eq!(page.matches("://").count(), page.matches("http://www.w3.org/2000/svg").count());
    assert!(page.contains("default-src 'none'; script-src 'sha256-"));
}

#[test]
fn hostile_text_is_data() {
    let mut findings = samples::hostile();
    findings.raw_code.insert(21, format!("def evil():\n    \"{HOSTILE}\"\n"));
    let page = written(&findings);
    assert!(!page.contains("<img") && !page.contains("onerror=alert(1)></"), "markup gets through");
    assert_eq!(page.matches("</script>").count(), 4, "the three with data and the program");
    assert!(!page.chars().any(|character| text::is_unsafe(character) && character != '\n'));
    let report = data(&page, "report");
    assert_eq!(report["groups"][0]["members"][0]["intent"], HOSTILE);
    assert_eq!(report["run"]["project"], HOSTILE);
}

#[test]
fn the_data_are_all_there() {
    let mut findings = samples::shop();
    (findings.shown[0].state, findings.shown[0].added) = (GroupState::Grown { before: 2 }, vec![2]);
    (findings.truncated_count, findings.accepted_count) = (4, 1);
    findings
        .raw_code
        .insert(15, "def load(row):\n    # first\n    price = row[\"price\"]\n    log(price)\n".to_owned());
    let page = written(&findings);
    let report = data(&page, "report");
    let first = &report["groups"][0];
    assert_eq!((&first["channel"], &first["state"], &first["before"]), (&"exact".into(), &"grown".into(), &2.into()));
    assert_eq!(first["members"].as_array().unwrap().len(), 3);
    assert_eq!(first["members"][0]["name"], "load");
    let added =
        |at: usize| (first["members"][at]["record_id"].as_i64().unwrap(), first["members"][at]["is_added"].clone());
    assert_eq!([added(0), added(1), added(2)], [(13, true.into()), (11, false.into()), (12, false.into())]);
    // Three equal texts are one.
    let codes: Vec<&Value> = (0..3).map(|at| &first["members"][at]["code"]).collect();
    assert_eq!(codes, [&Value::from(0); 3]);
    assert_eq!(first["members"][0]["is_normalized"], true);
    // A fragment of code that is at hand, and one of code that is not.
    let fragment = &report["groups"][3]["members"];
    assert_eq!((&fragment[0]["first"], &fragment[0]["part"]), (&5.into(), &serde_json::json!([7, 8])));
    assert_eq!((&fragment[1]["first"], &fragment[1]["part"]), (&1.into(), &serde_json::json!([3, 4])));
    let notes = report["notes"].as_array().unwrap();
    let expected = [
        "4 groups are beyond the limit.",
        "1 group is accepted and left out.",
        "Without an intent: 5 of 7 definitions.",
    ];
    assert_eq!(notes, &expected);
    let code = data(&page, "code-0");
    assert!(code[0]["text"].as_str().unwrap().starts_with("def load(row):\n"));
}
