//! The behaviour of a server: its models, its speed, and the rules that make it fail.

use std::path::PathBuf;
use std::time::Duration;

use crate::answer::fnv1a;
use crate::reply::Reply;
use crate::when::When;

/// The model that is listed if the script names none.
pub const DEFAULT_MODEL: &str = "qwen3-coder:latest";

/// The digest of [`DEFAULT_MODEL`].
pub const DEFAULT_DIGEST: &str = "06c1097efce0431c2045fe7b2e5108366e43bee1b4603a7aded8f21689e90bca";

/// The version in `/api/version` if the script sets none.
pub const DEFAULT_VERSION: &str = "0.32.9";

/// The behaviour of a server. By default it is healthy and answers immediately.
///
/// Rules are tried in the order of addition. The first that applies decides; without one the usual answer is sent.
#[derive(Clone, Debug)]
pub struct Script {
    pub(crate) rules: Vec<Rule>,
    pub(crate) models: Vec<Model>,
    pub(crate) version: String,
    pub(crate) latency: Duration,
    pub(crate) load_time: Duration,
    pub(crate) slots: Option<usize>,
    pub(crate) authorization: Option<String>,
    pub(crate) prefix: String,
    pub(crate) keep_requests: bool,
    pub(crate) count_file: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) when: When,
    pub(crate) reply: Reply,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) digest: String,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            models: vec![Model { name: DEFAULT_MODEL.to_owned(), digest: DEFAULT_DIGEST.to_owned() }],
            version: DEFAULT_VERSION.to_owned(),
            latency: Duration::ZERO,
            load_time: Duration::ZERO,
            slots: None,
            authorization: None,
            prefix: String::new(),
            keep_requests: true,
            count_file: None,
        }
    }
}

impl Script {
    /// A healthy server with [`DEFAULT_MODEL`] that answers immediately.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule after the existing ones.
    #[must_use]
    pub fn rule(mut self, when: When, reply: Reply) -> Self {
        self.rules.push(Rule { when, reply });
        self
    }

    /// Makes every generation take this long, once it has a slot.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Allows at most `count` generations at once; the others wait, as with `OLLAMA_NUM_PARALLEL`.
    ///
    /// # Panics
    /// When `count` is 0.
    #[must_use]
    pub fn slots(mut self, count: usize) -> Self {
        assert!(count > 0, "a server without slots never answers");
        self.slots = Some(count);
        self
    }

    /// Makes the first generation wait this long for the model, and all others with it. If its client leaves meanwhile,
    /// the load is lost and the next one starts it again, as in Ollama. A restart unloads the model too.
    #[must_use]
    pub fn load_time(mut self, length: Duration) -> Self {
        self.load_time = length;
        self
    }

    /// Lists no model: every question gets a 404.
    #[must_use]
    pub fn without_models(mut self) -> Self {
        self.models.clear();
        self
    }

    /// Also lists this model (with its tag), under a digest made from its name.
    #[must_use]
    pub fn model(self, name: &str) -> Self {
        let digest = format!("{:016x}", fnv1a(name.as_bytes())).repeat(4);
        self.model_with_digest(name, &digest)
    }

    /// Lists this model with this digest (64 hexadecimal digits); it replaces one of the same name.
    ///
    /// # Panics
    /// When the digest has another form.
    #[must_use]
    pub fn model_with_digest(mut self, name: &str, digest: &str) -> Self {
        let is_hex = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(is_hex, "a digest has 64 hexadecimal digits: {digest}");
        let name = with_tag(name);
        self.models.retain(|model| model.name != name);
        self.models.push(Model { name, digest: digest.to_owned() });
        self
    }

    /// Sets the version in `/api/version`.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// Answers 401 to every request whose `Authorization` header differs from this, whatever the rules say.
    #[must_use]
    pub fn require_authorization(mut self, value: &str) -> Self {
        self.authorization = Some(value.to_owned());
        self
    }

    /// Serves everything below this path (`/gateway`), as a reverse proxy does; other paths get a 404.
    #[must_use]
    pub fn prefix(mut self, path: &str) -> Self {
        path.trim_end_matches('/').clone_into(&mut self.prefix);
        self
    }

    /// Keeps only counts, so that long benchmarks do not accumulate requests.
    #[must_use]
    pub fn without_request_log(mut self) -> Self {
        self.keep_requests = false;
        self
    }

    /// Keeps `questions=N answered=N distinct=N` up to date in this file, before each answer is sent.
    #[must_use]
    pub fn count_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.count_file = Some(path.into());
        self
    }

    /// The listed model with this name; `x` means `x:latest`.
    pub(crate) fn find_model(&self, name: &str) -> Option<&Model> {
        let name = with_tag(name);
        self.models.iter().find(|model| model.name == name)
    }
}

/// The full name of a model: `x` means `x:latest`.
pub(crate) fn with_tag(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.contains(':') { name.to_owned() } else { format!("{name}:latest") }
}
