//! What of a syntax tree is a definition, as data for the analyzer that reads most languages.
//!
//! Node kinds and fields have the names that the grammar gives them. A record begins where its declaration begins, behind
//! annotations, and its header ends where its body begins.

use crate::NodeRole;

/// The nodes of a grammar that make definitions, and those that name what stands inside.
#[derive(Debug, Clone, Copy)]
pub struct Syntax {
    /// Endings of names whose files have a grammar of their own, with its name. All others have the grammar that is named
    /// like the language.
    pub grammars: &'static [(&'static str, &'static str)],
    /// What may become a record.
    pub definitions: &'static [DefinitionNode],
    /// What is no record, and names what stands in it.
    pub owners: &'static [OwnerNode],
    /// What gives a value a name.
    pub bindings: &'static [BindingNode],
    /// The name of a value that is exported without one.
    pub unnamed_export: &'static str,
    /// Writes what the grammar does not read in words that it reads, of the same length; `None` where nothing changes.
    pub rewrite: Option<RewriteText>,
    /// Whether the grammar reads the last line only with a line break behind it.
    pub needs_last_line_break: bool,
    /// What the grammar reads wrongly without an error; a text that holds one of them is rewritten in any case.
    pub misread: &'static [&'static str],
}

/// Writes a text in other words of the same length; `None` where nothing changes.
pub type RewriteText = fn(&str) -> Option<Vec<u8>>;

impl Syntax {
    /// For a language that has an analyzer of its own.
    pub const NONE: Self = Self {
        grammars: &[],
        definitions: &[],
        owners: &[],
        bindings: &[],
        unnamed_export: "",
        rewrite: None,
        needs_last_line_break: false,
        misread: &[],
    };
}

/// A node that may become a record.
#[derive(Debug, Clone, Copy)]
pub struct DefinitionNode {
    /// Its kind.
    pub node: &'static str,
    /// What it becomes: [`NodeRole::Class`], [`NodeRole::Function`], [`NodeRole::Method`], or a value.
    pub role: NodeRole,
    /// Where its body is. The first that is there ends the header; a node without any is no record.
    pub bodies: &'static [Part],
}

impl DefinitionNode {
    /// A definition whose body is in the field `body`.
    pub const fn new(node: &'static str, role: NodeRole) -> Self {
        Self { node, role, bodies: &[Part::Field("body")] }
    }
}

/// A part of a node.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// The child in a field.
    Field(&'static str),
    /// The child in a field, if it is of one of these kinds.
    FieldOf(&'static str, &'static [&'static str]),
    /// The brace that opens the child in a field, if that is of one of these kinds.
    BraceOf(&'static str, &'static [&'static str]),
    /// The child of a kind.
    Kind(&'static str),
    /// What stands behind the child of a kind.
    Behind(&'static str),
    /// The child in a field, if one of its own children has something in this other field.
    Holding(&'static str, &'static str),
}

/// A node that is no record, and that names what stands in it.
#[derive(Debug, Clone, Copy)]
pub struct OwnerNode {
    /// Its kind.
    pub node: &'static str,
    /// Whether functions in it are methods.
    pub is_class: bool,
    /// The field with its name; empty for one that has none.
    pub name: &'static str,
    /// The field with what it implements, which tells several of one name from each other; empty where there is none.
    pub implements: &'static str,
}

/// A node that gives a value a name.
#[derive(Debug, Clone, Copy)]
pub struct BindingNode {
    /// Its kind.
    pub node: &'static str,
    /// The field with the name; empty for the first child.
    pub name: &'static str,
    /// The field with the value; empty for any child.
    pub value: &'static str,
}
