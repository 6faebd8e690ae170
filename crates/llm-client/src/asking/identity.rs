//! The identity of a question: everything that determines an answer, hashed into one key.
//!
//! The hashed bytes are a tag and fields. Each field follows its length as eight little-endian bytes, so two different
//! questions never give the same bytes. The fields are: prompt version (four little-endian bytes), model name, model
//! digest, options, then role and content of each message. The last message holds the code, so the rest is hashed once
//! per run.
//!
//! Version 1 of the prompt was one text without roles, under its own tag.

use cds_model::QuestionKey;
use ring::digest::{Context, SHA256};

use crate::{FormerQuestion, LlmClient, ModelFacts, PROMPT_VERSION, Prompt, Role, prompt::opening};

/// Changes with the encoding, so that keys of two encodings never collide.
const TAG: &[u8] = b"cds question 2";
const FORMER_TAG: &[u8] = b"cds question 1";

/// What all questions of a run have in common.
#[derive(Clone)]
pub(crate) struct Identity {
    common: Context,
    model: String,
    digest: String,
}

impl Identity {
    /// The identity of questions to `client`, whose model `facts` describes.
    pub(crate) fn new(client: &dyn LlmClient, facts: &ModelFacts) -> Self {
        let (model, digest) = (client.model().to_owned(), facts.digest.clone());
        let mut common = begun(TAG, PROMPT_VERSION, &model, &digest, &client.options());
        for message in opening() {
            add_field(&mut common, message.role.as_str().as_bytes());
            add_field(&mut common, message.content.as_bytes());
        }
        Self { common, model, digest }
    }

    /// The key of the question whose prompt is `prompt`.
    pub(crate) fn key(&self, prompt: &Prompt) -> QuestionKey {
        let mut context = self.common.clone();
        add_field(&mut context, Role::User.as_str().as_bytes());
        add_field(&mut context, prompt.question.as_bytes());
        finished(context)
    }

    /// The key that an older version gave to the question.
    pub(crate) fn former_key(&self, former: &FormerQuestion) -> QuestionKey {
        let digest = former.digest.as_deref().unwrap_or(&self.digest);
        let mut context = begun(FORMER_TAG, former.prompt_version, &self.model, digest, &former.options);
        add_field(&mut context, former.text.as_bytes());
        finished(context)
    }
}

fn begun(tag: &[u8], prompt_version: u32, model: &str, digest: &str, options: &str) -> Context {
    let mut context = Context::new(&SHA256);
    let version = prompt_version.to_le_bytes();
    for field in [tag, &version, model.as_bytes(), digest.as_bytes(), options.as_bytes()] {
        add_field(&mut context, field);
    }
    context
}

fn finished(context: Context) -> QuestionKey {
    let mut key = [0; 32];
    key.copy_from_slice(context.finish().as_ref());
    QuestionKey(key)
}

fn add_field(context: &mut Context, field: &[u8]) {
    context.update(&(field.len() as u64).to_le_bytes());
    context.update(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(model: &str, digest: &str, options: &str) -> Identity {
        let mut common = begun(TAG, 2, model, digest, options);
        add_field(&mut common, b"system");
        add_field(&mut common, b"Say it.");
        Identity { common, model: model.to_owned(), digest: digest.to_owned() }
    }

    fn prompt(question: &str) -> Prompt {
        Prompt { question: question.to_owned(), is_cut: false }
    }

    #[test]
    fn encoding_is_fixed() {
        // hashlib.sha256(b''.join(len(f).to_bytes(8, 'little') + f for f in fields)).hexdigest()
        let key = identity("m:latest", "ab12", "num_ctx=8192").key(&prompt("Say what `é` is for.\n"));
        assert_eq!(key.to_string(), "4b3fda7c352c680743c89e38234964281360f6aee7446eb320bb7c908ba4f563");
    }

    #[test]
    fn former_encoding_is_fixed() {
        let former = FormerQuestion {
            prompt_version: 1,
            options: "num_ctx=8192".to_owned(),
            digest: None,
            text: "Say what `é` is for.\n".to_owned(),
        };
        let key = identity("m:latest", "ab12", "whatever").former_key(&former);
        assert_eq!(key.to_string(), "172d3004d73e16f1ad92688e3f8018c38cba0d351b15cf8e2d62c12a219076e9");
    }

    #[test]
    fn every_field_changes_identity() {
        let key = |model, digest, options, question| identity(model, digest, options).key(&prompt(question));
        let keys = [
            key("ab", "c", "d", "e"),
            key("a", "bc", "d", "e"),
            key("ab", "", "cd", "e"),
            key("ab", "c", "", "de"),
            key("ab", "c", "de", ""),
        ];
        let distinct: std::collections::HashSet<_> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(key("ab", "c", "d", "e"), keys[0]);
    }
}
