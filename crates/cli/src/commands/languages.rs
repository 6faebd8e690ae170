//! `cds languages`: what is read, and with what.

use cds_analyzer::{built_in_languages, version_of};
use cds_language::Language;
use cds_terminal::grid::{Cell, Column, Grid};
use clap::Args;
use serde_json::{Value, json};

use crate::{arguments::ResultFormat, failure::Failure, output::Output};

/// List the languages that are read, with their endings and grammars
#[derive(Debug, Args)]
pub(crate) struct LanguagesArguments {
    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

const COLUMNS: &[Column] = &[
    Column::text("language"),
    Column::text("name"),
    Column::text("files"),
    Column::text("records"),
    Column::text("intents"),
    Column::text("duplicates"),
    Column::text("outside functions"),
    Column::text("one notation"),
    Column::text("grammar"),
];

pub(super) fn run(arguments: &LanguagesArguments) -> Result<(), Failure> {
    Output::Stdout.write(|writer| {
        let object = || json!({ "languages": built_in_languages().map(json).collect::<Vec<_>>() });
        arguments.format.write(writer, object, |writer, screen| {
            let mut grid = Grid::new(COLUMNS, &[]);
            for language in built_in_languages() {
                let yes = |is_so: bool| Cell::new(if is_so { "yes" } else { "no" });
                grid.push([
                    Cell::new(language.id),
                    Cell::new(language.name),
                    Cell::new(files(language)),
                    yes(true),
                    yes(true),
                    Cell::new("all channels"),
                    yes(compares_outside(language)),
                    yes(has_one_notation(language)),
                    Cell::new(version_of(language)),
                ]);
            }
            grid.write(writer, screen, 0)
        })
    })
}

fn json(language: &'static Language) -> Value {
    json!({
        "id": language.id,
        "name": language.name,
        "endings": language.files.endings,
        "file_names": language.files.names,
        "interpreters": interpreters(language),
        "has_records": true,
        "has_builtin_sentences": true,
        "duplicate_channels": ["exact", "renamed", "near", "fragment", "intent"],
        "compares_outside_functions": compares_outside(language),
        "has_one_notation": has_one_notation(language),
        "grammar": version_of(language),
    })
}

fn files(language: &Language) -> String {
    let endings = language.files.endings.iter().map(|ending| format!(".{ending}"));
    let scripts = interpreters(language).iter().map(|program| format!("#!{program}"));
    endings.chain(scripts).collect::<Vec<_>>().join(" ")
}

/// The interpreters of scripts without an ending, which are read as one language only.
fn interpreters(language: &Language) -> &'static [&'static str] {
    if language == Language::of_record("") { language.files.interpreters } else { &[] }
}

/// Whether code outside of functions is compared.
const fn compares_outside(language: &Language) -> bool {
    !language.has_braces()
}

/// Whether control structure with several spellings is compared in one of them.
const fn has_one_notation(language: &Language) -> bool {
    language.notation.canonical.is_some()
}
