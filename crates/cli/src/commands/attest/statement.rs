//! What is stated about a snapshot: an in-toto Statement (v1) with SLSA Provenance (v1) as its predicate.
//!
//! Names and meanings of the fields are those of <https://github.com/in-toto/attestation/tree/main/spec/v1> and
//! <https://slsa.dev/spec/v1.0/provenance>. What is not known is left out.

use cds_persistence::{ChainRow, Invocation, LedgerRow, SnapshotRow, StageRow};
use serde_json::{Map, Value, json};

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
/// The kind of work, and with it the meaning of the parameters; `docs/traceability.md` describes it.
const BUILD_TYPE: &str = "urn:cds:snapshot:v1";
/// Who did the work. It is not a trusted service: the signer of the statement vouches for it.
const BUILDER_ID: &str = "urn:cds:cli";

/// Everything that is known of a snapshot whose root was found to be right.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) invocation: Invocation,
    pub(super) snapshot: SnapshotRow,
    pub(super) chained: ChainRow,
    pub(super) stages: Vec<StageRow>,
    /// Digests of the files of the model, as far as kept answers tell them.
    pub(super) model_digests: Vec<String>,
}

impl Facts {
    /// What the subject is called.
    pub(super) fn name(&self) -> String {
        format!("{}/runs/{}", self.chained.project, self.snapshot.id)
    }

    pub(super) fn ledger(&self) -> Option<&LedgerRow> {
        self.invocation.ledger.as_ref()
    }

    pub(super) fn finished_at(&self) -> &str {
        let ended = self.ledger().filter(|row| row.closed_by.is_none()).and_then(|row| row.finished_at.as_deref());
        ended.unwrap_or(&self.snapshot.finished_at)
    }

    /// The commit and whether the tree differed from it; `None` without a whole id.
    pub(super) fn commit(&self) -> Option<(&str, bool)> {
        let code_ref = self.ledger()?.code_ref.as_deref()?;
        let (commit, is_dirty) = code_ref.strip_suffix("-dirty").map_or((code_ref, false), |commit| (commit, true));
        (is_hex(commit, 40) || is_hex(commit, 64)).then_some((commit, is_dirty))
    }
}

/// The statement.
pub(super) fn statement(facts: &Facts) -> Value {
    let root = &facts.chained.snapshot_root;
    json!({
        "_type": STATEMENT_TYPE,
        "subject": [{
            "name": facts.name(),
            "digest": { "sha256": root.strip_prefix("sha256:").unwrap_or(root) },
        }],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": external_parameters(facts),
                "internalParameters": internal_parameters(facts),
                "resolvedDependencies": dependencies(facts),
            },
            "runDetails": {
                "builder": builder(facts),
                "metadata": metadata(facts),
            },
        },
    })
}

/// What the user decided.
fn external_parameters(facts: &Facts) -> Value {
    let row = &facts.snapshot;
    object([
        ("command", facts.ledger().map(|ledger| json!(ledger.command))),
        ("root", Some(json!(row.root_path))),
        ("scope", Some(json!(row.scope))),
        ("provider", Some(json!(row.provider_url))),
        ("model", Some(json!(row.model))),
        ("project", Some(json!(facts.chained.project))),
        ("part", Some(json!(facts.chained.part))),
    ])
}

/// What came of that, and what it is chained to.
fn internal_parameters(facts: &Facts) -> Value {
    let row = &facts.snapshot;
    let stage = |stage: &StageRow| {
        object([
            ("stage", Some(json!(stage.stage))),
            ("source", Some(json!(stage.source))),
            ("configHash", Some(json!(stage.config_hash))),
            ("inputFingerprint", stage.input_fingerprint.as_ref().map(|hash| json!(hash))),
        ])
    };
    object([
        ("chainHead", Some(json!(facts.chained.hash))),
        ("chainSequence", Some(json!(facts.chained.sequence))),
        ("runHash", Some(json!(facts.chained.run_hash))),
        ("historyHash", Some(json!(facts.chained.history_hash))),
        ("recordCount", Some(json!(row.record_count))),
        ("analyzerErrorCount", Some(json!(row.analyzer_error_count))),
        ("intentFailedCount", Some(json!(row.intent_failed_count))),
        ("codeRef", facts.ledger().and_then(|ledger| ledger.code_ref.as_ref()).map(|commit| json!(commit))),
        ("codeRefNote", facts.ledger().map(|ledger| json!(ledger.code_ref_note))),
        ("stages", Some(facts.stages.iter().map(stage).collect())),
    ])
}

/// What the snapshot was made from, as far as a digest tells it.
fn dependencies(facts: &Facts) -> Value {
    let commit = facts.commit().map(|(commit, is_dirty)| {
        object([
            ("name", Some(json!("source"))),
            ("digest", Some(json!({ "gitCommit": commit.to_ascii_lowercase() }))),
            ("annotations", is_dirty.then(|| json!({ "dirty": true }))),
        ])
    });
    let model = |digest: &String| json!({ "name": facts.snapshot.model, "digest": { "sha256": digest } });
    let models = facts.model_digests.iter().filter(|digest| is_hex(digest, 64)).map(model);
    commit.into_iter().chain(models).collect()
}

fn builder(facts: &Facts) -> Value {
    object([
        ("id", Some(json!(BUILDER_ID))),
        ("version", facts.ledger().map(|ledger| json!({ "cds": ledger.tool_version }))),
    ])
}

fn metadata(facts: &Facts) -> Value {
    object([
        ("invocationId", facts.ledger().map(|ledger| json!(ledger.run_id))),
        ("startedOn", Some(json!(facts.invocation.started_at()))),
        ("finishedOn", Some(json!(facts.finished_at()))),
    ])
}

fn object<const COUNT: usize>(fields: [(&str, Option<Value>); COUNT]) -> Value {
    let known = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(known.collect::<Map<_, _>>())
}

fn is_hex(text: &str, digit_count: usize) -> bool {
    text.len() == digit_count && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
