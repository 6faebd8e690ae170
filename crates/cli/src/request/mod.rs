//! What an invocation was asked to do, for the ledger: the command and its options, so that it can be started again.
//!
//! No secret is part of it. A URL loses its credentials and its query, an option that hides its value is left out, and
//! the token of a provider is never an option. What belongs to one invocation alone (its id, its notes, the commit that
//! it was given) and to one place alone (the database) is left out as well.

mod quote;

use std::{any::TypeId, path::PathBuf};

use cds_llm_client::ProviderUrl;
use cds_pipeline::IntentPlan;
use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};
use serde_json::{Value, json};

use crate::environment;

pub(crate) use self::quote::quoted;

/// Options that a later invocation has to choose for itself.
pub(crate) const OWN: [&str; 5] = ["db_path", "ledger_id", "notes", "code_ref", "dry_run"];

/// The option whose value is a URL that may have credentials.
const PROVIDER_URL: &str = "provider_url";

/// A command and its options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// Words of the command, such as `runs prune`.
    pub(crate) command: String,
    /// Options as they were given, those from the environment among them.
    pub(crate) arguments: Vec<String>,
    /// Who was to be asked, without credentials.
    pub(crate) provider_url: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) scope: Option<String>,
}

impl Request {
    /// That of this process.
    pub(crate) fn of_process() -> Self {
        let program = environment::command();
        let matches = program.clone().try_get_matches().ok();
        matches.map(|matches| Self::of(&program, &matches)).unwrap_or_default()
    }

    fn of(program: &Command, matches: &ArgMatches) -> Self {
        let (mut command, mut matches, mut words) = (program, matches, Vec::new());
        while let Some((name, inner)) = matches.subcommand() {
            let Some(found) = command.find_subcommand(name) else { break };
            (command, matches) = (found, inner);
            words.push(name);
        }
        let given = |arg: &&Arg| {
            let id = arg.get_id().as_str();
            let source = matches.try_contains_id(id).is_ok().then(|| matches.value_source(id)).flatten();
            let is_secret = arg.is_hide_env_values_set() && id != PROVIDER_URL;
            !OWN.contains(&id)
                && !is_secret
                && !arg.is_global_set()
                && matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
        };
        let arguments = command.get_arguments().filter(given).flat_map(|arg| spelled(arg, matches)).collect();
        Self { command: words.join(" "), arguments, ..Self::default() }
    }

    /// The same with what is known of the provider beforehand.
    pub(crate) fn with_intents(self, plan: Option<&IntentPlan>) -> Self {
        let Some(plan) = plan else { return self };
        Self {
            provider_url: Some(plan.client.provider_url().to_owned()),
            model: Some(plan.client.model().to_owned()),
            scope: Some(plan.options.scope.to_string()),
            ..self
        }
    }

    /// As the ledger keeps it.
    pub(crate) fn to_json(&self) -> String {
        json!({
            "command": self.command,
            "arguments": self.arguments,
            "provider_url": self.provider_url,
            "model": self.model,
            "scope": self.scope,
        })
        .to_string()
    }

    /// What the ledger has; `None` if it is something else.
    pub(crate) fn parse(stored: &str) -> Option<Self> {
        let object: Value = serde_json::from_str(stored).ok()?;
        let text = |name: &str| object[name].as_str().map(str::to_owned);
        let arguments = object["arguments"].as_array()?.iter();
        Some(Self {
            command: text("command")?,
            arguments: arguments.map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?,
            provider_url: text("provider_url"),
            model: text("model"),
            scope: text("scope"),
        })
    }

    /// The value of an option, if it was given.
    pub(crate) fn value(&self, option: &str) -> Option<&str> {
        let at = self.arguments.iter().position(|argument| argument == option)?;
        self.arguments.get(at + 1).map(String::as_str)
    }
}

/// An option as it is written on a command line.
fn spelled(arg: &Arg, matches: &ArgMatches) -> Vec<String> {
    let id = arg.get_id().as_str();
    let name = arg.get_long().map(|long| format!("--{long}"));
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return name.filter(|_| matches.get_flag(id)).into_iter().collect();
    }
    let is_path = arg.get_value_parser().type_id() == TypeId::of::<PathBuf>();
    let values = matches.get_raw(id).into_iter().flatten().filter(|value| !value.is_empty());
    let texts = values.filter_map(|value| {
        if is_path {
            let path = std::path::absolute(value).unwrap_or_else(|_| PathBuf::from(value));
            return Some(path.to_string_lossy().into_owned());
        }
        without_secrets(id, &value.to_string_lossy())
    });
    texts.flat_map(|text| name.iter().cloned().chain([text]).collect::<Vec<_>>()).collect()
}

/// The text without the credentials and the query of a URL; none of a provider's URL that cannot be read.
pub(crate) fn without_secrets(id: &str, text: &str) -> Option<String> {
    if id == PROVIDER_URL {
        return text.parse::<ProviderUrl>().ok().map(|url| url.redacted().to_owned());
    }
    let Some((scheme, rest)) = text.split_once("://") else { return Some(text.to_owned()) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    Some(format!("{scheme}://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Request {
        let matches = environment::command().try_get_matches_from([&["cds"], words].concat()).unwrap();
        Request::of(&environment::command(), &matches)
    }

    #[test]
    fn options_stay_without_secrets_and_own_ones() {
        let url = "http://user:sentinel@h:1/x?key=sentinel";
        let given = ["persist", "--path", "/srv/a b", "--provider-url", url, "--retries", "3", "--no-ignore"];
        let own = ["--db-path", "x.sqlite", "--notes", "sentinel", "--code-ref", "0123456789"];
        let request = of(&[&given[..], &own[..]].concat());
        assert_eq!(request.command, "persist");
        assert_eq!(
            request.arguments,
            ["--path", "/srv/a b", "--no-ignore", "--provider-url", "http://h:1/x", "--retries", "3"]
        );
        assert_eq!(Request::parse(&request.to_json()), Some(request.clone()));
        assert_eq!((request.value("--retries"), request.value("--model")), (Some("3"), None));
        assert!(!request.to_json().contains("sentinel"));
    }

    #[test]
    fn paths_do_not_depend_on_folder() {
        let path = of(&["persist", "--path", "src", "--db-path", "x"]).arguments[1].clone();
        assert!(path.ends_with("/src") && PathBuf::from(&path).is_absolute(), "{path}");
    }

    #[test]
    fn words_of_a_nested_command_stay_together() {
        let request = of(&["runs", "prune", "--keep-last", "3", "--db-path", "x"]);
        assert_eq!((request.command.as_str(), request.arguments.join(" ").as_str()), ("runs prune", "--keep-last 3"));
    }

    #[test]
    fn urls_lose_possible_secrets() {
        for (text, expected) in [
            ("https://u:p@h/x?token=1", "https://h/x"),
            ("ftp://p%40@h#part", "ftp://h#part"),
            ("a@b", "a@b"),
            ("http://h/a@b", "http://h/a@b"),
        ] {
            assert_eq!(without_secrets("reason", text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(without_secrets(PROVIDER_URL, "http://[sentinel"), None);
    }

    #[test]
    fn what_is_no_request_is_none() {
        for stored in ["", "[]", "{}", r#"{"command":"x","arguments":[1]}"#, r#"{"command":1,"arguments":[]}"#] {
            assert_eq!(Request::parse(stored), None, "{stored}");
        }
    }
}
