//! Cases: a seed with its changed copy, and pairs that must not be found.

use crate::{
    mutate::{self, Structure},
    random::Random,
    source::{Line, count, parse, write},
    unrelated,
};

/// A pair of codes by kind.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) kind: String,
    pub(crate) left: String,
    pub(crate) right: String,
    /// Whether it is a clone.
    pub(crate) truth: bool,
}

struct Maker {
    seeds: Vec<(String, Vec<Line>)>,
    pool: Vec<String>,
    others: unrelated::Others,
    random: Random,
    /// For where whole blocks are pasted.
    random_place: Random,
    cases: Vec<Case>,
}

/// All cases from `seeds`, the same for the same seeds. `others` have nothing to do with them: they come from another
/// tree, or are the seeds themselves if no one was copied from another.
pub(crate) fn make(seeds: &[String], others: &[String]) -> Vec<Case> {
    let blocks = seeds.iter().filter_map(|code| parse(code));
    let fit = blocks.filter(|block| block.len() == 1 && count(block) >= 6 && tokens(block) >= 40);
    let seeds: Vec<(String, Vec<Line>)> = fit.map(|block| (write(&block), block)).collect();
    let mut pool: Vec<String> = Vec::new();
    for (_, block) in &seeds {
        let mut stack: Vec<&Line> = block.iter().collect();
        while let Some(line) = stack.pop() {
            stack.extend(&line.block);
            if line.is_plain() && line.head.len() > 8 && line.head.len() < 80 && !line.head.starts_with("return") {
                pool.push(line.head.clone());
            }
        }
    }
    let others = unrelated::Others::new(others);
    let mut maker = Maker { seeds, pool, others, random: Random(7), random_place: Random(11), cases: Vec::new() };
    for place in 0..maker.seeds.len() {
        maker.clones(place);
        maker.decoys(place);
    }
    maker.cases
}

impl Maker {
    fn add(&mut self, kind: &str, left: &str, right: &str, truth: bool) {
        self.cases.push(Case { kind: kind.to_owned(), left: left.to_owned(), right: right.to_owned(), truth });
    }

    fn clones(&mut self, place: usize) {
        let (code, block) = (self.seeds[place].0.clone(), self.seeds[place].1.clone());
        let code = &code;
        self.add("1", code, code, true);
        let mut copy = block.clone();
        mutate::layout(&mut copy);
        if write(&copy) != *code {
            self.add("1 layout", code, &write(&copy), true);
        }
        for (kind, thorough) in [("2", false), ("2 all names", true)] {
            let mut copy = block.clone();
            mutate::rename(&mut copy, thorough, true);
            self.add(kind, code, &write(&copy), true);
        }
        for percent in [10, 20, 30] {
            for (kind, thorough) in [("3", None), ("3r", Some(false)), ("3r all names", Some(true))] {
                let mut copy = block.clone();
                mutate::edit(&mut copy, percent, &self.pool, &mut self.random);
                if let Some(thorough) = thorough {
                    mutate::rename(&mut copy, thorough, true);
                }
                self.add(&format!("{kind} {percent}%"), code, &write(&copy), true);
            }
        }
        for how in [Structure::Invert, Structure::While, Structure::Loop, Structure::Nest] {
            let mut copy = block.clone();
            if mutate::restructure(&mut copy, how) {
                self.add(&format!("4s {how:?}"), code, &write(&copy), true);
                mutate::rename(&mut copy, false, false);
                self.add(&format!("4s renamed {how:?}"), code, &write(&copy), true);
            }
        }
        self.fragment(place);
        self.pasted(place);
    }

    /// A run of 8 to 21 lines pasted into another function as it is, of which less than two thirds of the first one are
    /// made.
    fn pasted(&mut self, place: usize) {
        let other = (place + self.seeds.len() / 3 + 1) % self.seeds.len();
        let body = &self.seeds[place].1[0].block;
        let all = tokens(&self.seeds[place].1);
        let fits = |&(from, to): &(usize, usize)| {
            let run = &body[from..to];
            (8..=21).contains(&count(run)) && tokens(run) * 3 < all * 2
        };
        let runs = (0..body.len()).flat_map(|from| (from + 1..=body.len()).map(move |to| (from, to)));
        let runs: Vec<(usize, usize)> = runs.filter(fits).collect();
        if runs.is_empty() {
            return;
        }
        let (from, to) = runs[self.random_place.below(runs.len())];
        let run = body[from..to].to_vec();
        let kind = if tokens(&run) < 50 { "pasted below 50 tokens" } else { "pasted" };
        let target = self.pasted_into(other, run);
        let left = self.seeds[place].0.clone();
        self.add(kind, &left, &target, true);
    }

