//! The arguments and the environment: an empty variable is one that is not set, as CI systems mean it.

use std::{ffi::OsString, path::Path};

use clap::{
    CommandFactory as _, FromArgMatches as _,
    builder::Resettable,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{Cli, render::messages::Console};

/// The arguments of this process.
///
/// `cds PATH` means `cds scan PATH`, which a note says.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let path = path_without_command(&arguments, &command());
    if let Some(place) = path {
        arguments.insert(place, "scan".into());
    }
    let parsed = command().try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(parsed) if path.is_some() => {
            Console::new(parsed.quiet).note("note: cds PATH is short for cds scan PATH");
            Ok(parsed)
        }
        // Help names every variable, also those that are empty now.
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            Err(Cli::command().try_get_matches().err().unwrap_or(error))
        }
        parsed => parsed,
    }
}

/// The place of the first argument, if it is an existing folder or file and no command.
fn path_without_command(arguments: &[OsString], command: &clap::Command) -> Option<usize> {
    let is_option = |argument: &OsString| argument.as_encoded_bytes().starts_with(b"-");
    let place = 1 + arguments.iter().skip(1).position(|argument| !is_option(argument))?;
    let argument = &arguments[place];
    let is_command = argument == "help" || command.find_subcommand(argument).is_some();
    (!is_command && Path::new(argument).exists()).then_some(place)
}

/// The program's arguments, to which an empty variable gives nothing.
pub(crate) fn command() -> clap::Command {
    without_empty_variables(Cli::command())
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &clap::Arg| arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
    command
        .mut_args(|arg| if is_empty(&arg) { arg.env(Resettable::Reset) } else { arg })
        .mut_subcommands(without_empty_variables)
}

/// The environment variable that an error is about; `None` if the value was given on the command line.
pub(crate) fn variable_of(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(invalid)) = error.get(ContextKind::InvalidArg) else { return None };
    let option = invalid.split([' ', '=']).next()?;
    let is_given = std::env::args_os().any(|argument| {
        let argument = argument.to_string_lossy();
        argument == option || argument.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
    });
    let invoked = invoked();
    let arg = invoked.get_arguments().find(|arg| arg.get_long() == option.strip_prefix("--"))?;
    let name = arg.get_env().filter(|name| !is_given && std::env::var_os(name).is_some())?;
    Some(name.to_string_lossy().into_owned())
}

/// The tree that `cds dup check` was given, which takes none; `None` for any other error.
pub(crate) fn tree_for_check(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(unexpected)) = error.get(ContextKind::InvalidArg) else { return None };
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let is_check =
        arguments.iter().any(|word| word == "dup-check") || arguments.windows(2).any(|words| words == ["dup", "check"]);
    if error.kind() != ErrorKind::UnknownArgument || !is_check {
        return None;
    }
    let given = match unexpected.strip_prefix("--path") {
        Some(rest) => {
            let place = arguments.iter().position(|word| word.starts_with("--path"))?;
            rest.strip_prefix('=').or_else(|| arguments.get(place + 1).map(String::as_str)).unwrap_or(".")
        }
        None => unexpected,
    };
    Path::new(given).exists().then(|| given.to_owned())
}

/// The command that this process was started for, as far as its name can be read from the arguments.
fn invoked() -> clap::Command {
    std::env::args_os().skip(1).fold(command(), |command, argument| match command.find_subcommand(&argument) {
        Some(inner) => inner.clone(),
        None => command,
    })
}

/// With an empty `TMPDIR`, temporary files would stand in the current folder.
pub(crate) fn set_temporary_folder() {
    if cfg!(unix) && std::env::var_os("TMPDIR").is_some_and(|folder| folder.is_empty()) {
        // It fails only where a folder was set before.
        drop(tempfile::env::override_temp_dir(std::path::Path::new("/tmp")));
    }
}
