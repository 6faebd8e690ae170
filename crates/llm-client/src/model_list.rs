//! What the lists of models of all servers have in common, and what is said when a look at one finds no model.

use serde_json::Value;

use crate::{AskError, ProbeError, http::Connection, model_names::near_models};

/// The most that is read of a list: some gateways offer thousands of models.
pub(crate) const MAX_LIST_BYTES: usize = 4 << 20;

/// The names in a list of the `OpenAI` kind (`{"data": [{"id": …}]}`, or the bare list); `None` where it is no such list.
pub(crate) fn listed_names(list: &Value) -> Option<Vec<&str>> {
    let models = list.get("data").unwrap_or(list).as_array()?;
    Some(models.iter().filter_map(|model| model.get("id")?.as_str()).collect())
}

/// The provider cannot be asked, for this reason.
pub(crate) fn unusable(connection: &Connection, cause: AskError) -> ProbeError {
    ProbeError::Unusable { url: connection.shown_url().to_owned(), cause }
}

/// The provider has `names` and not `model`.
pub(crate) fn missing_model(connection: &Connection, model: &str, names: &[&str]) -> ProbeError {
    ProbeError::MissingModel {
        url: connection.shown_url().to_owned(),
        model: model.to_owned(),
        near: near_models(names, model),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_has_two_shapes() {
        for (list, expected) in [
            (json!({"object": "list", "data": [{"id": "a"}, {"id": "b", "owned_by": "x"}]}), Some(vec!["a", "b"])),
            (json!([{"id": "a"}, {"name": "nameless"}, 7]), Some(vec!["a"])),
            (json!({"data": []}), Some(vec![])),
            (json!({"data": null}), None),
            (json!({"error": "no"}), None),
            (json!("a"), None),
        ] {
            assert_eq!(listed_names(&list), expected, "{list}");
        }
    }
}
