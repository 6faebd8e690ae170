//! One pass over the syntax tree: definitions, spans for normalization, and what is broken.
//!
//! The pass goes into whatever spans several lines or can hold a statement; an expression on one line holds nothing
//! that it looks for, and most of a tree is such expressions.

use cds_model::{SourceText, SpanKind, Symbol, SymbolKind, SyntaxSpan};
use tree_sitter::Node;

use super::{
    Parsed, broken, definitions,
    string_statements::{StatementRow, is_only_string},
    syntax::{Role, role},
};
use crate::{Findings, Problem, rows::Rows};

/// Python itself refuses more than 100 levels of indentation.
const MAX_DEFINITION_DEPTH: usize = 100;

/// Walks the tree of `parsed`, a text made of `source`.
pub(super) fn walk(parsed: &Parsed<'_>, source: &SourceText) -> Findings {
    let root = parsed.tree.root_node();
    let mut pass = Pass {
        source,
        text: &parsed.text,
        rows: if parsed.has_rows_of_source { Rows::OfTree } else { Rows::Of(source) },
        in_broken_tree: root.has_error(),
        around: Vec::new(),
        row: StatementRow::default(),
        enclosing: Vec::new(),
        findings: Findings::default(),
    };
    if pass.in_broken_tree {
        pass.findings.problem = Some(broken::first_problem(root, pass.rows));
    }
    for (hidden, kind) in [(&parsed.comments, SpanKind::Noise), (&parsed.continuations, SpanKind::Continuation)] {
        for range in hidden {
            pass.push_span(kind, range.start, range.end);
        }
    }
    pass.run(root);
    let mut findings = pass.findings;
    findings.symbols.sort_by_key(|symbol| (symbol.start_line, std::cmp::Reverse(symbol.end_line)));
    findings.spans = disjoint(findings.spans);
    findings
}

struct Pass<'s> {
    source: &'s SourceText,
    /// What the tree is of; as long as the source.
    text: &'s [u8],
    rows: Rows<'s>,
    in_broken_tree: bool,
    /// What is around the present node, outermost first. Asking the tree for a parent would search it from the root.
    around: Vec<Surrounding>,
    row: StatementRow,
    /// The definitions around the present node, each with its depth in the tree.
    enclosing: Vec<(usize, Role)>,
    findings: Findings,
}

impl Pass<'_> {
    fn run(&mut self, root: Node<'_>) {
        let mut cursor = root.walk();
        loop {
            let node = cursor.node();
            if self.enter(node) && cursor.goto_first_child() {
                self.around.push(Surrounding::of(node));
                continue;
            }
            loop {
                if self.enclosing.last().is_some_and(|(depth, _)| *depth == self.around.len()) {
                    self.enclosing.pop();
                }
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return;
                }
                self.around.pop();
            }
        }
    }

    /// Notes what the node is, and tells whether to look at its children.
    fn enter(&mut self, node: Node<'_>) -> bool {
        let role = role(node);
        match role {
            Role::Comment if self.around.last().is_some_and(|parent| parent.is_error) => {}
            Role::Comment => {
                // The grammar takes the first half of `\r\n` for a part of the comment.
                let line_break = usize::from(self.text[node.byte_range()].ends_with(b"\r"));
                self.push_span(SpanKind::Noise, node.start_byte(), node.end_byte() - line_break);
            }
            Role::Continuation => self.push_span(SpanKind::Continuation, node.start_byte(), node.end_byte()),
            Role::Separator => self.row.semicolon(node, self.source.as_str(), self.rows, &mut self.findings.spans),
            Role::ExpressionStatement if is_only_string(node) => {
                self.row.string_statement(node, self.rows, &mut self.findings.spans);
                return false;
            }
            _ => {
                self.row.other();
                return self.enter_code(node, role);
            }
        }
        self.rows.are_several(node)
    }

    fn enter_code(&mut self, node: Node<'_>, role: Role) -> bool {
        match role {
            Role::Class | Role::Function => self.enter_definition(node, role),
            Role::Container | Role::Block | Role::Decorated => true,
            // Of several literals side by side, those that span lines are met one by one.
            Role::String => {
                if self.rows.are_several(node) {
                    self.push_span(SpanKind::Verbatim, node.start_byte(), node.end_byte());
                }
                false
            }
            _ => self.rows.are_several(node),
        }
    }

    fn enter_definition(&mut self, node: Node<'_>, role: Role) -> bool {
        if self.enclosing.len() >= MAX_DEFINITION_DEPTH {
            let line = line_of_row(self.rows.start(node));
            let reason = format!("definitions nested more than {MAX_DEFINITION_DEPTH} deep");
            self.findings.problem.get_or_insert(Problem { line, reason });
        } else if !self.in_broken_tree || broken::is_trustworthy(node, &self.around, self.text) {
            let symbol = self.symbol(node, role);
            self.findings.symbols.push(symbol);
        }
        self.enclosing.push((self.around.len(), role));
        true
    }

    fn symbol(&self, node: Node<'_>, role: Role) -> Symbol {
        let kind = match (role, self.enclosing.last()) {
            (Role::Class, _) => SymbolKind::Class,
            (_, Some((_, Role::Class))) => SymbolKind::Method,
            _ => SymbolKind::Function,
        };
        let signature = offset(node.start_byte())..offset(definitions::header_end(node));
        Symbol {
            kind,
            signature: Some(self.source.slice(signature)),
            start_line: line_of_row(self.rows.start(node)),
            end_line: line_of_row(self.rows.end(definitions::last_code(node))),
            owner: None,
        }
    }

    fn push_span(&mut self, kind: SpanKind, start: usize, end: usize) {
        self.findings.spans.push(SyntaxSpan { kind, start: offset(start), end: offset(end) });
    }
}

/// What is remembered of a node while its children are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surrounding {
    pub(super) role: Role,
    pub(super) is_error: bool,
    pub(super) is_block: bool,
    pub(super) start: usize,
}

impl Surrounding {
    fn of(node: Node<'_>) -> Self {
        let role = role(node);
        Self { role, is_error: node.is_error(), is_block: role == Role::Block, start: node.start_byte() }
    }
}

fn line_of_row(row: usize) -> u32 {
    offset(row + 1)
}

fn offset(position: usize) -> u32 {
    u32::try_from(position).expect("a source text is shorter than 4 GiB")
}

/// Sorts the spans; where two overlap (string statements that share a semicolon) the later begins after the earlier.
fn disjoint(mut spans: Vec<SyntaxSpan>) -> Vec<SyntaxSpan> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut covered = 0;
    spans.retain_mut(|span| {
        span.start = span.start.max(covered);
        covered = covered.max(span.end);
        span.start < span.end
    });
    spans
}
