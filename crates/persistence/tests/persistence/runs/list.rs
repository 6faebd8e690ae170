//! Lists of invocations and stages, their order, and sums.

use cds_persistence::{Counted, InvocationDetails, InvocationFilter, RunStats, SqliteReader, StageFilter};

use super::{empty, ledger_row, short, shorts, six_runs, stage_id};
use crate::{
    reader::read,
    samples::{CONTRACT, asked, make_database, mixed, save, workplace},
};

#[test]
fn newest_come_first_despite_clock() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let reader = read(&path).unwrap();
    let all = ["L6", "L5", "S5", "L4", "L3", "S3", "L2", "L1", "S1"];
    assert_eq!(shorts(&reader, &InvocationFilter::default()), all);
    assert_eq!(shorts(&reader, &InvocationFilter { limit: Some(3), ..InvocationFilter::default() }), all[..3]);
    assert_eq!(shorts(&reader, &InvocationFilter { limit: Some(0), ..InvocationFilter::default() }), [""; 0]);
}

fn by(reader: &SqliteReader, status: Option<&str>, since: Option<&str>, project: Option<&str>) -> Vec<String> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let filter = InvocationFilter {
        limit: Some(4),
        status: owned(status),
        since: owned(since),
        project: owned(project),
        ..InvocationFilter::default()
    };
    shorts(reader, &filter)
}

#[test]
fn filter_applies_before_the_limit() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let reader = read(&path).unwrap();
    assert_eq!(by(&reader, Some("completed_with_errors"), None, None), ["S5", "S3", "L2", "S1"]);
    assert_eq!(by(&reader, Some("running"), None, None), ["L3"]);
    assert_eq!(by(&reader, None, Some("2026-11-20T05:00:00.000Z"), None), ["L6", "L5", "S5", "S3"]);
    assert_eq!(by(&reader, None, None, Some("mill")), ["L4", "L3"]);
    assert_eq!(by(&reader, Some("failed"), Some("2026"), Some("shop")), ["L1"]);
    assert_eq!(by(&reader, None, None, Some("nothing")), [""; 0]);
}

#[test]
fn costs_come_from_stages_or_enrichment() {
    let (_directory, path) = workplace();
    six_runs(&path);
    save(&path, &asked()).unwrap();
    let found = read(&path).unwrap().invocations(&InvocationFilter::default()).unwrap();
    let costs = |name: &str| {
        let invocation = found.iter().find(|invocation| short(invocation) == name).unwrap();
        (invocation.llm_calls, invocation.tokens, invocation.enrichment.as_ref().map(|row| row.selected_count))
    };
    assert_eq!(costs("L2"), (Some(4), Some(900), Some(3)));
    assert_eq!(costs("L5"), (Some(3), Some(100), None));
    assert_eq!(costs("S10"), (Some(4), Some(800), Some(3)));
    assert_eq!(costs("L1"), (None, None, None));
}

#[test]
fn foreign_runs_have_no_accounts() {
    let (_directory, path) = workplace();
    let run = |id: i64| {
        format!(
            "INSERT INTO runs VALUES ({id}, '2025-01-0{id}T00:00:00.000Z', '', '/x', 'builtin:', 'm', 'all', 1,
             'completed', 0, 0, 1);"
        )
    };
    make_database(&path, &format!("{CONTRACT}{}{}", run(3), run(7)));
    let reader = read(&path).unwrap();
    let found = reader.invocations(&InvocationFilter::default()).unwrap();
    assert_eq!(found.iter().map(short).collect::<Vec<_>>(), ["S7", "S3"]);
    assert_eq!((found[0].status(), found[0].started_at()), ("completed", "2025-01-07T00:00:00.000Z"));
    assert_eq!((found[0].project(), found[0].name().as_str(), found[0].llm_calls), (None, "7", None));
    assert_eq!(reader.stage_runs(&StageFilter::default()).unwrap(), []);
    let details = reader.invocation_details(&found[0]).unwrap();
    assert_eq!(details, InvocationDetails::default());
    let stats = reader.run_stats(None).unwrap();
    assert_eq!(stats.statuses, [Counted { name: "completed".to_owned(), count: 2 }]);
    assert_eq!(reader.definitions(found[0].snapshot_id.unwrap()).unwrap(), []);
}

#[test]
fn empty_database_lists_nothing() {
    let (_directory, path) = workplace();
    let reader = empty(&path);
    assert_eq!(shorts(&reader, &InvocationFilter::default()), [""; 0]);
    assert_eq!(reader.run_stats(None).unwrap(), RunStats::default());
    assert_eq!(reader.stage_runs(&StageFilter::default()).unwrap(), []);
}

#[test]
fn reused_number_means_later_run() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let row = |number| ledger_row(number, "shop", "2026-11-20T01:00:00.000Z", "completed", "1");
    make_database(&path, &[row(1), row(2)].concat());
    let found = read(&path).unwrap().invocations(&InvocationFilter::default()).unwrap();
    assert_eq!(found.iter().map(|one| one.snapshot.is_some()).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn stages_are_newest_first_and_filtered() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let reader = read(&path).unwrap();
    let ids = |limit, stage: Option<&str>, status: Option<&str>| -> Vec<String> {
        let filter = StageFilter { limit, stage: stage.map(str::to_owned), status: status.map(str::to_owned) };
        reader.stage_runs(&filter).unwrap().into_iter().map(|row| row.run_id).collect()
    };
    assert_eq!(ids(Some(2), None, None), [stage_id(6, 1), stage_id(5, 2)]);
    assert_eq!(ids(None, Some("analyze"), None), [stage_id(6, 1), stage_id(5, 1), stage_id(2, 1)]);
    assert_eq!(ids(Some(1), Some("analyze"), Some("completed")), [stage_id(5, 1)]);
    let newest = reader.stage_runs(&StageFilter { limit: Some(2), ..StageFilter::default() }).unwrap();
    assert_eq!((newest[0].duration_seconds, newest[1].duration_seconds), (None, Some(7.0)));
    assert_eq!((newest[1].llm_calls, newest[1].tokens, newest[1].rows_in), (Some(3), Some(100), None));
}

