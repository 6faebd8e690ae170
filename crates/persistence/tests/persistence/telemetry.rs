//! Telemetry: nobody waits for it, it is written in order and in batches, and whatever is lost is counted.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use cds_model::{TelemetryCounts, TelemetryEntry, TelemetryType};
use cds_persistence::{BATCH_SIZE, Error, SqliteTelemetry, Step, TelemetryBuffer, TelemetryFlusher, TelemetrySink};
use rusqlite::Connection;

use crate::{
    accounts::{accounts, ledger_id, start},
    samples::{NAMED, at, chain_about, number, texts, workplace},
};

const LONG: Duration = Duration::from_secs(60);

fn entry(number: usize) -> TelemetryEntry {
    TelemetryEntry {
        recorded_at: at(5),
        log_type: TelemetryType::LlmCall,
        subject: Some(format!("a.py:{number}")),
        event_details: format!("{{\"attempt\":{number}}}"),
        error_metadata: None,
    }
}

fn filled(count: usize) -> TelemetryBuffer {
    let buffer = TelemetryBuffer::new(count);
    (1..=count).for_each(|number| assert!(buffer.record(entry(number))));
    buffer
}

const fn counts(recorded: u64, written: u64, dropped: u64) -> TelemetryCounts {
    TelemetryCounts { recorded, written, dropped }
}

fn locked() -> Error {
    Error::Locked { path: "x".into(), step: Step::Begin }
}

fn broken() -> Error {
    Error::NotADatabase { path: "x".into() }
}

/// What a sink has got, one text an entry; others look at it from outside.
type Written = Arc<Mutex<Vec<String>>>;

/// Asks `answer` about each batch before it takes it.
struct Asking<F>(Written, F);

impl<F: FnMut(usize) -> Result<(), Error> + Send> TelemetrySink for Asking<F> {
    fn write(&mut self, entries: &[TelemetryEntry]) -> Result<(), Error> {
        (self.1)(entries.len())?;
        self.0.lock().unwrap().extend(entries.iter().map(|entry| entry.subject.clone().unwrap()));
        Ok(())
    }
}

fn numbered(numbers: std::ops::RangeInclusive<usize>) -> Vec<String> {
    numbers.map(|number| format!("a.py:{number}")).collect()
}

#[test]
fn what_finds_no_room_is_dropped_and_counted() {
    let buffer = TelemetryBuffer::new(2);
    assert_eq!([1, 2, 3].map(|number| buffer.record(entry(number))), [true, true, false]);
    assert_eq!((buffer.pending_count(), buffer.counts()), (2, counts(3, 0, 1)));
    let written = Written::default();
    assert_eq!(buffer.flush_all(&mut Asking(Arc::clone(&written), |_| Ok(()))).unwrap(), 2);
    assert_eq!((buffer.pending_count(), buffer.counts()), (0, counts(3, 2, 1)));
    assert_eq!(*written.lock().unwrap(), numbered(1..=2));
    assert!(buffer.record(entry(4)));
    // One without any room still takes one.
    assert!(TelemetryBuffer::new(0).record(entry(1)));
}

#[test]
fn a_batch_that_is_refused_comes_again_first_and_whole() {
    let buffer = filled(5);
    let written = Written::default();
    let mut sizes = Vec::new();
    let mut refusing = Asking(Arc::clone(&written), |size| {
        sizes.push(size);
        if sizes.len() % 2 == 1 { Err(locked()) } else { Ok(()) }
    });
    assert_eq!(buffer.flush(&mut refusing, 0).unwrap(), 0);
    buffer.flush(&mut refusing, 2).unwrap_err();
    assert_eq!((buffer.pending_count(), buffer.counts()), (5, counts(5, 0, 0)));
    assert!(!written.lock().is_ok_and(|written| !written.is_empty()));
    // A smaller batch begins with the same entries, a larger one takes more behind them.
    assert_eq!(buffer.flush(&mut refusing, 1).unwrap(), 1);
    buffer.flush(&mut refusing, 3).unwrap_err();
    assert_eq!(buffer.flush_all(&mut refusing).unwrap(), 4);
    assert_eq!(*written.lock().unwrap(), numbered(1..=5));
    assert_eq!(sizes, [2, 1, 3, 4]);
    assert_eq!(buffer.counts(), counts(5, 5, 0));
}

