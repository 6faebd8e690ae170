//! The sentences about gates, the same in every output format.

use cds_findings::{BrokenGate, FailOn, Findings};
use cds_terminal::numbers::{counted, one_or_many, percentage};

/// How many ids are named where a gate failed.
const NAMED_COUNT: usize = 10;

/// Why a gate failed.
pub fn broken(gate: &BrokenGate) -> String {
    match gate {
        BrokenGate::Groups { fail_on, ids } => {
            let what = if *fail_on == FailOn::New { "new duplicate group" } else { "duplicate group" };
            format!("{} ({})", counted(ids.len() as u64, what), list(ids))
        }
        BrokenGate::Share { share, limit } => {
            let (share, limit) = percentages(*share, *limit);
            format!("{share} % of all lines are duplicated, more than {limit} %")
        }
        BrokenGate::NoRecords(subject) => format!("{subject} has no records, so there is nothing to check"),
    }
}

/// All gates that failed, in words.
pub(crate) fn all_broken(findings: &Findings) -> Vec<String> {
    findings.broken_gates.iter().map(broken).collect()
}

/// That every gate passed, and what the run was compared with.
pub(crate) fn passed(findings: &Findings) -> String {
    match &findings.baseline {
        Some(baseline) => format!("Gate passed: compared with {baseline}"),
        None if findings.is_first_run => {
            "Gate passed: this is the first run of its project, the next one is compared with it".to_owned()
        }
        None => "Gate passed".to_owned(),
    }
}

/// That the gate does not count some groups, and the option that counts them.
pub fn uncounted(findings: &Findings) -> Option<String> {
    let count = findings.uncounted_count as u64;
    let groups = one_or_many(count, "group of low confidence does", "groups of low confidence do");
    (count > 0).then(|| format!("{groups} not count for the gate; --gate-confidence low counts all"))
}

/// Some of the ids, and how many more there are.
fn list(ids: &[String]) -> String {
    let named = ids.iter().take(NAMED_COUNT).map(String::as_str).collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(NAMED_COUNT) {
        0 => named,
        rest => format!("{named} and {rest} more"),
    }
}

/// Both in percent, with as many decimals as it takes to distinguish them.
fn percentages(share: f64, limit: f64) -> (String, String) {
    let mut texts = (String::new(), String::new());
    for decimals in 1..=6 {
        texts = (percentage(share, decimals), percentage(limit, decimals));
        if texts.0 != texts.1 {
            break;
        }
    }
    let limit = texts.1.trim_end_matches('0').trim_end_matches('.').to_owned();
    (texts.0, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_differ_as_the_shares_do() {
        let both = |share, limit| {
            let (share, limit) = percentages(share, limit);
            format!("{share} > {limit}")
        };
        assert_eq!(both(0.031, 0.02), "3.1 > 2");
        assert_eq!(both(0.020_04, 0.02), "2.004 > 2");
        assert_eq!(both(1.0, 0.0), "100.0 > 0");
    }

    #[test]
    fn only_some_of_many_ids_are_named() {
        let groups = |count: usize| {
            let ids = (0..count).map(|number| format!("{number:016x}")).collect();
            broken(&BrokenGate::Groups { fail_on: FailOn::New, ids })
        };
        assert_eq!(groups(1), "1 new duplicate group (0000000000000000)");
        let text = groups(12);
        assert!(
            text.starts_with("12 new duplicate groups (") && text.ends_with("0000000000000009 and 2 more)"),
            "{text}"
        );
    }
}
