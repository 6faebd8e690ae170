//! How much one search looks at, so that it ends in time and fits into memory whatever the code is.
//!
//! Real code is far below all of these. What is left out is counted and said; see `docs/limits.md`.

/// The most pairs that one channel keeps.
pub(crate) const MOST_PAIRS: u64 = 3_000_000;
/// The pairs that each definition may have in any case.
const LEAST_PAIRS: u64 = 16;
/// The most steps that one search for pairs takes; each is about a nanosecond.
pub(crate) const MOST_STEPS: u64 = 20_000_000_000;
/// The same of a search by what definitions share: its steps wait for memory, and each takes about five nanoseconds.
pub(crate) const MOST_STEPS_TO_FIND: u64 = 4_000_000_000;
/// The steps that each definition may take in any case.
const LEAST_STEPS: u64 = 10_000;
/// How many definitions are searched for before it is seen what is left.
pub(crate) const BATCH: usize = 1024;

/// Something that is spent by one part of a search after the other. Each may have at most half of what the parts before
/// it have left, so that little is there for the last ones and nothing for none; what the parts get does not depend on threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    left: u64,
    /// What each may spend, whatever is left.
    least: u64,
}

impl Allowance {
    pub(crate) const fn new(all: u64, least: u64) -> Self {
        Self { left: all, least }
    }

    /// What each of `count` may spend.
    pub(crate) fn each(&self, count: usize) -> u64 {
        (self.left / (2 * count.max(1) as u64)).max(self.least)
    }

    pub(crate) const fn spend(&mut self, spent: u64) {
        self.left = self.left.saturating_sub(spent);
    }
}

/// What the parts of a search for pairs have spent, or may spend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// Pairs that were found.
    pub(crate) pairs: u64,
    /// The cost of finding them, in steps that take about a nanosecond each.
    pub(crate) steps: u64,
    /// Pairs that were not compared.
    pub(crate) left_out: u64,
}

impl Spent {
    /// Whether there is nothing left of what may be spent.
    pub(crate) const fn is_all_of(&self, may: &Self) -> bool {
        self.pairs >= may.pairs || self.steps >= may.steps
    }
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.pairs += other.pairs;
        self.steps += other.steps;
        self.left_out += other.left_out;
    }
}

/// What a search for pairs may still spend.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowances {
    pairs: Allowance,
    steps: Allowance,
    /// Pairs that were not compared so far.
    pub(crate) left_out: u64,
}

impl Allowances {
    pub(crate) const fn new(most_steps: u64) -> Self {
        Self {
            pairs: Allowance::new(MOST_PAIRS, LEAST_PAIRS),
            steps: Allowance::new(most_steps, LEAST_STEPS),
            left_out: 0,
        }
    }

    /// What each of `count` may spend.
    pub(crate) fn each(&self, count: usize) -> Spent {
        Spent { pairs: self.pairs.each(count), steps: self.steps.each(count), left_out: 0 }
    }

    pub(crate) const fn spend(&mut self, spent: Spent) {
        self.pairs.spend(spent.pairs);
        self.steps.spend(spent.steps);
        self.left_out += spent.left_out;
    }
}

/// The highest cost of one of `costs` at which all that cost no more fit into `most`; none if all of them fit.
pub(crate) fn affordable(costs: impl Iterator<Item = u64> + Clone, most: u64) -> Option<u64> {
    if costs.clone().fold(0_u64, u64::saturating_add) <= most {
        return None;
    }
    let mut sorted: Vec<u64> = costs.collect();
    sorted.sort_unstable();
    let mut sum = 0_u64;
    let mut highest = 0;
    for same in sorted.chunk_by(|left, right| left == right) {
        sum = sum.saturating_add(same[0].saturating_mul(same.len() as u64));
        if sum > most {
            break;
        }
        highest = same[0];
    }
    Some(highest)
}

/// How many of the things of each class there may be, at most `most`, so that all together cost no more than `most_steps`;
/// at least one of each. Each class has a number of things and what one of them costs.
pub(crate) fn most_of_each(classes: &[(u64, u64)], most: u64, most_steps: u64) -> u64 {
    let steps = |limit: u64| {
        let costs = classes.iter().map(|&(count, cost)| count.min(limit).saturating_mul(cost));
        costs.fold(0_u64, u64::saturating_add)
    };
    let (mut least, mut many) = (1, most);
    while least < many {
        let middle = (least + many).div_ceil(2);
        if steps(middle) <= most_steps {
            least = middle;
        } else {
            many = middle - 1;
        }
    }
    least
}

/// With how many of its members all members of each class are paired, so that there are no more than `most` pairs.
pub(crate) fn hubs(classes: &[Vec<u32>], most: u64) -> usize {
    let largest = classes.iter().map(Vec::len).max().unwrap_or_default();
    let pairs = |hubs: usize| classes.iter().map(|members| pairs_with(hubs, members.len())).sum::<u64>();
    let (mut least, mut many) = (1, largest.max(1));
    while least < many {
        let middle = (least + many).div_ceil(2);
        if pairs(middle) <= most {
            least = middle;
        } else {
            many = middle - 1;
        }
    }
    least
}

/// How many pairs there are of `members` of which one is among the first `hubs`.
pub(crate) const fn pairs_with(hubs: usize, members: usize) -> u64 {
    let (hubs, members) = (if hubs < members { hubs } else { members } as u64, members as u64);
    hubs * members - hubs * (hubs + 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pairs_are_taken_where_they_fit() {
        assert_eq!((pairs_with(4, 4), pairs_with(9, 4), pairs_with(1, 4), pairs_with(2, 1)), (6, 6, 3, 0));
        let classes = |sizes: &[usize]| sizes.iter().map(|&size| vec![0; size]).collect::<Vec<_>>();
        assert_eq!(hubs(&classes(&[4, 2]), 7), 4);
        assert_eq!(hubs(&classes(&[4, 2]), 6), 2);
        assert_eq!(hubs(&classes(&[100, 100]), 0), 1, "each class stays together");
        assert_eq!(hubs(&[], 9), 1);
    }

    #[test]
    fn what_costs_least_is_afforded() {
        assert_eq!(affordable([5, 1, 3].into_iter(), 9), None);
        assert_eq!(affordable([5, 1, 3].into_iter(), 8), Some(3));
        assert_eq!(affordable([5, 3, 3].into_iter(), 5), Some(0));
    }

    #[test]
    fn each_class_gets_the_same_number() {
        assert_eq!(most_of_each(&[(10, 3), (4, 1)], 20, 34), 20);
        assert_eq!(most_of_each(&[(10, 3), (4, 1)], 20, 33), 9);
        assert_eq!(most_of_each(&[(10, 3), (4, 1)], 20, 0), 1);
        assert_eq!(most_of_each(&[], 20, 0), 20);
    }

    #[test]
    fn everybody_may_spend_something() {
        let mut allowance = Allowance::new(100, 2);
        assert_eq!(allowance.each(5), 10);
        allowance.spend(99);
        assert_eq!((allowance.each(5), allowance.each(0)), (2, 2));
        allowance.spend(99);
        assert_eq!(allowance.each(1), 2);
    }
}
