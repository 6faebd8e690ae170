//! How far the work with a peer has come, for people and for programs.

use cds_archive::{Direction, PeerState, RunList, State, StateFiles, Stored};
use cds_persistence::RunId;
use cds_terminal::{screen::Screen, sections::Sections, style::Tone};
use serde_json::{Value, json};

/// Maximum number of runs to list by number; of the others only the count is shown.
const LISTED: usize = 20;

/// One peer with the files that speak of it.
pub(super) struct Shown {
    pub(super) direction: Direction,
    pub(super) files: StateFiles,
    pub(super) state: PeerState,
    /// Why it is not known what the other side has; then nothing can be said of what was not tried.
    pub(super) unknown: Option<String>,
    /// Whether the files were just written.
    pub(super) is_recovered: bool,
}

impl Shown {
    /// Whether the state file says what the database knows of this peer.
    fn state_agrees(&self) -> bool {
        matches!(&self.state.state_file, Stored::Present(state) if *state == self.state.truth)
    }

    fn log_agrees(&self) -> bool {
        let open = self.state.open_failures.iter().map(|(run, _)| run);
        matches!(&self.state.failure_log, Stored::Present(list) if list.runs.iter().eq(open))
    }

    /// Both files.
    pub(super) fn agrees(&self) -> bool {
        self.state_agrees() && self.log_agrees()
    }
}

pub(super) fn render(peers: &[Shown], screen: &Screen) -> String {
    let mut page = Sections::new(screen);
    if peers.is_empty() {
        page.sentence("no run was moved yet");
    }
    for shown in peers {
        section(&mut page, shown, screen);
    }
    page.finish()
}

fn section(page: &mut Sections<'_>, shown: &Shown, screen: &Screen) {
    let state = &shown.state;
    page.heading(&format!(
        "{} {}",
        if shown.direction == Direction::Archive { "archive to" } else { "import from" },
        state.peer
    ));
    page.field("database", numbers(state.truth));
    for (index, (run, why)) in state.open_failures.iter().take(LISTED).enumerate() {
        let name = if index == 0 { "open failures" } else { "" };
        let why = why.as_deref().unwrap_or("it was passed over, or its attempt had no end");
        page.toned_field(name, Tone::Bad, format!("run {run}: {why}"));
    }
    match state.open_failures.len() {
        0 => page.toned_field("open failures", Tone::Good, "none"),
        count if count > LISTED => page.toned_field("", Tone::Bad, format!("and {} more", count - LISTED)),
        _ => {}
    }
    if !state.struck.is_empty() {
        page.field("struck by hand", list(&state.struck));
    }
    match &shown.unknown {
        Some(why) => page.toned_field("not tried yet", Tone::Warning, format!("not known: {why}")),
        None => page.field("not tried yet", list(&state.not_yet_tried)),
    }
    page.optional("last attempt", state.last_attempt_at.as_deref().map(|at| screen.time.in_full(at)));
    let tone = |agrees| if agrees { Tone::Good } else { Tone::Warning };
    page.toned_field(
        "state file",
        tone(shown.state_agrees()),
        verdict(&state.state_file, shown.state_agrees(), |state| numbers(*state)),
    );
    page.field("", shown.files.state.display().to_string());
    page.toned_field("failure log", tone(shown.log_agrees()), verdict(&state.failure_log, shown.log_agrees(), log));
    page.field("", shown.files.failures.display().to_string());
    if shown.is_recovered {
        page.sentence("both files were written from what the database knows");
    } else if !shown.agrees() {
        page.sentence("the files speak of another peer, or are out of date; cds state recover writes them");
    }
}

fn verdict<T>(stored: &Stored<T>, agrees: bool, show: impl Fn(&T) -> String) -> String {
    match stored {
        Stored::Present(_) if agrees => "agrees".to_owned(),
        Stored::Present(content) => format!("differs: {}", show(content)),
        Stored::Missing => "missing".to_owned(),
        Stored::Damaged(why) => format!("damaged: {why}"),
    }
}

fn numbers(state: State) -> String {
    format!("last contiguous run {}, last attempted run {}", state.last_contiguous_run, state.last_attempted_run)
}

fn log(list: &RunList) -> String {
    let runs: Vec<RunId> = list.runs.iter().copied().collect();
    match list.ignored_count {
        0 => self::list(&runs),
        count => format!("{}; {count} lines are no run number", self::list(&runs)),
    }
}

/// `none`, or the first runs and how many there are.
fn list(runs: &[RunId]) -> String {
    if runs.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = runs.iter().take(LISTED).map(RunId::to_string).collect();
    match runs.len() {
        count if count > LISTED => format!("{} and {} more", shown.join(" "), count - LISTED),
        _ => shown.join(" "),
    }
}

pub(super) fn json(peers: &[Shown]) -> Value {
    json!({ "peers": peers.iter().map(object).collect::<Value>() })
}

