//! Everything that goes to stderr.

use std::{
    io::Write as _,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::failure::Failure;
use cds_model::AnalyzerError;
use cds_terminal::{fields::Fields, runner::Guard, secrets, text};

/// Set once, before anything is shown.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on only errors are shown.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Whether only errors are shown.
pub(crate) fn are_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// A line that is no error; what a terminal would obey is escaped.
pub(crate) fn note(text: &str) {
    if !are_quiet() {
        line(text);
    }
}

/// One safe line without passwords; that nobody reads it is no reason to stop.
pub(super) fn line(line: &str) {
    let _ = writeln!(Guard::new(std::io::stderr().lock()), "{}", text::safe_line(&secrets::masked(line)));
}

/// What went wrong, and what to do next.
pub(crate) fn error(failure: &Failure) {
    line(&format!("error: {}", text::one_line(&failure.to_string())));
    if let Some(hint) = failure.hint() {
        line(&format!("hint: {}", text::one_line(hint)));
    }
}

/// What the user should know although the work goes on.
pub(crate) fn warning(message: &str) {
    note(&format!("warning: {}", text::one_line(message)));
}

/// A warning that even those want to see who want to see errors only, with what to do next.
pub(crate) fn grave_warning(message: &str, hint: &str) {
    line(&format!("warning: {}", text::one_line(message)));
    line(&format!("hint: {}", text::one_line(hint)));
}

/// A file of which something is missing.
pub(crate) fn analyzer_error(error: &AnalyzerError) {
    let place = error.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
    let fields = Fields::new("analyzer_error").field("file", &error.file_path).field("line", place);
    line(&fields.field("reason", &error.reason).finish());
}
