//! Weighs down the code that methods share because of their name.
//!
//! If a framework prescribes a method, many classes write it. The lines that all of them have (`name, path, args, kwargs =
//! super().deconstruct()`) do not make two of them copies. So the code that two methods of one name share is weighed
//! again, by how many *others* of that name have it as well. Only different methods count as others: the copies of a
//! method that was copied often are no evidence against each other.
//!
//! Two names may prescribe the same code (`database_forwards` and `database_backwards`). For methods with different
//! names, only entries that the others of both names have are weighed again: code that only one name prescribes was
//! copied.
//!
//! Methods and their names are read from the code alone, so that a record without its class gets the same verdict.

use std::collections::HashMap;

use cds_model::Md5Sum;
use rayon::prelude::*;

use crate::judge::evidence::Profile;

/// A name with this many other methods is prescribed: a few classes may have a method of one name by chance.
const LEAST_OTHERS: u32 = 5;
/// Two namesakes that share more than this part of their weight do not count as others of each other.
const MAX_SHARE: f32 = 0.5;
/// Two methods of different names share what both names prescribe if less than this part of it, by weight, is their own.
const OWN: f32 = 0.65;
/// How many average definitions are assumed beside the others, so that a few of them do not decide what is common.
const AVERAGE: f32 = 3.0;
/// At most this many methods of a name are read.
const SAMPLE: usize = Places::BITS as usize;

/// A set of the methods of one sample, a bit for each.
type Places = u64;

/// A definition as far as its name is concerned.
pub(crate) struct Method<'a> {
    /// See [`Unit::method`](crate::read::unit::Unit::method).
    pub(crate) name: Option<u32>,
    pub(crate) md5sum: Md5Sum,
    pub(crate) profile: &'a Profile,
}

/// Some methods of one name.
#[derive(Default)]
struct Sample {
    all: Places,
    words: HashMap<u32, Places>,
    links: HashMap<u32, Places>,
}

/// The names that enough methods have.
pub(crate) struct Namesakes {
    samples: Vec<Sample>,
    /// For each definition its sample, and which of its methods are too similar to count as others.
    places: Vec<Option<(u32, Places)>>,
}

impl Namesakes {
    /// `methods` are all definitions.
    pub(crate) fn new(methods: &[Method]) -> Self {
        let mut by_name: HashMap<u32, Vec<usize>> = HashMap::new();
        for (place, method) in methods.iter().enumerate() {
            if let Some(name) = method.name {
                by_name.entry(name).or_default().push(place);
            }
        }
        // A pair needs the others beside itself.
        by_name.retain(|_, members| members.len() >= LEAST_OTHERS as usize + 2);
        let mut named: Vec<Vec<usize>> = by_name.into_values().collect();
        let judged: Vec<(Sample, Vec<Places>)> = named
            .par_iter_mut()
            .map(|members| {
                // A method more or less changes at most one of those that are read.
                members.sort_unstable_by_key(|&place| methods[place].md5sum.0);
                let chosen: Vec<&Profile> = members.iter().take(SAMPLE).map(|&place| methods[place].profile).collect();
                let lookalikes = members.par_iter().map(|&place| lookalikes(&chosen, methods[place].profile)).collect();
                (Sample::new(&chosen), lookalikes)
            })
            .collect();
        let mut places = vec![None; methods.len()];
        let mut samples = Vec::with_capacity(judged.len());
        for (members, (sample, lookalikes)) in named.iter().zip(judged) {
            for (&member, lookalikes) in members.iter().zip(lookalikes) {
                places[member] = Some((samples.len() as u32, lookalikes));
            }
            samples.push(sample);
        }
        Self { samples, places }
    }

