//! The tables of one grammar: for each node kind what the language says about it.

use std::num::NonZeroU16;

use cds_language::{Language, NodeRole as Role, Part as NamedPart};
use tree_sitter::Node;

/// A grammar and what the language says about its nodes.
pub(crate) struct Grammar {
    pub(crate) parser_language: tree_sitter::Language,
    pub(crate) language: &'static Language,
    /// See [`Analyzer::version`](crate::Analyzer::version).
    pub(crate) version: &'static str,
    /// By kind.
    roles: Vec<Role>,
    /// By kind, the place of its details among the lists below.
    details: Vec<Option<Details>>,
    definitions: Vec<Definition>,
    owners: Vec<Owner>,
    bindings: Vec<Binding>,
}

#[derive(Clone, Copy)]
enum Details {
    Definition(usize),
    Owner(usize),
    Binding(usize),
}

type Field = Option<NonZeroU16>;

pub(crate) struct Definition {
    pub(crate) bodies: Vec<Part>,
}

pub(crate) struct Owner {
    pub(crate) is_class: bool,
    pub(crate) name: Field,
    pub(crate) implements: Field,
}

pub(crate) struct Binding {
    pub(crate) name: Field,
    pub(crate) value: Field,
}

pub(crate) enum Part {
    Field(Field),
    FieldOf(Field, Vec<u16>),
    BraceOf(Field, Vec<u16>),
    Kind(u16),
    Behind(u16),
    Holding(Field, Field),
}

impl Grammar {
    /// The tables of `language` for one of its grammars. What this grammar does not have, another one of it does.
    pub(crate) fn new(
        language: &'static Language,
        (parser_language, version): (tree_sitter::Language, &'static str),
    ) -> Self {
        let kind_count = parser_language.node_kind_count();
        let mut grammar = Self {
            parser_language,
            language,
            version,
            roles: vec![Role::Other; kind_count],
            details: vec![None; kind_count],
            definitions: Vec::new(),
            owners: Vec::new(),
            bindings: Vec::new(),
        };
        for (name, role) in language.nodes {
            grammar.set(name, *role, None);
        }
        let syntax = &language.syntax;
        for node in syntax.definitions {
            let bodies = node.bodies.iter().map(|part| grammar.part(part)).collect();
            grammar.set(node.node, node.role, Some(Details::Definition(grammar.definitions.len())));
            grammar.definitions.push(Definition { bodies });
        }
        for node in syntax.owners {
            let (name, implements) = (grammar.field(node.name), grammar.field(node.implements));
            grammar.set(node.node, Role::Other, Some(Details::Owner(grammar.owners.len())));
            grammar.owners.push(Owner { is_class: node.is_class, name, implements });
        }
        for node in syntax.bindings {
            let (name, value) = (grammar.field(node.name), grammar.field(node.value));
            grammar.set(node.node, Role::Other, Some(Details::Binding(grammar.bindings.len())));
            grammar.bindings.push(Binding { name, value });
        }
        grammar
    }

    fn set(&mut self, name: &str, role: Role, details: Option<Details>) {
        for kind in self.kinds(name) {
            self.roles[usize::from(kind)] = role;
            self.details[usize::from(kind)] = details;
        }
    }

    /// All kinds of a name; an alias has one of its own.
    fn kinds(&self, name: &str) -> Vec<u16> {
        let count = u16::try_from(self.parser_language.node_kind_count()).expect("kind ids are 16 bits");
        let is_kind = |&id: &u16| {
            self.parser_language.node_kind_is_named(id) && self.parser_language.node_kind_for_id(id) == Some(name)
        };
        (0..count).filter(is_kind).collect()
    }

    fn field(&self, name: &str) -> Field {
        self.parser_language.field_id_for_name(name)
    }

    fn part(&self, part: &NamedPart) -> Part {
        match *part {
            NamedPart::Field(field) => Part::Field(self.field(field)),
            NamedPart::FieldOf(field, kinds) => {
                Part::FieldOf(self.field(field), kinds.iter().flat_map(|kind| self.kinds(kind)).collect())
            }
            NamedPart::BraceOf(field, kinds) => {
                Part::BraceOf(self.field(field), kinds.iter().flat_map(|kind| self.kinds(kind)).collect())
            }
            NamedPart::Kind(kind) => Part::Kind(self.kinds(kind).first().copied().unwrap_or(u16::MAX)),
            NamedPart::Behind(kind) => Part::Behind(self.kinds(kind).first().copied().unwrap_or(u16::MAX)),
            NamedPart::Holding(field, inner) => Part::Holding(self.field(field), self.field(inner)),
        }
    }

    /// The role of a node; an error node has the role [`Role::Other`].
    pub(crate) fn role(&self, node: Node<'_>) -> Role {
        self.roles.get(usize::from(node.kind_id())).copied().unwrap_or(Role::Other)
    }

    pub(crate) fn definition(&self, node: Node<'_>) -> Option<&Definition> {
        match self.details(node)? {
            Details::Definition(place) => Some(&self.definitions[place]),
            _ => None,
        }
    }

    pub(crate) fn owner(&self, node: Node<'_>) -> Option<&Owner> {
        match self.details(node)? {
            Details::Owner(place) => Some(&self.owners[place]),
            _ => None,
        }
    }

    pub(crate) fn binding(&self, node: Node<'_>) -> Option<&Binding> {
        match self.details(node)? {
            Details::Binding(place) => Some(&self.bindings[place]),
            _ => None,
        }
    }

    fn details(&self, node: Node<'_>) -> Option<Details> {
        self.details.get(usize::from(node.kind_id())).copied().flatten()
    }

    /// Where the first body of a definition begins that is there.
    pub(crate) fn body(&self, node: Node<'_>) -> Option<usize> {
        self.definition(node)?.bodies.iter().find_map(|part| part.start(node))
    }
}

/// The child of a node in a field.
pub(crate) fn child(node: Node<'_>, field: Field) -> Option<Node<'_>> {
    node.child_by_field_id(field?.get())
}

impl Part {
    /// The first byte of the part, if the node has it.
    fn start(&self, node: Node<'_>) -> Option<usize> {
        let part = match self {
            Self::Field(field) => child(node, *field),
            Self::FieldOf(field, kinds) => child(node, *field).filter(|child| kinds.contains(&child.kind_id())),
            Self::BraceOf(field, kinds) => {
                child(node, *field).filter(|child| kinds.contains(&child.kind_id())).map(opening_brace)
            }
            Self::Kind(kind) => child_of_kind(node, *kind),
            Self::Behind(kind) => return child_of_kind(node, *kind).map(|child| child.end_byte()),
            Self::Holding(field, inner) => child(node, *field).filter(|part| {
                let mut cursor = part.walk();
                part.children(&mut cursor).any(|grandchild| child(grandchild, *inner).is_some())
            }),
        };
        part.map(|part| part.start_byte())
    }
}

fn child_of_kind(node: Node<'_>, kind: u16) -> Option<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).find(|child| child.kind_id() == kind)
}

/// The brace that opens the members of a node, or a list of them; the node itself if there is none.
fn opening_brace(node: Node<'_>) -> Node<'_> {
    let mut cursor = node.walk();
    let opens = |child: &Node<'_>| child.kind() == "{" || child.child(0).is_some_and(|first| first.kind() == "{");
    node.children(&mut cursor).find(opens).unwrap_or(node)
}
