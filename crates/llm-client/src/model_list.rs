//! What all servers' model lists have in common, and the errors of a probe that finds no model.

use crate::{AskError, ProbeError, http::Connection, model_names::near_models};

/// The most that is read of a list: some gateways offer thousands of models.
pub(crate) const MAX_LIST_BYTES: usize = 4 << 20;

/// The error that the provider cannot be asked, for this reason.
pub(crate) fn unusable(connection: &Connection, cause: AskError) -> ProbeError {
    ProbeError::Unusable { url: connection.shown_url().to_owned(), cause }
}

/// The error that the provider has `names` but not `model`.
pub(crate) fn missing_model(connection: &Connection, model: &str, names: &[&str]) -> ProbeError {
    ProbeError::MissingModel {
        url: connection.shown_url().to_owned(),
        model: model.to_owned(),
        near: near_models(names, model),
    }
}
