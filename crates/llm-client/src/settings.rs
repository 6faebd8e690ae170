//! How a model is asked, on any server.

use std::time::Duration;

use crate::TrustedCertificates;

const BYTES_PER_TOKEN: u32 = 3;

/// How the model is asked; one set of values for a whole run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// The model's context; code that does not fit is cut, visibly. It is sent if the interface has a field for it.
    pub context_tokens: u32,
    /// The maximum length of an answer.
    pub answer_tokens: u32,
    /// The seed, so that equal questions get answers as equal as the server allows.
    pub seed: u32,
    /// How long an Ollama server keeps the model loaded after a call: a number with a unit.
    pub keep_alive: String,
    /// The time limit of a connection attempt.
    pub connect_timeout: Duration,
    /// The total time limit of a probe.
    pub probe_timeout: Duration,
    /// Certificates that a server may show without a signature of an authority.
    pub certificates: TrustedCertificates,
}

impl ModelSettings {
    /// A smaller context leaves hardly any room for code beside the instruction and the answer.
    pub const MIN_CONTEXT_TOKENS: u32 = 1024;

    /// Bytes of code that fit a context of `context_tokens` beside the answer and `reserved_tokens` of other text.
    pub(crate) fn code_budget(&self, context_tokens: u32, reserved_tokens: u32) -> usize {
        let reserved = reserved_tokens.saturating_add(self.answer_tokens);
        let tokens = context_tokens.saturating_sub(reserved);
        usize::try_from(tokens.saturating_mul(BYTES_PER_TOKEN)).unwrap_or(usize::MAX)
    }
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            context_tokens: 8192,
            answer_tokens: 96,
            seed: 1,
            keep_alive: "15m".to_owned(),
            connect_timeout: Duration::from_secs(5),
            probe_timeout: Duration::from_secs(10),
            certificates: TrustedCertificates::default(),
        }
    }
}
