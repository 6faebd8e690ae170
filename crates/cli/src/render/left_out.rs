//! What a run did not read, for people and for programs.

use cds_model::NotRead;
use cds_pipeline::not_read::{most, sums};
use cds_terminal::fields::Fields;
use serde_json::{Value, json};

/// One line with the sums by reason and the most frequent endings; absent if everything was read.
pub(crate) fn line(not_read: &[NotRead]) -> Option<String> {
    let sums = sums(not_read);
    if sums.is_empty() {
        return None;
    }
    let mut line = Fields::new("not_read").field("files", sums.iter().map(|(_, count)| count).sum::<u64>());
    for (reason, count) in sums {
        line = line.field(reason.as_str(), count);
    }
    Some(line.field("most", most(not_read)).finish())
}

/// Every row, as a list of objects.
pub(crate) fn json(not_read: &[NotRead]) -> Value {
    let row =
        |row: &NotRead| json!({ "ending": row.ending, "reason": row.reason.as_str(), "file_count": row.file_count });
    not_read.iter().map(row).collect()
}
