//! What the node kinds of JavaScript's grammar are for, and of TypeScript's with it.

use crate::{
    nodes::NodeRole,
    syntax::{BindingNode, DefinitionNode, OwnerNode, Syntax},
};

/// Nodes with a role of their own.
pub(crate) const NODES: &[(&str, NodeRole)] = &[
    ("comment", NodeRole::Comment),
    ("html_comment", NodeRole::Comment),
    ("hash_bang_line", NodeRole::Comment),
    ("string", NodeRole::String),
    ("template_string", NodeRole::Template),
    ("regex", NodeRole::String),
    ("decorator", NodeRole::Annotation),
    ("object", NodeRole::ObjectValue),
    ("parenthesized_expression", NodeRole::Wrapper),
    ("lexical_declaration", NodeRole::BindingGroup),
    ("variable_declaration", NodeRole::BindingGroup),
];

/// What both grammars have.
pub(crate) const DEFINITIONS: &[DefinitionNode] = &[
    DefinitionNode::new("class_declaration", NodeRole::Class),
    DefinitionNode::new("class", NodeRole::ClassValue),
    DefinitionNode::new("function_declaration", NodeRole::Function),
    DefinitionNode::new("generator_function_declaration", NodeRole::Function),
    DefinitionNode::new("function_expression", NodeRole::FunctionValue),
    DefinitionNode::new("generator_function", NodeRole::FunctionValue),
    DefinitionNode::new("arrow_function", NodeRole::FunctionValue),
    DefinitionNode::new("method_definition", NodeRole::Function),
];

pub(super) const SYNTAX: Syntax = Syntax {
    grammars: &[],
    definitions: DEFINITIONS,
    owners: NO_OWNERS,
    bindings: &[
        BindingNode { node: "variable_declarator", name: "name", value: "value" },
        BindingNode { node: "pair", name: "key", value: "value" },
        BindingNode { node: "field_definition", name: "property", value: "value" },
        BindingNode { node: "assignment_expression", name: "left", value: "right" },
        BindingNode { node: "export_statement", name: "", value: "value" },
    ],
    unnamed_export: "default",
    rewrite: Some(super::rewrite::readable),
    needs_last_line_break: false,
    misread: &[],
};

const NO_OWNERS: &[OwnerNode] = &[];
