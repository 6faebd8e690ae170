//! Fingerprints of what a stage reads: of its fields in the encoding of [`FieldHasher`].
//!
//! The first field names what is hashed, with a version.

use std::path::Path;

use cds_analyzer::{AnalysisOptions, FileSelection};
use cds_llm_client::{PROMPT_VERSION, Preflight};
use cds_model::{CodeRef, FieldHasher, FieldValue, Fingerprint, Record, SourceInput};
use rayon::prelude::*;

use crate::{IntentPlan, KeptPlan};

/// What this program does with its input changes from version to version only.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Records that are hashed together, on one of the cores; another number gives other fingerprints.
const GROUP_SIZE: usize = 1024;

/// The settings of the analysis.
pub(crate) fn analyze_config(options: &AnalysisOptions, selection: &FileSelection) -> Fingerprint {
    let max_file_size = options.max_file_size.to_be_bytes();
    let mut fields = vec![VERSION.into(), FieldValue::Blob(&max_file_size), u32::from(options.use_ignore_files).into()];
    let selection = selection.description();
    if !selection.is_empty() {
        fields.push(selection.into());
    }
    FieldHasher::hash("cds analyze config 2", fields)
}

/// Building has no settings but the version.
pub(crate) fn build_config() -> Fingerprint {
    FieldHasher::hash("cds build config 2", [VERSION.into()])
}

/// What beside the code decides an intent.
pub(crate) fn enrich_config(plan: &IntentPlan, preflight: &Preflight) -> Fingerprint {
    let options = plan.client.options();
    FieldHasher::hash(
        "cds enrich config 2",
        [
            VERSION.into(),
            plan.client.provider_url().into(),
            plan.client.model().into(),
            (&*preflight.facts.digest).into(),
            options.as_str().into(),
            PROMPT_VERSION.into(),
            (&*plan.options.scope.to_string()).into(),
            u32::from(plan.options.refresh).into(),
        ],
    )
}

/// Where the intents come from if none is asked for.
pub(crate) fn keep_config(plan: KeptPlan, from: Option<i64>) -> Fingerprint {
    let (scope, from) = (plan.scope.to_string(), from.map_or(FieldValue::Null, FieldValue::from));
    FieldHasher::hash("cds keep config 1", [VERSION.into(), (&*scope).into(), from])
}

/// What is written beside the records.
pub(crate) fn persist_config(root: &Path) -> Fingerprint {
    FieldHasher::hash("cds persist config 2", [VERSION.into(), FieldValue::Blob(root.as_os_str().as_encoded_bytes())])
}

/// Every file with its content, the commit and the settings.
pub(crate) fn analyze_input(inputs: &[SourceInput], code_ref: &CodeRef, config: Fingerprint) -> Fingerprint {
    let mut hasher = FieldHasher::new("cds analyze input 2");
    hasher.push((&config).into());
    hasher.push(FieldValue::text(code_ref.commit.as_deref()));
    for input in inputs {
        hasher.push((&*input.file_path).into());
        hasher.push(match &input.content {
            Ok(hash) => hash.into(),
            Err(reason) => (&**reason).into(),
        });
    }
    hasher.finish()
}

/// What the analysis made of its own input.
pub(crate) fn build_input(analyzed: Fingerprint, config: Fingerprint) -> Fingerprint {
    FieldHasher::hash("cds build input 2", [(&config).into(), (&analyzed).into()])
}

/// The code of every record, with its kind.
pub(crate) fn enrich_input(records: &[Record], config: Fingerprint) -> Fingerprint {
    let of_group = |group: &[Record]| {
        let fields = group.iter().flat_map(|record| [record.kind.as_str().into(), (&*record.normalized_code).into()]);
        FieldHasher::hash("cds records to enrich 2", fields)
    };
    let groups: Vec<Fingerprint> = records.par_chunks(GROUP_SIZE).map(of_group).collect();
    let fields = [&config].into_iter().chain(&groups);
    FieldHasher::hash("cds enrich input 2", fields.map(FieldValue::from))
}

#[cfg(test)]
mod tests {
    use cds_model::{Intent, Md5Sum, SourceText, SymbolKind};

    use super::*;

    fn record(number: usize) -> Record {
        let source = SourceText::new(format!("def f{number}(): pass"));
        Record {
            kind: SymbolKind::Function,
            file_path: "a.py".into(),
            signature: None,
            start_line: 1,
            end_line: 1,
            raw_code: source.slice(source.line_range(1, 1)),
            normalized_code: format!("def f{number}(): pass").into(),
            md5sum: Md5Sum([0; 16]),
            intent: Intent::Skipped,
            question: None,
        }
    }

    #[test]
    fn record_order_decides_the_fingerprint() {
        let config = Fingerprint([1; 32]);
        let records: Vec<Record> = (0..=2 * GROUP_SIZE).map(record).collect();
        let whole = enrich_input(&records, config);
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(alone.install(|| enrich_input(&records, config)), whole);
        assert_ne!(enrich_input(&records, Fingerprint([2; 32])), whole);
        assert_ne!(enrich_input(&records[1..], config), whole);
        for (one, other) in [(0, 1), (GROUP_SIZE - 1, GROUP_SIZE), (0, 2 * GROUP_SIZE)] {
            let mut swapped = records.clone();
            swapped.swap(one, other);
            assert_ne!(enrich_input(&swapped, config), whole, "{one} {other}");
        }
    }
}
