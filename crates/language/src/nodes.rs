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
    /// A string literal that may have code in it.
    Template,
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
    /// A function that is always a method, as one with a receiver.
    Method,
    /// A function as a value: a record where it is bound to a name or has one.
    FunctionValue,
    /// A class as a value.
    ClassValue,
    /// A value with members, which names them where it is bound to a name.
    ObjectValue,
    /// What may stand between a value and what gives it a name, as parentheses.
    Wrapper,
    /// Values side by side; one that stands there alone may be bound to a name.
    ValueList,
    /// What stands around what gives values names. A record begins with it, if its own is the first.
    BindingGroup,
    /// A decorator, annotation or attribute: it stands before a record.
    Annotation,
    /// Annotations and other words before a declaration.
    Modifiers,
    /// Whatever else.
    Other,
}
