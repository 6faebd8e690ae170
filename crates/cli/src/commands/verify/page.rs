//! What a verification found, for people and for programs.

use std::fmt::Write as _;

use cds_persistence::{Deviation, RunId, Unverified, Verification};
use cds_terminal::{fields::Fields, text};
use serde_json::{Value, json};

/// A line for each thing that is not as it was written, or that cannot be verified; in the end the sum, where nothing
/// was altered.
pub(super) fn render(found: &Verification) -> String {
    let mut page = String::new();
    let mut line = |line: &str| {
        page.push_str(&text::safe_line(line));
        page.push('\n');
    };
    found.deviations.iter().for_each(|deviation| line(&sentence(deviation)));
    let shown = found.deviations.len() as u64;
    if found.deviation_count > shown {
        line(&format!("and {} more; only the first of each kind and run is shown", found.deviation_count - shown));
    }
    found.unverified.iter().for_each(|unverified| line(&unverified_run(unverified)));
    let shown = found.unverified.len() as u64;
    if found.unverified_run_count > shown {
        line(&format!("and {} more runs of which only the MD5 sums were verified", found.unverified_run_count - shown));
    }
    if found.unverified_unit_count > 0 {
        line(&format!(
            "units: {} have no record in the database any more, so their hashes in units cannot be verified",
            found.unverified_unit_count
        ));
    }
    if found.is_unaltered() {
        let head = found.chain_head.map_or_else(|| "none".to_owned(), |head| head.to_string());
        let sum = Fields::new("verified")
            .field("runs", found.run_count)
            .field("records", found.record_count)
            .field("history", found.history_count)
            .field("head", head)
            .field("unverified", found.unverified_run_count);
        line(&sum.finish());
    }
    page
}

/// Where, what, and the values where there are any.
fn sentence(deviation: &Deviation) -> String {
    let mut where_it_is = Vec::new();
    where_it_is.extend(deviation.run.map(|run| format!("run {run}")));
    let row = deviation.row.map(|row| format!(" {row}")).unwrap_or_default();
    let place = deviation.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
    if !deviation.table.is_empty() {
        where_it_is.push(format!("{}{row}{place}", deviation.table));
    }
    where_it_is.extend(deviation.field.clone());
    let mut line = where_it_is.join(", ");
    let separator = if line.is_empty() { "" } else { ": " };
    let _ = write!(line, "{separator}{}", deviation.kind.sentence());
    let values = [("stored", &deviation.stored), ("recomputed", &deviation.recomputed)];
    let values: Vec<String> =
        values.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}"))).collect();
    if !values.is_empty() {
        let _ = write!(line, "; {}", values.join(", "));
    }
    line
}

fn unverified_run(unverified: &Unverified) -> String {
    format!(
        "run {}: of {} records only the MD5 sums were verified, it was written without hashes (by another program, or an \
         older version of cds)",
        unverified.run, unverified.record_count
    )
}

pub(super) fn json(found: &Verification, run: Option<RunId>) -> Value {
    let hash = |hash: Option<cds_model::Fingerprint>| hash.map(|hash| hash.to_string());
    json!({
        "is_unaltered": found.is_unaltered(),
        "run_id": run.map(|run| run.0),
        "run_count": found.run_count,
        "record_count": found.record_count,
        "history_count": found.history_count,
        "chain_count": found.chain_count,
        "byte_count": found.byte_count,
        "snapshot_root": hash(found.snapshot_root),
        "chain_head": hash(found.chain_head),
        "unverified_run_count": found.unverified_run_count,
        "unverified_runs": found.unverified,
        "unverified_unit_count": found.unverified_unit_count,
        "deviation_count": found.deviation_count,
        "deviations": found.deviations.iter().map(|deviation| json!({
            "kind": deviation.kind.as_str(),
            "table": Some(&deviation.table).filter(|table| !table.is_empty()),
            "run_id": deviation.run.map(|run| run.0),
            "row": deviation.row,
            "place": deviation.place,
            "field": deviation.field,
            "stored": deviation.stored,
            "recomputed": deviation.recomputed,
            "message": deviation.kind.sentence(),
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use cds_persistence::DeviationKind;

    use super::*;

    fn deviation() -> Deviation {
        Deviation {
            kind: DeviationKind::Record,
            table: "records".to_owned(),
            run: Some(RunId(3)),
            row: Some(17),
            place: Some("pkg/\u{1b}[31ma.py:4".to_owned()),
            field: Some("raw_code, md5sum".to_owned()),
            stored: Some("sha256:aa".to_owned()),
            recomputed: Some("sha256:bb".to_owned()),
        }
    }

    #[test]
    fn deviation_is_one_safe_line() {
        let bare = Deviation {
            kind: DeviationKind::Damage,
            table: String::new(),
            run: None,
            row: None,
            place: None,
            field: None,
            stored: Some("Tree 4\npage 9".to_owned()),
            recomputed: None,
        };
        let found = Verification { deviations: vec![deviation(), bare], deviation_count: 9, ..Verification::default() };
        assert_eq!(
            render(&found),
            "run 3, records 17 (pkg/\\u{1b}[31ma.py:4), raw_code, md5sum: the record is not as it was written; stored \
             sha256:aa, recomputed sha256:bb\n\
             the file is damaged; stored Tree 4\\u{a}page 9\n\
             and 7 more; only the first of each kind and run is shown\n"
        );
    }

    #[test]
    fn unverified_runs_come_before_sum() {
        let found = Verification {
            unverified: vec![Unverified { run: RunId(2), record_count: 5 }],
            unverified_run_count: 3,
            unverified_unit_count: 4,
            run_count: 1,
            ..Verification::default()
        };
        assert_eq!(
            render(&found),
            "run 2: of 5 records only the MD5 sums were verified, it was written without hashes (by another program, or \
             an older version of cds)\n\
             and 2 more runs of which only the MD5 sums were verified\n\
             units: 4 have no record in the database any more, so their hashes in units cannot be verified\n\
             verified runs=1 records=0 history=0 head=none unverified=3\n"
        );
    }

    #[test]
    fn programs_get_every_field() {
        let found = Verification { deviations: vec![deviation()], deviation_count: 1, ..Verification::default() };
        let object = json(&found, Some(RunId(3)));
        assert_eq!(object["is_unaltered"], false);
        assert_eq!(object["run_id"], 3);
        assert_eq!(object["deviations"][0]["kind"], "record");
        assert_eq!(object["deviations"][0]["place"], "pkg/\u{1b}[31ma.py:4");
        assert_eq!(object["chain_head"], Value::Null);
    }
}
