//! Which commits: what the user typed.

use std::num::NonZeroUsize;

use cds_pipeline::backfill::{CommitQuery, Every};
use clap::Args;

use crate::failure::Failure;

/// What the user says about the commits.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection options")]
pub(crate) struct CommitArguments {
    /// Commits to save: A..B are those of B that A does not have, B alone all up to B [default: all up to HEAD]
    #[arg(long, value_name = "A..B", conflicts_with = "tags")]
    range: Option<String>,

    /// Leave out commits before this day (2024-01-31) or moment (2024-01-31T12:00:00Z)
    #[arg(long, value_name = "DATE", value_parser = parse_since)]
    since: Option<i64>,

    /// Save tagged commits whose tag matches: v*, *.0; they need not be first parents
    #[arg(long, value_name = "GLOB")]
    tags: Option<String>,

    /// Save every N-th commit, or the last of each day, week or month (UTC), or those with a tag
    #[arg(long, value_name = "N|day|week|month|tag", default_value = "1", value_parser = parse_every)]
    every: Every,

    /// Maximum number of commits; the newest are kept
    #[arg(long, short = 'n', value_name = "N", value_parser = parse_limit)]
    limit: Option<NonZeroUsize>,
}

impl CommitArguments {
    pub(super) fn plan(&self) -> Result<CommitQuery, Failure> {
        let (from, to) = match self.range.as_deref().map(|range| (range, range.split_once(".."))) {
            None => (None, "HEAD".to_owned()),
            Some((to, None)) => (None, to.to_owned()),
            Some((_, Some((from, to)))) => {
                let name = |name: &str| if name.is_empty() { "HEAD".to_owned() } else { name.to_owned() };
                (Some(name(from)), name(to))
            }
        };
        if to.starts_with('.') {
            let range = self.range.as_deref().unwrap_or_default();
            return Err(Failure::usage(anyhow::anyhow!(
                "use --range {range:?}: three dots name no range of a history"
            ))
            .with_hint("write A..B"));
        }
        Ok(CommitQuery {
            from,
            to,
            since: self.since,
            tags: self.tags.clone(),
            every: self.every,
            limit: self.limit.map(NonZeroUsize::get),
        })
    }
}

fn parse_every(text: &str) -> Result<Every, String> {
    match text {
        "day" => Ok(Every::Day),
        "week" => Ok(Every::Week),
        "month" => Ok(Every::Month),
        "tag" => Ok(Every::Tag),
        number => number
            .parse()
            .map(Every::Nth)
            .map_err(|_| "accepted are a whole number from 1 on, day, week, month and tag".to_owned()),
    }
}

fn parse_limit(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "accepted is a whole number from 1 on".to_owned())
}

/// A day begins at midnight in UTC.
fn parse_since(text: &str) -> Result<i64, String> {
    let is_day = text.parse::<jiff::civil::Date>().is_ok_and(|day| day.to_string() == text);
    let moment = if is_day { format!("{text}T00:00:00Z").parse() } else { text.parse::<jiff::Timestamp>() };
    moment
        .map(jiff::Timestamp::as_second)
        .map_err(|_| "accepted is a day such as 2024-01-31, or a moment such as 2024-01-31T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_read() {
        assert_eq!(parse_since("1970-01-02"), Ok(86_400));
        assert_eq!(parse_since("1970-01-01T01:00:00+01:00"), Ok(0));
        for wrong in ["", "yesterday", "2024", "2024-13-01"] {
            assert!(parse_since(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn steps_are_numbers_or_periods() {
        assert_eq!(parse_every("week"), Ok(Every::Week));
        assert_eq!(parse_every("3"), Ok(Every::Nth(NonZeroUsize::new(3).unwrap())));
        for wrong in ["0", "-1", "year", ""] {
            assert!(parse_every(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_have_two_ends() {
        let ends = |range: Option<&str>| {
            let range = range.map(str::to_owned);
            let every = Every::Nth(NonZeroUsize::MIN);
            let plan = CommitArguments { range, since: None, tags: None, every, limit: None }.plan();
            plan.map(|query| (query.from, query.to)).ok()
        };
        let name = |name: &str| name.to_owned();
        assert_eq!(ends(None), Some((None, name("HEAD"))));
        assert_eq!(ends(Some("main")), Some((None, name("main"))));
        assert_eq!(ends(Some("v1..v2")), Some((Some(name("v1")), name("v2"))));
        assert_eq!(ends(Some("v1..")), Some((Some(name("v1")), name("HEAD"))));
        assert_eq!(ends(Some("v1...v2")), None);
    }
}
