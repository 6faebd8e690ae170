//! The identity of a question: what decides an answer, hashed into one key.
//!
//! The bytes that are hashed are a tag and five fields, each behind its length as eight little-endian bytes, so that no
//! two different questions give the same bytes: prompt version (four little-endian bytes), model name, model digest,
//! options, and the exact prompt. The prompt comes last, so that the rest is hashed once a run.

use cds_model::QuestionKey;
use ring::digest::{Context, SHA256};

use crate::{LlmClient, ModelFacts, PROMPT_VERSION};

/// Changes when the encoding changes, so that keys of two encodings never meet.
const TAG: &[u8] = b"cds question 1";

/// Everything that the questions of one run have in common.
#[derive(Clone)]
pub(crate) struct Identity {
    common: Context,
}

impl Identity {
    /// The identity of questions to `client`, whose model is the one that `facts` describe.
    pub(crate) fn new(client: &dyn LlmClient, facts: &ModelFacts) -> Self {
        Self::of(PROMPT_VERSION, client.model(), &facts.digest, client.options())
    }

    fn of(prompt_version: u32, model: &str, digest: &str, options: &str) -> Self {
        let mut common = Context::new(&SHA256);
        let version = prompt_version.to_le_bytes();
        for field in [TAG, &version, model.as_bytes(), digest.as_bytes(), options.as_bytes()] {
            add_field(&mut common, field);
        }
        Self { common }
    }

    /// The key of the question whose prompt is `prompt`.
    pub(crate) fn key(&self, prompt: &str) -> QuestionKey {
        let mut context = self.common.clone();
        add_field(&mut context, prompt.as_bytes());
        let mut key = [0; 32];
        key.copy_from_slice(context.finish().as_ref());
        QuestionKey(key)
    }
}

fn add_field(context: &mut Context, field: &[u8]) {
    context.update(&(field.len() as u64).to_le_bytes());
    context.update(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_fixed() {
        // hashlib.sha256(b''.join(len(f).to_bytes(8, 'little') + f for f in fields)).hexdigest()
        let key = Identity::of(1, "m:latest", "ab12", "num_ctx=8192").key("Say what `é` is for.\n");
        assert_eq!(key.to_string(), "172d3004d73e16f1ad92688e3f8018c38cba0d351b15cf8e2d62c12a219076e9");
    }

    #[test]
    fn every_field_decides() {
        let key = |version, model, digest, options, prompt| Identity::of(version, model, digest, options).key(prompt);
        let keys = [
            key(1, "ab", "c", "d", "e"),
            key(2, "ab", "c", "d", "e"),
            key(1, "a", "bc", "d", "e"),
            key(1, "ab", "", "cd", "e"),
            key(1, "ab", "c", "", "de"),
            key(1, "ab", "c", "de", ""),
        ];
        let distinct: std::collections::HashSet<_> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(key(1, "ab", "c", "d", "e"), keys[0]);
    }
}
