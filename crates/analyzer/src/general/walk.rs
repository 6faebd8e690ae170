//! One pass over the syntax tree: definitions, spans for normalization, and what is broken.

use std::{num::NonZeroU16, sync::Arc};

use cds_language::NodeRole as Role;
use cds_model::{SourceText, SpanKind, Symbol, SymbolKind, SyntaxSpan};
use tree_sitter::{Node, Tree};

use super::{broken, comments, grammar::Grammar, header, owner};
use crate::{Findings, Problem, rows::Rows};

/// Deeper definitions are hostile input.
const MAX_DEFINITION_DEPTH: usize = 100;

/// In bytes; longer lines are the work of a program.
const LONGEST_LINE: usize = 5_000;

/// Walks the tree of `source`, or of a text of the same length with other line breaks.
pub(super) fn walk(grammar: &Grammar, tree: &Tree, source: &SourceText, has_rows_of_source: bool) -> Findings {
    let root = tree.root_node();
    let text = source.as_str();
    let has_lone_returns =
        memchr::memchr_iter(b'\r', text.as_bytes()).any(|at| text.as_bytes().get(at + 1) != Some(&b'\n'));
    let mut pass = Pass {
        grammar,
        source,
        rows: if has_lone_returns || !has_rows_of_source { Rows::Of(source) } else { Rows::OfTree },
        around: Vec::new(),
        error_depth: 0,
        enclosing: Vec::new(),
        template_depth: None,
        findings: Findings::default(),
    };
    if root.has_error() {
        pass.findings.problem = Some(broken::first_problem(grammar, root, text, pass.rows));
    }
    pass.run(root);
    let mut findings = pass.findings;
    findings.symbols.retain(|symbol| !is_minified(symbol, source));
    findings.symbols.sort_by_key(|symbol| (symbol.start_line, std::cmp::Reverse(symbol.end_line)));
    findings
}

/// Whether the definition begins on a line that no person wrote. The code of a record is whole lines, so the functions of a
/// minified file would each have all of it.
fn is_minified(symbol: &Symbol, source: &SourceText) -> bool {
    source.line_range(symbol.start_line, symbol.start_line).len() > LONGEST_LINE
}

struct Pass<'s, 't> {
    grammar: &'s Grammar,
    source: &'s SourceText,
    rows: Rows<'s>,
    /// What is around the present node, outermost first. Asking the tree for a parent would search it from the root.
    around: Vec<Surrounding<'t>>,
    /// How many of these are errors.
    error_depth: usize,
    /// The definitions around the present node, and what else names what stands in it.
    enclosing: Vec<Enclosing>,
    /// How deep in the tree the literal is that holds the present node.
    template_depth: Option<usize>,
    findings: Findings,
}

/// What is remembered of a node while its children are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surrounding<'t> {
    pub(super) node: Node<'t>,
    /// The field in which the node stands, of those that may stand between a value and its name.
    pub(super) field: Option<u16>,
    is_error: bool,
}

/// The kind of an error node.
const ERROR: u16 = u16::MAX;

/// Whether it matters in which field of its parent a node stands.
const fn needs_field(role: Role) -> bool {
    matches!(role, Role::ClassValue | Role::FunctionValue | Role::ObjectValue | Role::Wrapper | Role::ValueList)
}

struct Enclosing {
    /// How deep in the tree.
    depth: usize,
    /// Whether functions in it are methods; `None` where that is decided further out.
    is_class: Option<bool>,
    /// Its name, unless it is a record: then the name can be read from that.
    name: Option<Arc<str>>,
}