#[test]
fn what_is_pending_at_the_end_is_dropped_and_so_is_all_that_comes_later() {
    let buffer = filled(5);
    buffer.flush(&mut Asking(Written::default(), |_| Err(locked())), 2).unwrap_err();
    assert_eq!(buffer.drop_pending(), 5);
    assert_eq!(buffer.drop_pending(), 0);
    assert!(!buffer.record(entry(6)));
    let written = Written::default();
    assert_eq!(buffer.flush_all(&mut Asking(Arc::clone(&written), |_| Ok(()))).unwrap(), 0);
    assert_eq!((buffer.pending_count(), buffer.counts()), (0, counts(6, 0, 6)));
    assert!(written.lock().unwrap().is_empty());
}

/// Numbers without a pattern, the same ones in every run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Threads record while others flush into sinks that fail as chance has it; then everything is dropped or written.
fn check_that_nothing_is_lost_without_being_counted(seed: u64) {
    let mut state = seed;
    let capacity = usize::try_from(random(&mut state) % 300 + 1).unwrap();
    let thread_count = random(&mut state) % 4 + 1;
    let recorded_by_each = random(&mut state) % 700;
    let ends_early = random(&mut state).is_multiple_of(3);
    let buffer = TelemetryBuffer::new(capacity);
    let written = Written::default();
    let are_recorded = AtomicBool::new(false);

    let refused: u64 = thread::scope(|scope| {
        for flusher in 0..2 {
            let mut state = seed ^ (flusher + 7);
            let mut sink = Asking(Arc::clone(&written), move |_| match random(&mut state) % 3 {
                0 => Err(locked()),
                1 => Err(broken()),
                _ => Ok(()),
            });
            let (buffer, are_recorded) = (&buffer, &are_recorded);
            scope.spawn(move || {
                while !are_recorded.load(Ordering::SeqCst) {
                    drop(buffer.flush(&mut sink, capacity / 3 + 1));
                    thread::yield_now();
                }
            });
        }
        let recorders: Vec<_> = (0..thread_count)
            .map(|_| scope.spawn(|| (0..recorded_by_each).filter(|_| !buffer.record(entry(0))).count() as u64))
            .collect();
        if ends_early {
            buffer.drop_pending();
        }
        let refused = recorders.into_iter().map(|recorder| recorder.join().unwrap()).sum();
        are_recorded.store(true, Ordering::SeqCst);
        refused
    });
    let before = buffer.counts();
    let pending = buffer.pending_count() as u64;
    assert_eq!(before.recorded, thread_count * recorded_by_each, "seed {seed}");
    assert_eq!(before.recorded, before.written + before.dropped + pending, "seed {seed}");
    assert!(before.dropped >= refused, "seed {seed}");

    assert_eq!(buffer.drop_pending(), pending, "seed {seed}");
    let after = buffer.counts();
    assert_eq!(after.recorded, after.written + after.dropped, "seed {seed}");
    if !ends_early {
        assert_eq!(after.written, written.lock().unwrap().len() as u64, "seed {seed}");
        assert_eq!(after.dropped, refused + pending, "seed {seed}");
    }
}

#[test]
fn what_is_recorded_is_written_or_dropped_whatever_happens() {
    (0..200).for_each(check_that_nothing_is_lost_without_being_counted);
}

#[test]
fn a_full_batch_is_written_without_waiting_for_the_interval() {
    let buffer = Arc::new(TelemetryBuffer::default());
    let (told, is_told) = mpsc::channel();
    let sink = Asking(Written::default(), move |size| {
        told.send(size).unwrap();
        Ok(())
    });
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, LONG);
    (0..BATCH_SIZE).for_each(|number| assert!(buffer.record(entry(number))));
    assert_eq!(is_told.recv_timeout(LONG), Ok(BATCH_SIZE));
    assert!(buffer.record(entry(0)));
    let outcome = flusher.finish(LONG);
    assert_eq!(outcome.counts, counts(1_001, 1_001, 0));
    assert!(outcome.last_error.is_none());
    assert!(!buffer.record(entry(1)));
}

#[test]
fn what_is_less_than_a_batch_is_written_after_the_interval() {
    let buffer = Arc::new(TelemetryBuffer::default());
    let (told, is_told) = mpsc::channel();
    let sink = Asking(Written::default(), move |size| {
        told.send(size).unwrap();
        Ok(())
    });
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::from_millis(1));
    assert!(buffer.record(entry(1)));
    assert_eq!(is_told.recv_timeout(LONG), Ok(1));
    assert_eq!(flusher.finish(LONG).counts, counts(1, 1, 0));
}

