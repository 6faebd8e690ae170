//! Takes, holds and releases the lock.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::{LockError, LockHolder, LockLost, LockMonitor, LossReason, block, file};

/// The minimum wait, even with a timeout of zero: the holder may be about to finish.
const LEAST_PATIENCE: Duration = Duration::from_millis(100);
/// Readers of a lock hold it for an instant, one after the other; they must not cause a refusal.
const PATIENCE_WITH_READERS: Duration = Duration::from_secs(2);
/// The pause between attempts; it grows if the wait takes longer.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LATER_PAUSE: Duration = Duration::from_millis(50);

/// A held lock. It is released when this is dropped, and at the latest when the process ends.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    file: File,
    left_behind: Option<LockHolder>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    holder: LockHolder,
    /// The content that the file must have.
    written: Vec<u8>,
    /// Whether the content belongs to another program and stays: a database called `Cargo` has its lock file where
    /// another program has its `Cargo.lock`.
    is_foreign: bool,
    /// Why the lock was lost. A lost lock stays lost: another process may have held it before the file came back.
    lost: Option<LossReason>,
}

/// The result of one check of the lock file.
#[derive(Debug)]
pub(super) enum Look {
    Ours,
    Lost(LossReason),
    /// The system reported an error, which says nothing about the lock.
    Unclear,
}

enum Attempt {
    Granted(File),
    /// Another process holds it for writing.
    Busy(File),
    /// Only readers hold it.
    LookedAt,
    /// The locked file is no longer at the path.
    Moved,
}

