//! TypeScript, with TSX: what it adds to JavaScript.

use crate::{
    generated::GeneratedMarks,
    javascript::{
        EVERYDAY_CALL_BEGINNINGS, EVERYDAY_CALLS, IDIOMS, LEXICON, NAMING, STATEMENTS, TESTS,
        nodes::NODES as SHARED_NODES, rewrite::readable,
    },
    language::{Docs, Files, Language},
    nodes::NodeRole,
    notation::Notation,
    syntax::{BindingNode, DefinitionNode, OwnerNode, Syntax},
};

/// All that is known about TypeScript.
pub static TYPESCRIPT: Language = Language {
    id: "typescript",
    name: "TypeScript",
    files: Files {
        endings: &["ts", "mts", "cts", "tsx"],
        names: &[],
        interpreters: &["ts-node", "tsx", "deno", "bun"],
    },
    lexicon: &LEXICON,
    statements: STATEMENTS,
    naming: NAMING,
    idioms: IDIOMS,
    docs: Docs::Comments,
    notation: Notation { form: None, canonical: None },
    tests: TESTS,
    generated: GeneratedMarks {
        scaffolds: &["create-react-app", "nx"],
        docstring_prefixes: &[],
        ends: &[".d"],
        longest_line: 2_000,
    },
    everyday_calls: EVERYDAY_CALLS,
    everyday_call_beginnings: EVERYDAY_CALL_BEGINNINGS,
    nodes: NODES,
    mark_nodes: &[],
    syntax: SYNTAX,
    head_lines: &["#!", "\"use strict\"", "'use strict'"],
    foreign_marks: &[],
};

const NODES: &[(&str, NodeRole)] = &{
    let mut nodes = [("", NodeRole::Other); SHARED_NODES.len() + OWN_NODES.len()];
    let mut place = 0;
    while place < nodes.len() {
        nodes[place] =
            if place < SHARED_NODES.len() { SHARED_NODES[place] } else { OWN_NODES[place - SHARED_NODES.len()] };
        place += 1;
    }
    nodes
};

const OWN_NODES: &[(&str, NodeRole)] = &[
    ("as_expression", NodeRole::Wrapper),
    ("satisfies_expression", NodeRole::Wrapper),
    ("non_null_expression", NodeRole::Wrapper),
];

const SYNTAX: Syntax = Syntax {
    grammars: &[("tsx", "tsx")],
    definitions: &[
        DefinitionNode::new("class_declaration", NodeRole::Class),
        DefinitionNode::new("abstract_class_declaration", NodeRole::Class),
        DefinitionNode::new("interface_declaration", NodeRole::Class),
        DefinitionNode::new("enum_declaration", NodeRole::Class),
        DefinitionNode::new("class", NodeRole::ClassValue),
        DefinitionNode::new("function_declaration", NodeRole::Function),
        DefinitionNode::new("generator_function_declaration", NodeRole::Function),
        DefinitionNode::new("function_expression", NodeRole::FunctionValue),
        DefinitionNode::new("generator_function", NodeRole::FunctionValue),
        DefinitionNode::new("arrow_function", NodeRole::FunctionValue),
        DefinitionNode::new("method_definition", NodeRole::Function),
    ],
    owners: &[
        OwnerNode { node: "internal_module", is_class: false, name: "name", implements: "" },
        OwnerNode { node: "module", is_class: false, name: "name", implements: "" },
    ],
    bindings: &[
        BindingNode { node: "variable_declarator", name: "name", value: "value" },
        BindingNode { node: "pair", name: "key", value: "value" },
        BindingNode { node: "public_field_definition", name: "name", value: "value" },
        BindingNode { node: "assignment_expression", name: "left", value: "right" },
        BindingNode { node: "export_statement", name: "", value: "value" },
    ],
    unnamed_export: "default",
    rewrite: Some(readable),
    needs_last_line_break: false,
    misread: &[">`"],
};
