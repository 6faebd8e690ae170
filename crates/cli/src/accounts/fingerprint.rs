//! Fingerprints of what a stage reads.
//!
//! Each is the SHA-256 of a list of fields, each of them with its length in eight little-endian bytes before it, so that
//! no two lists give the same bytes. The first field names what is hashed, with a version.

use std::path::Path;

use cds_llm_client::{PROMPT_VERSION, Preflight};
use cds_model::{AnalyzerError, CodeRef, Fingerprint, Record, SourceInput};
use ring::digest::{Context, SHA256};

use crate::arguments::{IntentPlan, SourcePlan};

/// What this program does with its input changes from version to version only.
const VERSION: &str = env!("CARGO_PKG_VERSION");

struct Fields(Context);

impl Fields {
    fn new(name: &str) -> Self {
        Self(Context::new(&SHA256)).field(name)
    }

    fn add(&mut self, field: impl AsRef<[u8]>) {
        let field = field.as_ref();
        self.0.update(&(field.len() as u64).to_le_bytes());
        self.0.update(field);
    }

    fn field(mut self, field: impl AsRef<[u8]>) -> Self {
        self.add(field);
        self
    }

    /// One that may be missing, which is something else than empty.
    fn add_optional(&mut self, field: Option<&str>) {
        self.add([u8::from(field.is_some())]);
        self.add(field.unwrap_or_default());
    }

    fn finish(self) -> Fingerprint {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        Fingerprint(bytes)
    }
}

/// The settings of the analysis.
pub(crate) fn analyze_config(plan: &SourcePlan) -> Fingerprint {
    Fields::new("cds analyze config 1")
        .field(VERSION)
        .field(plan.options.max_file_size.to_le_bytes())
        .field([u8::from(plan.options.use_ignore_files)])
        .finish()
}

/// Building has no settings but the version.
pub(crate) fn build_config() -> Fingerprint {
    Fields::new("cds build config 1").field(VERSION).finish()
}

/// What beside the code decides an intent.
pub(crate) fn enrich_config(plan: &IntentPlan, preflight: &Preflight) -> Fingerprint {
    Fields::new("cds enrich config 1")
        .field(VERSION)
        .field(plan.client.provider_url())
        .field(plan.client.model())
        .field(&preflight.facts.digest)
        .field(plan.client.options())
        .field(PROMPT_VERSION.to_le_bytes())
        .field(plan.options.scope.to_string())
        .field([u8::from(plan.options.refresh)])
        .finish()
}

/// What is written beside the records.
pub(crate) fn persist_config(root: &Path) -> Fingerprint {
    Fields::new("cds persist config 1").field(VERSION).field(root.as_os_str().as_encoded_bytes()).finish()
}

/// Every file with its content, the commit and the settings.
pub(crate) fn analyze_input(inputs: &[SourceInput], code_ref: &CodeRef, config: Fingerprint) -> Fingerprint {
    let mut fields = Fields::new("cds analyze input 1").field(config.0);
    fields.add_optional(code_ref.commit.as_deref());
    for input in inputs {
        fields.add(input.file_path.as_bytes());
        match &input.content {
            Ok(hash) => fields.add(hash.0),
            Err(reason) => fields.add(reason),
        }
    }
    fields.finish()
}

/// What the analysis made of its own input.
pub(crate) fn build_input(analyzed: Fingerprint, config: Fingerprint) -> Fingerprint {
    Fields::new("cds build input 1").field(config.0).field(analyzed.0).finish()
}

/// The code of every record, with its kind.
pub(crate) fn enrich_input(records: &[Record], config: Fingerprint) -> Fingerprint {
    let mut fields = Fields::new("cds enrich input 1").field(config.0);
    for record in records {
        fields.add(record.kind.as_str());
        fields.add(record.normalized_code.as_bytes());
    }
    fields.finish()
}

/// Everything that is written of the records and errors.
pub(crate) fn persist_input(records: &[Record], errors: &[AnalyzerError], config: Fingerprint) -> Fingerprint {
    let mut fields = Fields::new("cds persist input 1").field(config.0);
    for record in records {
        fields.add(record.kind.as_str());
        fields.add(record.file_path.as_bytes());
        fields.add_optional(record.signature.as_deref());
        fields.add([record.start_line.to_le_bytes(), record.end_line.to_le_bytes()].concat());
        fields.add(record.raw_code.as_bytes());
        fields.add(record.normalized_code.as_bytes());
        fields.add(record.intent.status().as_str());
        fields.add_optional(record.intent.text());
        fields.add_optional(record.intent.error());
    }
    for error in errors {
        fields.add(&error.file_path);
        fields.add(error.line.unwrap_or_default().to_le_bytes());
        fields.add(&error.reason);
    }
    fields.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_between_two_fields_counts() {
        let of = |fields: &[&str]| fields.iter().fold(Fields::new("x"), Fields::field).finish();
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        let optional = |field| {
            let mut fields = Fields::new("x");
            fields.add_optional(field);
            fields.finish()
        };
        assert_ne!(optional(None), optional(Some("")));
    }
}
