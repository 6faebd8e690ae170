//! One writer per database: a second one learns who holds the lock, does no harm, and may wait.

mod lost;
mod others;
mod status;
#[cfg(unix)]
mod waiting;

use std::{thread, time::Instant};

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};
use serde_json::Value;

use crate::{
    PATIENCE,
    place::{DATABASE, LOCK, Outcome, Place, TREE, persist_arguments},
    running::Running,
};

/// Parts of the message that every refused command prints.
const REFUSED: &[&str] = &["error: failed to take lock ", "cds.sqlite.lock\": it is held by ", "cds lock status"];

/// A `persist` that holds the lock: its first answers have come, and one question waits for the gate.
struct Holder {
    place: Place,
    server: FakeOllama,
    gate: Gate,
    running: Running,
}

impl Holder {
    /// Starts a holder on a new database.
    fn start(answered: usize) -> Self {
        Self::start_in(Place::with_functions(answered + 2), answered)
    }

    /// Starts a holder in this place, which must have more than `answered` questions.
    fn start_in(place: Place, answered: usize) -> Self {
        let gate = Gate::new();
        let held = When::question().within(answered + 1..);
        let server = FakeOllama::start(Script::new().rule(held, Reply::usual().until(&gate)));
        let url = server.url();
        let arguments = persist_arguments(&url, &["--concurrency", "1", "--format", "json"]);
        let running = Running::start(&mut place.command(&arguments));
        server.wait_for_questions(answered + 1, PATIENCE);
        Self { place, server, gate, running }
    }

    /// Another `persist` of the same tree into the same database.
    fn contender(&self, more: &[&str]) -> Running {
        Running::start(&mut self.place.command(&persist_arguments(&self.server.url(), more)))
    }

    /// The JSON of `cds lock status`.
    #[track_caller]
    fn status(&self) -> Value {
        status(&self.place, DATABASE)
    }

    /// Asserts that the holder is alive, has the lock, and is recorded as running.
    #[track_caller]
    fn check_still_holds(&mut self) {
        assert!(self.running.is_alive());
        let status = self.status();
        let holder = &status["holder"];
        assert_eq!((&status["state"], &holder["pid"]), (&"held".into(), &self.running.id().into()), "{status}");
        assert_eq!((&holder["command"], &holder["stage"]), (&"persist".into(), &"enrich".into()), "{status}");
        let database = self.place.database();
        // The rows of refused commands may follow it.
        let id = holder["run_id"].as_str().expect("a text");
        let own = format!(
            "SELECT stage || ' ' || stage_runs.status || ' ' || runs_ledger.status
             FROM stage_runs JOIN runs_ledger ON runs_ledger.run_id = ledger_id
             WHERE ledger_id = '{id}' ORDER BY stage_runs.rowid DESC LIMIT 1"
        );
        assert_eq!(database.texts(&own), ["enrich running running"]);
        assert_eq!(database.texts("SELECT closed_by FROM runs_ledger WHERE closed_by IS NOT NULL"), [""; 0]);
    }

    /// Lets the run continue to success.
    #[track_caller]
    fn finish(self) -> (Place, FakeOllama, Outcome) {
        self.gate.open();
        let outcome = self.running.wait().succeeded();
        let database = self.place.database();
        assert_eq!(database.ends_with_lock().last().map(String::as_str), Some("completed"));
        database.check_integrity();
        drop(database);
        self.place.check_is_tidy();
        (self.place, self.server, outcome)
    }
}

/// The JSON of `cds lock status`.
#[track_caller]
fn status(place: &Place, database: &str) -> Value {
    let outcome = place.cds(&["lock", "status", "--db-path", database, "--format", "json"]).succeeded();
    serde_json::from_str(&outcome.stdout).expect("an object")
}

