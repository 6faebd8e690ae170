//! `cds similar`: the records most like a given piece of code.

use std::{
    collections::HashSet,
    io::{self, Write},
    path::Path,
};

use cds_duplication::{Definition, Similar, similar_codes};
use cds_model::{Record, SymbolKind};
use cds_persistence::{RunId, SqliteReader, Texts};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    arguments::{DatabaseArguments, ResultFormat, parse_ratio},
    duplicates::{
        RunFacts, load,
        target::{self, Place},
    },
    failure::{Failure, database_failure},
    output::Output,
    render::{
        grid::{Cell, Column, Grid, Saving},
        safe_json,
        screen::Screen,
    },
};

/// Show the records most like a piece of code: does it exist already?
#[derive(Debug, Args)]
pub(crate) struct SimilarArguments {
    /// The code: a file, the definition at a line of it (`FILE:LINE`), or - for stdin
    #[arg(long, value_name = "PLACE", allow_hyphen_values = true)]
    to: Place,

    #[command(flatten)]
    database: DatabaseArguments,

    /// The snapshot to look at: its number, `latest`, or any name that `cds runs show` takes
    #[arg(long, value_name = "ID", default_value = "latest", allow_hyphen_values = true)]
    run_id: String,

    /// How many records are shown at most
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=10_000), allow_negative_numbers = true)]
    limit: u32,

    /// The ratio from which a record is shown, 0 to 1; below 0.5 nothing is ever like anything
    #[arg(long, value_name = "RATIO", default_value = "0.5", value_parser = parse_ratio, allow_negative_numbers = true)]
    min_ratio: f64,

    /// A table for people, or one JSON object with every field
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT")]
    format: ResultFormat,
}

const COLUMNS: &[Column] = &[
    Column::text("CHANNEL"),
    Column::number("RATIO"),
    Column::number("TEXT"),
    Column::number("TOKENS"),
    Column::text("KIND"),
    Column::path("PLACE"),
    Column::text("SIGNATURE"),
];

const SAVINGS: &[Saving] = &[
    Saving::Cut("SIGNATURE", 24),
    Saving::Cut("PLACE", 32),
    Saving::Drop("TOKENS"),
    Saving::Drop("TEXT"),
    Saving::Drop("KIND"),
    Saving::Cut("PLACE", 16),
    Saving::Drop("SIGNATURE"),
    Saving::Cut("PLACE", 8),
];

/// What was asked for and what was found.
struct Answer {
    run: RunFacts,
    target: Record,
    min_ratio: f64,
    found: Vec<(Similar, Definition)>,
}

pub(super) fn run(arguments: &SimilarArguments) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let run = load::find_run(&reader, &arguments.run_id)?;
    let target = target::read(&arguments.to)?;
    let run_id = RunId(run.run_id);
    let with_files = target.kind == SymbolKind::File;
    let parts = load::texts_like(&reader, &plan, run_id, with_files, &target.normalized_code)?;
    let mut texts: Vec<(i64, &str)> = parts.iter().flat_map(Texts::iter).collect();
    if let Some(name) = name_in(&run, &arguments.to) {
        // Neither the code itself nor what it stands in, nor what stands in it, is a second of it.
        let holds = |outer: (u32, u32), inner: (u32, u32)| outer.0 <= inner.0 && inner.1 <= outer.1;
        let lines = (target.start_line, target.end_line);
        let mut places = reader.places_in(run_id, &name).map_err(database_failure)?;
        places.retain(|&(_, first, last)| holds(lines, (first, last)) || holds((first, last), lines));
        let own: HashSet<i64> = places.into_iter().map(|(id, ..)| id).collect();
        texts.retain(|(id, _)| !own.contains(id));
    }
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let codes: Vec<&str> = texts.iter().map(|(_, code)| *code).collect();
    let mut found = similar_codes(&codes, &target.normalized_code, limit);
    found.retain(|similar| similar.ratio >= arguments.min_ratio);
    let ids: Vec<i64> = found.iter().map(|similar| texts[similar.index].0).collect();
    let mut definitions = load::definitions_by_id(&reader, run_id, &ids)?;
    let found =
        found.into_iter().zip(&ids).filter_map(|(similar, id)| Some((similar, definitions.remove(id)?))).collect();
    let answer = Answer { run, target, min_ratio: arguments.min_ratio, found };
    Output::Stdout.write(|writer| match arguments.format {
        ResultFormat::Json => {
            safe_json::to_writer(writer, &object(&answer))?;
            writeln!(writer)
        }
        ResultFormat::Table => table(writer, &answer, &Screen::of_stdout()),
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

fn object(answer: &Answer) -> Value {
    let rounded = |ratio: f64| (ratio * 10_000.0).round() / 10_000.0;
    let target = &answer.target;
    json!({
        "schema_version": 1,
        "tool_version": env!("CARGO_PKG_VERSION"),
        "run_id": answer.run.run_id,
        "to": {
            "file_path": &*target.file_path,
            "kind": target.kind.as_str(),
            "signature": target.signature.as_deref(),
            "start_line": target.start_line,
            "end_line": target.end_line,
            "md5sum": target.md5sum.to_string(),
        },
        "min_ratio": answer.min_ratio,
        "similar": answer.found.iter().map(|(similar, definition)| {
            json!({
                "channel": similar.channel.as_str(),
                "ratio": rounded(similar.ratio),
                "text_ratio": rounded(similar.text_ratio),
                "token_ratio": rounded(similar.token_ratio),
                "record_id": definition.record_id,
                "kind": definition.kind.as_str(),
                "file_path": &*definition.file_path,
                "signature": definition.signature.as_deref(),
                "start_line": definition.start_line,
                "end_line": definition.end_line,
                "intent": definition.intent.as_deref(),
            })
        }).collect::<Value>(),
    })
}

fn table(writer: &mut dyn Write, answer: &Answer, screen: &Screen) -> io::Result<()> {
    let run_id = answer.run.run_id;
    if answer.found.is_empty() {
        return writeln!(writer, "nothing in run {run_id} is like it");
    }
    let mut grid = Grid::new(COLUMNS, SAVINGS);
    let ratio = |ratio: f64| Cell::of((ratio > 0.0).then(|| format!("{ratio:.2}")));
    for (similar, definition) in &answer.found {
        grid.push([
            Cell::new(similar.channel.as_str()),
            ratio(similar.ratio),
            ratio(similar.text_ratio),
            ratio(similar.token_ratio),
            Cell::new(definition.kind.as_str()),
            Cell::new(format!("{}:{}", definition.file_path, definition.start_line)),
            Cell::new(definition.signature.as_deref().unwrap_or("-")),
        ]);
    }
    grid.write(writer, screen, 0)
}
