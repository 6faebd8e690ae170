//! From code to sentence, by the kind of the code.

use cds_model::SymbolKind;

use super::{container, function};

/// The sentence about `code`; none where the code has no token at all.
pub(super) fn describe(kind: SymbolKind, code: &str) -> Option<String> {
    match kind {
        SymbolKind::File => container::describe_file(code),
        SymbolKind::Class => container::describe_class(code),
        SymbolKind::Function => function::describe(code, false),
        SymbolKind::Method => function::describe(code, true),
    }
}
