//! Taking the lock, holding it, and letting it go.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::{LockError, LockHolder, LockLost, LockMonitor, LossReason, block, file};

/// Even who does not want to wait tries for so long, since the holder may just be about to end.
const LEAST_PATIENCE: Duration = Duration::from_millis(100);
/// Those who only look at a lock hold it for an instant, one after the other; they are no reason to be refused.
const PATIENCE_WITH_READERS: Duration = Duration::from_secs(2);
/// Between two attempts while the wait may be short, and after that.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LATER_PAUSE: Duration = Duration::from_millis(50);

/// The lock while it is held; it is let go when this is dropped, and at the latest when the process ends.
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
    /// What the file must say.
    written: Vec<u8>,
    /// Whether that is another program's, which is left as it is: a database called `Cargo` has its lock where another
    /// program has its `Cargo.lock`.
    is_foreign: bool,
    /// Once lost is lost: somebody else may have held the lock before the file came back.
    lost: Option<LossReason>,
}

/// What one look at the lock file showed.
#[derive(Debug)]
pub(super) enum Look {
    Ours,
    Lost(LossReason),
    /// The system did not tell, which says nothing about the lock.
    Unclear,
}

enum Attempt {
    Granted(File),
    /// A writer holds it.
    Busy(File),
    /// Nobody holds it but those who look.
    LookedAt,
    /// The file that was locked is not at the path any more.
    Moved,
}

impl FileLock {
    /// Takes the lock of the lock file at `path`, which is created where it is missing, and writes `holder` into it.
    ///
    /// A lock that is held is waited for as long as `timeout`, though never less than a tenth of a second, or two
    /// seconds where nobody holds it but those who look. No clock is read, the pauses of at most 50 milliseconds are
    /// added up. `should_stop` is asked before every attempt. Who does not get the lock changes nothing; who gets it
    /// replaces the holder before it, and leaves alone whatever another program wrote.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] when the time is over, [`LockError::Stopped`] when `should_stop` says so, and the others
    /// when the file cannot be opened, locked or written.
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

    /// Writes the holder into the file that was just locked, unless it says something of another program's.
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
            // Half a block would be of no use to anybody.
            drop(file.set_len(0));
            LockError::io("write to", &path)(source)
        })?;
        let state = State { holder, written, is_foreign: false, lost: None };
        Ok(Self { path, file, left_behind, state: Mutex::new(state) })
    }

    /// Whether nobody is told who holds the lock, because its file says something else that must not be lost.
    pub fn is_nameless(&self) -> bool {
        self.lock_state().is_foreign
    }

    /// The lock file, from the root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who held the lock before and ended without letting it go, where the file told.
    pub const fn left_behind(&self) -> Option<&LockHolder> {
        self.left_behind.as_ref()
    }

    /// Tells everybody who looks what the holder is doing. It only informs; the lock does not depend on it.
    ///
    /// # Errors
    ///
    /// [`LockError::Lost`] for a lock that is lost, to which nothing is written, so that what another program wrote
    /// there stays to be found; [`LockError::Io`] when the file cannot be written.
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
            // What a failed write left half-done is still ours.
            current.written = left;
        }
        outcome
    }

    /// Whether the path still leads to the locked file, and the file still says what its holder wrote.
    ///
    /// A failure of the system that says neither yes nor no is no loss; [`FileLock::watch`] takes it for one when it
    /// stays. Once lost is lost.
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

    /// Looks at the lock file now and then every `interval`, from a thread of its own, and calls `on_lost` once when
    /// the lock is lost.
    ///
    /// The interval is kept between 1 millisecond and 2 seconds. A file that cannot be looked at five times in a row
    /// counts as lost, so that every loss is known after ten seconds. The thread ends with the monitor, with the lock,
    /// or after the call.
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

    /// Takes the lock for lost from now on.
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
        // Nothing in here is half-changed when a thread ends badly.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Empties the file, which tells an orderly end from a death, and lets it go.
///
/// Only the file that was locked is written to, wherever it is by now, and only as long as it says what was written
/// here: whatever another program wrote into it is that program's. Nothing can be done about a failure; the process that ends here would leave the same behind.
impl Drop for FileLock {
    fn drop(&mut self) {
        let state = self.lock_state();
        if !state.is_foreign && block::read_start(&self.file).is_ok_and(|content| content == state.written) {
            drop(self.file.set_len(0));
        }
        drop(state);
        // A child that is just being started may still have the file open.
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
        // As where a lock that is held is dropped.
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