    /// The bits that two methods of prescribed names share beyond what the others of both names share. `None` if one
    /// of them has a name that too few others have, or if the two names prescribe little in common.
    pub(crate) fn own_bits(&self, (left, right): (u32, u32), profiles: (&Profile, &Profile)) -> Option<f32> {
        let (name, like_left) = self.places[left as usize]?;
        let (other_name, like_right) = self.places[right as usize]?;
        let (one, other) = if name == other_name {
            (Others::of(&self.samples[name as usize], like_left | like_right)?, None)
        } else {
            let other = Others::of(&self.samples[other_name as usize], like_right)?;
            (Others::of(&self.samples[name as usize], like_left)?, Some(other))
        };
        let bits = |holders: fn(&Sample) -> &HashMap<u32, Places>, shared: Vec<(u32, f32)>| -> f32 {
            let own = shared.into_iter().map(|(entry, weight)| {
                let bits = |others: &Others<'_>| others.bits(holders(others.sample), entry, weight);
                // Code of the others of one name alone is not prescribed by both names.
                other.as_ref().map_or(0.0, bits).max(bits(&one))
            });
            own.sum()
        };
        let (left, right) = profiles;
        let (words, links) = (shared(left.words(), right.words()), shared(left.links(), right.links()));
        let plain: f32 = words.iter().chain(&links).map(|&(_, weight)| weight).sum();
        let own = bits(|sample| &sample.words, words) + bits(|sample| &sample.links, links);
        (other.is_none() || own < OWN * plain).then_some(own)
    }
}

/// The methods of one name that are no copies of those which are compared.
struct Others<'a> {
    sample: &'a Sample,
    copies: Places,
    count: u32,
}

impl<'a> Others<'a> {
    /// `None` if there are too few.
    fn of(sample: &'a Sample, copies: Places) -> Option<Self> {
        let count = (sample.all & !copies).count_ones();
        (count >= LEAST_OTHERS).then_some(Self { sample, copies, count })
    }

    /// The bits of an entry in view of how many of them hold it, as a part of its usual weight.
    fn bits(&self, holders: &HashMap<u32, Places>, entry: u32, weight: f32) -> f32 {
        let holders = holders.get(&entry).map_or(0, |holders| (holders & !self.copies).count_ones());
        let expected = AVERAGE * (-weight).exp2();
        weight.min(((self.count as f32 + AVERAGE) / (holders as f32 + expected)).log2())
    }
}

impl Sample {
    fn new(chosen: &[&Profile]) -> Self {
        let mut sample = Self::default();
        for (place, profile) in chosen.iter().enumerate() {
            sample.all |= 1 << place;
            for &(word, _) in profile.words() {
                *sample.words.entry(word).or_default() |= 1 << place;
            }
            for &(link, _) in profile.links() {
                *sample.links.entry(link).or_default() |= 1 << place;
            }
        }
        sample
    }
}

/// The places of `profile` itself and of methods too similar to count as others.
fn lookalikes(chosen: &[&Profile], profile: &Profile) -> Places {
    let is_lookalike = |other: &Profile| std::ptr::eq(other, profile) || profile.compare(other).share >= MAX_SHARE;
    chosen.iter().enumerate().map(|(place, other)| Places::from(is_lookalike(other)) << place).sum()
}

/// The shared entries of two sorted lists.
fn shared(left: &[(u32, f32)], right: &[(u32, f32)]) -> Vec<(u32, f32)> {
    let mut rest = right.iter().peekable();
    let is_shared = |entry: &&(u32, f32)| {
        while rest.next_if(|other| other.0 < entry.0).is_some() {}
        rest.peek().is_some_and(|other| other.0 == entry.0)
    };
    left.iter().filter(is_shared).copied().collect()
}

#[cfg(test)]
mod tests {
    use cds_language::Language;

    use super::*;
    use crate::{judge::evidence::Weights, read::unit::Unit};

    /// The own bits of the first two of `codes`.
    fn own_bits(codes: &[String]) -> Option<f32> {
        let units: Vec<Unit> = codes.iter().map(|code| Unit::new(Language::of_record("a.py"), code)).collect();
        let weights = Weights::new(units.iter());
        let profiles: Vec<Profile> = units.iter().map(|unit| weights.profile(unit)).collect();
        let method = |((unit, profile), code): ((&Unit, _), &String)| Method {
            name: unit.method,
            md5sum: Md5Sum(md5::compute(code).0),
            profile,
        };
        let methods: Vec<Method<'_>> = units.iter().zip(&profiles).zip(codes).map(method).collect();
        Namesakes::new(&methods).own_bits((0, 1), (&profiles[0], &profiles[1]))
    }

