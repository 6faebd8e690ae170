//! What the nodes of Python's grammar are for: their ids, from the names that the language gives.

use std::sync::LazyLock;

pub(super) use cds_language::NodeRole as Role;
use cds_language::python::PYTHON;
use tree_sitter::{Language, Node};

static LANGUAGE: LazyLock<Language> = LazyLock::new(|| tree_sitter_python::LANGUAGE.into());

static ROLES: LazyLock<Vec<Role>> = LazyLock::new(|| {
    let mut roles = vec![Role::Other; LANGUAGE.node_kind_count()];
    // Several ids can share a name, as an alias has one of its own.
    for id in 0..u16::try_from(roles.len()).expect("kind ids are 16 bits") {
        let table = if LANGUAGE.node_kind_is_named(id) { PYTHON.nodes } else { PYTHON.mark_nodes };
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
        for (name, _) in PYTHON.nodes {
            assert_ne!(LANGUAGE.id_for_node_kind(name, true), 0, "{name}");
        }
        for (name, _) in PYTHON.mark_nodes {
            assert_ne!(LANGUAGE.id_for_node_kind(name, false), 0, "{name}");
        }
    }
}
