//! What the header of a definition declares, read from its tokens.
//!
//! A name stands behind a word that declares, before the parameters, or before the mark that binds a value to it. What
//! stands around it (types, type parameters, annotations, receivers) is passed over.

use cds_model::UNNAMED;

use crate::{Language, Token, TokenKind, tokenize};

/// How headers of a language are written, where names may stand before or behind their types.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// Marks behind which the value of a name stands.
    pub binds: &'static [&'static str],
    /// Whether a receiver in brackets may stand between the declaring word and the name.
    pub has_receivers: bool,
    /// Whether members may be named by a keyword, a literal, or an expression in square brackets.
    pub has_free_names: bool,
    /// Whether the type of a parameter stands before its name.
    pub types_first: bool,
    /// By what a method is told from a function.
    pub methods: MethodMark,
}

/// By what the header of a method differs from that of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodMark {
    /// It has a receiver.
    Receiver,
    /// No word declares it, and no mark binds it.
    Undeclared,
    /// Its first parameter is one of [`Naming::receivers`](crate::Naming::receivers).
    FirstParameter,
    /// One of the modifiers stands before the word that declares.
    Modifier,
    /// Every function is one.
    Always,
}

/// What a header declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The bytes of its name.
    pub name: Option<(u32, u32)>,
    /// The place of the last token of its name.
    pub name_token: Option<usize>,
    /// The place of the bracket that opens its parameters.
    pub parameters: Option<usize>,
    /// The bytes of its receiver, with the brackets.
    pub receiver: Option<(u32, u32)>,
    /// Whether a word declares something with members.
    pub is_class: bool,
    /// Whether it is a method, as far as its header shows.
    pub is_method: bool,
}

impl Head {
    /// The name in `code`.
    pub fn name<'a>(&self, code: &'a str) -> Option<&'a str> {
        let (start, end) = self.name?;
        code.get(start as usize..end as usize).filter(|name| !name.is_empty())
    }
}

/// The name that a signature declares.
pub(crate) fn declared_name<'a>(language: &Language, heads: &Heads, signature: &'a str) -> &'a str {
    let tokens = tokenize(language.lexicon, signature);
    Reader { language, heads, code: signature, tokens: &tokens, at: 0 }.read().name(signature).unwrap_or(UNNAMED)
}

impl Language {
    /// The type of the receiver that a signature has, without its arguments.
    pub(crate) fn receiver_of<'a>(&self, signature: &'a str) -> Option<&'a str> {
        let heads = self.naming.heads.as_ref().filter(|heads| heads.has_receivers)?;
        let tokens = tokenize(self.lexicon, signature);
        let (start, end) = Reader { language: self, heads, code: signature, tokens: &tokens, at: 0 }.read().receiver?;
        let receiver = signature.get(start as usize..end as usize)?.trim_matches(['(', ')']);
        let receiver = receiver.split('[').next()?.trim_end_matches([',', ' ']);
        receiver.rsplit([' ', '\t', '\n', '*']).find(|word| !word.is_empty())
    }

    /// What the header at the beginning of `code` declares; none for a language whose headers are read in another way.
    pub fn head(&self, code: &str, tokens: &[Token]) -> Option<Head> {
        let heads = self.naming.heads.as_ref()?;
        Some(Reader { language: self, heads, code, tokens, at: 0 }.read())
    }
}

struct Reader<'a> {
    language: &'a Language,
    heads: &'a Heads,
    code: &'a str,
    tokens: &'a [Token],
    at: usize,
}

/// A name that was met, perhaps with others before it that it is a member of.
#[derive(Clone, Copy)]
struct Met {
    bytes: (u32, u32),
    token: usize,
}

