//! The eligible definitions, each distinct code once.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

use cds_language::{Language, is_test};
use cds_model::{Md5Sum, SymbolKind};
use rayon::prelude::*;

use crate::{
    Channel, Definition, NearBy, Placement, Settings, Unsearched,
    group::graph::Edge,
    judge::{
        evidence::{Evidence, Profile, Rarity, Weights},
        namesakes::{Method, Namesakes},
    },
    matching::{
        bounds::{self, MOST_STEPS},
        lcs::{self, Pattern},
        ratio::{sequence_ratio, text_ratio},
    },
    read::{
        alphabet::Alphabet,
        layout,
        lines::line_hash,
        nesting::{self, Nesting},
        outside,
        unit::Unit,
    },
};

/// Definitions with the same code: one entry, however many copies.
pub(crate) struct Variant<'a> {
    /// Places in the input, ascending.
    pub(crate) members: Vec<u32>,
    /// That of the first member's file.
    pub(crate) language: &'static Language,
    pub(crate) code: Cow<'a, str>,
    pub(crate) md5sum: Md5Sum,
    /// The code as one byte a character; see [`Alphabet::encode`].
    pub(crate) text: Cow<'a, [u8]>,
    pub(crate) unit: Unit,
    pub(crate) profile: Profile,
    /// Whether it is the code outside of the functions of a definition; see [`outside`].
    pub(crate) is_outside: bool,
    /// See [`layout::fingerprint`]; hardly any is asked for, and those often.
    fingerprint: OnceLock<Option<[u8; 16]>>,
}

impl Variant<'_> {
    /// How many lines have nothing but its name.
    pub(crate) fn header(&self) -> usize {
        usize::from(!self.is_outside)
    }

    /// Whether all code outside of the functions of one file or class is in another one as well.
    pub(crate) fn is_copied_outside(&self) -> bool {
        self.is_outside && self.members.len() > 1
    }

    /// Whether both are equal except for their own names and layout.
    fn is_one_code(&self, other: &Self) -> bool {
        let fingerprint =
            |one: &Self| *one.fingerprint.get_or_init(|| layout::fingerprint(one.language, &one.code, true));
        self.unit.renamed == other.unit.renamed && fingerprint(self).is_some_and(|own| fingerprint(other) == Some(own))
    }
}

pub(crate) struct Corpus<'a> {
    pub(crate) definitions: &'a [Definition],
    pub(crate) unsearched: Unsearched,
    /// The definitions, and behind them what stands outside of functions.
    pub(crate) variants: Vec<Variant<'a>>,
    definition_count: usize,
    pub(crate) weights: Weights,
    enclosing: OnceLock<Vec<Option<usize>>>,
    nesting: OnceLock<Nesting>,
    namesakes: Namesakes,
    line_rarity: OnceLock<Rarity>,
    pub(crate) settings: &'a Settings,
}

/// Whether it is long enough to be compared.
fn is_eligible(unit: &Unit, settings: &Settings) -> bool {
    unit.row_count >= settings.min_lines && unit.token_count >= settings.min_tokens && !unit.is_stub
}

/// Whether definitions of this kind may be equal to the only one in them.
const fn holds_others(kind: SymbolKind) -> bool {
    matches!(kind, SymbolKind::File | SymbolKind::Class)
}

/// Keeps the inner one of two equal definitions of which one is inside of the other, as the only function of a file.
fn innermost(definitions: &[Definition], members: &mut Vec<u32>) {
    let definition = |member: u32| &definitions[member as usize];
    let mut order = members.clone();
    order.sort_unstable_by(|&left, &right| {
        let key = |member| {
            let Definition { file_path, start_line, end_line, kind, .. } = definition(member);
            (file_path, start_line, Reverse(end_line), kind, member)
        };
        key(left).cmp(&key(right))
    });
    let is_around = |pair: &&[u32]| {
        let (outer, inner) = (definition(pair[0]), definition(pair[1]));
        holds_others(outer.kind) && outer.file_path == inner.file_path && inner.start_line <= outer.end_line
    };
    let outer: HashSet<u32> = order.windows(2).filter(is_around).map(|pair| pair[0]).collect();
    members.retain(|member| !outer.contains(member));
}

