//! Accepted duplicates: rows that do not depend on runs and are never removed.

use std::fs;

use cds_persistence::{Acceptance, AcceptedDuplicate, Error, KeepRule, SqliteReader};
use rusqlite::Connection;

use crate::samples::{
    CONTRACT, at, chain_about, dump, make_database, mixed, names_in, number, open, save, waiting, workplace,
};

/// A group of three copies.
pub(crate) fn acceptance(channel: &str, group_id: &str) -> Acceptance {
    Acceptance {
        channel: channel.to_owned(),
        group_id: group_id.to_owned(),
        copy_count: 3,
        example: "a.py:7".to_owned(),
        reason: "written by a generator".to_owned(),
        owner: None,
        until: None,
    }
}

fn accepted(path: &std::path::Path) -> Vec<AcceptedDuplicate> {
    SqliteReader::open(path, &waiting(0)).unwrap().accepted_duplicates().unwrap()
}

/// Number, group, and the second of the revocation.
fn summary(path: &std::path::Path) -> Vec<(i64, String, Option<String>)> {
    let second = |moment: String| moment[17..19].to_owned();
    accepted(path).into_iter().map(|row| (row.id, row.what.group_id, row.revoked_at.map(second))).collect()
}

#[test]
fn acceptance_reads_back_as_written() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let full = Acceptance {
        owner: Some("platform team".to_owned()),
        until: Some("2027-01-31".to_owned()),
        reason: "é\u{1b}[31m\n'".to_owned(),
        copy_count: u32::MAX,
        ..acceptance("fragment", "0123456789abcdef")
    };
    let mut writer = open(&path).unwrap();
    assert_eq!(writer.accept_duplicates(&[acceptance("near", "00ff")], at(1)).unwrap(), [1]);
    assert_eq!(writer.accept_duplicates(std::slice::from_ref(&full), at(2)).unwrap(), [2]);
    writer.close().unwrap();
    let row = |id, what, second: u8| AcceptedDuplicate {
        id,
        what,
        accepted_at: format!("1970-01-01T00:00:0{second}.000Z"),
        revoked_at: None,
    };
    assert_eq!(accepted(&path), [row(1, acceptance("near", "00ff"), 1), row(2, full, 2)]);
}

#[test]
fn accepting_again_replaces_older_acceptance() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let mut writer = open(&path).unwrap();
    writer.accept_duplicates(&[acceptance("near", "aa")], at(1)).unwrap();
    writer.accept_duplicates(&[acceptance("exact", "aa")], at(2)).unwrap();
    writer.accept_duplicates(&[acceptance("near", "aa")], at(3)).unwrap();
    let row = |id, second: Option<&str>| (id, "aa".to_owned(), second.map(str::to_owned));
    assert_eq!(summary(&path), [row(1, Some("03")), row(2, None), row(3, None)]);
    assert_eq!(writer.revoke_acceptances(&[3], at(4)).unwrap(), 1);
    for ended in [1, 3, 4, -1] {
        assert_eq!(writer.revoke_acceptances(&[ended], at(5)).unwrap(), 0);
    }
    assert_eq!(summary(&path), [row(1, Some("03")), row(2, None), row(3, Some("04"))]);
    writer.close().unwrap();
}

#[test]
fn pruning_keeps_acceptances() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    save(&path, &mixed()).unwrap();
    let mut writer = open(&path).unwrap();
    writer.accept_duplicates(&[acceptance("near", "aa")], at(1)).unwrap();
    let verdicts =
        writer.prune_runs(&[KeepRule::Last(1)], cds_model::Timestamp::from_unix_milliseconds(0)).unwrap().verdicts;
    assert_eq!(verdicts.iter().filter(|verdict| !verdict.is_kept).count(), 1);
    writer.close().unwrap();
    assert_eq!(summary(&path).len(), 1);
}

#[test]
fn first_acceptance_creates_the_table() {
    let (directory, path) = workplace();
    make_database(&path, CONTRACT);
    let before = fs::read(&path).unwrap();
    assert_eq!(accepted(&path), []);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(names_in(directory.path()), ["code.sqlite"]);
    let mut writer = open(&path).unwrap();
    writer.accept_duplicates(&[acceptance("near", "aa")], at(1)).unwrap();
    writer.close().unwrap();
    assert_eq!(summary(&path).len(), 1);
    let of_ours = "SELECT count(*) FROM sqlite_schema WHERE tbl_name = 'accepted_duplicates' AND sql IS NOT NULL";
    assert_eq!(number(&path, of_ours), 2, "the table and its index");
}

#[test]
fn failed_acceptance_changes_nothing() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let mut writer = open(&path).unwrap();
    writer.accept_duplicates(&[acceptance("near", "aa")], at(1)).unwrap();
    let other = Connection::open(&path).unwrap();
    for (trigger, expected) in
        [("SELECT RAISE(ABORT, 'not you')", "accept the duplicates"), ("SELECT RAISE(IGNORE)", "accept the duplicates")]
    {
        let sql = format!("CREATE TRIGGER planned BEFORE INSERT ON accepted_duplicates BEGIN {trigger}; END");
        other.execute_batch(&sql).unwrap();
        let before = dump(&path);
        let error = writer.accept_duplicates(&[acceptance("near", "aa")], at(2)).unwrap_err();
        assert!(chain_about(&path, &error).contains(expected), "{error}");
        assert_eq!(dump(&path), before, "the older one is still valid");
        other.execute_batch("DROP TRIGGER planned").unwrap();
    }
    other.execute_batch("DROP TABLE accepted_duplicates; CREATE TABLE accepted_duplicates (id TEXT)").unwrap();
    let error = writer.revoke_acceptances(&[1], at(2)).unwrap_err();
    assert!(matches!(error, Error::SchemaMismatch { table: "accepted_duplicates", .. }), "{error:?}");
}
