//! An upper bound for the similarity of two pieces of code, from counts alone.

use cds_language::{Language, MAX_BYTES, Token};

use crate::{
    matching::lcs::ratio,
    read::shape::{self, Class, DEDENT, INDENT, OTHER},
};

/// How often a sequence has each of the 256 symbols.
pub(super) type Counts = [u32; 256];

/// The symbols of `sequence`, counted.
pub(super) fn counts(sequence: &[u8]) -> Counts {
    // The same symbol twice in a row would have to wait for itself.
    let (mut counts, mut others) = ([0; 256], [0; 256]);
    let (pairs, last) = sequence.as_chunks();
    for &[first, second] in pairs {
        counts[usize::from(first)] += 1;
        others[usize::from(second)] += 1;
    }
    for &symbol in last {
        counts[usize::from(symbol)] += 1;
    }
    for (count, other) in counts.iter_mut().zip(others) {
        *count += other;
    }
    counts
}

/// How many symbols two sequences have in common at most, whatever their order.
pub(super) fn shared(left: &Counts, right: &Counts) -> usize {
    left.iter().zip(right).map(|(left, right)| left.min(right)).sum::<u32>() as usize
}

/// The characters that every text must have which differs from one text only in names and literals.
pub(super) struct Vocabulary {
    /// The characters of keywords, operators and built-in names.
    fixed: Counts,
    has_texts: bool,
}

impl Vocabulary {
    /// The marks that are operators wherever they stand outside of literals and comments, those aside that may be layout.
    const MARKS: &[u8] = b"[]{}:=<>*/%&|^~@";

    pub(super) fn new(code: &str, tokens: &[Token], classes: &[Class]) -> Self {
        let mut fixed = [0; 256];
        for (token, _) in tokens.iter().zip(classes).filter(|&(_, &class)| class > OTHER) {
            for byte in token.text(code).bytes() {
                fixed[usize::from(byte)] += 1;
            }
        }
        Self { fixed, has_texts: classes.contains(&shape::TEXT) }
    }

    /// False only for texts with other code.
    pub(super) fn may_be_of(&self, length: usize, characters: &Counts) -> bool {
        let count = |mark: u8| characters[usize::from(mark)];
        let has_quotes = count(b'"') + count(b'\'') > 0;
        let has_comments = count(b'#') > 0;
        if (self.has_texts && !has_quotes) || (!self.has_texts && has_quotes && !has_comments) {
            return false;
        }
        if !has_quotes && !has_comments && length <= MAX_BYTES {
            let differs = |mark: &u8| self.fixed[usize::from(*mark)] != count(*mark);
            if Self::MARKS.iter().any(differs) {
                return false;
            }
        }
        self.fixed.iter().zip(characters).all(|(least, count)| least <= count)
    }
}

/// What another notation of control structure can add and take away; see [`Language::canonical`].
pub(super) struct Notation {
    language: &'static Language,
    words: [Class; 4],
    /// By a `while`, which becomes a `for` over a range.
    counted: [Class; 6],
    /// By a loop that becomes a comprehension.
    brackets: [Class; 4],
    /// By an `if` that is turned round or joined.
    conditions: [Class; 4],
    equals: Class,
}

impl Notation {
    pub(super) fn new(language: &'static Language) -> Self {
        let code = |word| language.lexicon.class_of(word);
        Self {
            language,
            words: ["if", "for", "while", "return"].map(code),
            counted: ["for", "in", "range", "(", ")", ","].map(code),
            brackets: ["[", "]", "{", "}"].map(code),
            conditions: ["==", "<", ">", "and"].map(code),
            equals: code("="),
        }
    }

    /// The highest ratio that the shape of code with these classes can reach with a shape of `length` classes, `wanted`.
    pub(super) fn most(&self, wanted: &Counts, length: usize, classes: &[Class]) -> f64 {
        let mut has = counts(classes);
        let [conditions, fors, whiles, returns] = self.words.map(|word| has[usize::from(word)]);
        let assignments = if fors > 0 { has[usize::from(self.equals)] } else { 0 };
        let mut least = classes.len();
        if self.language.may_change(classes) {
            for (classes, more) in
                [(&self.counted[..], whiles), (&self.brackets[..], fors + whiles), (&self.conditions[..], conditions)]
            {
                for &class in classes {
                    has[usize::from(class)] += more;
                }
            }
            let lost = 8 * conditions + 16 * fors + 4 * returns + 4 * assignments;
            // How much a `while` can lose depends on its block, and a block in two parts becomes one.
            let is_open = whiles > 0 || classes.windows(2).any(|pair| pair == [DEDENT, INDENT]);
            least = if is_open { 0 } else { least.saturating_sub(lost as usize) };
        }
        let common = shared(wanted, &has);
        ratio(common, length + least.max(common))
    }
}
