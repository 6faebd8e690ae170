//! `cds runs diff`: what is different between two snapshots.

use cds_model::RunSettings;
use cds_persistence::{Invocation, ResolvedSnapshot, RunId};
use clap::Args;
use serde_json::{Map, Value, json};

use super::{
    ReadArguments,
    compare::{Comparison, Pair, Unit, compare, units},
    diff_page, facts,
    json::invocation,
};
use crate::{
    app::App,
    arguments::object,
    failure::{Failure, database_failure},
};

/// Compare two snapshots: definitions, intents and cost
#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    /// Earlier run: latest, latest~1, a number or the start of an id
    #[arg(value_name = "A")]
    before: String,

    /// Later run, named in the same way
    #[arg(value_name = "B")]
    after: String,

    #[command(flatten)]
    read: ReadArguments,

    /// Maximum number of lines in each list of the table; 0 shows all. JSON always has all
    #[arg(
        long,
        short = 'n',
        value_name = "N",
        default_value = "50",
        allow_negative_numbers = true,
        help_heading = "Display options"
    )]
    limit: u32,
}

/// A number of both runs.
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) before: Option<f64>,
    pub(super) after: Option<f64>,
    pub(super) decimals: usize,
}

impl Measure {
    /// What the later run has more; `None` if one of the two is unknown.
    pub(super) fn difference(&self) -> Option<f64> {
        Some(self.after? - self.before?)
    }
}

pub(super) fn run(arguments: &DiffArguments, app: &App) -> Result<(), Failure> {
    let (reader, _) = arguments.read.open(app.console)?;
    let resolve = |name: &str| reader.resolve_snapshot(name).map_err(database_failure);
    let (before, after) = (resolve(&arguments.before)?, resolve(&arguments.after)?);
    let read = |id: RunId| reader.definitions(id).map(units).map_err(database_failure);
    let (earlier, later) = (read(before.row.id)?, read(after.row.id)?);
    let has_models = |found: &ResolvedSnapshot| found.row.provider_url != RunSettings::EMBEDDED;
    let is_stopgap = has_models(&before) && !has_models(&after);
    if is_stopgap {
        app.console.note("the later run derived its intents (builtin:), so that they are not compared");
    }
    let comparison = compare(&earlier, &later, !is_stopgap);
    let measures = measures(&before.invocation, &after.invocation);
    let limit = usize::try_from(arguments.limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let chained = reader.chain_rows(&[before.row.id, after.row.id]).map_err(database_failure)?;
    let run = |found: &ResolvedSnapshot| invocation(&found.invocation, chained.get(&found.row.id));
    arguments.read.show(
        || json(&[run(&before), run(&after)], &comparison, &measures),
        |writer, screen| {
            let page = diff_page::render(&before.invocation, &after.invocation, &comparison, &measures, limit, screen);
            write!(writer, "{page}")
        },
    )
}

#[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
fn measures(before: &Invocation, after: &Invocation) -> Vec<Measure> {
    let count = |name, of: fn(&Invocation) -> Option<u64>| Measure {
        name,
        before: of(before).map(|count| count as f64),
        after: of(after).map(|count| count as f64),
        decimals: 0,
    };
    vec![
        count("records", |run| Some(run.snapshot.as_ref()?.record_count)),
        count("analyzer_errors", |run| Some(run.snapshot.as_ref()?.analyzer_error_count)),
        count("failed_intents", |run| Some(run.snapshot.as_ref()?.intent_failed_count)),
        count("calls", |run| run.llm_calls),
        count("reused", |run| Some(run.enrichment.as_ref()?.reused_count)),
        count("shared", |run| Some(run.enrichment.as_ref()?.shared_count)),
        count("tokens", |run| run.tokens),
        Measure {
            name: "seconds",
            before: facts::duration_seconds(before),
            after: facts::duration_seconds(after),
            decimals: 2,
        },
    ]
}

fn json([before, after]: &[Value; 2], comparison: &Comparison<'_>, measures: &[Measure]) -> Value {
    let list = |units: &[&Unit]| units.iter().map(|item| unit(item)).collect::<Value>();
    let pairs = |pairs: &[Pair<'_>]| {
        pairs.iter().map(|(left, right)| json!({ "before": unit(left), "after": unit(right) })).collect::<Value>()
    };
    let number = |value: Option<f64>, decimals: usize| match value {
        #[expect(clippy::cast_possible_truncation, reason = "counts are whole numbers")]
        Some(value) if decimals == 0 => json!(value as i64),
        value => json!(value),
    };
    let cost: Map<String, Value> = measures
        .iter()
        .map(|measure| {
            let values = json!({
                "before": number(measure.before, measure.decimals),
                "after": number(measure.after, measure.decimals),
                "difference": number(measure.difference(), measure.decimals),
            });
            (measure.name.to_owned(), values)
        })
        .collect();
    json!({
        "before": before,
        "after": after,
        "counts": {
            "unchanged": comparison.unchanged_count,
            "added": comparison.added.len(),
            "removed": comparison.removed.len(),
            "changed": comparison.changed.len(),
            "moved": comparison.moved.len(),
            "intents_changed": comparison.intents_changed.len(),
        },
        "added": list(&comparison.added),
        "removed": list(&comparison.removed),
        "changed": pairs(&comparison.changed),
        "moved": pairs(&comparison.moved),
        "intents_changed": pairs(&comparison.intents_changed),
        "cost": cost,
    })
}

fn unit(unit: &Unit) -> Value {
    let mut fields = object(&unit.row);
    fields["name"] = unit.name.qualified.as_str().into();
    fields["ordinal"] = unit.name.ordinal.into();
    fields
}