/// What stands outside of functions in files and classes, each distinct text once.
fn outside_variants<'a>(
    definitions: &[Definition],
    settings: &Settings,
    alphabet: &Alphabet,
    enclosing: &[Option<usize>],
) -> Vec<Variant<'a>> {
    let around = |index: usize| std::iter::successors(enclosing[index], |&outer| enclosing[outer]);
    let is_wanted = |index: usize| {
        let definition = &definitions[index];
        let is_hidden = (settings.tests == Placement::Hide && is_test(&definition.file_path))
            || (settings.generated == Placement::Hide && definition.is_generated);
        holds_others(definition.kind)
            && !settings.kinds.contains(&definition.kind)
            && !is_hidden
            && around(index).all(|outer| holds_others(definitions[outer].kind))
    };
    let mut found: Vec<(Md5Sum, u32, String)> = (0..definitions.len())
        .into_par_iter()
        .filter(|&index| is_wanted(index))
        .filter_map(|index| {
            let definition = &definitions[index];
            let language = definition.language();
            let least_lines = settings.min_fragment_lines;
            let code = outside::outside(language, &definition.normalized_code, definition.kind, least_lines)?;
            Some((Md5Sum(md5::compute(&code).0), index as u32, code))
        })
        .collect();
    found.par_sort_unstable_by_key(|&(md5sum, index, _)| (md5sum, index));
    let mut distinct: Vec<(Vec<u32>, Md5Sum, String)> = Vec::new();
    for (md5sum, index, code) in found {
        match distinct.last_mut().filter(|last| last.1 == md5sum) {
            Some((members, ..)) => members.push(index),
            None => distinct.push((vec![index], md5sum, code)),
        }
    }
    distinct.sort_unstable_by_key(|(members, ..)| members[0]);
    let variant = |(members, md5sum, code): (Vec<u32>, Md5Sum, String)| {
        let language = definitions[members[0] as usize].language();
        Variant {
            members,
            language,
            md5sum,
            text: Cow::Owned(alphabet.encode(&code).into_owned()),
            unit: outside::unit(language, &code),
            code: Cow::Owned(code),
            profile: Profile::default(),
            is_outside: true,
            fingerprint: OnceLock::new(),
        }
    };
    distinct.into_par_iter().map(variant).filter(|variant| !variant.unit.lines.is_empty()).collect()
}

impl<'a> Corpus<'a> {
    pub(crate) fn new(definitions: &'a [Definition], settings: &'a Settings) -> Self {
        let mut places: HashMap<Md5Sum, usize> = HashMap::new();
        let mut members: Vec<Vec<u32>> = Vec::new();
        let mut unsearched = Unsearched::default();
        for (index, definition) in definitions.iter().enumerate() {
            if !settings.kinds.contains(&definition.kind) {
                continue;
            }
            if settings.tests == Placement::Hide && is_test(&definition.file_path) {
                unsearched.test_count += 1;
                continue;
            }
            if settings.generated == Placement::Hide && definition.is_generated {
                unsearched.generated_count += 1;
                continue;
            }
            let place = *places.entry(definition.md5sum).or_insert(members.len());
            if place == members.len() {
                members.push(Vec::new());
            }
            members[place].push(index as u32);
        }
        // Whatever depends on an order depends on what the code says, and not on the names of files.
        members.sort_unstable_by_key(|members| definitions[members[0] as usize].md5sum.0);
        if settings.kinds.iter().any(|kind| holds_others(*kind)) {
            members
                .par_iter_mut()
                .filter(|members| members.len() > 1)
                .for_each(|members| innermost(definitions, members));
        }
        let mut kept: Vec<(Vec<u32>, Unit)> = members
            .into_par_iter()
            .map(|members| {
                let definition = &definitions[members[0] as usize];
                let unit = Unit::new(definition.language(), &definition.normalized_code);
                (members, unit)
            })
            .filter(|(_, unit)| is_eligible(unit, settings))
            .collect();
        kept.shrink_to_fit();
        let weights = Weights::new(kept.iter().map(|(_, unit)| unit));
        let alphabet =
            Alphabet::new(kept.iter().map(|(members, _)| &*definitions[members[0] as usize].normalized_code));
        let mut variants: Vec<Variant<'a>> = kept
            .into_par_iter()
            .map(|(members, unit)| {
                let definition = &definitions[members[0] as usize];
                Variant {
                    language: definition.language(),
                    code: Cow::Borrowed(&definition.normalized_code),
                    md5sum: definition.md5sum,
                    text: alphabet.encode(&definition.normalized_code),
                    profile: weights.profile(&unit),
                    unit,
                    is_outside: false,
                    fingerprint: OnceLock::new(),
                    members,
                }
            })
            .collect();
        let definition_count = variants.len();
        let enclosing = OnceLock::new();
        if settings.outside && settings.channels.contains(&Channel::Fragment) {
            let enclosing = enclosing.get_or_init(|| nesting::enclosing(definitions));
            variants.extend(outside_variants(definitions, settings, &alphabet, enclosing));
        }
        let methods: Vec<Method<'_>> = variants
            .iter()
            .map(|Variant { unit, md5sum, profile, .. }| Method { name: unit.method, md5sum: *md5sum, profile })
            .collect();
        let namesakes = Namesakes::new(&methods);
        let (nesting, line_rarity) = (OnceLock::new(), OnceLock::new());
        Self {
            definitions,
            unsearched,
            variants,
            definition_count,
            weights,
            enclosing,
            nesting,
            namesakes,
            line_rarity,
            settings,
        }
    }