impl FileLock {
    /// Takes the lock with the lock file at `path`, creating it if missing, and writes `holder` into it.
    ///
    /// - It waits for up to `timeout`, but at least a tenth of a second, or two seconds if only readers hold the lock.
    /// - It reads no clock; it adds up its pauses of at most 50 milliseconds.
    /// - It calls `should_stop` before every attempt.
    /// - A failed attempt changes nothing. A successful one replaces the previous holder, and keeps foreign content.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] after the timeout, [`LockError::Stopped`] if `should_stop` returns true, other variants if
    /// the file cannot be opened, locked or written.
    pub fn acquire(
        path: &Path,
        holder: &LockHolder,
        timeout: Duration,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<Self, LockError> {
        let path = std::path::absolute(path).map_err(LockError::io("find", path))?;
        let mut paused = Duration::ZERO;
        loop {
            if should_stop() {
                return Err(LockError::Stopped);
            }
            let least = match attempt(&path)? {
                Attempt::Granted(file) => return Self::introduce(path, file, holder),
                Attempt::LookedAt if paused < PATIENCE_WITH_READERS => PATIENCE_WITH_READERS,
                refused if paused >= timeout.max(LEAST_PATIENCE) => return Err(refusal(path, &refused)),
                _ => LEAST_PATIENCE,
            };
            let pause = if paused < least { FIRST_PAUSE } else { LATER_PAUSE };
            let pause = pause.min(timeout.max(least).saturating_sub(paused));
            thread::sleep(pause);
            paused += pause;
        }
    }

    /// Writes the holder into the file that was just locked, unless it has foreign content.
    fn introduce(path: PathBuf, file: File, holder: &LockHolder) -> Result<Self, LockError> {
        let found = block::read_start(&file).map_err(LockError::io("read", &path))?;
        let holder = holder.clone().bounded();
        if block::is_foreign(&found) {
            let state = State { holder, written: found, is_foreign: true, lost: None };
            return Ok(Self { path, file, left_behind: None, state: Mutex::new(state) });
        }
        file::take_over_mode(&path, &file);
        let left_behind = block::decode(&found).into_holder();
        let written = block::encode(&holder);
        block::write_only_block(&file, &written).map_err(|source| {
            // A half-written block is useless.
            drop(file.set_len(0));
            LockError::io("write to", &path)(source)
        })?;
        let state = State { holder, written, is_foreign: false, lost: None };
        Ok(Self { path, file, left_behind, state: Mutex::new(state) })
    }

    /// Whether the file does not name the holder, because its foreign content must stay.
    pub fn is_nameless(&self) -> bool {
        self.lock_state().is_foreign
    }

    /// The absolute path of the lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The previous holder, if it ended without releasing the lock and the file names it.
    pub const fn left_behind(&self) -> Option<&LockHolder> {
        self.left_behind.as_ref()
    }

    /// Writes the current stage for readers. This only informs; the lock does not depend on it.
    ///
    /// # Errors
    ///
    /// [`LockError::Lost`] if the lock is lost; nothing is written then, to keep the other program's content.
    /// [`LockError::Io`] if the file cannot be written.
    pub fn set_stage(&self, stage: &str) -> Result<(), LockError> {
        let mut current = self.lock_state();
        if let Look::Lost(why) = self.look_at(&mut current) {
            return Err(LockError::Lost(self.loss(why)));
        }
        stage.clone_into(&mut current.holder.stage);
        if current.is_foreign {
            return Ok(());
        }
        let block = block::encode(&current.holder);
        let outcome = block::write_block(&self.file, &block).map_err(LockError::io("write to", &self.path));
        if outcome.is_ok() {
            current.written = block;
        } else if let Ok(left) = block::read_start(&self.file) {
            // A failed write may leave a part of our own block; it is still ours.
            current.written = left;
        }
        outcome
    }

    /// Checks that the path still leads to the locked file with the content that its holder wrote.
    ///
    /// A system error that leaves this open is not a loss; [`FileLock::watch`] treats it as one if it persists. A lost
    /// lock stays lost.
    ///
    /// # Errors
    ///
    /// [`LockLost`] says what happened to the file.
    pub fn check(&self) -> Result<(), LockLost> {
        match self.look() {
            Look::Lost(why) => Err(self.loss(why)),
            Look::Ours | Look::Unclear => Ok(()),
        }
    }

    /// Checks the lock file now and then every `interval` in its own thread, and calls `on_lost` once if the lock is
    /// lost.
    ///
    /// The interval is limited to 1 millisecond to 2 seconds. Five failed checks in a row count as lost, so a loss is
    /// detected within ten seconds. The thread ends with the monitor, with the lock, or after the call.
    pub fn watch(
        self: &Arc<Self>,
        interval: Duration,
        on_lost: impl FnOnce(&LockLost) + Send + 'static,
    ) -> LockMonitor {
        LockMonitor::start(self, interval, on_lost)
    }

    pub(super) fn look(&self) -> Look {
        self.look_at(&mut self.lock_state())
    }

    /// Marks the lock as lost.
    pub(super) fn give_up(&self, why: LossReason) -> LockLost {
        self.lock_state().lost = Some(why);
        self.loss(why)
    }

    pub(super) fn loss(&self, why: LossReason) -> LockLost {
        LockLost { path: self.path.clone(), why }
    }

    fn look_at(&self, state: &mut State) -> Look {
        if state.lost.is_none() {
            match self.find_loss(&state.written) {
                Ok(found) => state.lost = found,
                Err(_) => return Look::Unclear,
            }
        }
        state.lost.map_or(Look::Ours, Look::Lost)
    }

    fn find_loss(&self, written: &[u8]) -> io::Result<Option<LossReason>> {
        if let Some(loss) = file::find_loss(&self.path, &self.file)? {
            return Ok(Some(loss));
        }
        Ok((block::read_start(&self.file)? != written).then_some(LossReason::Overwritten))
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        // No code panics while the state is half-changed, so a poisoned lock is still valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Empties the file and releases the lock. An empty file tells readers that the holder ended properly.
///
/// Only the locked file is written, wherever it is by now, and only if it still has our content: other content belongs
/// to another program. Errors are ignored; the effect is the same as if the process were killed.
impl Drop for FileLock {
    fn drop(&mut self) {
        let state = self.lock_state();
        if !state.is_foreign && block::read_start(&self.file).is_ok_and(|content| content == state.written) {
            drop(self.file.set_len(0));
        }
        drop(state);
        // A child process that is just being started may still have the file open, so closing it is not enough.
        drop(self.file.unlock());
    }
}

fn attempt(path: &Path) -> Result<Attempt, LockError> {
    let file = file::open_for_writing(path)?;
    if !file::is_granted(path, file.try_lock())? {
        let is_looked_at = file::is_granted(path, file.try_lock_shared())?;
        if !is_looked_at {
            return Ok(Attempt::Busy(file));
        }
        // A child process may still have the file open, as in `drop`.
        drop(file.unlock());
        return Ok(Attempt::LookedAt);
    }
    let loss = file::find_loss(path, &file).map_err(LockError::io("look at", path))?;
    Ok(if loss.is_some() { Attempt::Moved } else { Attempt::Granted(file) })
}

fn refusal(path: PathBuf, attempt: &Attempt) -> LockError {
    match attempt {
        Attempt::Busy(file) => {
            let holder = block::read_content(file).ok().and_then(block::Content::into_holder);
            LockError::Held { path, holder: holder.map(Box::new) }
        }
        Attempt::LookedAt => LockError::Held { path, holder: None },
        Attempt::Granted(_) | Attempt::Moved => {
            LockError::io("take", &path)(io::Error::other("it is deleted or replaced again and again"))
        }
    }
}
