//! One run as a page: outcome first, then where it came from, what it cost, and what happened.

use cds_persistence::{Counted, Invocation, InvocationDetails, LedgerRow, SnapshotAbsence};

use super::{
    facts,
    liveness::Liveness,
    outcome::outcome,
    page_events::{errors, telemetry},
    page_stages::stages,
    proof::{self, Proof},
};
use cds_terminal::numbers::counted;
use cds_terminal::{screen::Screen, sections::Sections, style::Tone};

use crate::request::{Request, quoted};

/// What is known beside the rows.
#[derive(Debug, Default)]
pub(super) struct State<'a> {
    /// Of a run without an end.
    pub(super) liveness: Option<&'a Liveness>,
    /// What to do next.
    pub(super) next: Option<&'a str>,
}

/// The whole page.
pub(super) fn render(
    found: &Invocation,
    details: &InvocationDetails,
    proof: Option<&Proof>,
    state: &State<'_>,
    screen: &Screen,
) -> String {
    let mut page = Sections::new(screen);
    run(&mut page, found, details, state, screen);
    errors(&mut page, details);
    request(&mut page, found);
    source(&mut page, found);
    snapshot(&mut page, found, details, proof, screen);
    cost(&mut page, found, details);
    stages(&mut page, found, details, screen);
    telemetry(&mut page, found, details);
    page.finish()
}

fn run(page: &mut Sections<'_>, found: &Invocation, details: &InvocationDetails, state: &State<'_>, screen: &Screen) {
    page.heading("Run");
    let status = found.status();
    page.toned_field("status", Tone::of_status(status), status);
    page.field("outcome", outcome(found, details, state.liveness, screen));
    page.optional("answered", answered(found));
    let sign = found.details.as_ref().and_then(|row| row.heartbeat_at.as_deref());
    page.optional("last sign of life", sign.map(|stored| screen.time.in_full(stored)));
    page.optional("next", state.next);
    page.optional("snapshot", found.snapshot_id);
    page.field("started", screen.time.in_full(found.started_at()));
    let Some(row) = &found.ledger else {
        page.optional("seconds", facts::seconds(facts::duration_seconds(found)));
        page.field("ledger", "none: another program or an old version of cds wrote this snapshot");
        return;
    };
    // What another command wrote down is not when it ended.
    let end = if row.closed_by.is_some() { "marked" } else { "finished" };
    page.optional(end, row.finished_at.as_deref().map(|stored| screen.time.in_full(stored)));
    page.optional("seconds", facts::seconds(facts::duration_seconds(found)));
    page.field("ledger id", &row.run_id);
    page.field("project", &row.subject);
    page.field("command", &row.command);
    page.optional("error", row.error.as_ref());
    page.optional("closed by", row.closed_by.as_ref());
    let notes = row.notes.as_deref().unwrap_or_default();
    page.optional("notes", notes.lines().next());
    notes.lines().skip(1).for_each(|note| page.field("", note));
    page.field("host", or_unknown(&row.host));
    // The process of another program is not known.
    page.optional("process", (row.pid > 0).then_some(row.pid));
    page.field("cds version", &row.tool_version);
    page.field("trace id", &row.trace_id);
}

/// `120 of 400 records`; `None` if no question was due.
fn answered(found: &Invocation) -> Option<String> {
    if let Some(row) = &found.enrichment {
        let answered = row.selected_count.saturating_sub(row.failed_count);
        return Some(format!("{answered} of {}", counted(row.selected_count, "record")));
    }
    let row = found.details.as_ref()?;
    let text = format!("{} of {}", row.answered_count?, counted(row.selected_count?, "record"));
    Some(format!("{text}, at the last sign of life"))
}

/// What the run was asked to do.
fn request(page: &mut Sections<'_>, found: &Invocation) {
    page.heading("Request");
    let stored = found.details.as_ref().and_then(|row| row.request.as_deref());
    let Some(request) = stored.and_then(Request::parse) else {
        page.sentence("not recorded: an earlier version of cds or another program began this run");
        return;
    };
    let words = request.command.split(' ').chain(request.arguments.iter().map(String::as_str));
    page.field("command line", format!("cds {}", quoted(words)));
    page.optional("provider", request.provider_url.as_ref());
    page.optional("model", request.model.as_ref());
    page.optional("scope", request.scope.as_ref());
}