    /// The definitions that are compared as a whole; the first ones of [`Self::variants`].
    pub(crate) fn definition_variants(&self) -> &[Variant<'a>] {
        &self.variants[..self.definition_count]
    }

    /// For each definition the innermost other one around it.
    pub(crate) fn enclosing(&self) -> &[Option<usize>] {
        self.enclosing.get_or_init(|| nesting::enclosing(self.definitions))
    }

    pub(crate) fn nesting(&self) -> &Nesting {
        self.nesting.get_or_init(|| Nesting::new(self))
    }

    /// How rare lines are as they stand; see [`line_hash`].
    pub(crate) fn line_rarity(&self) -> &Rarity {
        self.line_rarity.get_or_init(|| {
            Rarity::new(self.definition_variants().iter().map(|variant| variant.code.lines().map(line_hash)))
        })
    }

    /// Whether each copy of the one is inside of a copy of the other, so that they share the very same lines.
    pub(crate) fn is_nested(&self, left: u32, right: u32) -> bool {
        if [left, right].iter().any(|&place| self.variants[place as usize].is_outside) {
            return false;
        }
        let (left, right) = (&self.variants[left as usize].members, &self.variants[right as usize].members);
        let overlap = |(left, right): (&u32, &u32)| {
            let (left, right) = (&self.definitions[*left as usize], &self.definitions[*right as usize]);
            left.file_path == right.file_path && left.start_line <= right.end_line && right.start_line <= left.end_line
        };
        left.len() == right.len() && left.iter().zip(right).all(overlap)
    }

    pub(crate) fn evidence(&self, left: u32, right: u32) -> Evidence {
        let profiles = (&self.variants[left as usize].profile, &self.variants[right as usize].profile);
        let mut evidence = profiles.0.compare(profiles.1);
        if let Some(bits) = self.namesakes.own_bits((left, right), profiles) {
            evidence.prescribed_bits = Some(bits);
        }
        evidence
    }

    /// Whether a pair shares more than a shape that others have as well; what differs in layout and its own name alone is no
    /// weaker than what is equal.
    pub(crate) fn is_strong(&self, edge: Edge, evidence: &Evidence) -> bool {
        let [left, right] = [edge.left, edge.right].map(|place| &self.variants[place as usize]);
        evidence.is_strong(f64::from(edge.ratio)) || left.is_one_code(right)
    }

    /// The near ratio over characters if it is at least `least`.
    pub(crate) fn text_ratio(&self, left: u32, right: u32, least: f64, pattern: &mut Pattern) -> Option<f64> {
        let (left, right) = (&self.variants[left as usize], &self.variants[right as usize]);
        text_ratio((&left.code, &left.text), (&right.code, &right.text), least, pattern)
    }

    /// The near ratio over abstracted tokens if it is at least `least`.
    pub(crate) fn token_ratio(&self, left: u32, right: u32, least: f64, pattern: &mut Pattern) -> Option<f64> {
        let (left, right) = (&self.variants[left as usize].unit.shape, &self.variants[right as usize].unit.shape);
        sequence_ratio(left, right, least, pattern)
    }

    /// Leaves out the pairs that take longest to compare, if all of them take too long together; how many these are.
    pub(crate) fn leave_affordable<T>(&self, pairs: &mut Vec<T>, key: impl Fn(&T) -> (u32, u32)) -> u64 {
        let steps = |pair: &T| {
            let (left, right) = key(pair);
            let (left, right) = (&self.variants[left as usize], &self.variants[right as usize]);
            lcs::steps(left.unit.shape.len(), right.unit.shape.len()) + lcs::steps(left.text.len(), right.text.len())
        };
        let Some(highest) = bounds::affordable(pairs.iter().map(steps), MOST_STEPS) else { return 0 };
        let count = pairs.len();
        pairs.retain(|pair| steps(pair) <= highest);
        (count - pairs.len()) as u64
    }

    /// The ratio of two variants that are clones in the sense of the exact, renamed or near channel.
    pub(crate) fn clone_ratio(&self, left: u32, right: u32, pattern: &mut Pattern) -> Option<f64> {
        if left == right || self.variants[left as usize].unit.renamed == self.variants[right as usize].unit.renamed {
            return Some(1.0);
        }
        self.near_ratio(left, right, pattern)
    }

    /// The higher of the near ratios that are asked for and reach their threshold.
    pub(crate) fn near_ratio(&self, left: u32, right: u32, pattern: &mut Pattern) -> Option<f64> {
        let (near_by, settings) = (self.settings.near_by, self.settings);
        let by_tokens = (near_by != NearBy::Text)
            .then(|| self.token_ratio(left, right, settings.token_threshold, pattern))
            .flatten();
        if near_by == NearBy::Tokens {
            return by_tokens;
        }
        // A text ratio that is no higher adds nothing.
        let least = by_tokens.map_or(settings.text_threshold, |tokens| tokens.max(settings.text_threshold));
        self.text_ratio(left, right, least, pattern).or(by_tokens)
    }
}
