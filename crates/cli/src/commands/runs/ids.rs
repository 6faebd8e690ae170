//! How much of an id is enough to name it.

use cds_persistence::{InvocationFilter, SqliteReader, StageFilter};
use cds_terminal::grid::Cell;

use crate::failure::{Failure, database_failure};

/// Fewer characters would be enough today and not tomorrow.
const SHORTEST: usize = 8;
/// Number of the newest runs and stages to search. Ids begin with their time, so that those with a common start are
/// not far apart.
const LOOKED_AT: usize = 10_000;

/// Ids that may be mistaken for each other, each with what it leads to.
#[derive(Debug, Default)]
pub(super) struct KnownIds(Vec<(String, String)>);

impl KnownIds {
    /// Each id stands for itself.
    pub(super) fn of_each(ids: impl IntoIterator<Item = String>) -> Self {
        Self::new(ids.into_iter().map(|id| (id.clone(), id)).collect())
    }

    /// Those of runs and stages; a stage leads to its run.
    pub(super) fn of_runs(reader: &SqliteReader) -> Result<Self, Failure> {
        let filter = InvocationFilter { limit: Some(LOOKED_AT), ..InvocationFilter::default() };
        let runs = reader.invocations(&filter).map_err(database_failure)?;
        let runs = runs.into_iter().filter_map(|run| run.ledger).map(|row| (row.run_id.clone(), row.run_id));
        let stages = stages(reader)?.into_iter().map(|row| (row.run_id, row.ledger_id));
        Ok(Self::new(runs.chain(stages).collect()))
    }

    /// Those of stages and of their runs, each for itself.
    pub(super) fn of_stages(reader: &SqliteReader) -> Result<Self, Failure> {
        Ok(Self::of_each(stages(reader)?.into_iter().flat_map(|row| [row.run_id, row.ledger_id])))
    }

    fn new(mut ids: Vec<(String, String)>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Self(ids)
    }

    /// How many characters of `id` lead to it alone.
    pub(super) fn enough(&self, id: &str) -> usize {
        let start = self.0.partition_point(|(other, _)| other.as_str() < id);
        let owner = self.0.get(start).filter(|(other, _)| other == id).map(|(_, owner)| owner);
        let shared = |other: &str| id.chars().zip(other.chars()).take_while(|(left, right)| left == right).count();
        let is_another = |known: &&(String, String)| known.0 != id && Some(&known.1) != owner;
        // The neighbours in the order of the ids begin like it for longest.
        let before = self.0[..start].iter().rev().find(is_another);
        let after = self.0[start..].iter().find(is_another);
        let longest = before.into_iter().chain(after).map(|(other, _)| shared(other)).max().unwrap_or(0);
        (longest + 1).max(SHORTEST).min(id.chars().count())
    }

    /// The id with its beginning marked, and where there is no room that beginning alone.
    pub(super) fn cell(&self, id: &str) -> Cell {
        let enough = self.enough(id);
        Cell::forms(&[id.to_owned(), id.chars().take(enough).collect()]).mark(enough)
    }
}

fn stages(reader: &SqliteReader) -> Result<Vec<cds_persistence::StageRow>, Failure> {
    let filter = StageFilter { limit: Some(LOOKED_AT), ..StageFilter::default() };
    reader.stage_runs(&filter).map_err(database_failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_are_longer() {
        let ids = ["019a9f3e-1c2b-7def-8123-456789abcdef", "019a9f3e-1c2b-7dee-8123-456789abcdef", "11111111-2222"];
        let known = KnownIds::of_each(ids.map(str::to_owned));
        let expected = [("019a9f3e-1c2b-7def", 18), ("019a9f3e-1c2b-7dee", 18), ("11111111", 8)];
        for (id, (prefix, length)) in ids.into_iter().zip(expected) {
            assert_eq!((&id[..known.enough(id)], known.enough(id)), (prefix, length));
            assert_eq!(ids.iter().filter(|other| other.starts_with(prefix)).count(), 1);
        }
    }

    #[test]
    fn run_may_share_prefix_with_stages() {
        let known = KnownIds::new(vec![
            ("0199-aaaa-1".to_owned(), "0199-aaaa-1".to_owned()),
            ("0199-aaaa-2".to_owned(), "0199-aaaa-1".to_owned()),
            ("0199-aaab-0".to_owned(), "0199-aaab-0".to_owned()),
        ]);
        assert_eq!(known.enough("0199-aaaa-1"), 9);
    }

    #[test]
    fn foreign_ids_may_be_anything() {
        let known = KnownIds::of_each(["", "é", "éa", "🦀"].map(str::to_owned));
        for (id, enough) in [("", 0), ("é", 1), ("éa", 2), ("not known", 8)] {
            assert_eq!(known.enough(id), enough, "{id}");
        }
    }
}
