//! The raw database file on disk, below `SQLite` and its log.
//!
//! Closing a file that `SQLite` has open in the same process drops its locks. So this module opens each file at most
//! once in a process, before `SQLite` does, and keeps it open until the last connection to it is closed.

use std::{
    fs::{File, Metadata},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, SystemTime},
};

use super::{
    header::{self, Header, Mark},
    location::{Identity, Location},
    pairing::{self, Mismatch},
    rollback, write_ahead,
};
use crate::Error;

/// How often a file and a log that do not match are compared, because another process may be writing them.
const ATTEMPT_COUNT: usize = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// The number of sample pages remembered besides the first.
const SAMPLE_COUNT: u32 = 16;

/// The open files of the whole process.
static OPEN: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

type Entry = (Identity, Weak<Underneath>);

/// One file, shared by all connections of this process.
#[derive(Debug)]
pub(super) struct Underneath {
    file: File,
    location: Location,
    known: Mutex<Option<Known>>,
}

/// The last valid state of the file.
#[derive(Debug)]
struct Known {
    stamp: Stamp,
    mark: Mark,
    /// Sample pages, each with its hash.
    pages: Vec<(u32, u64)>,
}

type Stamp = (u64, Option<SystemTime>);

impl Underneath {
    /// Opens the file at `location` and compares it with its log; `None` if it cannot be read.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignLog`] if the two do not belong together. Nothing has changed.
    pub(super) fn open(location: &Location) -> Result<Option<Arc<Self>>, Error> {
        let mut open = lock(&OPEN);
        open.retain(|(_, file)| file.strong_count() > 0);
        let Some(identity) = location.identity() else { return Ok(None) };
        let found = open.iter().find(|(other, _)| *other == identity);
        if let Some(underneath) = found.and_then(|(_, file)| file.upgrade()) {
            return Ok(Some(underneath));
        }
        // SQLite reports why the file cannot be opened.
        let Ok(file) = File::open(&location.absolute) else { return Ok(None) };
        let underneath = Self { file, location: location.clone(), known: Mutex::default() };
        underneath.check_log()?;
        let underneath = Arc::new(underneath);
        open.push((identity, Arc::downgrade(&underneath)));
        Ok(Some(underneath))
    }

    /// Rejects a log that does not belong to the file.
    fn check_log(&self) -> Result<(), Error> {
        let mut found = Ok(());
        for attempt in 0..ATTEMPT_COUNT {
            if attempt > 0 {
                thread::sleep(PAUSE);
            }
            let before = self.stamps();
            // An unreadable file or log is not a mismatch; SQLite reports it.
            found = self.compare().unwrap_or(Ok(()));
            if found.is_ok() {
                return Ok(());
            }
            if attempt > 0 && before != self.stamps() {
                // They change while they are compared, so a writer is active, and it has checked them when it opened
                // them.
                found = Ok(());
            }
        }
        found.map_err(|(suffix, mismatch)| Error::ForeignLog {
            path: self.location.path.clone(),
            log: self.location.beside(suffix),
            why: mismatch.as_str(),
        })
    }

    fn compare(&self) -> io::Result<Result<(), (&'static str, Mismatch)>> {
        let log = write_ahead::read(&self.location.beside("-wal"))?;
        let journal = rollback::read(&self.location.beside("-journal"))?;
        if log.is_none() && journal.is_none() {
            return Ok(Ok(()));
        }
        let (start, length) = (self.start()?, self.file.metadata()?.len());
        let log = log.map_or(Ok(()), |log| pairing::check_log(&start, length, &log).map_err(|why| ("-wal", why)));
        let journal = journal.map_or(Ok(()), |journal| {
            pairing::check_journal(&start, length, &journal).map_err(|why| ("-journal", why))
        });
        Ok(log.and(journal))
    }

