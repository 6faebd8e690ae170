//! What the node kinds of the grammar mean to us. This table is all that knows their names.

use std::sync::LazyLock;

use tree_sitter::{Language, Node};

/// What a node is for the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `class …`
    Class,
    /// `def …`, `async def …`
    Function,
    /// Something that can hold a statement or a comment without spanning lines.
    Container,
    /// A statement that is an expression.
    ExpressionStatement,
    /// A string literal, or several side by side.
    String,
    /// `( … )`
    Parentheses,
    /// The `{ … }` of a formatted string.
    Interpolation,
    /// `# …`
    Comment,
    /// A backslash before a line break.
    Continuation,
    /// `;`
    Semicolon,
    /// `:`
    Colon,
    /// The node of a decorated definition, around it.
    Decorated,
    /// Whatever else.
    Other,
}

const NAMED: &[(&str, Role)] = &[
    ("class_definition", Role::Class),
    ("function_definition", Role::Function),
    ("decorated_definition", Role::Decorated),
    ("expression_statement", Role::ExpressionStatement),
    ("string", Role::String),
    ("concatenated_string", Role::String),
    ("parenthesized_expression", Role::Parentheses),
    ("interpolation", Role::Interpolation),
    ("comment", Role::Comment),
    ("line_continuation", Role::Continuation),
    // It ends with its line, a comment behind it included.
    ("decorator", Role::Container),
    ("module", Role::Container),
    ("block", Role::Container),
    ("if_statement", Role::Container),
    ("elif_clause", Role::Container),
    ("else_clause", Role::Container),
    ("for_statement", Role::Container),
    ("while_statement", Role::Container),
    ("try_statement", Role::Container),
    ("except_clause", Role::Container),
    ("finally_clause", Role::Container),
    ("with_statement", Role::Container),
    ("match_statement", Role::Container),
    ("case_clause", Role::Container),
];

const TOKENS: &[(&str, Role)] = &[(";", Role::Semicolon), (":", Role::Colon)];

static LANGUAGE: LazyLock<Language> = LazyLock::new(|| tree_sitter_python::LANGUAGE.into());

static ROLES: LazyLock<Vec<Role>> = LazyLock::new(|| {
    let mut roles = vec![Role::Other; LANGUAGE.node_kind_count()];
    // Several ids can share a name, as an alias has one of its own.
    for id in 0..u16::try_from(roles.len()).expect("kind ids are 16 bits") {
        let table = if LANGUAGE.node_kind_is_named(id) { NAMED } else { TOKENS };
        let name = LANGUAGE.node_kind_for_id(id);
        if let Some((_, role)) = table.iter().find(|(known, _)| Some(*known) == name) {
            roles[usize::from(id)] = *role;
        }
    }
    roles
});

pub(super) fn language() -> &'static Language {
    &LANGUAGE
}

/// The role of a node; an error node has the role [`Role::Other`].
pub(super) fn role(node: Node<'_>) -> Role {
    ROLES.get(usize::from(node.kind_id())).copied().unwrap_or(Role::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_table_is_in_the_grammar() {
        for (name, _) in NAMED {
            assert_ne!(LANGUAGE.id_for_node_kind(name, true), 0, "{name}");
        }
        for (name, _) in TOKENS {
            assert_ne!(LANGUAGE.id_for_node_kind(name, false), 0, "{name}");
        }
    }
}
