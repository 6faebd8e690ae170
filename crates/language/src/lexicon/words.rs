//! How the author of a language writes down what its text is made of.

/// The words and marks of a language.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// Words that no program may use as a name.
    pub keywords: &'static [&'static str],
    /// Those of the keywords that are a value, and end an operand as a name does.
    pub values: &'static [&'static str],
    /// Those of the values that are the two truth values; they share one class.
    pub truths: &'static [&'static str],
    /// Operators and delimiters, at most four bytes each.
    pub operators: &'static [&'static str],
    /// Names that belong to the language and not to the program, the functions left out.
    pub builtins: &'static [&'static str],
    /// Built-in functions. One that is only mentioned is mostly a variable of the program that has the same name, as a
    /// parameter `filter` or `id`, and a copy may call it otherwise.
    pub functions: &'static [&'static str],
    /// The operators behind which a member's name stands.
    pub member_marks: &'static [&'static str],
    /// The mark between the name of an argument and its value, where arguments can have names.
    pub argument_mark: Option<u8>,
    /// Bytes of names that are no letter, digit, underscore or part of a letter outside of ASCII.
    pub name_marks: &'static [u8],
    /// What begins a comment that ends with its line.
    pub line_comments: &'static [&'static str],
    /// Comments that have an end of their own.
    pub block_comments: &'static [BlockComment],
    /// String literals; of two rules that begin with the same bytes the longer one stands first.
    pub strings: &'static [StringRule],
    /// Letters that may stand before a quote.
    pub prefixes: Prefixes,
    /// Escapes with digits or names behind them, whose case says nothing.
    pub escapes: &'static [Escape],
    /// How numbers are written.
    pub numbers: Numbers,
    /// What makes statements and blocks.
    pub layout: Layout,
    /// Whether a backslash before a line break takes the break away.
    pub continues_lines: bool,
    /// Whether a slash where an operand may stand begins a regular expression.
    pub has_regular_expressions: bool,
}

/// A comment between two marks.
#[derive(Debug, Clone, Copy)]
pub struct BlockComment {
    /// What it begins with.
    pub open: &'static str,
    /// What it ends with.
    pub close: &'static str,
    /// Whether a comment inside of it has to be closed first.
    pub nests: bool,
}

/// One kind of string literal.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent rule, and all combinations occur")]
pub struct StringRule {
    /// What it begins with, its prefix left out unless that is written here.
    pub open: &'static str,
    /// What it ends with.
    pub close: &'static str,
    /// Whether it may go on over line breaks; else it ends with its line at the latest.
    pub spans_lines: bool,
    /// Whether a backslash takes the next byte along.
    pub has_escapes: bool,
    /// Whether its end, written twice, stands for itself.
    pub doubles_end: bool,
    /// Whether it encloses one character: where that is not followed by the end, there is no literal.
    pub is_character: bool,
    /// The fields that it has without a prefix.
    pub fields: Option<Fields>,
}

impl StringRule {
    /// A literal of one line with escapes.
    pub const fn line(quote: &'static str) -> Self {
        Self {
            open: quote,
            close: quote,
            spans_lines: false,
            has_escapes: true,
            doubles_end: false,
            is_character: false,
            fields: None,
        }
    }

    /// A literal of several lines with escapes.
    pub const fn lines(quote: &'static str) -> Self {
        Self { spans_lines: true, ..Self::line(quote) }
    }

    /// A literal of several lines in which a backslash is a backslash.
    pub const fn raw(open: &'static str, close: &'static str) -> Self {
        Self { close, has_escapes: false, ..Self::lines(open) }
    }
}

/// Expressions inside of a literal.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// What a field begins with; its last byte is the bracket that closes it.
    pub open: &'static str,
    /// Whether the mark, written twice, stands for itself.
    pub doubles_open: bool,
    /// Whether a colon in a field begins its format, in which quotes are plain characters.
    pub has_format: bool,
}

/// Letters before a quote that say what the literal is; each may be written large.
#[derive(Debug, Clone, Copy)]
pub struct Prefixes {
    /// All of them, in small letters.
    pub letters: &'static [u8],
    /// How many may stand together.
    pub most: usize,
    /// Those that make a literal with fields.
    pub with_fields: &'static [u8],
    /// The fields of such a literal.
    pub fields: Fields,
    /// Those after which a backslash is a backslash.
    pub raw: &'static [u8],
    /// Those that make another value of a literal, each as a text of its own; where several stand there, the first counts.
    pub kinds: &'static [&'static str],
    /// Those of them that make no text at all, as bytes.
    pub other: &'static [&'static str],
}

impl Prefixes {
    /// No letters stand before a quote.
    pub const NONE: Self = Self {
        letters: b"",
        most: 0,
        with_fields: b"",
        fields: Fields { open: "{", doubles_open: false, has_format: false },
        raw: b"",
        kinds: &[],
        other: &[],
    };
}

/// How numbers are written.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    /// Whether one may begin with its point.
    pub may_begin_with_point: bool,
    /// Whether one may end with its point; else a point that no digit follows is a mark of its own.
    pub may_end_with_point: bool,
}

/// What makes statements and blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A statement ends with its line, a block is what is indented deeper.
    Indentation,
    /// A block is what braces enclose.
    Braces {
        /// Whether a statement ends with its line where an operand does; else a semicolon is needed.
        lines_end_statements: bool,
    },
}

/// An escape in a string literal.
#[derive(Debug, Clone, Copy)]
pub struct Escape {
    /// What stands behind the backslash.
    pub letter: u8,
    /// What stands behind the letter.
    pub digits: Digits,
    /// Whether it is one in a literal that is no text as well.
    pub is_in_all: bool,
}

/// What stands behind the letter of an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// Exactly this number of digits.
    Count(usize),
    /// Anything in braces.
    InBraces,
}
