//! What is found in the samples of each language.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fmt::Write as _, fs, path::Path};

use cds_analyzer::{Analyzers, decode};
use cds_language::Language;
use cds_model::{SourceText, SpanKind};

/// The definitions and the problem of a sample, and how many spans of each kind it has.
fn found(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/languages").join(name);
    let language = Language::of_path(name).unwrap();
    let source = SourceText::new(decode(language, fs::read(path).unwrap()).unwrap());
    let mut analyzers = Analyzers::default();
    let findings = analyzers.of(language, name).analyze(&source, &|| false);
    let mut text = String::new();
    for symbol in &findings.symbols {
        let signature = symbol.signature.as_ref().unwrap().to_string();
        let owner = symbol.owner.as_deref().map(|owner| format!("{owner}.")).unwrap_or_default();
        let (first, last) = (symbol.start_line, symbol.end_line);
        let declared = language.declared_name(&signature);
        writeln!(text, "{} {first}-{last} {owner}{declared} | {signature}", symbol.kind).unwrap();
    }
    let count = |kind| findings.spans.iter().filter(|span| span.kind == kind).count();
    let (noise, gaps, verbatim) = (count(SpanKind::Noise), count(SpanKind::Gap), count(SpanKind::Verbatim));
    writeln!(text, "{noise} comments, {gaps} gaps, {verbatim} literals of several lines").unwrap();
    if let Some(problem) = findings.problem {
        writeln!(text, "line {}: {}", problem.line, problem.reason).unwrap();
    }
    text
}

macro_rules! samples {
    ($($test:ident: $name:expr;)*) => {
        $(
            #[test]
            fn $test() {
                insta::assert_snapshot!(found($name));
            }
        )*
    };
}

samples! {
    javascript: "traps.js";
    javascript_with_jsx: "view.jsx";
    javascript_with_flow_types: "flow.js";
    javascript_with_returns: "crlf.js";
    javascript_with_mark: "mark.js";
    broken_javascript: "broken.js";
    typescript: "traps.ts";
    typescript_with_jsx: "view.tsx";
    typescript_declarations: "traps.d.ts";
    go: "traps.go";
    rust: "traps.rs";
    java: "Traps.java";
    csharp: "Traps.cs";
    csharp_program: "Program.cs";
    php: "traps.php";
}

#[test]
fn minified_definitions_are_no_records() {
    let found = |text: String| {
        let language = Language::of_path("a.js").unwrap();
        let findings = Analyzers::default().of(language, "a.js").analyze(&SourceText::new(text), &|| false);
        assert_eq!(findings.problem, None);
        findings.symbols.iter().map(|symbol| symbol.start_line).collect::<Vec<_>>()
    };
    let functions =
        |count: usize| (0..count).map(|at| format!("function f{at}(){{return {at}}}")).collect::<Vec<_>>().concat();
    assert_eq!(found(functions(100)).len(), 100, "a line of a few thousand bytes");
    let minified = format!("function first() {{}}\n{}\nfunction last() {{}}\n", functions(300));
    assert_eq!(found(minified), [1, 3]);
}
