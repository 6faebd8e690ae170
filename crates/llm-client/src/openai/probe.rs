//! A look at the server before the first question: is it there, and is the model on its list.

use std::time::Duration;

use crate::{
    AskError, ModelFacts, ProbeError,
    http::{Connection, Limits},
    model_list::{MAX_LIST_BYTES, listed_names, missing_model, unusable},
    model_names::find_model,
};

const EXPECTED: &str = "server with OpenAI's interface";

/// Reads the list of models. A server without one is usable, and none tells a digest.
pub(super) async fn probe(connection: &Connection, model: &str, limit: Duration) -> Result<ModelFacts, ProbeError> {
    let limits = Limits { time: limit, body_bytes: MAX_LIST_BYTES };
    let list = match connection.get("models", limits).await.and_then(|reply| reply.json()) {
        Ok(list) => list,
        Err(AskError::Status { status: 404 | 405 | 501, .. }) => return Ok(ModelFacts::default()),
        Err(AskError::Page) => return Err(foreign(connection, Some("a web page"))),
        Err(cause) => return Err(unusable(connection, cause)),
    };
    let Some(names) = listed_names(&list) else { return Err(foreign(connection, None)) };
    match find_model(&names, model) {
        Some(_) => Ok(ModelFacts::default()),
        None => Err(missing_model(connection, model, &names)),
    }
}

fn foreign(connection: &Connection, found: Option<&str>) -> ProbeError {
    ProbeError::Foreign {
        url: connection.shown_url().to_owned(),
        expected: EXPECTED,
        found: found.map(str::to_owned),
        speaks: None,
    }
}
