//! Decides which snapshots are kept, and why. Pure: no database, no clock.

use std::collections::{HashMap, HashSet};

use crate::{KeepRule, PruneVerdict, RunId};

/// The pattern of a timestamp in the contract; such texts sort by time.
const MOMENT: &[u8] = b"0000-00-00T00:00:00.000Z";

/// A snapshot to be judged.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) run_id: RunId,
    pub(super) ledger_id: Option<String>,
    pub(super) project: String,
    /// The part of the project; empty for all of it, or if unknown.
    pub(super) part: String,
    pub(super) started_at: String,
    pub(super) record_count: u64,
    /// Whether its run has not ended, according to the ledger.
    pub(super) is_running: bool,
}

/// Judges `candidates`, sorted newest first; each gets a verdict.
pub(super) fn judge(candidates: Vec<Candidate>, rules: &[KeepRule]) -> Vec<PruneVerdict> {
    let mut rules: Vec<Trial> = rules.iter().map(|&rule| Trial { rule, seen: HashMap::new() }).collect();
    let newest = candidates.first().map(|candidate| candidate.run_id);
    let verdict_on = |candidate: Candidate| {
        // No short circuit: each rule counts the snapshots, so it must see all of them.
        let reasons: Vec<String> = rules.iter_mut().filter_map(|trial| trial.reason_to_keep(&candidate)).collect();
        let reason = if candidate.is_running {
            Some("its run has not ended".to_owned())
        } else if rules.is_empty() {
            Some("no rule is given".to_owned())
        } else if reasons.is_empty() && newest == Some(candidate.run_id) {
            Some("the newest of all: its number must not be given again".to_owned())
        } else {
            reasons.into_iter().next()
        };
        PruneVerdict {
            run_id: candidate.run_id,
            ledger_id: candidate.ledger_id,
            project: candidate.project,
            part: candidate.part,
            started_at: candidate.started_at,
            record_count: candidate.record_count,
            is_kept: reason.is_some(),
            reason: reason.unwrap_or_else(|| "no rule keeps it".to_owned()),
        }
    };
    candidates.into_iter().map(verdict_on).collect()
}

/// A rule with its counts for each part of each project, since each part has its own history.
struct Trial {
    rule: KeepRule,
    seen: HashMap<(String, String), Seen>,
}

#[derive(Default)]
struct Seen {
    count: usize,
    days: HashSet<String>,
}

impl Trial {
    fn reason_to_keep(&mut self, candidate: &Candidate) -> Option<String> {
        let Candidate { project, part, started_at, .. } = candidate;
        let seen = self.seen.entry((project.clone(), part.clone())).or_default();
        let of = if part.is_empty() { format!("project {project}") } else { format!("project {project}, part {part}") };
        match self.rule {
            KeepRule::Last(count) => {
                seen.count += 1;
                (seen.count <= count).then(|| match count {
                    1 => format!("the last of {of}"),
                    _ => format!("one of the last {count} of {of}"),
                })
            }
            KeepRule::Daily(count) => {
                let day = day_of(started_at);
                // By snapshot order, not by time: a wrong clock on one day must not use up the slot of another day
                // twice.
                let is_last = seen.days.len() < count && seen.days.insert(day.to_owned());
                is_last.then(|| format!("the last of {day} of {of}"))
            }
            KeepRule::Since(_) if !is_moment(started_at) => Some("its start cannot be compared".to_owned()),
            KeepRule::Since(moment) => {
                let moment = moment.to_string();
                (started_at.as_str() >= moment.as_str()).then(|| format!("began at or after {moment}"))
            }
        }
    }
}

/// The date of a timestamp; the whole text if it is not one.
fn day_of(moment: &str) -> &str {
    moment.get(..10).unwrap_or(moment)
}

fn is_moment(text: &str) -> bool {
    let is_like = |(byte, wanted): (u8, u8)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() == MOMENT.len() && text.bytes().zip(MOMENT.iter().copied()).all(is_like)
}

#[cfg(test)]
mod tests {
    use cds_model::Timestamp;

    use super::*;

    /// Snapshots of these projects and days, newest first, numbered down to 1.
    fn snapshots(of: &[(&str, &str)]) -> Vec<Candidate> {
        let numbers = (1..=i64::try_from(of.len()).unwrap()).rev();
        let candidate = |(run, (project, day)): (i64, &(&str, &str))| Candidate {
            run_id: RunId(run),
            ledger_id: None,
            project: (*project).to_owned(),
            part: String::new(),
            started_at: format!("{day}T10:00:00.000Z"),
            record_count: 1,
            is_running: false,
        };
        numbers.zip(of).map(candidate).collect()
    }