fn object(shown: &Shown) -> Value {
    let state = &shown.state;
    let numbers = |runs: &[RunId]| runs.iter().map(|run| run.0).collect::<Vec<_>>();
    let failure = |(run, why): &(RunId, Option<String>)| json!({ "run_id": run.0, "error": why });
    let (status, reason) = status(&state.state_file);
    let stored = match &state.state_file {
        Stored::Present(state) => Some(*state),
        Stored::Missing | Stored::Damaged(_) => None,
    };
    let state_file = json!({
        "path": shown.files.state.to_string_lossy(),
        "status": status,
        "reason": reason,
        "last_contiguous_run": stored.map(|state| state.last_contiguous_run),
        "last_attempted_run": stored.map(|state| state.last_attempted_run),
        "agrees": shown.state_agrees(),
    });
    let (status, reason) = self::status(&state.failure_log);
    let listed = match &state.failure_log {
        Stored::Present(list) => Some(list),
        Stored::Missing | Stored::Damaged(_) => None,
    };
    let failure_log = json!({
        "path": shown.files.failures.to_string_lossy(),
        "status": status,
        "reason": reason,
        "runs": listed.map(|list| list.runs.iter().map(|run| run.0).collect::<Vec<_>>()),
        "ignored_line_count": listed.map(|list| list.ignored_count),
        "agrees": shown.log_agrees(),
    });
    json!({
        "direction": shown.direction.as_str(),
        "peer": state.peer,
        "last_contiguous_run": state.truth.last_contiguous_run,
        "last_attempted_run": state.truth.last_attempted_run,
        "open_failures": state.open_failures.iter().map(failure).collect::<Value>(),
        "struck": numbers(&state.struck),
        "not_yet_tried": shown.unknown.is_none().then(|| numbers(&state.not_yet_tried)),
        "not_yet_tried_unknown": shown.unknown,
        "last_attempt_at": state.last_attempt_at,
        "state_file": state_file,
        "failure_log": failure_log,
        "is_recovered": shown.is_recovered,
    })
}

fn status<T>(stored: &Stored<T>) -> (&'static str, Option<&str>) {
    match stored {
        Stored::Present(_) => ("present", None),
        Stored::Missing => ("missing", None),
        Stored::Damaged(why) => ("damaged", Some(why)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::tz::TimeZone;

    use super::*;
    use cds_terminal::{local_time::LocalTime, style::Palette};

    fn shown(state_file: Stored<State>, failure_log: Stored<RunList>) -> Shown {
        let truth = State { last_contiguous_run: 1, last_attempted_run: 4 };
        let state = PeerState {
            peer: "/srv/\u{1b}[31marchive".to_owned(),
            state_file,
            failure_log,
            truth,
            open_failures: vec![(RunId(2), Some("the records give\nanother root".to_owned())), (RunId(3), None)],
            struck: vec![RunId(1)],
            not_yet_tried: (5..40).map(RunId).collect(),
            last_attempt_at: Some("2026-11-20T22:15:00.120Z".to_owned()),
        };
        let files = StateFiles::in_directory(Path::new("/srv"), Direction::Archive);
        Shown { direction: Direction::Archive, files, state, unknown: None, is_recovered: false }
    }

    #[test]
    fn it_looks_as_reviewed() {
        let screen = Screen { width: 100, palette: Palette::Plain, time: LocalTime::of(TimeZone::UTC) };
        let truth = State { last_contiguous_run: 1, last_attempted_run: 4 };
        let runs =
            |numbers: &[i64]| RunList { runs: numbers.iter().copied().map(RunId).collect(), ..RunList::default() };
        let mut agreeing = shown(Stored::Present(truth), Stored::Present(runs(&[2, 3])));
        agreeing.is_recovered = true;
        let mut unknown = shown(Stored::Present(State::default()), Stored::Present(runs(&[7])));
        unknown.unknown = Some("the source cannot be opened".to_owned());
        let damaged = shown(Stored::Damaged("expected value at line 1".to_owned()), Stored::Missing);
        insta::assert_snapshot!("state", render(&[agreeing, unknown, damaged], &screen));
        assert_eq!(render(&[], &screen), "  no run was moved yet\n");
    }

    #[test]
    fn programs_get_every_field() {
        let object = &json(&[shown(Stored::Missing, Stored::Damaged("why".to_owned()))])["peers"][0];
        assert_eq!((&object["direction"], &object["last_attempted_run"]), (&json!("archive"), &json!(4)));
        assert_eq!(object["open_failures"][1], json!({ "run_id": 3, "error": null }));
        assert_eq!(object["state_file"]["status"], "missing");
        assert_eq!(object["failure_log"]["reason"], "why");
        assert_eq!(object["not_yet_tried"].as_array().unwrap().len(), 35);
    }
}
