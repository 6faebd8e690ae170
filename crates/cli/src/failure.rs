//! Why a command ends without its result, and with which exit status.

use std::{fmt, io, process::ExitCode};

/// An error with the exit status that it leads to and, where there is one, the next step for the user.
///
/// The cause says what was attempted, in words that read after "failed to".
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    cause: anyhow::Error,
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The arguments are wrong, nothing was done.
    Usage,
    /// The command ran and failed.
    Failed,
}

impl Failure {
    /// The arguments are wrong.
    pub(crate) fn usage(cause: impl Into<anyhow::Error>) -> Self {
        Self { kind: Kind::Usage, cause: cause.into(), hint: None }
    }

    /// The command ran and failed.
    pub(crate) fn failed(cause: impl Into<anyhow::Error>) -> Self {
        Self { kind: Kind::Failed, cause: cause.into(), hint: None }
    }

    /// Adds what to do next.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.kind {
            Kind::Failed => ExitCode::from(1),
            Kind::Usage => ExitCode::from(2),
        }
    }

    /// Whether the reader of stdout left, which is how a pipe normally ends.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.cause
            .chain()
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "failed to {:#}", self.cause)
    }
}
