//! `cds history`: the history of a definition from run to run.
//!
//! First the unit is found (`find`): by its present name, by an earlier one, or by its number. A name that means several
//! lists them, one that means none tells the nearest. Then its transitions are read and shown, with `--diff` beside what
//! the snapshots still hold of the unit before and after each (`sides`).

mod diff_page;
mod find;
mod json;
mod metadata;
mod page;
mod sides;
mod spec;
mod unified;

use anyhow::anyhow;
use cds_persistence::{SqliteReader, StoredUnit, UnitTransition};
use clap::Args;

use self::{
    find::Found,
    metadata::{Metadata, Origin},
    sides::Sides,
    spec::UnitSpec,
};
use crate::{
    app::App,
    arguments::{DatabaseArguments, ResultFormat},
    commands::damage,
    failure::{Failure, database_failure},
    output::Output,
    provenance::parse_project,
    render::messages::Console,
};

/// Show the history of a definition: when it was added, changed, moved or removed
#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// Definition or file to show, for example `pkg/a.py::Outer.method`, `pkg/a.py::name#2` (the second of that name) or
    /// `pkg/a.py`; the start of a name lists what matches
    #[arg(value_name = "PATH[::NAME]", required_unless_present = "unit")]
    name: Option<UnitSpec>,

    /// Number of the unit to show instead of a name, as the lists show it
    #[arg(long, value_name = "ID", conflicts_with = "name", value_parser = clap::value_parser!(i64).range(1..), allow_negative_numbers = true, help_heading = "Input options")]
    unit: Option<i64>,

    /// Show only units of this project
    #[arg(long, value_name = "NAME", value_parser = parse_project, help_heading = "Input options")]
    project: Option<String>,

    #[command(flatten)]
    database: DatabaseArguments,

    /// Maximum number of transitions to show, the latest ones, or of units in a list; 0 shows all
    #[arg(
        long,
        short = 'n',
        value_name = "N",
        default_value = "50",
        allow_negative_numbers = true,
        help_heading = "Display options"
    )]
    limit: u32,

    /// Show code and intent before and after each transition, as unified diffs
    #[arg(long, help_heading = "Display options")]
    diff: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

/// One transition as it is shown.
struct Step {
    row: UnitTransition,
    /// `None` if it is not JSON of `cds`.
    metadata: Option<Metadata>,
    /// What was before and after, where that is wanted.
    sides: Option<Sides>,
}

/// A unit and its history.
struct History {
    unit: StoredUnit,
    /// How many definitions it holds now, if it is a file.
    definition_count: Option<u64>,
    /// Whether its name alone would mean several.
    is_numbered: bool,
    /// Its earlier names, each with the run in which it got another one; the oldest first.
    earlier: Vec<(Origin, i64)>,
    /// The last ones, in order.
    steps: Vec<Step>,
    /// How many there are altogether.
    step_count: usize,
}

/// What the command answers with.
enum Answer {
    One(Box<History>),
    /// What begins with the name, or has it; as many as are to be shown, and how many there are.
    Several(Vec<StoredUnit>, usize),
}

pub(super) fn run(arguments: &HistoryArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    damage::warn(&reader, app.console);
    let limit = if arguments.limit == 0 { usize::MAX } else { usize::try_from(arguments.limit).unwrap_or(usize::MAX) };
    let answer = match arguments.find(&reader, app.console)? {
        Found::One(unit) => Answer::One(Box::new(arguments.read(&reader, *unit, limit, app.console)?)),
        Found::Several(mut units) => {
            let count = units.len();
            units.truncate(limit);
            Answer::Several(units, count)
        }
    };
    Output::Stdout.write(|writer| {
        arguments.format.write(
            writer,
            || json::of(&answer),
            |writer, screen| match &answer {
                Answer::One(history) if arguments.diff => diff_page::write(writer, history, screen),
                Answer::One(history) => page::write(writer, history, screen),
                Answer::Several(units, count) => page::write_list(writer, units, *count, screen),
            },
        )
    })
}

impl HistoryArguments {
    fn find(&self, reader: &SqliteReader, console: Console) -> Result<Found, Failure> {
        let project = self.project.as_deref();
        match (&self.name, self.unit) {
            (Some(name), _) => find::by_name(reader, name, project, console),
            (None, Some(id)) => find::by_id(reader, id, project),
            (None, None) => Err(Failure::usage(anyhow!("find a unit: none is named"))),
        }
    }

    fn read(
        &self,
        reader: &SqliteReader,
        unit: StoredUnit,
        limit: usize,
        console: Console,
    ) -> Result<History, Failure> {
        let rows = reader.unit_transitions(unit.id).map_err(database_failure)?;
        let definition_count = (unit.kind == "file").then(|| reader.definition_count(&unit)).transpose();
        let definition_count = definition_count.map_err(database_failure)?;
        let is_numbered = is_numbered(reader, &unit)?;
        let mut steps: Vec<Step> =
            rows.into_iter().map(|row| Step { metadata: Metadata::of(&row), row, sides: None }).collect();
        let earlier = steps.iter().filter_map(|step| Some((step.metadata.as_ref()?.from.clone()?, step.row.run_id.0)));
        let earlier = earlier.collect();
        let step_count = steps.len();
        let first = step_count.saturating_sub(limit);
        if self.diff {
            for index in first..step_count {
                steps[index].sides = Some(Sides::read(reader, &unit, &steps, index)?);
            }
        }
        steps.drain(..first);
        if steps.iter().filter_map(|step| step.sides.as_ref()).any(Sides::is_altered) {
            console.warning("a record differs from the history; cds verify shows what was altered");
        }
        Ok(History { unit, definition_count, is_numbered, earlier, steps, step_count })
    }
}

/// Whether the file has a second definition of the kind and name of `unit`, as lists number them.
fn is_numbered(reader: &SqliteReader, unit: &StoredUnit) -> Result<bool, Failure> {
    if unit.name.is_empty() {
        return Ok(false);
    }
    let others = reader.units_beginning(Some(&unit.project), &unit.file_path, Some(&unit.name));
    Ok(others.map_err(database_failure)?.iter().any(|other| page::is_further(unit, other)))
}
