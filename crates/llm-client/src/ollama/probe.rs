//! Probes the server before the first question: whether it is Ollama, whether it has the model, and which one that is.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Map, Value};

use crate::{
    AskError, ModelFacts, ProbeError, ProviderKind,
    http::{Connection, Limits, Reply},
    model_list::{MAX_LIST_BYTES, missing_model, unusable},
    model_names::find_model,
    openai::listed,
};

const EXPECTED: &str = "an Ollama server";

/// Requests version and list at once, each within half of `limit`; the other half serves to identify a foreign server.
pub(super) async fn probe(connection: &Connection, model: &str, limit: Duration) -> Result<ModelFacts, ProbeError> {
    let limits = Limits { time: limit / 2, body_bytes: MAX_LIST_BYTES };
    let (version, list) = join(connection.get("api/version", limits), connection.get("api/tags", limits)).await;
    let version = version.map_err(|cause| unusable(connection, cause))?;
    match version.object() {
        Ok(fields) if fields.get("version").is_some_and(Value::is_string) => {}
        Err(cause) if !is_foreign_server(&cause) => return Err(unusable(connection, cause)),
        outcome => return Err(foreign(connection, &version, outcome.err(), limits).await),
    }
    let fields = list.and_then(|reply| reply.object()).map_err(|cause| unusable(connection, cause))?;
    let models = models_of(&fields).map_err(|cause| unusable(connection, cause))?;
    let names: Vec<&str> = models.iter().map(name_of).collect();
    match find_model(&names, model) {
        Some(place) => Ok(ModelFacts { digest: digest_of(&models[place]), ..ModelFacts::default() }),
        None => Err(missing_model(connection, model, &names)),
    }
}

/// Whether it shows another kind of server, rather than a failing server or a gateway that refuses access.
fn is_foreign_server(cause: &AskError) -> bool {
    match cause {
        _ if cause.obstacle().is_some() => false,
        AskError::Status { status, .. } => matches!(status, 400 | 404..=406 | 410 | 421 | 422 | 501),
        AskError::Reported { .. } | AskError::Page | AskError::Malformed { .. } => true,
        _ => false,
    }
}

/// Identifies a foreign server by its answer to an unknown call and by its list of models.
async fn foreign(connection: &Connection, version: &Reply<'_>, cause: Option<AskError>, limits: Limits) -> ProbeError {
    let name = match cause {
        Some(AskError::Page) => Some("a web page"),
        Some(AskError::Reported { detail }) if detail.starts_with("Unexpected endpoint") => Some("LM Studio"),
        _ if version.server().contains("llama.cpp") => Some("the server of llama.cpp"),
        _ => None,
    };
    let list = connection.get("v1/models", limits).await.and_then(|reply| reply.json());
    let has_openai_list = list.is_ok_and(|list| listed(&list).is_some());
    ProbeError::Foreign {
        url: connection.shown_url().to_owned(),
        expected: EXPECTED,
        found: name.map(str::to_owned),
        speaks: has_openai_list.then_some(ProviderKind::OpenAi),
    }
}

/// A server without models may send `null`.
fn models_of(fields: &Map<String, Value>) -> Result<&[Value], AskError> {
    match fields.get("models") {
        Some(Value::Array(models)) => Ok(models),
        Some(Value::Null) => Ok(&[]),
        _ => Err(AskError::Malformed { problem: "the list of models has no field models" }),
    }
}

fn name_of(model: &Value) -> &str {
    ["name", "model"].iter().find_map(|field| model.get(field)?.as_str()).unwrap_or_default()
}

/// The digest in lower-case hexadecimal digits; empty if the server gives none or something else.
fn digest_of(model: &Value) -> String {
    let digest = model.get("digest").and_then(Value::as_str).unwrap_or_default();
    let digest = digest.strip_prefix("sha256:").unwrap_or(digest).to_ascii_lowercase();
    let is_digest = digest.len() <= 128 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { digest } else { String::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn digest_is_hexadecimal_or_unknown() {
        for (model, expected) in [
            (json!({"digest": "06C1"}), "06c1"),
            (json!({"digest": "sha256:06c1"}), "06c1"),
            (json!({"digest": "not one"}), ""),
            (json!({"digest": 6}), ""),
            (json!({}), ""),
            (json!(null), ""),
        ] {
            assert_eq!(digest_of(&model), expected, "{model}");
        }
    }
}