impl Reader<'_> {
    fn read(mut self) -> Head {
        let mut head = Head::default();
        let mut met: Option<Met> = None;
        let (mut is_member, mut is_modified, mut is_bound) = (false, false, false);
        let naming = &self.language.naming;
        while let Some(token) = self.token() {
            let text = self.text(token);
            let was_member = std::mem::take(&mut is_member);
            if was_member && token.kind != TokenKind::Operator {
                met = met.map(|met| Met { bytes: (met.bytes.0, token.end), token: self.at }).or(Some(self.met(token)));
            } else if self.declares() {
                head.is_class |= self.language.statements.classes.contains(&text);
                if let Some(name) = self.declared(&mut head) {
                    met = Some(name);
                    break;
                }
            } else if naming.modifiers.contains(&text) && !self.is_followed_by(&["(", "=", ":", "<", "?"]) {
                is_modified = true;
            } else if text == self.language.syntax.unnamed_export && !text.is_empty() {
                met = Some(self.met(token));
                is_bound = true;
                break;
            } else if text == "operator" && token.kind == TokenKind::Keyword {
                met = Some(self.operator(token));
                break;
            } else {
                match text {
                    "(" if met.is_some() => break,
                    "[" if met.is_some_and(|met| self.is_this(met)) => break,
                    "[" if self.heads.has_free_names && met.is_none() => {
                        let end = self.skip_brackets();
                        met = Some(Met { bytes: (token.start, end), token: self.at });
                    }
                    "(" => {
                        self.skip_brackets();
                    }
                    "[" => {
                        let end = self.skip_brackets();
                        if self.is_followed_by(self.heads.binds) || self.is_followed_by(&["."]) {
                            met = met.map(|met| Met { bytes: (met.bytes.0, end), token: self.at });
                        }
                    }
                    "<" => self.skip_angles(),
                    "{" => break,
                    "@" => self.skip_annotation(),
                    "~" => {
                        self.at += 1;
                        met = self.token().map(|name| Met { bytes: (token.start, name.end), token: self.at });
                    }
                    _ if self.heads.binds.contains(&text) && met.is_some() => {
                        is_bound = true;
                        break;
                    }
                    _ if self.language.lexicon.member_marks[usize::from(token.class)] => is_member = met.is_some(),
                    _ => met = self.named(token).or(met),
                }
            }
            self.at += 1;
        }
        head.name = met.map(|met| met.bytes);
        head.name_token = met.map(|met| met.token);
        head.parameters = self.parameters(met.map_or(self.at, |met| met.token + 1));
        head.is_method |= !head.is_class
            && match self.heads.methods {
                MethodMark::Receiver => false,
                MethodMark::Undeclared => !is_bound && met.is_some_and(|met| !self.has_declaring_word(met.token)),
                MethodMark::FirstParameter => self.has_receiver_parameter(head.parameters),
                MethodMark::Modifier => is_modified,
                MethodMark::Always => head.name.is_some(),
            };
        head
    }

    fn token(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn text(&self, token: Token) -> &str {
        token.text(self.code)
    }

    fn text_at(&self, place: usize) -> &str {
        self.tokens.get(place).map_or("", |token| token.text(self.code))
    }

    fn met(&self, token: Token) -> Met {
        Met { bytes: (token.start, token.end), token: self.at }
    }

    fn is_followed_by(&self, marks: &[&str]) -> bool {
        marks.contains(&self.text_at(self.at + 1))
    }

    /// Whether it is the name of an indexer.
    fn is_this(&self, met: Met) -> bool {
        self.heads.methods == MethodMark::Always
            && self.code.get(met.bytes.0 as usize..met.bytes.1 as usize).is_some_and(|name| name.ends_with("this"))
    }

    /// Whether the present word declares, and is not itself the name of a member.
    fn declares(&self) -> bool {
        if !self.language.naming.declaring.contains(&self.text_at(self.at)) {
            return false;
        }
        match self.text_at(self.at + 1) {
            "(" => self.heads.has_receivers,
            "*" | "&" => true,
            next => next.bytes().next().is_some_and(|byte| self.language.lexicon.name_parts[usize::from(byte)]),
        }
    }

    /// The name behind a declaring word; `None` if another declaring word follows, or the type of a function.
    fn declared(&mut self, head: &mut Head) -> Option<Met> {
        self.at += 1;
        if self.text_at(self.at) == "(" {
            let start = self.tokens[self.at].start;
            let end = self.skip_brackets();
            self.at += 1;
            // What follows the parameters of a function without a name is no name.
            if self.text_at(self.at + 1) != "(" && self.text_at(self.at + 1) != "[" {
                self.at -= 1;
                return None;
            }
            head.is_method = true;
            head.receiver = Some((start, end));
        }
        while matches!(self.text_at(self.at), "*" | "&") {
            self.at += 1;
        }
        if self.declares() {
            self.at -= 1;
            return None;
        }
        let name = self.token()?;
        let mut met = self.met(name);
        // A name that is also a keyword may have a mark before it, as `r#type`.
        if self.text_at(self.at + 1) == "#" {
            self.at += 2;
            met = Met { bytes: (name.start, self.token()?.end), token: self.at };
        }
        Some(met)
    }

    /// The name that a token is, where members are named in many ways.
    fn named(&self, token: Token) -> Option<Met> {
        let is_name = match token.kind {
            TokenKind::Name | TokenKind::Text | TokenKind::Number => true,
            TokenKind::Keyword => {
                self.text(token) == "this"
                    || (self.heads.has_free_names && self.is_followed_by(&["(", "=", ":", "<", "?"]))
            }
            _ => false,
        };
        let quotes = u32::from(token.kind == TokenKind::Text);
        let bytes = (token.start + quotes, token.end.saturating_sub(quotes));
        (is_name && bytes.0 <= bytes.1).then_some(Met { bytes, token: self.at })
    }

    /// The name of an operator: all that stands before its parameters.
    fn operator(&mut self, first: Token) -> Met {
        let mut end = first.end;
        while self.at + 1 < self.tokens.len()
            && (self.text_at(self.at + 1) != "("
                || self.text_at(self.at) == "operator" && self.text_at(self.at + 2) == ")")
        {
            self.at += 1;
            end = self.tokens[self.at].end;
        }
        Met { bytes: (first.start, end), token: self.at }
    }

    /// Goes to the bracket that closes the present one; where that ends.
    fn skip_brackets(&mut self) -> u32 {
        let mut depth = 0_u32;
        let mut end = 0;
        while let Some(token) = self.token() {
            end = token.end;
            match self.text(token) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return end;
            }
            self.at += 1;
        }
        end
    }

    fn skip_angles(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.token() {
            let text = self.text(token);
            if text.bytes().all(|byte| byte == b'<') {
                depth += text.len();
            } else if text.bytes().all(|byte| byte == b'>') {
                depth = depth.saturating_sub(text.len());
            } else if text == "(" || text == "[" || text == "{" {
                self.skip_brackets();
            }
            if depth == 0 {
                return;
            }
            self.at += 1;
        }
    }

    /// Goes to the end of an annotation.
    fn skip_annotation(&mut self) {
        if self.language.naming.declaring.contains(&self.text_at(self.at + 1)) {
            return;
        }
        self.at += 1;
        while self.text_at(self.at + 1) == "." {
            self.at += 2;
        }
        if self.text_at(self.at + 1) == "(" {
            self.at += 1;
            self.skip_brackets();
        }
    }

    fn parameters(&mut self, from: usize) -> Option<usize> {
        self.at = from;
        while let Some(token) = self.token() {
            match self.text(token) {
                "(" => return Some(self.at),
                "<" => self.skip_angles(),
                "[" => {
                    self.skip_brackets();
                }
                "{" | ";" => return None,
                _ => {}
            }
            self.at += 1;
        }
        None
    }

    fn has_declaring_word(&self, end: usize) -> bool {
        self.tokens[..end.min(self.tokens.len())]
            .iter()
            .any(|token| self.language.naming.declaring.contains(&token.text(self.code)))
    }

    fn has_receiver_parameter(&self, parameters: Option<usize>) -> bool {
        let Some(start) = parameters else { return false };
        let first = self.tokens[start + 1..]
            .iter()
            .map(|token| token.text(self.code))
            .take_while(|text| !matches!(*text, "," | ")"));
        first.take(8).any(|text| self.language.naming.receivers.contains(&text))
    }
}
