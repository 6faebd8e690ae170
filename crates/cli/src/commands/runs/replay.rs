//! `cds runs replay`: starts a run again with its options, whatever its outcome was.
//!
//! The options are those that the ledger kept, and no others: variables of today that are options of the command are
//! taken away. Credentials are never kept, so they are those of today's environment.

use std::{path::Path, process::Command};

use anyhow::{Context as _, anyhow};
use cds_llm_client::ProviderUrl;
use cds_model::RunSettings;
use cds_persistence::{Invocation, SqliteReader};
use clap::{Args, CommandFactory as _};

use crate::{
    Cli,
    app::App,
    arguments::{DatabaseArguments, DatabasePlan},
    environment,
    failure::{Failure, database_failure},
    output::Output,
    render::messages::Console,
    request::{OWN, Request, quoted},
};

/// The commands that read a tree; what others did is done, or is to be decided again.
const REPLAYED: [&str; 3] = ["persist", "model-build", "enrich-intent"];

/// Where a provider's address with its credentials may be today.
const URL_VARIABLE: &str = "CDS_PROVIDER_URL";

/// Repeat a run with the same options, and with the current credentials from the environment
#[derive(Debug, Args)]
pub(super) struct ReplayArguments {
    /// Run to repeat: latest, latest~1, a number or the start of an id
    #[arg(value_name = "RUN")]
    run: String,

    #[command(flatten)]
    database: DatabaseArguments,

    /// Print the command line, quoted for a shell, without running it
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &ReplayArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let found = reader.resolve_run(&arguments.run).map_err(database_failure)?;
    // The process that takes over opens the database itself.
    drop(reader);
    let replay = Replay::of(&found, &plan)?;
    if let Some(commit) = found.ledger.as_ref().and_then(|row| row.code_ref.as_deref()) {
        app.console.note(&format!("the run read commit {commit}; a replay reads the tree as it is now"));
    }
    if arguments.dry_run {
        Output::Stdout.write(|writer| writeln!(writer, "cds {}", replay.line()))?;
        return replay.check(app.console);
    }
    replay.check(app.console)?;
    replay.start(app.console)
}

/// What is to be started.
struct Replay {
    /// The run, as messages name it.
    name: String,
    words: Vec<String>,
    path: Option<String>,
    /// Whether the provider's address is taken from the environment, with its credentials.
    takes_url: bool,
}

impl Replay {
    fn of(found: &Invocation, plan: &DatabasePlan) -> Result<Self, Failure> {
        let name = found.name();
        let request = asked(found).ok_or_else(|| {
            Failure::failed(anyhow!("replay run {name}: its options were not recorded"))
                .with_hint("start it yourself: cds persist --path SRC; an earlier version or another program wrote it")
        })?;
        if !REPLAYED.contains(&request.command.as_str()) {
            let words = request.command.split(' ').chain(request.arguments.iter().map(String::as_str));
            return Err(Failure::failed(anyhow!("replay run {name}: cds {} reads no tree", request.command))
                .with_hint(format!("where it is to be done again: cds {}", quoted(words))));
        }
        let known = request.provider_url.as_deref();
        let address = request.value("--provider-url").or(known).map(str::to_owned);
        let takes_url = address.as_deref().is_some_and(has_credentials_today);
        let mut words = vec![request.command.clone()];
        let mut arguments = request.arguments.iter();
        while let Some(argument) = arguments.next() {
            if takes_url && argument == "--provider-url" {
                arguments.next();
                continue;
            }
            words.push(argument.clone());
        }
        // What was a default then may be another one now.
        let defaults = [
            ("--provider-url", request.provider_url.as_ref().filter(|_| !takes_url)),
            ("--model", request.model.as_ref()),
            ("--scope", request.scope.as_ref()),
        ];
        for (option, value) in defaults {
            if let (Some(value), None) = (value, request.value(option)) {
                words.extend([option.to_owned(), value.clone()]);
            }
        }
        let database = std::path::absolute(&plan.path).unwrap_or_else(|_| plan.path.clone());
        words.extend(["--notes".to_owned(), format!("replay of {name}")]);
        words.extend(["--db-path".to_owned(), database.to_string_lossy().into_owned()]);
        let path = request.value("--path").map(str::to_owned);
        Ok(Self { name, words, path, takes_url })
    }

    fn line(&self) -> String {
        quoted(self.words.iter().map(String::as_str))
    }

