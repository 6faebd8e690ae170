//! Everything that goes to stderr.

use std::io::Write as _;

use cds_model::masked;
use cds_terminal::{runner::Guard, text};

use crate::failure::Failure;

/// What may be shown on stderr beside errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    is_quiet: bool,
}

impl Console {
    /// One that shows all, or only errors if `is_quiet`.
    pub(crate) const fn new(is_quiet: bool) -> Self {
        Self { is_quiet }
    }

    /// Whether only errors are shown.
    pub(crate) const fn is_quiet(self) -> bool {
        self.is_quiet
    }

    /// A line that is no error; what a terminal would obey is escaped.
    pub(crate) fn note(self, text: &str) {
        if !self.is_quiet {
            line(text);
        }
    }

    /// What the user should know although the work goes on.
    pub(crate) fn warning(self, message: &str) {
        self.note(&format!("warning: {}", text::one_line(message)));
    }
}

/// One safe line without passwords; a reader who left is no reason to stop.
pub(crate) fn line(line: &str) {
    let _ = writeln!(Guard::new(std::io::stderr().lock()), "{}", text::safe_line(&masked(line)));
}

/// What went wrong, and what to do next.
pub(crate) fn error(failure: &Failure) {
    line(&format!("error: {}", text::one_line(&failure.to_string())));
    if let Some(hint) = failure.hint() {
        line(&format!("hint: {}", text::one_line(hint)));
    }
}

/// A warning that even those want to see who want to see errors only, with what to do next.
pub(crate) fn grave_warning(message: &str, hint: &str) {
    line(&format!("warning: {}", text::one_line(message)));
    line(&format!("hint: {}", text::one_line(hint)));
}
