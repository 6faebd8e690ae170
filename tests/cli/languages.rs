//! The languages that are read, and which of them a run wants.

use serde_json::Value;

use crate::{
    ledger::{list, text},
    place::{DATABASE, Place},
};

fn mixed() -> Place {
    Place::with_files(&[
        ("a.py", "def one():\n    return 1\n"),
        ("stub.pyi", "def two() -> int: ...\n"),
        ("tool", "#!/usr/bin/env python3\ndef three():\n    return 3\n"),
        ("web/cart.ts", "export class Cart {\n  // doc\n  add(row: Row) {\n    return row;\n  }\n}\n"),
        ("web/app.js", "const half = (x) => x / 2;\n"),
        ("cmd/main.go", "package main\n\nfunc main() {\n\trun()\n}\n"),
        ("src/lib.rs", "impl Cart {\n    pub fn new() -> Self {\n        Self\n    }\n}\n"),
        ("Cart.java", "class Cart {\n    @Override\n    public void close() {\n        done();\n    }\n}\n"),
        ("Cart.cs", "class Cart {\n    public int Total => 1;\n}\n"),
        ("page.vue", "<template></template>\n"),
    ])
}

/// `path kind lines` of each record that the last run stored, files left out.
fn stored(place: &Place) -> Vec<String> {
    let rows = place.database().rows(
        "SELECT file_path, kind, start_line, end_line FROM records WHERE kind <> 'file' \
         AND run_id = (SELECT max(id) FROM runs) ORDER BY 1, 3, 4 DESC",
    );
    let line = |row: &Value| {
        format!("{} {} {}-{}", text(row, "file_path"), text(row, "kind"), row["start_line"], row["end_line"])
    };
    rows.iter().map(line).collect()
}

#[test]
fn one_command_reads_all_languages() {
    let place = mixed();
    let outcome = place.persist("builtin:", &["--format", "json"]).succeeded();
    let expected = [
        "Cart.cs class 1-3",
        "Cart.cs method 2-2",
        "Cart.java class 1-6",
        "Cart.java method 3-5",
        "a.py function 1-2",
        "cmd/main.go function 3-5",
        "src/lib.rs method 2-4",
        "stub.pyi function 1-1",
        "tool function 2-3",
        "web/app.js function 1-1",
        "web/cart.ts class 1-6",
        "web/cart.ts method 3-5",
    ];
    assert_eq!(stored(&place), expected);
    let summary: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(list(&summary, "not_read")[0]["ending"], ".vue");
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
    let intents =
        place.database().rows("SELECT intent FROM records WHERE file_path = 'web/app.js' AND kind = 'function'");
    assert_eq!(text(&intents[0], "intent"), "Function `half` takes x and returns `x / 2`.");
}

#[test]
fn options_select_files() {
    let place = mixed();
    place.persist("builtin:", &["--languages", "typescript,go"]).succeeded();
    assert_eq!(stored(&place), ["cmd/main.go function 3-5", "web/cart.ts class 1-6", "web/cart.ts method 3-5"]);
    place.persist("builtin:", &["--include", "web/", "--exclude", "*.ts"]).succeeded();
    assert_eq!(stored(&place), ["web/app.js function 1-1"]);
    let excluded = place.database().rows(
        "SELECT sum(file_count) AS files FROM not_read WHERE reason = 'excluded' AND run_id = (SELECT max(id) FROM runs)",
    );
    assert_eq!(excluded[0]["files"], 8);
}

#[test]
fn wrong_selections_are_refused() {
    let place = mixed();
    let outcome = place.persist("builtin:", &["--languages", "cobol"]).exited_with(2);
    assert!(outcome.stderr.contains("the languages are python, javascript"), "{}", outcome.stderr);
    let outcome = place.persist("builtin:", &["--include", "a{b"]).exited_with(2);
    assert!(outcome.stderr.contains("read the pattern \"a{b\""), "{}", outcome.stderr);
}

#[test]
fn nothing_to_read_can_fail() {
    let place = Place::with_files(&[("page.vue", "")]);
    place.persist("builtin:", &[]).succeeded();
    let outcome = place.persist("builtin:", &["--fail-on-empty"]).exited_with(1);
    assert!(outcome.stderr.contains("no source file was read in"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cds languages lists what is read"), "{}", outcome.stderr);
}

#[test]
fn languages_are_listed() {
    let place = Place::empty();
    let listed = place.cds(&["languages", "--format", "json"]).succeeded();
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let ids: Vec<&str> = list(&listed, "languages").iter().map(|language| text(language, "id")).collect();
    assert_eq!(ids[..3], ["python", "javascript", "typescript"]);
    let table = place.cds(&["languages"]).succeeded().stdout;
    assert!(table.contains(".ts .mts .cts .tsx") && table.contains("#!python"), "{table}");
    assert_eq!(list(&listed, "languages")[3]["grammar"], "tree-sitter 0.27.1 go 0.25.0 rules 1");
}

#[test]
fn notebooks_are_their_code_cells() {
    let notebook = |cell: &str, language: &str| {
        let cell = Value::from(cell);
        format!(
            "{{\"cells\": [{{\"cell_type\": \"markdown\", \"source\": \"x\"}}, {{\"cell_type\": \"code\", \"source\": {cell}}}], \
             \"metadata\": {{\"kernelspec\": {{\"language\": \"{language}\"}}}}}}"
        )
    };
    let place = Place::with_files(&[
        ("a.ipynb", &notebook("%matplotlib inline\ndef f():\n    return 1", "python")),
        ("b.ipynb", &notebook("def g(:\n", "python")),
        ("c.ipynb", &notebook("f <- 1", "R")),
        ("d.ipynb", "no notebook"),
    ]);
    let outcome = place.persist("builtin:", &[]).succeeded();
    assert_eq!(stored(&place), ["a.ipynb function 3-4"]);
    outcome.stderr_has(&[
        "file=b.ipynb line=2 reason=\"syntax error: missing ) (line 1 of cell 2)\"",
        "file=d.ipynb line=- reason=\"not a notebook: ",
        "other_language=1",
    ]);
}

#[test]
fn similar_code_has_one_language() {
    let body = "{\n  total = open(name, rate);\n  rate = total.rows(name);\n  check(total, rate);\n  return close(total, rate);\n}\n";
    let place = Place::with_files(&[
        ("a.js", &format!("function first(name, rate) {body}")),
        ("b.js", &format!("function second(name, rate) {body}")),
        ("C.java", &format!("class C {{\nObject third(Object name, Object rate) {body}}}\n")),
    ]);
    place.persist("builtin:", &[]).succeeded();
    let found = place.ask_json(&["similar", "tree/a.js:1"]);
    let paths: Vec<&str> = list(&found, "similar").iter().map(|row| text(row, "file_path")).collect();
    assert_eq!(paths, ["b.js"]);
    let groups = place.ask_json(&["dup", "check", "--min-lines", "3", "--min-tokens", "10"]);
    let members = list(&list(&groups, "groups")[0], "members").clone();
    let paths: Vec<&str> = members.iter().map(|member| text(member, "file_path")).collect();
    assert_eq!((list(&groups, "groups").len(), paths), (1, vec!["a.js", "b.js"]));
}
