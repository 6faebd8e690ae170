//! The queue for the model: slots in order of arrival, and the load that the first request waits for.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::locking::{lock, wait};
use crate::watch::{GLANCE, Watch};

/// Which requests generate and which wait.
pub(crate) struct Line {
    slots: Option<usize>,
    load_time: Duration,
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    next_number: u64,
    waiting: VecDeque<u64>,
    busy: usize,
    load: Load,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Load {
    #[default]
    Cold,
    Loading,
    Warm,
}

/// A place in the queue; released on drop.
pub(crate) struct Ticket<'a> {
    line: &'a Line,
    number: u64,
}

/// A slot in use; released on drop.
pub(crate) struct Slot<'a> {
    line: &'a Line,
}

impl Line {
    pub(crate) fn new(slots: Option<usize>, load_time: Duration) -> Self {
        Self { slots, load_time, state: Mutex::default(), moved: Condvar::new() }
    }

    /// Joins the end of the queue.
    pub(crate) fn queue(&self) -> Ticket<'_> {
        let mut state = lock(&self.state);
        let number = state.next_number;
        state.next_number += 1;
        state.waiting.push_back(number);
        Ticket { line: self, number }
    }

    /// Whether the model is loaded.
    pub(crate) fn is_warm(&self) -> bool {
        lock(&self.state).load == Load::Warm
    }

    /// Forgets the loaded model, as a restart does.
    pub(crate) fn cool(&self) {
        self.set_load(Load::Cold);
    }

    fn may_enter(&self, state: &State, number: u64) -> bool {
        self.slots.is_none_or(|slots| state.busy < slots && state.waiting.front() == Some(&number))
    }

    /// The first request loads the model, and the others wait. If its client leaves, the next one starts the load
    /// again.
    fn load(&self, watch: &Watch<'_>) -> io::Result<()> {
        let mut state = lock(&self.state);
        loop {
            match state.load {
                Load::Warm => return Ok(()),
                Load::Loading => {
                    state = wait(&self.moved, state, GLANCE);
                    watch.check()?;
                }
                Load::Cold => {
                    state.load = Load::Loading;
                    break;
                }
            }
        }
        drop(state);
        let loaded = watch.sleep(self.load_time);
        self.set_load(if loaded.is_ok() { Load::Warm } else { Load::Cold });
        loaded
    }

    fn set_load(&self, load: Load) {
        lock(&self.state).load = load;
        self.moved.notify_all();
    }
}

impl<'a> Ticket<'a> {
    /// Waits for a slot and then for the model.
    pub(crate) fn enter(self, watch: &Watch<'_>) -> io::Result<Slot<'a>> {
        let line = self.line;
        let mut state = lock(&line.state);
        while !line.may_enter(&state, self.number) {
            state = wait(&line.moved, state, GLANCE);
            if let Err(error) = watch.check() {
                // The ticket takes the lock in its drop.
                drop(state);
                return Err(error);
            }
        }
        state.busy += 1;
        drop(state);
        drop(self);
        let slot = Slot { line };
        line.load(watch)?;
        Ok(slot)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        lock(&self.line.state).waiting.retain(|number| *number != self.number);
        self.line.moved.notify_all();
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        lock(&self.line.state).busy -= 1;
        self.line.moved.notify_all();
    }
}
