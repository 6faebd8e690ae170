//! The requests that questions send.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use cds_llm_client::{FailureClass, Question};
use serde_json::json;

use crate::support::{CODE, LIMIT, Ollama, OpenAi, client, question};

#[tokio::test]
async fn ollama_request_is_deterministic() {
    let server = FakeOllama::start(Script::new());
    let client = client(Ollama, &server.url());
    let answer = client.ask(&question(), LIMIT).await.unwrap();
    assert!(answer.intent.ends_with('.') && answer.prompt_tokens > Some(0) && answer.answer_tokens > Some(0));

    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/api/chat"));
    assert_eq!((requests[0].header("authorization"), requests[0].header("accept-encoding")), (None, None));
    let mut body = requests[0].json().unwrap();
    let messages = body.as_object_mut().unwrap().remove("messages").unwrap();
    assert_eq!(messages, json!(client.prompt(&question()).messages()));
    let roles: Vec<_> = messages.as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user", "assistant", "user", "assistant", "user"]);
    assert!(messages[7]["content"].as_str().unwrap().ends_with(&format!("<code>\n{CODE}\n</code>")));
    let expected = json!({
        "model": "qwen3-coder:latest", "stream": false, "think": false, "truncate": false, "keep_alive": "15m",
        "options": {"num_ctx": 8192, "num_predict": 96, "temperature": 0.0, "seed": 1},
    });
    assert_eq!(body, expected);
    let options = "api=chat num_ctx=8192 num_predict=96 seed=1 temperature=0 think=false truncate=false";
    assert_eq!(client.options(), options);
}

#[tokio::test]
async fn openai_request_has_common_fields() {
    let server = FakeOllama::start(Script::new().prefix("/gate"));
    for suffix in ["/gate/v1", "/gate/v1/", "/gate/v1/chat/completions"] {
        let client = client(OpenAi, &format!("{}{suffix}", server.url()));
        let answer = client.ask(&question(), LIMIT).await.unwrap();
        assert!(answer.intent.ends_with('.') && answer.prompt_tokens > Some(0) && answer.answer_tokens > Some(0));

        let request = server.requests().pop().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/gate/v1/chat/completions"));
        let expected = json!({
            "model": "qwen3-coder:latest", "max_tokens": 96, "temperature": 0.0, "seed": 1, "stream": false,
            "chat_template_kwargs": {"enable_thinking": false}, "reasoning_effort": "none",
            "messages": client.prompt(&question()).messages(),
        });
        assert_eq!(request.json().unwrap(), expected);
        let options = "api=chat/completions max_tokens=96 seed=1 temperature=0 \
                       chat_template_kwargs={\"enable_thinking\":false} reasoning_effort=none";
        assert_eq!(client.options(), options);
        assert_eq!(client.provider_url(), format!("{}/gate/v1", server.url()));
    }
    assert_eq!(server.generate_count(), 3);
}

#[tokio::test]
async fn long_code_is_cut_before_sending() {
    for kind in [Ollama, OpenAi] {
        let server = FakeOllama::start(Script::new());
        let client = client(kind, &server.url());
        let mut question = question();
        question.code = format!("def f():\n{}    return 1", "    g()\n".repeat(5000)).into();
        assert!(client.prompt(&question).is_cut);
        client.ask(&question, LIMIT).await.unwrap();
        let prompt = server.questions()[0].prompt.clone().unwrap();
        assert!(prompt.len() < 8192 * 3 && prompt.contains("lines left out here"), "{}", prompt.len());
    }
}

#[tokio::test]
async fn refused_field_is_not_resent() {
    for (kind, refused, left_out) in [
        (OpenAi, "Unrecognized request argument supplied: chat_template_kwargs", "chat_template_kwargs"),
        (OpenAi, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens"),
        (OpenAi, "temperature: only the default is supported", "temperature"),
        (Ollama, "think is not supported by this model", "think"),
    ] {
        let script = Script::new().rule(When::question().nth(1), Reply::status(400, refused));
        let server = FakeOllama::start(script);
        let client = client(kind, &server.url());
        let options = client.options();
        let refusal = client.ask(&question(), LIMIT).await.unwrap_err();
        assert_eq!(refusal.class(), FailureClass::Adapted, "{refused}");
        client.ask(&question(), LIMIT).await.unwrap();
        let body = server.questions()[1].json().unwrap();
        assert!(body.get(left_out).is_none(), "{body}");
        assert_eq!(body.get("max_completion_tokens").is_some(), left_out == "max_tokens");
        assert_ne!(client.options(), options, "the identity of a question follows");
    }
}

#[tokio::test]
async fn system_message_can_be_omitted() {
    let script = Script::new().rule(When::question().nth(1), Reply::status(400, "System role not supported"));
    let server = FakeOllama::start(script);
    let client = client(OpenAi, &server.url());
    client.ask(&question(), LIMIT).await.unwrap_err();
    client.ask(&question(), LIMIT).await.unwrap();
    let body = server.questions()[1].json().unwrap();
    let messages = body["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[0]["role"]), (7, &json!("user")));
    assert!(messages[0]["content"].as_str().unwrap().starts_with("You describe Python source code."));
}

#[tokio::test]
async fn small_context_cuts_code() {
    let refusal = "request (2500 tokens) exceeds the available context size (1500 tokens)";
    for kind in [Ollama, OpenAi] {
        let server = FakeOllama::start(Script::new().rule(When::question().nth(1), Reply::status(400, refusal)));
        let client = client(kind, &server.url());
        let long = Question { code: "x = 1\n".repeat(1000).into(), ..question() };
        assert!(!client.prompt(&long).is_cut);
        assert_eq!(client.ask(&long, LIMIT).await.unwrap_err().class(), FailureClass::Adapted);
        assert!(client.prompt(&long).is_cut);
        client.ask(&long, LIMIT).await.unwrap();
        assert!(server.questions()[1].prompt.as_ref().unwrap().contains("lines left out here"));
    }
}
