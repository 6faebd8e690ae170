//! The examples at the start of every conversation: short, different from each other, and from no code base.

use cds_model::SymbolKind;

/// A piece of code and its ideal intent.
pub(super) struct Example {
    pub(super) kind: SymbolKind,
    pub(super) code: &'static str,
    pub(super) intent: &'static str,
    /// Names in its code that mean nothing else.
    pub(super) names: &'static [&'static str],
}

pub(super) const EXAMPLES: [Example; 3] = [
    Example {
        kind: SymbolKind::Function,
        code: "\
def read_rows(path):
    with open(path, newline='') as stream:
        return list(csv.DictReader(stream))",
        intent: "Reads a CSV file and returns its rows as dictionaries.",
        names: &["read_rows", "DictReader"],
    },
    Example {
        kind: SymbolKind::Method,
        code: "\
def is_expired(self, now):
    return now - self.created >= self.lifetime",
        intent: "Tells whether the lifetime of the object is over at a given moment.",
        names: &["is_expired"],
    },
    Example {
        kind: SymbolKind::Class,
        code: "\
class RetryPolicy:
    def __init__(self, attempts, pause):
        self.attempts = attempts
        self.pause = pause

    def pause_before(self, attempt):
        return self.pause * 2 ** attempt",
        intent: "Holds how often an operation is retried and computes the growing pause before each attempt.",
        names: &["RetryPolicy", "pause_before"],
    },
];
