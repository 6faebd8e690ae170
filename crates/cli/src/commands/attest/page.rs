//! A statement as a page for people.

use super::statement::Facts;
use cds_terminal::{screen::Screen, sections::Sections};

/// The whole page.
pub(super) fn render(facts: &Facts, screen: &Screen) -> String {
    let mut page = Sections::new(screen);
    let (row, chained, ledger) = (&facts.snapshot, &facts.chained, facts.ledger());
    page.heading("Subject");
    page.field("name", facts.name());
    page.field("snapshot root", &chained.snapshot_root);
    page.field("checked", format!("the {} records give this root", row.record_count));

    page.heading("How it was made");
    page.optional("command", ledger.map(|ledger| &ledger.command));
    page.field("project", &chained.project);
    page.field("part", if chained.part.is_empty() { "all of it" } else { &chained.part });
    page.field("root", &row.root_path);
    page.field("scope", &row.scope);
    page.field("provider", &row.provider_url);
    page.field("model", &row.model);
    match facts.model_digests.as_slice() {
        [] => page.field("model digest", "unknown: no kept answer tells it"),
        digests => digests.iter().for_each(|digest| page.field("model digest", digest)),
    }
    page.optional("commit", ledger.and_then(|ledger| ledger.code_ref.as_ref()));
    page.optional("commit from", ledger.map(|ledger| &ledger.code_ref_note));
    for stage in &facts.stages {
        page.field("configuration", format!("{} {}", stage.stage, stage.config_hash));
    }

    page.heading("Chain");
    page.field("chain head", &chained.hash);
    page.field("chain sequence", chained.sequence.to_string());
    page.field("run hash", &chained.run_hash);
    page.field("history hash", &chained.history_hash);

    page.heading("Invocation");
    page.optional("ledger id", ledger.map(|ledger| &ledger.run_id));
    page.optional("cds version", ledger.map(|ledger| &ledger.tool_version));
    page.field("started", screen.time.in_full(facts.invocation.started_at()));
    page.field("finished", screen.time.in_full(facts.finished_at()));
    page.finish()
}
