//! Telemetry: recording never waits, batches are written in order, and losses are counted.

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

/// The entries that a sink received, as texts; shared with the test.
type Written = Arc<Mutex<Vec<String>>>;

/// Calls `answer` for each batch before accepting it.
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
fn overflow_is_dropped_and_counted() {
    let buffer = TelemetryBuffer::new(2);
    assert_eq!([1, 2, 3].map(|number| buffer.record(entry(number))), [true, true, false]);
    assert_eq!((buffer.pending_count(), buffer.counts()), (2, counts(3, 0, 1)));
    let written = Written::default();
    assert_eq!(buffer.flush_all(&mut Asking(Arc::clone(&written), |_| Ok(()))).unwrap(), 2);
    assert_eq!((buffer.pending_count(), buffer.counts()), (0, counts(3, 2, 1)));
    assert_eq!(*written.lock().unwrap(), numbered(1..=2));
    assert!(buffer.record(entry(4)));
    // A capacity of zero becomes one.
    assert!(TelemetryBuffer::new(0).record(entry(1)));
}

#[test]
fn refused_batch_is_retried_first() {
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
    // A smaller batch begins with the same entries; a larger one adds more after them.
    assert_eq!(buffer.flush(&mut refusing, 1).unwrap(), 1);
    buffer.flush(&mut refusing, 3).unwrap_err();
    assert_eq!(buffer.flush_all(&mut refusing).unwrap(), 4);
    assert_eq!(*written.lock().unwrap(), numbered(1..=5));
    assert_eq!(sizes, [2, 1, 3, 4]);
    assert_eq!(buffer.counts(), counts(5, 5, 0));
}

#[test]
fn closed_buffer_drops_everything() {
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

/// Pseudo-random numbers, the same in every run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Threads record while others flush to sinks that fail at random; in the end, everything is written or dropped.
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
fn every_entry_is_written_or_dropped() {
    (0..200).for_each(check_that_nothing_is_lost_without_being_counted);
}

#[test]
fn full_batch_is_written_at_once() {
    let buffer = Arc::new(TelemetryBuffer::default());
    let (sent, received) = mpsc::channel();
    let sink = Asking(Written::default(), move |size| {
        sent.send(size).unwrap();
        Ok(())
    });
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, LONG);
    (0..BATCH_SIZE).for_each(|number| assert!(buffer.record(entry(number))));
    assert_eq!(received.recv_timeout(LONG), Ok(BATCH_SIZE));
    assert!(buffer.record(entry(0)));
    let outcome = flusher.finish(LONG);
    assert_eq!(outcome.counts, counts(1_001, 1_001, 0));
    assert!(outcome.last_error.is_none());
    assert!(!buffer.record(entry(1)));
}

#[test]
fn partial_batch_waits_for_the_interval() {
    let buffer = Arc::new(TelemetryBuffer::default());
    let (sent, received) = mpsc::channel();
    let sink = Asking(Written::default(), move |size| {
        sent.send(size).unwrap();
        Ok(())
    });
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::from_millis(1));
    assert!(buffer.record(entry(1)));
    assert_eq!(received.recv_timeout(LONG), Ok(1));
    assert_eq!(flusher.finish(LONG).counts, counts(1, 1, 0));
}

/// A sink that signals each batch and blocks until it is released.
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
fn hanging_sink_is_abandoned() {
    let buffer = Arc::new(filled(20));
    let written = Written::default();
    let (sink, is_entered, release) = blocking(&written);
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::ZERO);
    is_entered.recv_timeout(LONG).unwrap();
    // Recording does not wait for it.
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
fn slow_batch_counts_as_written() {
    let buffer = Arc::new(filled(20));
    let (sink, is_entered, release) = blocking(&Written::default());
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::ZERO);
    is_entered.recv_timeout(LONG).unwrap();
    let finishing = thread::spawn(move || flusher.finish(LONG));
    release.send(()).unwrap();
    assert_eq!(finishing.join().unwrap().counts, counts(20, 20, 0));
}

#[test]
fn finish_retries_only_locks() {
    for (error, expected) in [(locked as fn() -> Error, counts(3, 3, 0)), (broken, counts(3, 0, 3))] {
        let buffer = Arc::new(filled(3));
        let mut left = 4;
        let sink = Asking(Written::default(), move |_| {
            left -= 1;
            if left < 0 { Ok(()) } else { Err(error()) }
        });
        // The interval is so long that nothing is written before the end.
        let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, LONG);
        let outcome = flusher.finish(LONG);
        assert_eq!(outcome.counts, expected);
        let last = outcome.last_error.map(|error| error.to_string());
        assert_eq!(last, Some(error().to_string()));
    }
}

#[test]
fn panicking_sink_loses_only_its_entries() {
    let buffer = Arc::new(filled(3));
    let sink = Asking(Written::default(), |_| panic!("a bug in the sink"));
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::ZERO);
    let outcome = flusher.finish(LONG);
    assert_eq!(outcome.counts, counts(3, 0, 3));
}

/// A sink that signals each attempt to write.
struct Notifying {
    sink: SqliteTelemetry,
    sent: Sender<()>,
}

impl TelemetrySink for Notifying {
    fn write(&mut self, entries: &[TelemetryEntry]) -> Result<(), Error> {
        // The test stops listening after enough attempts.
        let _ = self.sent.send(());
        self.sink.write(entries)
    }
}

fn sink(path: &Path) -> SqliteTelemetry {
    let mut accounts = accounts(path);
    accounts.mark_run_started(&start(1)).unwrap();
    accounts.into_telemetry_sink(ledger_id(1))
}

#[test]
fn entries_are_written_in_order() {
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
fn failed_batch_succeeds_on_retry() {
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
fn telemetry_of_unknown_run_is_dropped() {
    let (_directory, path) = workplace();
    let buffer = Arc::new(filled(2));
    let sink = accounts(&path).into_telemetry_sink(ledger_id(9));
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, LONG);
    let outcome = flusher.finish(LONG);
    assert_eq!(outcome.counts, counts(2, 0, 2));
    assert!(outcome.last_error.unwrap().to_string().starts_with("insert telemetry entry 1"));
}

#[test]
fn locked_database_ends_within_the_limit() {
    let (_directory, path) = workplace();
    let buffer = Arc::new(filled(1_500));
    let (sent, received) = mpsc::channel();
    let sink = Notifying { sink: sink(&path), sent };
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::from_millis(1));
    // The second attempt means that the error of the first one was recorded.
    (0..2).for_each(|_| received.recv_timeout(LONG).unwrap());
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
fn flusher_counts_match_the_table() {
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