    fn kept(candidates: &[Candidate], rules: &[KeepRule]) -> Vec<i64> {
        let verdicts = judge(candidates.to_vec(), rules);
        assert_eq!(verdicts.len(), candidates.len());
        verdicts.into_iter().filter(|verdict| verdict.is_kept).map(|verdict| verdict.run_id.0).collect()
    }

    /// 2026-11-20T00:00:00.000Z plus a number of days.
    fn day(days: i64) -> Timestamp {
        Timestamp::from_unix_milliseconds((20_777 + days) * 86_400_000)
    }

    #[test]
    fn last_rule_counts_by_project() {
        let found = snapshots(&[("a", "2026-11-20"), ("a", "2026-11-20"), ("b", "2026-01-01"), ("a", "2026-11-18")]);
        assert_eq!(kept(&found, &[KeepRule::Last(1)]), [4, 2]);
        assert_eq!(kept(&found, &[KeepRule::Last(2)]), [4, 3, 2]);
        assert_eq!(kept(&found, &[KeepRule::Last(usize::MAX)]), [4, 3, 2, 1]);
    }

    #[test]
    fn last_rule_counts_by_part() {
        let mut found =
            snapshots(&[("a", "2026-11-20"), ("a", "2026-11-20"), ("a", "2026-11-20"), ("b", "2026-11-20")]);
        found[1].part = "sub".to_owned();
        found[3].part = "sub".to_owned();
        for rule in [KeepRule::Last(1), KeepRule::Daily(1)] {
            assert_eq!(kept(&found, &[rule]), [4, 3, 1], "{rule:?}");
        }
        let verdicts = judge(found, &[KeepRule::Last(1)]);
        assert_eq!(verdicts[1].reason, "the last of project a, part sub");
    }

    #[test]
    fn daily_rule_skips_empty_days() {
        let found = snapshots(&[
            ("a", "2026-11-20"),
            ("a", "2026-11-20"),
            ("a", "2026-11-10"),
            ("a", "2026-11-10"),
            ("b", "2026-11-10"),
            ("a", "2026-11-01"),
        ]);
        assert_eq!(kept(&found, &[KeepRule::Daily(1)]), [6, 2]);
        assert_eq!(kept(&found, &[KeepRule::Daily(2)]), [6, 4, 2]);
        assert_eq!(kept(&found, &[KeepRule::Daily(3)]), [6, 4, 2, 1]);
    }

    #[test]
    fn wrong_clock_keeps_order_and_days() {
        let found = snapshots(&[("a", "2026-11-20"), ("a", "1970-01-01"), ("a", "2026-11-20"), ("a", "2026-11-19")]);
        assert_eq!(kept(&found, &[KeepRule::Last(2)]), [4, 3]);
        assert_eq!(kept(&found, &[KeepRule::Daily(3)]), [4, 3, 1]);
    }

    #[test]
    fn since_rule_keeps_unreadable_starts() {
        assert_eq!(day(0).to_string(), "2026-11-20T00:00:00.000Z");
        let mut found = snapshots(&[("a", "2026-11-22"), ("a", "2026-11-20"), ("a", "2026-11-19"), ("a", "x")]);
        found[1].started_at = day(0).to_string();
        assert_eq!(kept(&found, &[KeepRule::Since(day(0))]), [4, 3, 1]);
    }

    #[test]
    fn newest_and_running_are_always_kept() {
        let mut found = snapshots(&[("a", "2026-11-20"), ("a", "2026-11-20"), ("a", "2026-11-20")]);
        found[1].is_running = true;
        for rule in [KeepRule::Last(0), KeepRule::Daily(0), KeepRule::Since(day(9))] {
            assert_eq!(kept(&found, &[rule]), [3, 2], "{rule:?}");
        }
        assert_eq!(kept(&found, &[]), [3, 2, 1]);
        assert_eq!(kept(&[], &[KeepRule::Last(1)]), [0; 0]);
    }

    #[test]
    fn first_keeping_rule_gives_the_reason() {
        let found = snapshots(&[("shop", "2026-11-20"), ("shop", "2026-11-20"), ("shop", "2026-11-19")]);
        let rules = [KeepRule::Last(1), KeepRule::Daily(2)];
        let verdicts = judge(found.clone(), &rules);
        let reasons: Vec<&str> = verdicts.iter().map(|verdict| verdict.reason.as_str()).collect();
        assert_eq!(reasons, ["the last of project shop", "no rule keeps it", "the last of 2026-11-19 of project shop"]);
        let verdicts = judge(found, &[KeepRule::Last(2), KeepRule::Since(day(1))]);
        assert_eq!(verdicts[1].reason, "one of the last 2 of project shop");
    }
}