/// Blocks in every batch until it is let go, and says that it does.
fn blocking(written: &Written) -> (impl TelemetrySink + 'static, Receiver<()>, Sender<()>) {
    let (enter, is_entered) = mpsc::channel();
    let (release, is_released) = mpsc::channel();
    let sink = Asking(Arc::clone(written), move |_| {
        enter.send(()).unwrap();
        is_released.recv().map_err(|_| locked())
    });
    (sink, is_entered, release)
}

#[test]
fn a_sink_that_does_not_come_back_is_waited_for_up_to_the_limit_and_not_counted_afterwards() {
    let buffer = Arc::new(filled(20));
    let written = Written::default();
    let (sink, is_entered, release) = blocking(&written);
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::ZERO);
    is_entered.recv_timeout(LONG).unwrap();
    // Nobody who records waits for it.
    assert!(buffer.record(entry(21)) && buffer.record(entry(22)));
    let start = Instant::now();
    let outcome = flusher.finish(Duration::from_millis(100));
    assert!(start.elapsed() < LONG / 2);
    assert_eq!(outcome.counts, counts(22, 0, 22));

    release.send(()).unwrap();
    while Arc::strong_count(&buffer) > 1 {
        thread::yield_now();
    }
    assert_eq!(written.lock().unwrap().len(), 20);
    assert_eq!((buffer.counts(), buffer.pending_count()), (counts(22, 0, 22), 0));
}

#[test]
fn a_batch_that_comes_back_within_the_limit_is_counted_as_written() {
    let buffer = Arc::new(filled(20));
    let (sink, is_entered, release) = blocking(&Written::default());
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::ZERO);
    is_entered.recv_timeout(LONG).unwrap();
    let finishing = thread::spawn(move || flusher.finish(LONG));
    release.send(()).unwrap();
    assert_eq!(finishing.join().unwrap().counts, counts(20, 20, 0));
}

#[test]
fn at_the_end_a_lock_is_waited_for_and_any_other_refusal_is_not() {
    for (error, expected) in [(locked as fn() -> Error, counts(3, 3, 0)), (broken, counts(3, 0, 3))] {
        let buffer = Arc::new(filled(3));
        let mut left = 4;
        let sink = Asking(Written::default(), move |_| {
            left -= 1;
            if left < 0 { Ok(()) } else { Err(error()) }
        });
        // Nothing is tried before the end.
        let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, LONG);
        let outcome = flusher.finish(LONG);
        assert_eq!(outcome.counts, expected);
        let last = outcome.last_error.map(|error| error.to_string());
        assert_eq!(last, Some(error().to_string()));
    }
}

#[test]
fn a_sink_that_panics_costs_its_entries_and_nothing_else() {
    let buffer = Arc::new(filled(3));
    let sink = Asking(Written::default(), |_| panic!("a bug in the sink"));
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::ZERO);
    let outcome = flusher.finish(LONG);
    assert_eq!(outcome.counts, counts(3, 0, 3));
}

/// Tells of each try to write.
struct Telling {
    sink: SqliteTelemetry,
    told: Sender<()>,
}

impl TelemetrySink for Telling {
    fn write(&mut self, entries: &[TelemetryEntry]) -> Result<(), Error> {
        // Nobody listens any more once it was told often enough.
        let _ = self.told.send(());
        self.sink.write(entries)
    }
}

fn sink(path: &Path) -> SqliteTelemetry {
    let mut accounts = accounts(path);
    accounts.mark_run_started(&start(1)).unwrap();
    accounts.into_telemetry_sink(ledger_id(1))
}