    /// The lengths and times of the file and of its side files.
    fn stamps(&self) -> [Option<Stamp>; 3] {
        let beside = |suffix| std::fs::metadata(self.location.beside(suffix)).ok().as_ref().map(stamp_of);
        [self.file.metadata().ok().as_ref().map(stamp_of), beside("-wal"), beside("-journal")]
    }

    /// Remembers the current state as valid, unless another state is remembered and no log was merged since.
    pub(super) fn remember(&self, is_merged: bool) {
        let mut known = lock(&self.known);
        if is_merged || known.is_none() {
            *known = self.look().ok().flatten();
        }
    }

    /// Forgets the state, because each commit now changes the file itself.
    pub(super) fn forget(&self) {
        *lock(&self.known) = None;
    }

    fn look(&self) -> io::Result<Option<Known>> {
        let stamp = stamp_of(&self.file.metadata()?);
        let Some(header) = Header::parse(&self.start()?) else { return Ok(None) };
        let page_count = u32::try_from(stamp.0 / u64::from(header.page_size)).unwrap_or(u32::MAX);
        let stride = (page_count / SAMPLE_COUNT).max(1) as usize;
        let numbers = (2..=page_count).rev().step_by(stride);
        let pages = numbers.map(|number| Ok((number, self.hash_of(number, header.page_size)?)));
        Ok(Some(Known { stamp, mark: header.mark, pages: pages.collect::<io::Result<_>>()? }))
    }

    /// Whether another process overwrote the file since [`remember`](Self::remember) while the log was in use; the two
    /// then no longer belong together.
    ///
    /// Merging the log changes the file as well, and is allowed.
    pub(super) fn is_overwritten(&self, is_written_by_others: impl FnOnce() -> bool) -> bool {
        let mut known = lock(&self.known);
        let Some(right) = known.as_ref() else { return false };
        let Ok(metadata) = self.file.metadata() else { return false };
        if stamp_of(&metadata) == right.stamp {
            return false;
        }
        let is_overwritten = self.differs(right, is_written_by_others).unwrap_or(false);
        if !is_overwritten {
            *known = self.look().ok().flatten();
        }
        is_overwritten
    }

    fn differs(&self, right: &Known, is_written_by_others: impl FnOnce() -> bool) -> io::Result<bool> {
        let (start, length) = (self.start()?, self.file.metadata()?.len());
        let Some(header) = Header::parse(&start) else { return Ok(true) };
        let Some(log) = write_ahead::read(&self.location.beside("-wal"))? else {
            // Either another process wrote and merged everything, which SQLite notices, or the change was not made by
            // SQLite.
            return Ok(!is_written_by_others());
        };
        if pairing::check_log(&start, length, &log).is_err() {
            return Ok(true);
        }
        let next = right.mark.counter.wrapping_add(1);
        if header.mark != right.mark || log.marks.first().is_none_or(|first| first.counter != next) {
            return Ok(false);
        }
        for &(number, hash) in right.pages.iter().filter(|(number, _)| !log.pages.contains(number)) {
            if self.hash_of(number, header.page_size)? != hash {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn start(&self) -> io::Result<Vec<u8>> {
        let mut start = vec![0; header::LENGTH];
        let length = read_at(&self.file, &mut start, 0)?;
        start.truncate(length);
        Ok(start)
    }

    /// FNV-1a over a page, or over the existing part of it.
    fn hash_of(&self, number: u32, page_size: u32) -> io::Result<u64> {
        let mut page = vec![0; page_size as usize];
        let length = read_at(&self.file, &mut page, u64::from(number - 1) * u64::from(page_size))?;
        let add = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Ok(page[..length].iter().fold(0xcbf2_9ce4_8422_2325, add))
    }
}

fn stamp_of(metadata: &Metadata) -> Stamp {
    (metadata.len(), metadata.modified().ok())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while the value is half-changed, so a poisoned lock is still valid.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads until the buffer is full or the file ends.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match read_some(file, &mut buffer[length..], offset + length as u64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