impl<'t> Pass<'_, 't> {
    fn run(&mut self, root: Node<'t>) {
        let mut cursor = root.walk();
        loop {
            let node = cursor.node();
            let role = self.grammar.role(node);
            // Asking for the field of every node would take as long as the rest of the walk.
            let field = if needs_field(role) { cursor.field_id().map(NonZeroU16::get) } else { None };
            if self.enter(node, role, field) && cursor.goto_first_child() {
                let is_error = node.kind_id() == ERROR;
                self.around.push(Surrounding { node, field, is_error });
                self.error_depth += usize::from(is_error);
                continue;
            }
            loop {
                if self.enclosing.last().is_some_and(|enclosing| enclosing.depth == self.around.len()) {
                    self.enclosing.pop();
                }
                if self.template_depth == Some(self.around.len()) {
                    self.template_depth = None;
                }
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return;
                }
                let left = self.around.pop();
                self.error_depth -= usize::from(left.is_some_and(|left| left.is_error));
            }
        }
    }

    /// Notes what the node is, and tells whether to look at its children.
    fn enter(&mut self, node: Node<'t>, role: Role, field: Option<u16>) -> bool {
        let grammar = self.grammar;
        match role {
            Role::Comment if self.template_depth.is_none() => {
                let text = self.source.as_str().as_bytes();
                let span = comments::span(text, node.start_byte(), node.end_byte(), self.findings.spans.last());
                self.findings.spans.push(span);
                false
            }
            Role::String | Role::Template if self.template_depth.is_none() => {
                if self.rows.are_several(node) {
                    let end = node.end_byte().min(self.source.as_str().len());
                    let (start, end) = (offset(node.start_byte()), offset(end));
                    self.findings.spans.push(SyntaxSpan { kind: SpanKind::Verbatim, start, end });
                }
                let may_hold_code = role == Role::Template;
                self.template_depth = may_hold_code.then_some(self.around.len());
                may_hold_code
            }
            Role::Class | Role::Function | Role::Method | Role::ClassValue | Role::FunctionValue => {
                self.enter_definition(node, field, role);
                true
            }
            Role::ObjectValue => {
                if let Some(bound) = header::bound(grammar, node, field, &self.around) {
                    let binding = grammar.binding(bound.binding).expect("only what is bound has a binding");
                    let name = owner::of_binding(binding, bound.binding, self.source.as_str());
                    self.enclose(None, Some(name.unwrap_or_else(|| Arc::from(owner::ANONYMOUS))));
                }
                true
            }
            _ => {
                if let Some(owner) = grammar.owner(node) {
                    let name = owner::name(owner, node, self.source.as_str());
                    self.enclose(owner.is_class.then_some(true), Some(name));
                }
                true
            }
        }
    }

    fn enclose(&mut self, is_class: Option<bool>, name: Option<Arc<str>>) {
        self.enclosing.push(Enclosing { depth: self.around.len(), is_class, name });
    }

    fn enter_definition(&mut self, node: Node<'t>, field: Option<u16>, role: Role) {
        let is_value = matches!(role, Role::ClassValue | Role::FunctionValue);
        let is_class = matches!(role, Role::Class | Role::ClassValue);
        let Some(body) = self.grammar.body(node) else { return };
        let bound = if is_value { header::bound(self.grammar, node, field, &self.around) } else { None };
        let declaration = match &bound {
            Some(bound) => bound.declaration,
            None if is_value && node.child_by_field_name("name").is_none() => {
                if is_class {
                    self.enclose(Some(true), Some(Arc::from(owner::ANONYMOUS)));
                }
                return;
            }
            None => header::group(self.grammar, node, &self.around),
        };
        let is_whole = !node.has_error() && bound.is_none_or(|bound| !bound.binding.has_error());
        if self.enclosing.len() >= MAX_DEFINITION_DEPTH {
            let line = offset(self.rows.start(node) + 1);
            let reason = format!("definitions nested more than {MAX_DEFINITION_DEPTH} deep");
            self.findings.problem.get_or_insert(Problem { line, reason });
        } else if is_whole && self.is_outside_of_errors(declaration) {
            let start = header::start(self.grammar, declaration);
            let symbol = self.symbol((start, node, body), role);
            self.findings.symbols.push(symbol);
            return self.enclose(Some(is_class), None);
        }
        let name = node.child_by_field_name("name").and_then(|name| self.source.as_str().get(name.byte_range()));
        self.enclose(Some(is_class), Some(Arc::from(name.unwrap_or(owner::ANONYMOUS))));
    }

    /// Whether what is around a declaration can be trusted. Error recovery opens and closes blocks at will; what begins its
    /// line stands where it seems to stand.
    fn is_outside_of_errors(&self, declaration: Node<'t>) -> bool {
        if self.error_depth == 0 {
            return true;
        }
        let error = self.around.iter().rposition(|outer| outer.is_error);
        let inner = error.and_then(|error| self.around.get(error + 1)).map_or(declaration, |inner| inner.node);
        let before = &self.source.as_str().as_bytes()[..inner.start_byte()];
        matches!(before.last(), None | Some(b'\n' | b'\r'))
    }

    fn symbol(&self, (start, node, body): (Node<'t>, Node<'t>, usize), role: Role) -> Symbol {
        let is_in_class = self.enclosing.iter().rev().find_map(|enclosing| enclosing.is_class).unwrap_or(false);
        let kind = match role {
            Role::Class | Role::ClassValue => SymbolKind::Class,
            Role::Method => SymbolKind::Method,
            _ if is_in_class => SymbolKind::Method,
            _ => SymbolKind::Function,
        };
        let header_end = header::end(self.grammar, node, body);
        let header = &self.source.as_str()[start.start_byte()..header_end.max(start.start_byte())];
        let header_end = start.start_byte() + header.trim_end().len();
        let last_row = self.rows.end(node);
        let ends_before = node.end_position().column == 0 && last_row > self.rows.start(node);
        Symbol {
            kind,
            signature: Some(self.source.slice(offset(start.start_byte())..offset(header_end))),
            start_line: offset(self.rows.start(start) + 1),
            end_line: offset(last_row + usize::from(!ends_before)),
            owner: self.owner(),
        }
    }

    /// The names of what stands around a definition inside of the innermost record.
    fn owner(&self) -> Option<Arc<str>> {
        let inner = self.enclosing.iter().rev().take_while(|enclosing| enclosing.name.is_some());
        let mut names: Vec<&str> = inner.filter_map(|enclosing| enclosing.name.as_deref()).collect();
        names.reverse();
        if names.is_empty() { None } else { Some(Arc::from(names.join("."))) }
    }
}

fn offset(position: usize) -> u32 {
    u32::try_from(position).expect("a source text is shorter than 4 GiB")
}
