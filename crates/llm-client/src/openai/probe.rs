//! Probes the server before the first question: whether it responds, and what it reports about the model.
//!
//! The list of models is not authoritative. Gateways offer models that they do not list, and lists may need permissions
//! that questions do not. So a problem with the list is only a note, and the first question decides.

use std::time::Duration;

use super::listing::{Listed, listed};
use crate::{
    AskError, ModelFacts, ProbeError,
    http::{Connection, Limits},
    model_list::{MAX_LIST_BYTES, unusable},
    model_names::{find_model, near_models},
};

const EXPECTED: &str = "a server with OpenAI's interface";

/// What the list reports about the model.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) facts: ModelFacts,
    /// The context of the loaded model, in tokens.
    pub(super) window: Option<u32>,
}

/// The model's name, if the server lists exactly one.
pub(super) async fn only_model(connection: &Connection, limit: Duration) -> Option<String> {
    let limits = Limits { time: limit, body_bytes: MAX_LIST_BYTES };
    let list = connection.get("models", limits).await.and_then(|reply| reply.json()).ok()?;
    let models = listed(&list)?;
    let [model] = &models[..] else { return None };
    let is_name = !model.name.is_empty() && !model.name.chars().any(char::is_control);
    is_name.then(|| model.name.to_owned())
}

/// Reads the list of models.
pub(super) async fn probe(connection: &Connection, model: &str, limit: Duration) -> Result<Found, ProbeError> {
    let limits = Limits { time: limit, body_bytes: MAX_LIST_BYTES };
    let list = match connection.get("models", limits).await.and_then(|reply| reply.json()) {
        Ok(list) => list,
        Err(AskError::Status { status: 404 | 405 | 501, .. }) => return Ok(Found::default()),
        Err(AskError::Page) => return Err(foreign(connection, Some("a web page"))),
        Err(error @ AskError::Status { .. }) if error.obstacle().is_none() => {
            return Ok(noted(format!("the list of models cannot be read: {}", error.reason())));
        }
        Err(cause) => return Err(unusable(connection, cause)),
    };
    let Some(models) = listed(&list) else { return Err(foreign(connection, None)) };
    let names: Vec<&str> = models.iter().map(|model| model.name).collect();
    match find_model(&names, model) {
        Some(place) => {
            let slots = if models[place].is_local() { slots(connection, limits).await } else { None };
            Ok(found(&models[place], slots))
        }
        None => Ok(noted(missing(connection, model, &names))),
    }
}

fn found(model: &Listed<'_>, slots: Option<usize>) -> Found {
    Found { facts: ModelFacts { digest: model.digest(), slots, ..ModelFacts::default() }, window: model.window() }
}

/// How many calls llama.cpp's server handles at once, according to its properties.
async fn slots(connection: &Connection, limits: Limits) -> Option<usize> {
    let properties = connection.get_from_root("props", limits).await.and_then(|reply| reply.json()).ok()?;
    usize::try_from(properties.get("total_slots")?.as_u64()?).ok()
}

fn noted(note: String) -> Found {
    Found { facts: ModelFacts { notes: vec![note], ..ModelFacts::default() }, window: None }
}

fn missing(connection: &Connection, model: &str, names: &[&str]) -> String {
    let near = near_models(names, model);
    let near = if near.is_empty() { String::new() } else { format!("; it lists {}", near.join(", ")) };
    format!(
        "{} does not list the model {model}{near}; the first question shows whether it has it",
        connection.shown_url()
    )
}

fn foreign(connection: &Connection, found: Option<&str>) -> ProbeError {
    ProbeError::Foreign {
        url: connection.shown_url().to_owned(),
        expected: EXPECTED,
        found: found.map(str::to_owned),
        speaks: None,
    }
}