#[test]
fn every_column_is_written_in_the_order_of_the_entries() {
    let (_directory, path) = workplace();
    let mut sink = sink(&path);
    let failed = TelemetryEntry {
        log_type: TelemetryType::Error,
        subject: None,
        error_metadata: Some("{\"class\":\"timeout\"}".to_owned()),
        ..entry(2)
    };
    sink.write(&[entry(1), failed]).unwrap();
    sink.write(&[]).unwrap();
    sink.write(&[entry(3)]).unwrap();
    let id = ledger_id(1);
    assert_eq!(
        texts(
            &Connection::open(&path).unwrap(),
            "SELECT concat_ws('|', id, ledger_id, recorded_at, log_type, quote(subject), event_details,
                    quote(error_metadata))
             FROM telemetry ORDER BY id"
        ),
        [
            format!("1|{id}|1970-01-01T00:00:05.000Z|LLM_CALL|'a.py:1'|{{\"attempt\":1}}|NULL"),
            format!("2|{id}|1970-01-01T00:00:05.000Z|ERROR|NULL|{{\"attempt\":2}}|'{{\"class\":\"timeout\"}}'"),
            format!("3|{id}|1970-01-01T00:00:05.000Z|LLM_CALL|'a.py:3'|{{\"attempt\":3}}|NULL"),
        ]
    );
    sink.close().unwrap();
}

#[test]
fn a_batch_is_written_whole_or_not_at_all_and_succeeds_once_the_reason_is_gone() {
    let (_directory, path) = workplace();
    let mut sink = sink(&path);
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON telemetry WHEN NEW.subject = 'a.py:3'
             BEGIN SELECT RAISE(ABORT, 'no more'); END",
        )
        .unwrap();
    let buffer = filled(4);
    let error = buffer.flush_all(&mut sink).unwrap_err();
    assert_eq!(
        chain_about(&path, &error),
        format!("insert telemetry entry 3 in database DB: no more{NAMED} (SQLite error 1811)")
    );
    assert_eq!(number(&path, "SELECT count(*) FROM telemetry"), 0);
    other.execute_batch("DROP TRIGGER refuse").unwrap();
    assert_eq!(buffer.flush_all(&mut sink).unwrap(), 4);
    assert_eq!(texts(&other, "SELECT subject FROM telemetry ORDER BY id"), numbered(1..=4));
}

#[test]
fn telemetry_of_a_run_that_is_not_in_the_ledger_is_refused_and_so_dropped() {
    let (_directory, path) = workplace();
    let buffer = Arc::new(filled(2));
    let sink = accounts(&path).into_telemetry_sink(ledger_id(9));
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, LONG);
    let outcome = flusher.finish(LONG);
    assert_eq!(outcome.counts, counts(2, 0, 2));
    assert!(outcome.last_error.unwrap().to_string().starts_with("insert telemetry entry 1"));
}

#[test]
fn a_database_that_stays_locked_ends_within_the_limit_and_the_counts_are_those_of_the_table() {
    let (_directory, path) = workplace();
    let buffer = Arc::new(filled(1_500));
    let (told, is_told) = mpsc::channel();
    let sink = Telling { sink: sink(&path), told };
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::from_millis(1));
    // Once it tries for the second time, it has noted how the first one failed.
    (0..2).for_each(|_| is_told.recv_timeout(LONG).unwrap());
    let start = Instant::now();
    let outcome = flusher.finish(Duration::from_millis(800));
    assert!(start.elapsed() < LONG / 2);
    while Arc::strong_count(&buffer) > 1 {
        thread::yield_now();
    }
    other.execute_batch("ROLLBACK").unwrap();
    assert!(matches!(outcome.last_error, Some(Error::Locked { .. })), "{:?}", outcome.last_error);
    assert_eq!(outcome.counts, counts(1_500, 0, 1_500));
    assert_eq!(number(&path, "SELECT count(*) FROM telemetry"), 0);
}

#[test]
fn what_a_flusher_wrote_is_in_the_table_and_its_counts_are_in_the_ledger() {
    let (_directory, path) = workplace();
    let buffer = Arc::new(TelemetryBuffer::new(3_000));
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink(&path), Duration::from_millis(1));
    let taken = (1..=10_000).filter(|number| buffer.record(entry(*number))).count() as u64;
    let outcome = flusher.finish(LONG);
    assert_eq!(outcome.counts, counts(10_000, taken, 10_000 - taken));
    let mut accounts = accounts(&path);
    accounts.set_telemetry_counts(ledger_id(1), outcome.counts).unwrap();
    let stored = texts(
        &Connection::open(&path).unwrap(),
        "SELECT concat_ws('|', telemetry_recorded, telemetry_written, telemetry_dropped,
                (SELECT count(*) FROM telemetry)) FROM runs_ledger",
    );
    assert_eq!(stored, [format!("10000|{taken}|{}|{taken}", 10_000 - taken)]);
}
