//! The part that a token plays, as one byte.
//!
//! Keywords, operators and the built-in vocabulary of a language stay what they are, since no renaming changes them: each
//! has a byte of its own, from [`FIRST_WORD`] on in the order of its [`Words`](crate::Words). A name of the program becomes
//! its role: a call, a member, a called member, a named argument, or a plain name.

/// One byte for one abstracted token.
pub type Class = u8;

/// No token has it.
pub const REMOVED: Class = 0;
/// The end of a logical line.
pub const NEWLINE: Class = 1;
/// A block opens.
pub const INDENT: Class = 2;
/// A block closes.
pub const DEDENT: Class = 3;
/// A number of any notation.
pub const NUMBER: Class = 4;
/// A string literal.
pub const TEXT: Class = 5;
/// One of the two truth values.
pub const TRUTH: Class = 6;
/// A name of the program.
pub const NAME: Class = 7;
/// A name of the program that is called.
pub const CALL: Class = 8;
/// A member of something.
pub const ATTRIBUTE: Class = 9;
/// A member of something that is called.
pub const METHOD_CALL: Class = 10;
/// The name of an argument.
pub const ARGUMENT: Class = 11;
/// Whatever is none of the language.
pub const OTHER: Class = 12;
/// The byte of the first word of a language; those before it are the same in all.
pub const FIRST_WORD: Class = 16;

/// Whether the byte stands for a name of the program.
pub const fn is_name(class: Class) -> bool {
    matches!(class, NAME | CALL | ATTRIBUTE | METHOD_CALL | ARGUMENT)
}

/// The space of names that a name belongs to. Names of different spaces are different names, even where they are spelled
/// the same.
pub const fn space(class: Class) -> u8 {
    match class {
        ATTRIBUTE | METHOD_CALL => 1,
        ARGUMENT => 2,
        _ => 0,
    }
}
