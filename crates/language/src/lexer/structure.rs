//! All tokens of a text with its logical lines and blocks, and with the part that each name plays.

use super::{Lexer, Token, TokenKind};
use crate::{
    class::{ARGUMENT, ATTRIBUTE, CALL, Class, DEDENT, INDENT, METHOD_CALL, NAME, NEWLINE, OTHER},
    lexicon::Lexicon,
};

/// How much of one text is read, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Cuts `code` into tokens; longer texts are read up to [`MAX_BYTES`].
pub fn tokenize(lexicon: &'static Lexicon, code: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(code.len() / 4);
    tokenize_into(lexicon, code, &mut tokens);
    tokens
}

/// The same in place of what `tokens` held.
pub fn tokenize_into(lexicon: &'static Lexicon, code: &str, tokens: &mut Vec<Token>) {
    tokens.clear();
    let mut lexer = Lexer::of_bytes(lexicon, &code.as_bytes()[..code.len().min(MAX_BYTES)]);
    let mut blocks = Blocks::default();
    while let Some(mut token) = lexer.next() {
        if token.kind == TokenKind::Line {
            blocks.begin_line(&lexer, token, tokens);
            continue;
        }
        play_part(lexicon, &mut token, lexer.depth(), tokens);
        tokens.push(token);
    }
    blocks.end(&lexer, tokens);
}

/// The blocks that are open.
#[derive(Default)]
struct Blocks {
    column: u32,
    /// The columns of the blocks around.
    outer: Vec<u32>,
}

impl Blocks {
    fn begin_line(&mut self, lexer: &Lexer<'_>, line: Token, tokens: &mut Vec<Token>) {
        let column = lexer.column();
        // However deep the first line is indented, it opens no block.
        if tokens.is_empty() {
            return;
        }
        end_line(lexer, lexer.line_end, tokens);
        if column > self.column {
            self.outer.push(self.column);
            self.column = column;
            tokens.push(Token { kind: TokenKind::Indent, class: INDENT, ..line });
        }
        while self.column > column
            && let Some(outer) = self.outer.pop()
        {
            self.column = outer;
            tokens.push(Token { kind: TokenKind::Dedent, class: DEDENT, ..line });
        }
    }

    fn end(&self, lexer: &Lexer<'_>, tokens: &mut Vec<Token>) {
        if tokens.is_empty() {
            return;
        }
        let end = (lexer.at, lexer.line);
        end_line(lexer, if lexer.begins_line { lexer.line_end } else { end }, tokens);
        let at = super::offset(end.0);
        let dedent = Token { kind: TokenKind::Dedent, class: DEDENT, start: at, end: at, line: end.1 };
        tokens.extend(self.outer.iter().map(|_| dedent));
    }
}

fn end_line(lexer: &Lexer<'_>, (at, line): (usize, u32), tokens: &mut Vec<Token>) {
    end_mention(lexer.lexicon, tokens);
    let at = super::offset(at);
    tokens.push(Token { kind: TokenKind::Newline, class: NEWLINE, start: at, end: at, line });
}

/// The role of a name, from the tokens before and after it.
#[inline]
fn play_part(lexicon: &'static Lexicon, token: &mut Token, depth: u32, tokens: &mut [Token]) {
    let opens_call = token.class == lexicon.mark(b'(');
    if !opens_call {
        end_mention(lexicon, tokens);
    }
    let Some(last) = tokens.last_mut() else {
        if token.kind == TokenKind::Name && token.class == OTHER {
            token.class = NAME;
        }
        return;
    };
    match token.kind {
        TokenKind::Name if is_member_mark(lexicon, last.class) => token.class = ATTRIBUTE,
        TokenKind::Name if token.class == OTHER => token.class = NAME,
        TokenKind::Operator if last.kind == TokenKind::Name => {
            if opens_call {
                last.class = called(last.class);
            } else if depth > 0
                && lexicon.words.argument_mark.is_some_and(|mark| token.class == lexicon.mark(mark))
                && last.class != ATTRIBUTE
            {
                last.class = ARGUMENT;
            }
        }
        _ => {}
    }
}

#[inline]
fn is_member_mark(lexicon: &Lexicon, class: Class) -> bool {
    lexicon.member_marks[usize::from(class)]
}

const fn called(class: Class) -> Class {
    match class {
        NAME => CALL,
        ATTRIBUTE => METHOD_CALL,
        other => other,
    }
}

/// A built-in function before this place is not called.
#[inline]
fn end_mention(lexicon: &Lexicon, tokens: &mut [Token]) {
    if let Some(last) = tokens.last_mut().filter(|last| lexicon.is_function(last.class)) {
        last.class = NAME;
    }
}