    /// A function with `run` somewhere among its statements.
    fn pasted_into(&mut self, other: usize, run: Vec<Line>) -> String {
        let mut target = self.seeds[other].1.clone();
        let continues =
            |line: &Line| ["elif ", "else:", "except", "finally:"].iter().any(|word| line.head.starts_with(word));
        let mut at = self.random_place.below(target[0].block.len());
        while at > 0 && continues(&target[0].block[at]) {
            at -= 1;
        }
        target[0].block.splice(at..at, run);
        write(&target)
    }

    /// A run of statements pasted into another function; once as it is, once renamed, once with a line changed.
    fn fragment(&mut self, place: usize) {
        let other = (place + self.seeds.len() / 2) % self.seeds.len();
        let body = &self.seeds[place].1[0].block;
        let wanted =
            (0..body.len()).flat_map(|from| (from + 1..=body.len()).map(move |to| (from, to))).find(|&(from, to)| {
                let run = &body[from..to];
                count(run) >= 6
                    && count(run) < 14
                    && tokens(run) >= 55
                    && tokens(run) * 3 < tokens(&self.seeds[place].1) * 2
            });
        let Some((from, to)) = wanted else { return };
        let run = body[from..to].to_vec();
        for kind in ["fragment", "fragment renamed", "fragment changed"] {
            let mut pasted = run.clone();
            match kind {
                "fragment renamed" => mutate::rename(&mut pasted, false, false),
                "fragment changed" => mutate::edit(&mut pasted, 10, &self.pool, &mut self.random),
                _ => {}
            }
            let mut target = self.seeds[other].1.clone();
            let continues =
                |line: &Line| ["elif ", "else:", "except", "finally:"].iter().any(|word| line.head.starts_with(word));
            let mut at = self.random.below(target[0].block.len());
            while at > 0 && continues(&target[0].block[at]) {
                at -= 1;
            }
            target[0].block.splice(at..at, pasted);
            let (left, right) = (self.seeds[place].0.clone(), write(&target));
            self.add(kind, &left, &right, true);
        }
    }

    fn decoys(&mut self, place: usize) {
        let mut other = self.random.below(self.seeds.len());
        if other == place {
            other = (other + 1) % self.seeds.len();
        }
        let (code, block) = (self.seeds[place].0.clone(), self.seeds[place].1.clone());
        let mut renamed = self.seeds[other].1.clone();
        renamed[0].head.clone_from(&block[0].head);
        let renamed = write(&renamed);
        self.add("decoy same name", &code, &renamed, false);
        let mut skeleton = block.clone();
        let pool = &self.pool;
        let random = &mut self.random;
        let mut is_outermost = true;
        crate::source::each_block(&mut skeleton, &mut |lines| {
            for line in lines {
                if line.is_plain() {
                    line.head.clone_from(&pool[random.below(pool.len())]);
                } else if line.head.starts_with("if ") {
                    line.head = format!("if {}:", pool[random.below(pool.len())].replace(" = ", " == "));
                } else if line.head.starts_with("for ") {
                    "for found in self.candidates:".clone_into(&mut line.head);
                } else if line.head.starts_with("with ") {
                    "with self.prepared() as opened:".clone_into(&mut line.head);
                } else if line.head.starts_with("def ") && !std::mem::take(&mut is_outermost) {
                    "def inner(value):".clone_into(&mut line.head);
                }
            }
        });
        self.add("decoy same skeleton", &code, &write(&skeleton), false);
        if let Some(other) = self.others.of_similar_size(&code, &mut self.random) {
            self.add("decoy similar size", &code, &other, false);
        }
        if let Some(other) = self.others.most_similar(&code) {
            self.add("decoy most similar", &code, &other, false);
        }
    }
}

/// Words, literals and other characters that are no white space.
pub(crate) fn word_count(code: &str) -> usize {
    code.lines().flat_map(crate::source::parts).filter(|(text, _)| !text.trim().is_empty()).count()
}

fn tokens(block: &[Line]) -> usize {
    word_count(&write(block))
}
