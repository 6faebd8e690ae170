//! The model list of a `/v1` server, and what llama.cpp's server reports in `meta`.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

/// Fields of `meta` that distinguish model files.
const IDENTIFYING: [&str; 5] = ["size", "n_params", "n_vocab", "n_embd", "vocab_type"];
/// Fields in which servers report the context size of a loaded model.
const WINDOWS: [&str; 3] = ["n_ctx", "max_model_len", "context_length"];

/// One model of a list.
#[derive(Debug)]
pub(crate) struct Listed<'a> {
    pub(super) name: &'a str,
    entry: &'a Map<String, Value>,
}

/// The models of a list (`{"data": [{"id": …}]}`, or the bare list); `None` if it is not such a list.
pub(crate) fn listed(list: &Value) -> Option<Vec<Listed<'_>>> {
    let models = list.get("data").unwrap_or(list).as_array()?;
    Some(models.iter().filter_map(entry).collect())
}

fn entry(model: &Value) -> Option<Listed<'_>> {
    let entry = model.as_object()?;
    Some(Listed { name: entry.get("id")?.as_str()?, entry })
}

impl Listed<'_> {
    /// A hash over the model's size and type in `meta`, so that another file under the same name is another model;
    /// empty if they are missing.
    pub(super) fn digest(&self) -> String {
        let Some(meta) = self.meta() else { return String::new() };
        let reported: Vec<String> =
            IDENTIFYING.iter().filter_map(|name| Some(format!("{name}={}", meta.get(*name)?))).collect();
        if reported.is_empty() {
            return String::new();
        }
        hash_of(reported.join(" ").as_bytes())
    }

    /// The context in tokens, if the server reports it.
    pub(super) fn window(&self) -> Option<u32> {
        let number = |fields: &Map<String, Value>| {
            WINDOWS.iter().find_map(|name| u32::try_from(fields.get(*name)?.as_u64()?).ok())
        };
        self.meta().and_then(number).or_else(|| number(self.entry))
    }

    /// Whether the model is on a llama.cpp server, which reports more than other servers.
    pub(super) fn is_local(&self) -> bool {
        self.meta().is_some()
    }

    fn meta(&self) -> Option<&Map<String, Value>> {
        self.entry.get("meta")?.as_object()
    }
}

fn hash_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in digest(&SHA256, bytes).as_ref() {
        // Writing to a string never fails.
        _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn list_has_two_shapes() {
        for (list, expected) in [
            (json!({"object": "list", "data": [{"id": "a"}, {"id": "b", "owned_by": "x"}]}), Some(vec!["a", "b"])),
            (json!([{"id": "a"}, {"name": "nameless"}, 7]), Some(vec!["a"])),
            (json!({"data": []}), Some(vec![])),
            (json!({"data": null}), None),
            (json!({"error": "no"}), None),
            (json!("a"), None),
        ] {
            let names = listed(&list).map(|models| models.iter().map(|model| model.name).collect());
            assert_eq!(names, expected, "{list}");
        }
    }

    #[test]
    fn metadata_distinguishes_models() {
        let facts = |entry: Value| {
            let list = json!([entry]);
            let models = listed(&list).unwrap();
            (models[0].digest(), models[0].window())
        };
        let meta =
            |size: u64| json!({"id": "m", "meta": {"n_params": 7, "size": size, "n_ctx": 4096, "n_ctx_train": 32768}});
        let (digest, window) = facts(meta(1));
        assert_eq!((digest.len(), window), (64, Some(4096)));
        assert_ne!(digest, facts(meta(2)).0);
        assert_eq!(facts(json!({"id": "m", "max_model_len": 8192})), (String::new(), Some(8192)));
        assert_eq!(facts(json!({"id": "m", "meta": null})), (String::new(), None));
    }
}
