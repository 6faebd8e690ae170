//! Chooses the sentence by the kind of code.

use cds_language::Language;
use cds_model::SymbolKind;

use super::{container, function};

/// Each sentence begins with one of these.
pub(super) const SUBJECTS: [&str; 6] = [
    container::FILE,
    container::CLASS,
    function::FUNCTION,
    function::METHOD,
    function::ASYNC_FUNCTION,
    function::ASYNC_METHOD,
];

/// The sentence about `code`; `None` if the code has no token.
pub(super) fn describe(language: &'static Language, kind: SymbolKind, code: &str) -> Option<String> {
    match kind {
        SymbolKind::File => container::describe_file(language, code),
        SymbolKind::Class => container::describe_class(language, code),
        SymbolKind::Function => function::describe(language, code, false),
        SymbolKind::Method => function::describe(language, code, true),
    }
}
