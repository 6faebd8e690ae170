//! What the nodes of a syntax tree are for, whatever a grammar calls them.

/// What a node is for the walk over a syntax tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeRole {
    /// A definition that holds members under its name.
    Class,
    /// A definition with a body that can be called.
    Function,
    /// Something that can hold a statement or a comment without spanning lines.
    Container,
    /// The statements that belong to a header.
    Block,
    /// A statement that is an expression.
    ExpressionStatement,
    /// One string literal.
    String,
    /// Several string literals side by side.
    Strings,
    /// An expression in parentheses.
    Parentheses,
    /// A field of a string literal with an expression in it.
    Interpolation,
    /// A comment.
    Comment,
    /// What takes a line break away.
    Continuation,
    /// The mark between two statements.
    Separator,
    /// The mark that ends a header.
    HeaderEnd,
    /// What stands around a definition together with its decorators.
    Decorated,
    /// Whatever else.
    Other,
}