#[test]
fn invalid_counts_are_unknown() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let set =
        "UPDATE stage_runs SET rows_in = -1, rows_out = 'x', llm_calls = -5, tokens = 1.5 WHERE stage = 'analyze';
               UPDATE stage_runs SET rows_in = 9223372036854775807 WHERE stage = 'enrich';
               UPDATE runs_ledger SET telemetry_recorded = -1, telemetry_dropped = x'00'";
    make_database(&path, set);
    let reader = read(&path).unwrap();
    let rows = reader.stage_runs(&StageFilter::default()).unwrap();
    assert_eq!(rows.len(), 5);
    for row in rows {
        let counts = (row.rows_in, row.rows_out, row.llm_calls.is_some(), row.tokens.is_some());
        let expected = if row.stage == "analyze" {
            (None, None, false, false)
        } else {
            (Some(i64::MAX.unsigned_abs()), None, true, true)
        };
        assert_eq!(counts, expected, "{}", row.run_id);
    }
    let runs = reader.invocations(&InvocationFilter::default()).unwrap();
    let costs: Vec<_> = runs.iter().map(|run| (short(run), run.llm_calls, run.tokens)).collect();
    assert_eq!(costs[1], ("L5".to_owned(), Some(3), Some(100)));
    assert_eq!(costs[6], ("L2".to_owned(), Some(4), Some(900)));
    assert!(runs.iter().filter_map(|run| run.ledger.as_ref()).all(|row| row.telemetry_recorded.is_none()));
}

#[test]
fn sums_include_failed_runs() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let reader = read(&path).unwrap();
    let stats = reader.run_stats(None).unwrap();
    let statuses: Vec<_> = stats.statuses.iter().map(|entry| (entry.name.as_str(), entry.count)).collect();
    assert_eq!(
        statuses,
        [("running", 1), ("completed", 2), ("completed_with_errors", 4), ("failed", 1), ("interrupted", 1)]
    );
    let stages: Vec<_> = stats
        .stages
        .iter()
        .map(|entry| (entry.stage.as_str(), entry.count, entry.median_seconds, entry.p95_seconds))
        .collect();
    assert_eq!(stages, [("analyze", 2, 1.0, 1.5), ("enrich", 2, 4.75, 7.0)]);
    assert_eq!((stats.call_count, stats.tokens), (7, Some(1_000)));
    assert_eq!((stats.selected_count, stats.reused_count, stats.shared_count), (3, 0, 1));
    assert_eq!((stats.prompt_tokens, stats.answer_tokens), (Some(800), None));

    let late = reader.run_stats(Some("2026-11-20T05:30:00.000Z")).unwrap();
    assert_eq!(late.statuses.iter().map(|entry| entry.count).sum::<u64>(), 4);
    assert_eq!((late.call_count, late.tokens), (0, None));
    let later = reader.run_stats(Some("2026-11-22")).unwrap();
    assert_eq!(later.statuses, []);
    assert_eq!(
        later.stages.iter().map(|entry| (entry.stage.as_str(), entry.count)).collect::<Vec<_>>(),
        [("enrich", 2)]
    );
}

#[test]
fn runs_are_filtered_by_every_field() {
    let (_directory, path) = workplace();
    six_runs(&path);
    make_database(
        &path,
        "UPDATE runs_ledger SET code_ref = 'C0FFEE12', command = 'runs prune', notes = 'Disk full' || char(10) || 'again',
                error = NULL WHERE run_id = (SELECT ledger_id FROM stage_runs ORDER BY rowid LIMIT 1);
         UPDATE stage_runs SET error = 'No ROOM, at a.py' WHERE rowid = (SELECT min(rowid) FROM stage_runs)",
    );
    let reader = read(&path).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let (id, stage): (String, String) = connection
        .query_row("SELECT ledger_id, stage FROM stage_runs ORDER BY rowid LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let names = |filter: InvocationFilter| -> Vec<String> {
        reader.invocations(&filter).unwrap().iter().map(cds_persistence::Invocation::name).collect()
    };
    let none = InvocationFilter::default;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(names(InvocationFilter { commit: text("c0ffee"), ..none() }), [id.as_str()]);
    assert_eq!(names(InvocationFilter { command: text("runs"), ..none() }), [id.as_str()]);
    assert_eq!(names(InvocationFilter { command: text("runs prune"), ..none() }), [id.as_str()]);
    assert_eq!(names(InvocationFilter { command: text("runs p"), ..none() }), [""; 0]);
    assert_eq!(names(InvocationFilter { note: text("FULL\nag"), ..none() }), [id.as_str()]);
    assert_eq!(names(InvocationFilter { error: text("no room"), ..none() }), [id.as_str()]);
    assert!(names(InvocationFilter { stage: text(&stage), ..none() }).contains(&id));
    assert_eq!(names(InvocationFilter { stage: text("export"), ..none() }), [""; 0]);
    assert_eq!(names(InvocationFilter { error: text("no room"), command: text("persist"), ..none() }), [""; 0]);
}
