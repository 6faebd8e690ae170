//! Lines that say nothing about a program, because every program has them.

use crate::{
    Language,
    class::{ATTRIBUTE, Class, NAME, NUMBER, TEXT, TRUTH},
    lexicon::ClassSet,
};

/// The words and marks of such lines.
#[derive(Debug)]
pub struct Idioms {
    /// Words that call what a class inherits.
    pub parents: ClassSet,
    /// The word that asks whether something was given.
    pub guard: Class,
    /// What may follow it and the name of what was given.
    pub behind_guard: ClassSet,
    /// The object itself.
    pub this: Class,
    /// What stands before its members.
    pub member: Class,
    /// What may stand, beside names and literals, where an object keeps what it was given.
    pub kept: ClassSet,
    /// What gives a name a value or a type.
    pub definitions: ClassSet,
    /// Words and marks that may stand in a constant.
    pub constants: ClassSet,
    /// What opens the arguments of a call.
    pub call: Class,
    /// Marks behind which it encloses a value.
    pub before_value: ClassSet,
}

impl Language {
    /// Whether a line keeps what was given, as `self.x = y` with names, literals and empty collections only, asks before it
    /// whether that was given, or calls the parent.
    pub fn only_keeps(&self, line: &[Class]) -> bool {
        let idioms = &self.idioms;
        match line {
            [first, ..] if idioms.parents.has(*first) => true,
            [first, NAME, rest @ ..] if *first == idioms.guard => {
                rest.iter().all(|class| idioms.behind_guard.has(*class))
            }
            [this, dot, ATTRIBUTE, rest @ ..] if *this == idioms.this && *dot == idioms.member => rest
                .iter()
                .all(|class| matches!(*class, NAME | ATTRIBUTE | NUMBER | TEXT | TRUTH) || idioms.kept.has(*class)),
            _ => false,
        }
    }

    /// Whether a line gives a name a value, a type or both without computing anything, or says nothing, as `pass`.
    pub fn is_constant(&self, line: &[Class]) -> bool {
        let idioms = &self.idioms;
        let [NAME, second, ..] = line else { return line.len() < 2 };
        let may_be = |class: Class| !self.lexicon.is_fixed(class) || class == TRUTH || idioms.constants.has(class);
        let is_call = |pair: &[Class]| pair[1] == idioms.call && !idioms.before_value.has(pair[0]);
        idioms.definitions.has(*second) && line.iter().all(|&class| may_be(class)) && !line.windows(2).any(is_call)
    }
}
