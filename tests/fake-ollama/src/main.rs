//! `fake-ollama`: the test server as a program, for manual use, benchmarks and kill tests from a shell.
//!
//! Prints its URL as one line on stdout and serves until it is killed. It keeps counts but no requests.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use cds_fake_ollama::{FakeOllama, Reply, Script, When};

const USAGE: &str = "\
usage: fake-ollama [options]
  --port P            port on 127.0.0.1 (default: a free one)
  --latency-ms N      each generation takes so long (default 0)
  --load-ms N         the first generation waits so long for the model (default 0)
  --slots N           generations at once; the others wait in line (default: no limit)
  --model NAME        also list this model (qwen3-coder:latest is always there); repeatable
  --fail-every N      every N-th question is a 500
  --count-file FILE   keep `questions=N answered=N distinct=N` in FILE, up to date";

struct Options {
    port: u16,
    script: Script,
}

fn main() -> ExitCode {
    let options = match parse(env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => return say(&mut io::stdout(), USAGE, ExitCode::SUCCESS),
        Err(reason) => return say(&mut io::stderr(), &format!("fake-ollama: {reason}\n{USAGE}"), ExitCode::from(2)),
    };
    match FakeOllama::try_start_on(options.port, options.script) {
        Ok(server) => serve(&server),
        Err(error) => {
            let message = format!("fake-ollama: failed to listen on port {}: {error}", options.port);
            say(&mut io::stderr(), &message, ExitCode::FAILURE)
        }
    }
}

fn serve(server: &FakeOllama) -> ExitCode {
    // If stdout is closed, the server is still useful.
    say(&mut io::stdout(), &server.url(), ExitCode::SUCCESS);
    loop {
        thread::park();
    }
}

fn say(target: &mut impl Write, text: &str, code: ExitCode) -> ExitCode {
    let _ = writeln!(target, "{text}").and_then(|()| target.flush());
    code
}

/// The options, or `None` if help was requested.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options { port: 0, script: Script::new().without_request_log() };
    while let Some(name) = arguments.next() {
        if name == "--help" || name == "-h" {
            return Ok(None);
        }
        let value = arguments.next().ok_or_else(|| format!("{name} is unknown or has no value"))?;
        options = apply(options, &name, &value)?;
    }
    Ok(Some(options))
}

fn apply(mut options: Options, name: &str, value: &str) -> Result<Options, String> {
    let milliseconds = || number(name, value).map(Duration::from_millis);
    let at_least_one = || match number(name, value) {
        Ok(0) => Err(format!("{name} must be at least 1")),
        Ok(count) => usize::try_from(count).map_err(|_| format!("{name} is too large: {value}")),
        Err(reason) => Err(reason),
    };
    let script = options.script;
    options.script = match name {
        "--port" => {
            options.port = value.parse().map_err(|_| format!("--port is no port: {value}"))?;
            script
        }
        "--latency-ms" => script.latency(milliseconds()?),
        "--load-ms" => script.load_time(milliseconds()?),
        "--slots" => script.slots(at_least_one()?),
        "--model" => script.model(value),
        "--fail-every" => script.rule(When::question().every(at_least_one()?), Reply::status(500, "runner crashed")),
        "--count-file" => script.count_file(value),
        _ => return Err(format!("{name} is unknown")),
    };
    Ok(options)
}

fn number(name: &str, value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("{name} is no whole number: {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Result<u16, &str>) {
        let parsed = parse(arguments.iter().map(|argument| (*argument).to_owned()));
        let found = parsed.map(|options| options.expect("no help was asked for").port);
        assert_eq!(found, expected.map_err(str::to_owned), "{arguments:?}");
    }

    #[test]
    fn arguments_are_parsed_or_refused() {
        check(&[], Ok(0));
        check(&["--port", "4711", "--latency-ms", "5", "--slots", "8", "--model", "m"], Ok(4711));
        check(&["--port", "x"], Err("--port is no port: x"));
        check(&["--slots", "0"], Err("--slots must be at least 1"));
        check(&["--latency-ms", "-1"], Err("--latency-ms is no whole number: -1"));
        check(&["--port"], Err("--port is unknown or has no value"));
        check(&["--speed", "9"], Err("--speed is unknown"));
    }
}
