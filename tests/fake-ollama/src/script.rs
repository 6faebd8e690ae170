//! What a server does: its models, its pace, and the rules that make it fail.

use std::path::PathBuf;
use std::time::Duration;

use crate::answer::fnv1a;
use crate::reply::Reply;
use crate::when::When;

/// The model that is listed when the script names none.
pub const DEFAULT_MODEL: &str = "qwen3-coder:latest";

/// The digest of [`DEFAULT_MODEL`].
pub const DEFAULT_DIGEST: &str = "06c1097efce0431c2045fe7b2e5108366e43bee1b4603a7aded8f21689e90bca";

/// What `/api/version` says when the script does not.
pub const DEFAULT_VERSION: &str = "0.32.9";

/// The behaviour of a server. Without any call a healthy one that answers at once.
///
/// Rules are tried in the order in which they were added; the first that applies decides, otherwise the usual answer.
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
    /// A healthy server that has [`DEFAULT_MODEL`] and answers at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule after those that are there.
    #[must_use]
    pub fn rule(mut self, when: When, reply: Reply) -> Self {
        self.rules.push(Rule { when, reply });
        self
    }

    /// Every generation takes so long, from the moment that it has a slot.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// At most so many generations run at once; the others wait in line, as with `OLLAMA_NUM_PARALLEL`.
    ///
    /// # Panics
    /// When `count` is 0.
    #[must_use]
    pub fn slots(mut self, count: usize) -> Self {
        assert!(count > 0, "a server without slots never answers");
        self.slots = Some(count);
        self
    }

    /// The first generation waits so long for the model, and all others with it. When its client goes away in the
    /// meantime the load is lost and the next one starts it anew, as Ollama does. A restart forgets the model too.
    #[must_use]
    pub fn load_time(mut self, length: Duration) -> Self {
        self.load_time = length;
        self
    }

    /// Lists no model: every question is a 404.
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

    /// Lists this model under this digest (64 hexadecimal digits); one of the same name is replaced.
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

    /// What `/api/version` says.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// Answers 401 to every request whose `Authorization` header is not exactly this, whatever a rule says.
    #[must_use]
    pub fn require_authorization(mut self, value: &str) -> Self {
        self.authorization = Some(value.to_owned());
        self
    }

    /// Serves everything below this path (`/gateway`), as a reverse proxy does; elsewhere everything is a 404.
    #[must_use]
    pub fn prefix(mut self, path: &str) -> Self {
        path.trim_end_matches('/').clone_into(&mut self.prefix);
        self
    }

    /// Counts only, so that long benchmarks do not pile up requests.
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

    /// The listed model of that name; `x` means `x:latest`.
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