    /// A common method with four words of its own.
    fn export(own: &str) -> String {
        format!(
            "def export(self, sink):\n    options = super().export(sink)\n    options.update(self.{own}_one, \
             {own}_two({own}_three, {own}_four))\n    return options\n"
        )
    }

    fn exports(own: &[&str]) -> Vec<String> {
        own.iter().map(|own| export(own)).collect()
    }

    #[test]
    fn what_the_others_say_as_well_is_worth_little() {
        let prescribed = exports(&["a", "b", "c", "d", "e", "f", "g"]);
        // Two words and three pairs of lines, which all of them have.
        assert!(own_bits(&prescribed).is_some_and(|bits| bits < 7.0));
        // The words of their own are worth what they are worth anywhere: almost nine bits each.
        let mut copied = prescribed.clone();
        copied[1] = copied[0].replace("return options", "return dict(options)");
        assert!(own_bits(&copied).is_some_and(|bits| bits > 35.0));
    }

    #[test]
    fn rare_or_function_names_are_not_prescribed() {
        assert_eq!(own_bits(&exports(&["a", "b", "c", "d", "e", "f"])), None);
        let mut two_names = exports(&["a", "b", "c", "d", "e", "f", "g"]);
        two_names[0] = two_names[0].replace("def export", "def import_");
        assert_eq!(own_bits(&two_names), None);
        // Nor is one of two names enough.
        two_names[1] = two_names[0].replace("a_", "b_");
        two_names.rotate_left(1);
        assert_eq!(own_bits(&two_names), None);
        let functions = exports(&["a", "b", "c", "d", "e", "f", "g"]);
        let functions: Vec<String> = functions.iter().map(|code| code.replace("(self, ", "(")).collect();
        assert_eq!(own_bits(&functions), None);
    }

    /// Seven `export`, and seven `restore` of which all but the first are written by `others`; the first two are an
    /// `export` and a `restore` that share what every `export` says.
    fn two_names(others: impl Fn(&str) -> String) -> Vec<String> {
        let own = ["b", "c", "d", "e", "f", "g"];
        let restore = |code: String| code.replace("def export", "def restore");
        let mut codes = vec![export("a"), restore(export("h"))];
        codes.extend(exports(&own));
        codes.extend(own.map(|own| restore(others(own))));
        codes
    }

    #[test]
    fn what_two_names_prescribe_is_worth_little_as_well() {
        let both = two_names(|own| export(&format!("{own}{own}")));
        assert!(own_bits(&both).is_some_and(|bits| bits < 7.0));
        // What one of them alone prescribes has been copied to the other.
        let one = two_names(|own| {
            format!("def export(self, {own}):\n    self.{own} = {own}.{own}_five({own}_six)\n    return 5\n")
        });
        assert_eq!(own_bits(&one), None);
    }

    #[test]
    fn copies_do_not_speak_against_each_other() {
        let copy = |place: usize| export("a").replace("return options", &format!("return options, {place}"));
        let copies: Vec<String> = (10..20).map(copy).collect();
        assert_eq!(own_bits(&copies), None);
        // Nor do they where there are others as well.
        let mut both = copies;
        both.extend(exports(&["b", "c", "d", "e", "f"]));
        assert!(own_bits(&both).is_some_and(|bits| bits > 12.0));
    }

    #[test]
    fn of_many_namesakes_some_are_looked_at() {
        let own: Vec<String> = (0..300).map(|place| format!("own{place}")).collect();
        let many: Vec<String> = own.iter().map(|own| export(own)).collect();
        assert!(own_bits(&many).is_some_and(|bits| bits < 2.0));
    }
}
