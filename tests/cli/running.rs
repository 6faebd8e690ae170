//! The binary while it runs: what it has said so far, and signals to it.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread::{self, JoinHandle},
    time::Instant,
};

use crate::{PATIENCE, place::Outcome};

/// A process that was started; it is killed when the value goes before its end.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    /// What was read of stderr while something was waited for.
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

    /// Waits until a line of stderr has this in it.
    #[track_caller]
    pub(crate) fn wait_for_line(&mut self, fragment: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.seen.iter().any(|line| line.contains(fragment)) {
            let line = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|error| panic!("no {fragment:?} in {:#?}: {error}", self.seen));
            self.seen.push(line);
        }
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("its state is known").is_none()
    }

    /// Sends a signal by its name.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -s {name} {}", self.child.id())]).status();
        assert!(sent.expect("a shell").success(), "{name}");
    }

    /// Ends it as nothing can be ended more rudely.
    pub(crate) fn kill(mut self) -> ExitStatus {
        self.child.kill().expect("it still runs");
        self.child.wait().expect("it ends")
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Outcome {
        let code = self.child.wait().expect("it ends").code();
        let stdout = self.stdout.take().expect("it is read once").join().expect("stdout was read");
        self.seen.extend(self.lines.iter());
        let stderr = self.seen.iter().fold(String::new(), |text, line| text + line + "\n");
        Outcome { code, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}
