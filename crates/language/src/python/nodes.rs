//! What the node kinds of Python's grammar are for.

use crate::nodes::NodeRole;

/// Nodes with a name in the grammar.
pub(super) const NODES: &[(&str, NodeRole)] = &[
    ("class_definition", NodeRole::Class),
    ("function_definition", NodeRole::Function),
    ("decorated_definition", NodeRole::Decorated),
    ("expression_statement", NodeRole::ExpressionStatement),
    ("string", NodeRole::String),
    ("concatenated_string", NodeRole::Strings),
    ("parenthesized_expression", NodeRole::Parentheses),
    ("interpolation", NodeRole::Interpolation),
    ("comment", NodeRole::Comment),
    ("line_continuation", NodeRole::Continuation),
    ("block", NodeRole::Block),
    // It ends with its line, a comment behind it included.
    ("decorator", NodeRole::Container),
    ("module", NodeRole::Container),
    ("if_statement", NodeRole::Container),
    ("elif_clause", NodeRole::Container),
    ("else_clause", NodeRole::Container),
    ("for_statement", NodeRole::Container),
    ("while_statement", NodeRole::Container),
    ("try_statement", NodeRole::Container),
    ("except_clause", NodeRole::Container),
    ("finally_clause", NodeRole::Container),
    ("with_statement", NodeRole::Container),
    ("match_statement", NodeRole::Container),
    ("case_clause", NodeRole::Container),
];

/// Nodes that are one mark.
pub(super) const MARKS: &[(&str, NodeRole)] = &[(";", NodeRole::Separator), (":", NodeRole::HeaderEnd)];
