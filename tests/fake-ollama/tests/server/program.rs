//! The program `fake-ollama`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::client::Client;

/// Kills the program when a test ends, also after a panic.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_fake-ollama"))
}

#[test]
fn program_prints_url_and_writes_counts() {
    let file = std::env::temp_dir().join(format!("fake-ollama-counts-{}", std::process::id()));
    let mut command = program();
    command.args(["--fail-every", "3", "--count-file"]).arg(&file).stdout(Stdio::piped());
    let mut running = Running(command.spawn().expect("the program starts"));
    let mut url = String::new();
    BufReader::new(running.0.stdout.take().expect("a pipe")).read_line(&mut url).expect("a line");
    let port = url.trim_end().strip_prefix("http://127.0.0.1:").and_then(|port| port.parse().ok());
    let mut client = Client::connect_to(port.expect("a URL with a port"));
    let counts = || fs::read_to_string(&file).expect("the count file").trim_end().to_owned();
    assert_eq!(counts(), "questions=0 answered=0 distinct=0");
    let statuses: Vec<u16> = ["a", "b", "a"].map(|prompt| client.ask(prompt).expect("an answer").status).into();
    assert_eq!(statuses, [200, 200, 500]);
    assert_eq!(counts(), "questions=3 answered=3 distinct=2");
    fs::remove_file(&file).expect("the count file can be removed");
}

#[test]
fn wrong_arguments_exit_with_hint() {
    let output = program().arg("--speed").output().expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.starts_with("fake-ollama: --speed is unknown or has no value\nusage:"), "{text}");
    assert!(program().arg("--help").output().expect("the program starts").stdout.starts_with(b"usage:"));
}
