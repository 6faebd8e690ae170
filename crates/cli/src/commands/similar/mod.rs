//! `cds similar`: the records most like a given piece of code, and those that share a run of lines with it.

mod page;

use std::{collections::HashSet, path::Path};

use cds_findings::{
    RunFacts, load,
    similar::{Found, Search},
};
use cds_language::Language;
use cds_model::{Record, SymbolKind};
use cds_persistence::{SqliteReader, Text, Texts};
use cds_pipeline::target::{self, Place, Target};
use clap::Args;

use crate::{
    app::App,
    arguments::{DatabaseArguments, ResultFormat, RunArguments, parse_ratio},
    failure::{Failure, database_failure, findings_failure},
    findings::{find_run, source},
    output::Output,
};

/// Find code in a snapshot that resembles a piece of code
#[derive(Debug, Args)]
pub(crate) struct SimilarArguments {
    /// Code to look for: a file, the definition at a line of a file (`FILE:LINE`), or - for stdin
    #[arg(value_name = "PLACE", allow_hyphen_values = true)]
    place: Place,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    run: RunArguments,

    /// Maximum number of similar records, and of records that share a run of lines
    #[arg(long, short = 'n', value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=10_000), allow_negative_numbers = true, help_heading = "Search options")]
    limit: u32,

    /// Minimum similarity of a record, 0.5 to 1
    #[arg(long, value_name = "RATIO", default_value = "0.5", value_parser = parse_ratio, allow_negative_numbers = true, help_heading = "Search options")]
    min_ratio: f64,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

/// What was asked for and what was found.
struct Answer {
    run: RunFacts,
    target: Record,
    min_ratio: f64,
    found: Vec<Found>,
}

pub(super) fn run(arguments: &SimilarArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let (run_id, run) = find_run(&reader, &arguments.run.run).map_err(findings_failure)?;
    let Target { name, record: target, problem } =
        target::read(&arguments.place, &mut std::io::stdin().lock()).map_err(cds_pipeline::Error::from)?;
    if let Some(problem) = problem {
        app.console.warning(&format!("{name} is compared as far as it can be read: {problem}"));
    }
    let source = source(&plan, &reader);
    let with_files = target.kind == SymbolKind::File;
    let language = Language::of_record(&target.file_path);
    let parts = load::texts_like(&source, run_id, with_files, language, &target.normalized_code);
    let parts = parts.map_err(findings_failure)?;
    let mut texts: Vec<Text<'_>> = parts.iter().flat_map(Texts::iter).collect();
    if let Some(name) = name_in(&run, &arguments.place) {
        // Neither the code itself nor what it stands in, nor what stands in it, is a second of it.
        let holds = |outer: (u32, u32), inner: (u32, u32)| outer.0 <= inner.0 && inner.1 <= outer.1;
        let lines = (target.start_line, target.end_line);
        let mut places = reader.locations_in(run_id, &name).map_err(database_failure)?;
        places.retain(|&(_, first, last)| holds(lines, (first, last)) || holds((first, last), lines));
        let own: HashSet<i64> = places.into_iter().map(|(id, ..)| id).collect();
        texts.retain(|text| !own.contains(&text.id));
    }
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let search = Search { source: &source, run_id, target: &target, limit, min_ratio: arguments.min_ratio };
    let found = search.run(&texts).map_err(findings_failure)?;
    let answer = Answer { run, target, min_ratio: arguments.min_ratio, found };
    Output::Stdout.write(|writer| {
        arguments.format.write(writer, || page::object(&answer), |writer, screen| page::table(writer, &answer, screen))
    })
}

/// How the snapshot calls the file, if it lies in the tree of the snapshot.
fn name_in(run: &RunFacts, place: &Place) -> Option<String> {
    let (Place::File(path) | Place::Line(path, _)) = place else { return None };
    let path = path.canonicalize().ok()?;
    let root = Path::new(&run.root_path);
    let relative = path.strip_prefix(if root.is_file() { root.parent()? } else { root }).ok()?;
    let parts: Option<Vec<&str>> = relative.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/"))
}
