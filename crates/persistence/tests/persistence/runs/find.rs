//! Names of runs, and the nearest names for an unknown one.

use cds_persistence::{Error, Invocation, RunProblem, SqliteReader};

use super::{empty, ledger_id, ledger_row, short, six_runs, stage_id, stage_row};
use crate::{
    reader::read,
    samples::{make_database, mixed, save, workplace},
};

/// The result as a short text.
fn word(found: Result<Invocation, Error>) -> String {
    match found {
        Ok(invocation) => short(&invocation),
        Err(Error::Run { problem: RunProblem::Ambiguous { candidates }, .. }) => {
            format!("of {}: {}", candidates.len(), candidates.join(" "))
        }
        Err(Error::Run { problem: RunProblem::Unknown { nearest }, .. }) => format!("near {}", nearest.join(" ")),
        Err(Error::Run { problem, .. }) => problem.to_string(),
        Err(error) => panic!("{error}"),
    }
}

fn run(reader: &SqliteReader, name: &str) -> String {
    word(reader.resolve_run(name))
}

fn snapshot(reader: &SqliteReader, name: &str) -> String {
    word(reader.resolve_snapshot(name).map(|found| found.invocation))
}

#[test]
fn positions_count_from_the_newest() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let reader = read(&path).unwrap();
    let names = ["latest", "latest~0", "latest~1", "latest~2", "latest~3", "latest~8"];
    assert_eq!(names.map(|name| run(&reader, name)), ["L6", "L6", "L5", "S5", "L4", "S1"]);
    let names = ["latest", "latest~1", "latest~2", "latest~3", "latest~4"];
    assert_eq!(names.map(|name| snapshot(&reader, name)), ["S5", "L4", "S3", "L2", "S1"]);
    let newest = format!("near {} {} 5 {} {}", ledger_id(6), ledger_id(5), ledger_id(4), ledger_id(3));
    for name in ["latest~9", "latest~18446744073709551615", "latest~99999999999999999999", "newest"] {
        assert_eq!(run(&reader, name), newest, "{name}");
    }
}

#[test]
fn number_finds_even_pruned_snapshot() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let reader = read(&path).unwrap();
    assert_eq!(["1", "2", "4", "5", "9"].map(|name| run(&reader, name)), ["S1", "L2", "L4", "S5", "L6"]);
    let pruned = reader.resolve_run("9").unwrap();
    assert_eq!((pruned.snapshot_id.unwrap().0, pruned.snapshot), (9, None));
    let whole = reader.resolve_run("2").unwrap();
    assert_eq!((whole.llm_calls, whole.snapshot.unwrap().record_count), (Some(4), 4));
    assert_eq!(run(&reader, "7"), "near 5 4 3 2 1");
    assert_eq!(run(&reader, "0"), "near 1 2 3 4 5");
}

#[test]
fn ids_and_prefixes_find_the_invocation() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let reader = read(&path).unwrap();
    for name in [ledger_id(2), ledger_id(2).to_uppercase(), "025f".to_owned(), "025F3E00-0".to_owned(), stage_id(2, 2)]
    {
        assert_eq!(run(&reader, &name), "L2", "{name}");
    }
    assert_eq!(run(&reader, "025f3e0000007000"), "L2");
    let near = format!("near {} {} {} {} {}", ledger_id(2), stage_id(2, 1), stage_id(2, 2), ledger_id(1), ledger_id(3));
    assert_eq!(run(&reader, "025f4"), near);
    // Too short for a prefix, and not a number.
    assert!(run(&reader, "02").starts_with(&format!("near {} ", ledger_id(6))));
}

#[test]
fn ambiguous_prefix_names_ten_candidates() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let mut sql = String::new();
    for number in 0..12 {
        let row = ledger_row(number, "shop", "2026", "completed", "NULL");
        sql.push_str(&row.replace(&ledger_id(number), &format!("0199{number:02x}00-0000-7000-8000-000000000000")));
    }
    make_database(&path, &sql);
    let reader = read(&path).unwrap();
    let found = run(&reader, "0199");
    assert!(found.starts_with("of 10: 01990000-0000-7000-8000-000000000000 01990100-"), "{found}");
    assert_eq!(run(&reader, "01990b"), "L1");

    // A prefix of an invocation and of a stage of another one is ambiguous.
    let stage = stage_row(9, 1, "analyze", "completed", "1, 1, 1")
        .replace(&ledger_id(9), "01990900-0000-7000-8000-000000000000")
        .replace(&stage_id(9, 1), "01990b00-0000-7000-8000-0000000000a1");
    make_database(&path, &stage);
    assert!(run(&reader, "01990b").starts_with("of 2: 01990b00-0000-7000-8000-000000000000 01990b00"));
    assert_eq!(run(&reader, "01990b00-0000-7000-8000-0000000000a"), "L1");
}

#[test]
fn digits_are_number_before_prefix() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    make_database(&path, "UPDATE records SET run_id = 1; UPDATE runs SET id = 1;");
    let row = ledger_row(16, "shop", "2026", "failed", "NULL")
        .replace(&ledger_id(16), "10203040-0000-7000-8000-000000000000");
    make_database(&path, &row);
    let reader = read(&path).unwrap();
    assert_eq!(run(&reader, "1020"), "L16");
    make_database(
        &path,
        "INSERT INTO runs SELECT 1020, started_at, finished_at, root_path, provider_url, model, scope,
                          progress_batch_size, status, 0, 0, 0 FROM runs",
    );
    assert_eq!(run(&reader, "1020"), "S1020");
    assert_eq!(run(&reader, "10203"), "L16");
}

#[test]
fn empty_database_has_no_candidates() {
    let (_directory, path) = workplace();
    let reader = empty(&path);
    for name in ["latest", "7", "0199", "no such thing", ""] {
        assert_eq!(run(&reader, name), "the database has no snapshot yet", "{name}");
    }
}