    /// Refuses what can be known to fail.
    fn check(&self, console: Console) -> Result<(), Failure> {
        let name = &self.name;
        if self.takes_url {
            console.note(&format!("the provider's address is that of {URL_VARIABLE}, with its credentials"));
        }
        match self.path.as_deref().map(Path::new) {
            Some(path) if path.exists() => {}
            Some(path) => {
                return Err(Failure::failed(anyhow!("replay run {name}: {} does not exist any more", path.display()))
                    .with_hint("get the tree back, or start the command line of --dry-run with another --path"));
            }
            None => return Err(Failure::failed(anyhow!("replay run {name}: it has no --path"))),
        }
        let words = std::iter::once("cds").chain(self.words.iter().map(String::as_str));
        environment::command().try_get_matches_from(words).map(drop).map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Failure::failed(anyhow!("replay run {name} with this version of cds: {reason}"))
                .with_hint("start the command line of --dry-run without that option")
        })
    }

    /// Lets another `cds` take the place of this process, so that signals and the exit status are its own.
    fn start(&self, console: Console) -> Result<(), Failure> {
        let program = std::env::current_exe().context("find the program of cds").map_err(Failure::failed)?;
        console.note(&format!("replaying: cds {}", self.line()));
        let mut command = Command::new(program);
        if console.is_quiet() {
            command.arg("--quiet");
        }
        command.args(&self.words);
        for variable in variables(&self.words[0]) {
            if !(self.takes_url && variable == URL_VARIABLE) {
                command.env_remove(variable);
            }
        }
        replace(command)
    }
}

#[cfg(unix)]
fn replace(mut command: Command) -> Result<(), Failure> {
    use std::os::unix::process::CommandExt as _;
    Err(Failure::failed(anyhow::Error::new(command.exec()).context("start cds again")))
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> Result<(), Failure> {
    let status = command.status().context("start cds again").map_err(Failure::failed)?;
    if status.success() { Ok(()) } else { Err(Failure::failed(anyhow!("replay the run: see above"))) }
}

/// What a run was asked, as the ledger says, or else as far as its snapshot does.
fn asked(found: &Invocation) -> Option<Request> {
    let stored = found.details.as_ref().and_then(|row| row.request.as_deref()).and_then(Request::parse);
    stored.or_else(|| {
        let row = found.snapshot.as_ref()?;
        let batch = row.progress_batch_size.to_string();
        let mut arguments = vec!["--path", &row.root_path, "--progress-batch-size", &batch];
        let is_asked = row.provider_url != RunSettings::NOT_ASKED;
        if !is_asked {
            arguments.push("--no-intents");
        }
        Some(Request {
            command: "persist".to_owned(),
            arguments: arguments.into_iter().map(str::to_owned).collect(),
            provider_url: is_asked.then(|| row.provider_url.clone()),
            model: is_asked.then(|| row.model.clone()),
            scope: Some(row.scope.clone()),
        })
    })
}

/// Whether the environment of today has the same address, which may have the credentials that were not saved.
fn has_credentials_today(address: &str) -> bool {
    let today = std::env::var(URL_VARIABLE).ok().and_then(|text| text.parse::<ProviderUrl>().ok());
    today.is_some_and(|url| url.redacted() == address)
}

/// The variables that are options of a command, but for what belongs to today's invocation.
fn variables(command: &str) -> Vec<String> {
    let program = Cli::command();
    let arguments = program.find_subcommand(command).map(clap::Command::get_arguments).into_iter().flatten();
    let arguments = arguments.filter(|arg| !OWN.contains(&arg.get_id().as_str()) && !arg.is_global_set());
    arguments.filter_map(|arg| arg.get_env()).map(|name| name.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    fn plan() -> DatabasePlan {
        DatabasePlan { path: "/srv/cds.sqlite".into(), options: cds_persistence::OpenOptions::default() }
    }

    #[test]
    fn snapshot_alone_can_be_replayed() {
        let (found, _) = samples::completed();
        let row = found.snapshot.clone().unwrap();
        let replay = Replay::of(&found, &plan()).unwrap();
        let tail = format!("--notes 'replay of {}' --db-path /srv/cds.sqlite", found.name());
        let head = format!("persist --path {} --progress-batch-size {}", row.root_path, row.progress_batch_size);
        let line = replay.line();
        assert!(line.starts_with(&head) && line.ends_with(&tail) && line.contains("--model "), "{line}");
    }

    #[test]
    fn unknown_options_cannot_be_replayed() {
        let (found, _) = samples::failed();
        let failure = Replay::of(&found, &plan()).err().unwrap();
        assert!(failure.to_string().contains("were not recorded"), "{failure}");
    }
}