fn source(page: &mut Sections<'_>, found: &Invocation) {
    page.heading("Source");
    let root = found.ledger.as_ref().and_then(|row| row.root_path.as_ref());
    page.optional("root", root.or(found.snapshot.as_ref().map(|row| &row.root_path)));
    match &found.ledger {
        Some(LedgerRow { code_ref: Some(commit), code_ref_note, .. }) => {
            page.field("commit", commit);
            page.field("commit from", code_ref_note);
        }
        Some(LedgerRow { code_ref_note, .. }) => page.field("commit", format!("unknown: {}", reason(code_ref_note))),
        None => page.field("commit", "unknown: the run has no row in the ledger"),
    }
}

fn snapshot(
    page: &mut Sections<'_>,
    found: &Invocation,
    details: &InvocationDetails,
    proof: Option<&Proof>,
    screen: &Screen,
) {
    page.heading("Snapshot");
    let Some(row) = &found.snapshot else {
        page.sentence(match found.snapshot_id {
            Some(id) => match proof.map_or(SnapshotAbsence::Unrecorded, |proof| proof.absence) {
                SnapshotAbsence::Pruned => format!("none: snapshot {id} was pruned"),
                SnapshotAbsence::Unexplained => {
                    format!("snapshot {id} is missing without having been pruned; cds verify names what is missing")
                }
                SnapshotAbsence::Unrecorded => {
                    format!("none: snapshot {id} is not in the database, and no history says why")
                }
            },
            None => "none: the run wrote no snapshot, and nothing of it is in the tables runs and records".to_owned(),
        });
        if proof.is_some() {
            proof::fields(page, proof);
        }
        return;
    };
    page.field("number", row.id.to_string());
    page.field("status", &row.status);
    page.field("records", with_parts(row.record_count, &details.records_by_kind));
    page.field("failed intents", row.intent_failed_count.to_string());
    page.field("analyzer errors", row.analyzer_error_count.to_string());
    page.field("provider", &row.provider_url);
    page.field("model", &row.model);
    page.field("scope", &row.scope);
    page.field("progress batch", row.progress_batch_size.to_string());
    page.field("started", screen.time.in_full(&row.started_at));
    page.field("last intent", screen.time.in_full(&row.finished_at));
    if found.ledger.is_some() {
        page.field("root", &row.root_path);
    }
    proof::fields(page, proof);
}

fn cost(page: &mut Sections<'_>, found: &Invocation, details: &InvocationDetails) {
    page.heading("Intents and cost");
    page.optional("calls", found.llm_calls.or_else(|| counted_calls(details)));
    match (found.tokens.or(details.telemetry_tokens), found.llm_calls) {
        (Some(tokens), _) => page.field("tokens", tokens.to_string()),
        (None, Some(0)) => page.field("tokens", "none: no model was called"),
        (None, _) => page.field("tokens", "unknown: the provider reported none"),
    }
    let Some(row) = &found.enrichment else {
        if found.llm_calls.is_none() && counted_calls(details).is_some() {
            let why = if found.status() == "running" {
                "no stage has counted them yet"
            } else {
                "no stage ended to count them"
            };
            page.sentence(format!("calls and tokens are from the telemetry: {why}"));
        }
        return;
    };
    page.field("selected", row.selected_count.to_string());
    page.field("asked", row.asked_count.to_string());
    page.field("reused", row.reused_count.to_string());
    page.field("shared", row.shared_count.to_string());
    page.field("failed", row.failed_count.to_string());
    page.field("retried", row.retried_count.to_string());
    page.field("cut", row.cut_count.to_string());
    page.optional("prompt tokens", row.prompt_tokens);
    page.optional("answer tokens", row.answer_tokens);
    page.field("seconds", format!("{:.2}", row.elapsed_seconds));
    page.field(
        "seconds a call",
        format!("{:.2}, 95 of 100 below {:.2}", row.mean_latency_seconds, row.p95_latency_seconds),
    );
}

/// Calls that left a trace although no stage counted them.
fn counted_calls(details: &InvocationDetails) -> Option<u64> {
    details.telemetry.iter().find(|item| item.name == "LLM_CALL").map(|item| item.count)
}

/// `59: 13 file, 46 function`.
pub(super) fn with_parts(total: u64, parts: &[Counted]) -> String {
    if parts.is_empty() {
        return total.to_string();
    }
    let parts: Vec<String> = parts.iter().map(|part| format!("{} {}", part.count, part.name)).collect();
    format!("{total}: {}", parts.join(", "))
}

pub(super) fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}

fn reason(note: &str) -> &str {
    if note.is_empty() { "no reason was recorded" } else { note }
}

#[cfg(test)]
mod tests {
    use cds_persistence::{LockHolder, RunId};

