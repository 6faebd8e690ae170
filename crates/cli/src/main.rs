//! `cds`, the command: arguments in, exit status out.
//!
//! This crate alone knows arguments, environment, terminal and clock. It wires the stages of the other crates together
//! and renders what they return; stdout carries the result, stderr everything else.

mod app;
mod arguments;
mod clock;
mod commands;
mod environment;
mod failure;
mod findings;
mod growth;
mod machine;
mod output;
mod progress;
mod provenance;
mod render;
mod reporter;
mod request;
mod same_file;
mod signals;
mod tracking;

use std::process::ExitCode;

use cds_pipeline::threads;
use clap::{Parser, builder::FalseyValueParser};

use crate::{
    app::App,
    commands::Command,
    render::messages::{self, Console},
};

/// Save snapshots of a code base in SQLite, compare them, and find duplicated code
#[derive(Debug, Parser)]
#[command(name = "cds", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// Show nothing on stderr but errors
    #[arg(long, short, global = true, env = "CDS_QUIET", value_parser = FalseyValueParser::new())]
    quiet: bool,

    #[command(subcommand)]
    command: Command,
}

/// Shown below the help of the program and of each command.
const EXIT_CODES: &str = "\
Exit codes:
  0  success; files that cannot be analyzed and failed intents are part of the result
  1  the command failed, or a gate did
  2  wrong arguments; nothing was done
  129, 130, 143  interrupted by SIGHUP, SIGINT or SIGTERM; nothing is half-written

An option with [env: NAME] can also be set by that variable; the option wins.";

fn main() -> ExitCode {
    environment::set_temporary_folder();
    let arguments = match environment::parse() {
        Ok(arguments) => arguments,
        Err(error) => return render::usage::show(&error),
    };
    let console = Console::new(arguments.quiet);
    let app = App::new(console, signals::listen(console));
    threads::start();
    let outcome = commands::run(arguments.command, &app);
    let outcome = outcome.map_err(|failure| if failure.is_stopped() { app.interruption() } else { failure });
    app.close_account(&outcome);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            messages::error(&failure);
            failure.exit_code()
        }
    }
}
