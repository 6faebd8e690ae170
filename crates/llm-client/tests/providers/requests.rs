//! What is sent for a question.

use cds_fake_ollama::{FakeOllama, Script};
use serde_json::json;

use crate::support::{CODE, LIMIT, Ollama, OpenAi, client, question};

#[tokio::test]
async fn a_question_to_ollama_is_one_deterministic_request() {
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
async fn a_question_to_the_other_interface_has_common_fields_only() {
    let server = FakeOllama::start(Script::new().prefix("/gate"));
    for suffix in ["/gate", "/gate/v1/", "/gate/v1/chat/completions"] {
        let client = client(OpenAi, &format!("{}{suffix}", server.url()));
        let answer = client.ask(&question(), LIMIT).await.unwrap();
        assert!(answer.intent.ends_with('.') && answer.prompt_tokens > Some(0) && answer.answer_tokens > Some(0));

        let request = server.requests().pop().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/gate/v1/chat/completions"));
        let expected = json!({
            "model": "qwen3-coder:latest", "max_tokens": 96, "temperature": 0.0, "seed": 1, "stream": false,
            "messages": client.prompt(&question()).messages(),
        });
        assert_eq!(request.json().unwrap(), expected);
        assert_eq!(client.options(), "api=chat/completions max_tokens=96 seed=1 temperature=0");
        assert_eq!(client.provider_url(), format!("{}/gate/v1", server.url()));
    }
    assert_eq!(server.generate_count(), 3);
}

#[tokio::test]
async fn code_over_the_context_is_cut_before_it_is_sent() {
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
