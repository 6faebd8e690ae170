//! Which client follows from the user's options.

use cds_llm_client::{OllamaClient, ProviderChoice, ProviderKind, UnknownProvider};

use crate::support::{Ollama, OpenAi};
use cds_llm_client::ProviderKind::Builtin;

fn outcome(kind: Option<ProviderKind>, url: Option<&str>, model: Option<&str>) -> String {
    let choice = ProviderChoice {
        kind,
        url: url.map(str::to_owned),
        model: model.map(str::to_owned),
        ..ProviderChoice::default()
    };
    match choice.into_client() {
        Ok(client) => format!("{} at {}", client.model(), client.provider_url()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn kind_follows_from_address() {
    for (text, expected) in [
        ("builtin:", Builtin),
        ("http://127.0.0.1:11434", Ollama),
        ("http://h", Ollama),
        ("http://h:8000/ollama", Ollama),
        ("http://h:8000/v1", OpenAi),
        ("http://h:8000/v1/chat/completions", OpenAi),
        ("http://127.0.0.1:11434/v1/", OpenAi),
    ] {
        assert_eq!(ProviderKind::guess(&text.parse().unwrap()), expected, "{text}");
    }
}

#[test]
fn each_kind_has_one_name() {
    for kind in ProviderKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
        assert_eq!(kind.to_string(), kind.as_str());
    }
    assert_eq!("gpt".parse::<ProviderKind>(), Err(UnknownProvider));
}

#[test]
fn unset_options_have_defaults() {
    let model = OllamaClient::DEFAULT_MODEL;
    for (kind, url, name, expected) in [
        (None, None, None, format!("{model} at http://127.0.0.1:11434")),
        (Some(Ollama), None, Some(" m "), "m at http://127.0.0.1:11434".to_owned()),
        (None, Some("builtin:"), None, "builtin:outline-v1 at builtin:".to_owned()),
        (Some(Builtin), None, Some("other"), "builtin:outline-v1 at builtin:".to_owned()),
        (None, Some("http://h:1/v1"), Some("m"), "m at http://h:1/v1".to_owned()),
        (Some(OpenAi), Some("http://h:1"), Some("m"), "m at http://h:1/v1".to_owned()),
    ] {
        assert_eq!(outcome(kind, url, name), expected);
    }
}

#[test]
fn conflicting_options_are_refused() {
    let ollama_path =
        "provider URL ends with /v1, which is not part of Ollama's interface; remove it, or use provider openai";
    for (kind, url, name, expected) in [
        (Some(Builtin), Some("http://h"), None, "provider builtin cannot use the URL http://h"),
        (Some(Ollama), Some("builtin:"), None, "provider ollama cannot use the URL builtin:"),
        (Some(OpenAi), Some("builtin:"), Some("m"), "provider openai cannot use the URL builtin:"),
        (Some(OpenAi), None, Some("m"), "provider openai has no default URL; specify one"),
        (Some(OpenAi), Some("http://h"), None, "provider openai has no default model; specify one"),
        (None, Some("http://h/v1"), None, "provider openai has no default model; specify one"),
        (Some(Ollama), Some("http://h/v1"), None, ollama_path),
        (None, Some("http://h/api"), None, "provider URL ends with /api, which each call adds itself; remove it"),
        (None, Some("localhost:1"), None, "provider URL has no scheme; write http://localhost:1"),
        (None, None, Some(" "), "model name is empty or has control characters"),
        (None, None, Some("a\u{1b}b"), "model name is empty or has control characters"),
    ] {
        assert_eq!(outcome(kind, url, name), expected);
    }
}
