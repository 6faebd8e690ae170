//! `cds dup`: duplicates of a snapshot; one file a subcommand.

mod accept;
mod check;
mod list;
mod revoke;
mod show;
mod trend;

use anyhow::anyhow;
use clap::{Args, Subcommand};

pub(crate) use self::{
    check::DupCheckArguments,
    show::{Sources, search, show},
};
use super::runs::{ReadArguments, facts};
use crate::{app::App, failure::Failure};

/// Find duplicated code, accept duplicates, and show the trend
#[derive(Debug, Args)]
pub(crate) struct DupArguments {
    #[command(subcommand)]
    command: DupCommand,
}

#[derive(Debug, Subcommand)]
enum DupCommand {
    #[command(after_help = crate::EXIT_CODES)]
    Check(DupCheckArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Accept(accept::AcceptArguments),
    #[command(after_help = crate::EXIT_CODES)]
    List(list::ListArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Revoke(revoke::RevokeArguments),
    #[command(after_help = crate::EXIT_CODES)]
    Trend(trend::TrendArguments),
}

/// `cds dup-check`, the short name of `cds dup check`.
pub(super) fn check(arguments: &DupCheckArguments, app: &App) -> Result<(), Failure> {
    check::run(arguments, app)
}

pub(super) fn run(arguments: &DupArguments, app: &App) -> Result<(), Failure> {
    match &arguments.command {
        DupCommand::Check(arguments) => check::run(arguments, app),
        DupCommand::Accept(arguments) => accept::run(arguments, app),
        DupCommand::List(arguments) => list::run(arguments, app),
        DupCommand::Revoke(arguments) => revoke::run(arguments, app),
        DupCommand::Trend(arguments) => trend::run(arguments, app),
    }
}

/// The fewest digits that may stand for an id.
const SHORTEST_PREFIX: usize = 4;

/// The beginning of a group's id, in the digits that ids are written in.
fn group_prefix(text: &str) -> Result<String, Failure> {
    let is_prefix = (SHORTEST_PREFIX..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_prefix {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Failure::usage(anyhow!("find group {text:?}: accepted are {SHORTEST_PREFIX} to 16 hexadecimal digits"))
        .with_hint("cds dup check shows the ids of the groups"))
}
