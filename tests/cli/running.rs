//! The running binary: its output so far, and signals to it.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{PATIENCE, place::Outcome};

/// A started process; dropping it kills the process.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    /// The lines of stderr read so far.
    seen: Vec<String>,
    stdout: Option<JoinHandle<String>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary can be started");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut pipe = child.stdout.take().expect("it is piped");
        let (sender, lines) = channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let stdout = thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).expect("what is printed is UTF-8");
            text
        });
        Self { child, lines, seen: Vec::new(), stdout: Some(stdout) }
    }

    /// Waits until a line of stderr contains this text.
    #[track_caller]
    pub(crate) fn wait_for_line(&mut self, fragment: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.seen.iter().any(|line| line.contains(fragment)) {
            let line = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|error| panic!("no {fragment:?} in {:#?}: {error}", self.seen));
            self.seen.push(line);
        }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is still running.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("its state is known").is_none()
    }

    /// Sends a signal by name.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -s {name} {}", self.child.id())]).status();
        assert!(sent.expect("a shell").success(), "{name}");
    }

    /// Stops the process until it gets CONT. Returns false if it has ended before.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn freeze(&mut self) -> bool {
        if !self.is_alive() {
            return false;
        }
        self.signal("STOP");
        let deadline = Instant::now() + PATIENCE;
        while self.is_alive() && !stands_still(self.id()) {
            assert!(Instant::now() < deadline, "it goes on");
            thread::sleep(Duration::from_millis(1));
        }
        self.is_alive()
    }

    /// Starts a command and stops it in the middle of its work. On a busy machine the command may finish first: then
    /// `undo` reverts its work, and it starts again.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn catch(command: impl Fn() -> Command, is_in_the_middle: impl Fn() -> bool, undo: impl Fn()) -> Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut running = Self::start(&mut command());
            while running.is_alive() && !is_in_the_middle() {
                assert!(Instant::now() < deadline, "it never gets to the middle of its work");
                thread::sleep(Duration::from_millis(1));
            }
            if running.freeze() {
                if is_in_the_middle() {
                    return running;
                }
                running.signal("CONT");
            }
            running.wait().succeeded();
            assert!(Instant::now() < deadline, "it has too little work to be caught at it");
            undo();
        }
    }

    /// Kills the process with SIGKILL.
    pub(crate) fn kill(mut self) -> ExitStatus {
        self.child.kill().expect("it still runs");
        self.child.wait().expect("it ends")
    }

    /// Waits for the process to end.
    pub(crate) fn wait(mut self) -> Outcome {
        let code = self.child.wait().expect("it ends").code();
        let stdout = self.stdout.take().expect("it is read once").join().expect("stdout was read");
        self.seen.extend(self.lines.iter());
        let stderr = self.seen.iter().fold(String::new(), |text, line| text + line + "\n");
        Outcome { code, stdout, stderr }
    }
}

/// Whether each thread of the process has stopped, since the signal takes a moment. Returns true if the system cannot
/// say.
#[cfg(unix)]
fn stands_still(process: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return true };
    threads.flatten().all(|thread| {
        let state = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The program name may contain anything, but its field ends at the last parenthesis.
        state.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
    })
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process has already ended, unless a test failed.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}