    use super::{super::samples, *};

    fn page(found: &Invocation, details: &InvocationDetails, width: usize) -> String {
        let liveness = (found.status() == "running").then_some(Liveness::Ended);
        let proof = found.snapshot_id.map(samples::proof);
        let state = State { liveness: liveness.as_ref(), next: Some("cds runs replay 7") };
        render(found, details, proof.as_ref(), &state, &samples::screen(width))
    }

    #[test]
    fn it_looks_as_reviewed() {
        let (completed, details) = samples::completed();
        insta::assert_snapshot!("show_completed_80", page(&completed, &details, 80));
        insta::assert_snapshot!("show_completed_160", page(&completed, &details, 160));
        let (failed, details) = samples::failed();
        insta::assert_snapshot!("show_failed_80", page(&failed, &details, 80));
        insta::assert_snapshot!("show_failed_160", page(&failed, &details, 160));
        let (killed, details) = samples::killed();
        insta::assert_snapshot!("show_killed_80", page(&killed, &details, 80));
    }

    #[test]
    fn page_explains_a_failure() {
        let (failed, details) = samples::failed();
        let text = page(&failed, &details, 80).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "commit 1f6467f6800f02fcbea9178082e1398a00112233-dirty",
            "it failed in stage persist: write to database",
            "disk is full",
            "calls 46",
            "tokens 18422",
        ] {
            assert!(text.contains(part), "{part:?} is in {text}");
        }
    }

    #[test]
    fn page_of_dead_run_shows_what_remains() {
        let (killed, details) = samples::killed();
        let text = page(&killed, &details, 80).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "it was interrupted in stage enrich, at an unknown time",
            "cds persist found and marked it",
            "commit unknown: no repository was found",
            "calls 21",
            "tokens unknown",
            "the process ended before it could count; 25 entries are there",
        ] {
            assert!(text.contains(part), "{part:?} is in {text}");
        }
    }

    #[test]
    fn dead_run_differs_from_running_one() {
        let (mut found, details) = samples::killed();
        let row = found.ledger.as_mut().unwrap();
        (row.status, row.closed_by) = ("running".to_owned(), None);
        let holder = LockHolder {
            pid: 4711,
            host: "ci-7".to_owned(),
            started_at: row.started_at.clone(),
            ..LockHolder::default()
        };
        for (liveness, expected) in [
            (Liveness::Alive(holder), "process 4711 on ci-7 has held the lock since 2026-11-20 23:15:00 +01:00"),
            (Liveness::Ended, "its process has ended, it was interrupted in stage enrich"),
            (Liveness::Unclear, "whether it is still running in stage enrich"),
        ] {
            let text =
                render(&found, &details, None, &State { liveness: Some(&liveness), next: None }, &samples::screen(400));
            assert!(text.contains(expected) && text.contains("no stage has counted them yet"), "{text}");
        }
    }

    #[test]
    fn pruned_snapshot_still_shows_its_proof() {
        let (mut found, details) = samples::completed();
        let shown = |found: &Invocation, proof: Option<&Proof>| {
            let text = render(found, &details, proof, &State::default(), &samples::screen(400));
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let proof = samples::proof(RunId(7));
        let lines = format!("snapshot root sha256:{} chain head sha256:{}", "ab".repeat(32), "cd".repeat(32));
        let whole = format!("{lines} history 3 added, 1 moved");
        assert!(shown(&found, Some(&proof)).contains(&whole));
        let unchanged = Proof { transitions: Vec::new(), ..proof.clone() };
        assert!(shown(&found, Some(&unchanged)).contains(&format!("{lines} history nothing changed")));
        assert!(shown(&found, None).contains("snapshot root none: no history was kept"));
        found.snapshot = None;
        let missing =
            format!("snapshot 7 is missing without having been pruned; cds verify names what is missing {whole}");
        assert!(shown(&found, Some(&proof)).contains(&missing));
        let pruned = Proof { absence: SnapshotAbsence::Pruned, ..proof };
        assert!(shown(&found, Some(&pruned)).contains(&format!("was pruned {whole}")));
        let unrecorded = shown(&found, None);
        assert!(unrecorded.contains("snapshot 7 is not in the database, and no history says why"), "{unrecorded}");
        assert!(!unrecorded.contains("snapshot root"));
    }

    #[test]
    fn lines_fit_the_terminal() {
        let (found, details) = (samples::hostile_invocation(), samples::hostile_details());
        for width in 40..200 {
            samples::assert_is_safe(&page(&found, &details, width), width);
        }
    }
}
