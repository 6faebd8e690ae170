//! `cds runs diff`: what is different between two snapshots.

use cds_model::RunSettings;
use cds_persistence::{FoundRun, Invocation, RunId, SqliteReader};
use clap::Args;
use serde_json::{Map, Value, json};

use super::{
    ReadArguments,
    compare::{Comparison, Pair, Unit, compare, units},
    diff_page, facts,
    json::invocation,
    no_run_yet, only,
};
use crate::{
    absence,
    failure::{Failure, database_failure},
    render::messages,
};

/// What is different between two snapshots: definitions, intents, cost
#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    /// The earlier run, named as for `cds runs show`
    #[arg(value_name = "A")]
    before: String,

    /// The later run
    #[arg(value_name = "B")]
    after: String,

    #[command(flatten)]
    read: ReadArguments,

    /// Lines of each list in the table; 0 for all. JSON has all in any case
    #[arg(long, value_name = "N", default_value = "50", allow_negative_numbers = true)]
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
    /// What the later run has more; none where one of the two does not tell.
    pub(super) fn difference(&self) -> Option<f64> {
        Some(self.after? - self.before?)
    }
}

pub(super) fn run(arguments: &DiffArguments) -> Result<(), Failure> {
    let (reader, plan) = arguments.read.open()?;
    let found = [&arguments.before, &arguments.after].map(|name| {
        let found = reader.find_snapshot(name).map_err(database_failure)?;
        with_snapshot(found, name, &reader)
    });
    let [before, after] = found;
    let (Some(before), Some(after)) = (before?, after?) else {
        return arguments
            .read
            .show(|| json!({ "before": null, "after": null }), |writer, _| writeln!(writer, "{}", no_run_yet(&plan)));
    };
    let read = |id: RunId| reader.definitions(id).map(units).map_err(database_failure);
    let (earlier, later) = (read(before.1)?, read(after.1)?);
    let has_models = |(found, _): &(Invocation, RunId)| {
        found.snapshot.as_ref().is_none_or(|row| row.provider_url != RunSettings::EMBEDDED)
    };
    let is_stopgap = has_models(&before) && !has_models(&after);
    if is_stopgap {
        messages::note("the later run derived its intents (builtin:), so that they are not compared");
    }
    let comparison = compare(&earlier, &later, !is_stopgap);
    let measures = measures(&before.0, &after.0);
    let limit = usize::try_from(arguments.limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let chained = reader.chain_rows(&[before.1, after.1]).map_err(database_failure)?;
    let run = |(found, id): &(Invocation, RunId)| invocation(found, chained.get(id));
    arguments.read.show(
        || json(&[run(&before), run(&after)], &comparison, &measures),
        |writer, screen| {
            let page = diff_page::render(&before.0, &after.0, &comparison, &measures, limit, screen);
            write!(writer, "{page}")
        },
    )
}

fn with_snapshot(found: FoundRun, name: &str, reader: &SqliteReader) -> Result<Option<(Invocation, RunId)>, Failure> {
    let Some(found) = only(found, name, reader)? else { return Ok(None) };
    match (&found.snapshot, found.snapshot_id) {
        (Some(snapshot), _) => {
            let id = snapshot.id;
            Ok(Some((found, id)))
        }
        (None, Some(id)) => {
            let what = format!("compare run {name:?}");
            Err(match absence::reason(reader, id)? {
                Some(why) => Failure::failed(anyhow::anyhow!("{what}: its snapshot {id} {why}")),
                None => absence::unexplained(&what, id),
            })
        }
        (None, None) => {
            let status = found.status().to_owned();
            Err(Failure::failed(anyhow::anyhow!("compare run {name:?}: it has no snapshot, it is {status}"))
                .with_hint("cds runs list shows the snapshots in its first column"))
        }
    }
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
    json!({
        "kind": unit.row.kind,
        "file_path": unit.row.file_path,
        "name": unit.name.qualified,
        "ordinal": unit.name.ordinal,
        "signature": unit.row.signature,
        "start_line": unit.row.start_line,
        "end_line": unit.row.end_line,
        "md5sum": unit.row.md5sum,
        "intent": unit.row.intent,
        "intent_status": unit.row.intent_status,
    })
}