#[test]
fn second_writer_is_refused_with_holder() {
    let mut holder = Holder::start(1);
    let start = Instant::now();
    let outcome = holder.contender(&[]).wait().exited_with(1).stderr_has(REFUSED);
    // The lock lasts as long as this test wants, because a busy machine takes time to start a process.
    assert!(start.elapsed() < PATIENCE / 4, "it took {:?}", start.elapsed());
    let status = holder.status();
    let detail = |name: &str| status["holder"][name].as_str().expect("a text").to_owned();
    let database = holder.place.database();
    let ends = "SELECT run_id || ' ' || status || ' ' || host || ' ' || coalesce(substr(error, 1, 20), '')
                FROM runs_ledger ORDER BY rowid";
    let ends = database.texts(ends);
    assert_eq!(ends[0], format!("{} running {} ", detail("run_id"), detail("host")));
    assert!(ends.len() == 2 && ends[1].contains(" failed ") && ends[1].contains(" failed to take lock"), "{ends:?}");
    drop(database);
    let sentence = format!(
        "process {} on {}, since {}, command persist, run {}, stage enrich",
        holder.running.id(),
        detail("host"),
        detail("started_at"),
        detail("run_id")
    );
    let outcome = outcome.stderr_has(&[&sentence, "--lock-timeout"]);
    assert_eq!(outcome.stdout, "");
    holder.check_still_holds();

    let (place, server, outcome) = holder.finish();
    assert_eq!(outcome.costs(), [3, 3, 0, 0, 0, 3]);
    let outcome = place.persist(&server.url(), &["--format", "json"]).succeeded();
    assert_eq!(outcome.costs(), [3, 0, 3, 0, 0, 0], "the second run reuses what the first has paid for");
    assert_eq!(server.generate_count(), 3);
    assert_eq!(place.database().ends_with_lock(), ["completed", "completed"]);
}

#[test]
fn refused_writers_and_readers_harm_nothing() {
    let mut holder = Holder::start(1);
    let content = holder.place.read(LOCK);
    let url = holder.server.url();
    let persist = persist_arguments(&url, &[]);
    let commands: [&[&str]; 4] = [
        &persist,
        &["intents", "prune", "--unused", "--db-path", DATABASE],
        &["runs", "note", "latest", "text", "--db-path", DATABASE],
        &["runs", "prune", "--keep-last", "1", "--db-path", DATABASE],
    ];
    let contenders: Vec<Running> =
        commands.iter().cycle().take(20).map(|command| Running::start(&mut holder.place.command(command))).collect();
    let place = &holder.place;
    let mut warned = 0;
    thread::scope(|scope| {
        let looks = [(); 2].map(|()| scope.spawn(|| [(); 10].map(|()| status(place, DATABASE))));
        for contender in contenders {
            let outcome = contender.wait().exited_with(1).stderr_has(REFUSED);
            warned += usize::from(outcome.stderr.contains("the ledger entry of this command is incomplete"));
            assert_eq!(place.read(LOCK), content);
        }
        for status in looks.into_iter().flat_map(|looks| looks.join().expect("they end")) {
            assert_eq!((&status["state"], &status["holder"]["pid"]), (&"held".into(), &holder.running.id().into()));
        }
    });
    holder.check_still_holds();
    let (place, server, _) = holder.finish();
    assert_eq!((server.generate_count(), place.database().ends_with_lock().len()), (3, 1));
    let refused = place.database().ends().len() - 1;
    assert_eq!(refused + warned, 15, "each but the notes leaves an account, or says that it cannot");
}

#[test]
fn concurrent_writers_are_exclusive() {
    let place = Place::with_functions(20);
    let arguments = persist_arguments("builtin:", &[]);
    let all: Vec<Running> = (0..8).map(|_| Running::start(&mut place.command(&arguments))).collect();
    let outcomes: Vec<Outcome> = all.into_iter().map(Running::wait).collect();
    let (saved, refused): (Vec<Outcome>, Vec<Outcome>) =
        outcomes.into_iter().partition(|outcome| outcome.code == Some(0));
    for outcome in refused {
        outcome.exited_with(1).stderr_has(REFUSED);
    }
    assert!(!saved.is_empty());
    let database = place.database();
    assert_eq!(database.ends_with_lock(), vec!["completed"; saved.len()]);
    assert_eq!(database.number("SELECT count(*) FROM records"), 21 * i64::try_from(saved.len()).unwrap());
    drop(database);
    place.check_is_tidy();
}

#[cfg(unix)]
#[test]
fn aliased_database_shares_lock() {
    use std::os::unix::fs::symlink;

    let mut holder = Holder::start(1);
    symlink(DATABASE, holder.place.path("link.sqlite")).unwrap();
    symlink(".", holder.place.path("here")).unwrap();
    let absolute = holder.place.path(DATABASE);
    for name in ["link.sqlite", "here/cds.sqlite", "./tree/../cds.sqlite", absolute.to_str().unwrap()] {
        assert_eq!(status(&holder.place, name)["holder"]["pid"], holder.running.id(), "{name}");
        let arguments = ["persist", "--path", TREE, "--db-path", name, "--provider-url", "builtin:"];
        holder.place.cds(&arguments).exited_with(1).stderr_has(REFUSED);
    }
    assert!(!holder.place.names().contains(&"link.sqlite.lock".to_owned()));
    holder.check_still_holds();
    for name in ["link.sqlite", "here"] {
        std::fs::remove_file(holder.place.path(name)).unwrap();
    }
    holder.finish();
}
