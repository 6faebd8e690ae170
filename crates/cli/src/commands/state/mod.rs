//! `cds state`: how far archiving and importing have come, by the files that operators read and by the database.

mod page;
mod peers;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use cds_archive::{Direction, Recovery, list_runs, peer_state, recover};
use cds_persistence::{SqlitePersistence, SqliteReader};
use clap::{Args, Subcommand};

use self::{page::Shown, peers::Peer};
use super::archive::{ArchiveLock, archive_failure};

use crate::{
    app::App,
    arguments::{
        ArchivePlan, DatabaseArguments, DatabasePlan, LockArguments, ResultFormat, StateArguments, check_is_path,
    },
    clock,
    commands::warn_of_closing,
    failure::{Failure, database_failure},
    output::Output,
};

/// Show the progress of archiving and importing, or rewrite its state files
#[derive(Debug, Args)]
pub(crate) struct StateCommandArguments {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// Show the last runs by the state files and by the database, open failures with reasons, and pending runs
    #[command(after_help = crate::EXIT_CODES)]
    Show(PeerArguments),
    /// Rewrite the state file and the failure log from the database and the archive
    #[command(after_help = crate::EXIT_CODES)]
    Recover {
        #[command(flatten)]
        peer: PeerArguments,

        #[command(flatten)]
        lock: LockArguments,
    },
}

#[derive(Debug, Args)]
struct PeerArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    /// Show only what was archived to this directory [default: everything; recover: the last of each direction]
    #[arg(long, value_name = "DIR", conflicts_with = "from", help_heading = "Input options")]
    to: Option<PathBuf>,

    /// Show only what was imported from this database or archive
    #[arg(long, value_name = "FILE|DIR", help_heading = "Input options")]
    from: Option<PathBuf>,

    #[command(flatten)]
    state: StateArguments,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

pub(super) fn run(arguments: &StateCommandArguments, app: &App) -> Result<(), Failure> {
    match &arguments.command {
        StateCommand::Show(arguments) => {
            let plan = arguments.plan()?;
            let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
            let peers = arguments.peers(&reader)?;
            let shown: Result<Vec<_>, _> = peers.iter().map(|peer| arguments.look_at(peer, &reader, &plan)).collect();
            let shown = shown?;
            Output::Stdout.write(|writer| arguments.render(writer, &shown))
        }
        StateCommand::Recover { peer, lock } => peer.recover(lock, app),
    }
}

impl PeerArguments {
    /// The database; the other side must be a path.
    fn plan(&self) -> Result<DatabasePlan, Failure> {
        for (option, path) in [("--to", &self.to), ("--from", &self.from)] {
            path.as_deref().map_or(Ok(()), |path| check_is_path(option, path))?;
        }
        self.database.plan()
    }

    /// The selected peers; none if the named one is unknown.
    fn known_peers(&self, reader: &SqliteReader) -> Result<Vec<Peer>, Failure> {
        let known = |direction| Peer::known(reader, direction);
        let (direction, path) = match (&self.to, &self.from) {
            (Some(path), _) => (Direction::Archive, path),
            (None, Some(path)) => (Direction::Import, path),
            (None, None) => {
                let mut all = known(Direction::Archive)?;
                all.extend(known(Direction::Import)?);
                return Ok(all);
            }
        };
        Ok(Peer::at(known(direction)?, path))
    }

    /// The same; one that was named must be known.
    fn peers(&self, reader: &SqliteReader) -> Result<Vec<Peer>, Failure> {
        let found = self.known_peers(reader)?;
        match self.to.as_ref().or(self.from.as_ref()) {
            Some(path) if found.is_empty() => Err(Failure::usage(anyhow!(
                "show the state of {}: no run was moved there or from there yet",
                path.display()
            ))
            .with_hint("cds state show without --to and --from shows everything")),
            _ => Ok(found),
        }
    }

    /// What the files and the database say.
    fn look_at(&self, peer: &Peer, reader: &SqliteReader, plan: &DatabasePlan) -> Result<Shown, Failure> {
        let files = self.state.plan(&plan.path, peer.direction)?;
        let (existing, unknown) = match peer.existing(reader, &plan.options) {
            Ok(existing) => (existing, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let state = peer_state(reader, peer.direction, &peer.name, &files, &existing).map_err(archive_failure)?;
        Ok(Shown { direction: peer.direction, files, state, unknown, is_recovered: false })
    }

    /// Writes the files of each direction from the peer that was used last.
    fn recover(&self, lock: &LockArguments, app: &App) -> Result<(), Failure> {
        let plan = self.plan()?;
        let writer_lock = app.begin_upkeep(&plan, lock, "state recover")?;
        let mut database = SqlitePersistence::open(&plan.path, &plan.options).map_err(database_failure)?;
        // A reader that takes the file for unchanging would drop the locks of the writer when it is closed.
        let reader = database.open_reader().map_err(database_failure)?;
        let mut recovered = Vec::new();
        let mut peers = self.last_used(&reader, &plan)?;
        if let (true, Some(archive)) = (peers.is_empty(), &self.to) {
            peers.push(self.look_at(&forgotten(archive)?, &reader, &plan)?);
        }
        for shown in peers {
            let peer = Peer { direction: shown.direction, name: shown.state.peer.clone() };
            let archive = Path::new(&peer.name);
            let is_archive = peer.direction == Direction::Archive && archive.is_dir();
            let _lock = is_archive.then(|| ArchiveLock::acquire(archive, lock, "state recover", app)).transpose()?;
            writer_lock.check()?;
            let existing = peer.existing(&reader, &plan.options).unwrap_or_default();
            let recovery = Recovery {
                database: &mut database,
                direction: peer.direction,
                peer: &peer.name,
                state: &shown.files,
                existing: &existing,
                archive: is_archive.then_some((&reader, archive)),
                now: &clock::now,
            };
            let state = recover(recovery).map_err(archive_failure)?;
            recovered.push(Shown { state, is_recovered: true, ..shown });
        }
        drop(reader);
        warn_of_closing(database.close(), app.console);
        Output::Stdout.report("the state files are written", |writer| self.render(writer, &recovered));
        Ok(())
    }

    /// The peers whose state the files are to hold: of each direction the one with the last attempt.
    fn last_used(&self, reader: &SqliteReader, plan: &DatabasePlan) -> Result<Vec<Shown>, Failure> {
        let mut found: Vec<Shown> = Vec::new();
        let peers = if self.to.is_some() { self.known_peers(reader)? } else { self.peers(reader)? };
        for peer in peers {
            let shown = self.look_at(&peer, reader, plan)?;
            match found.iter_mut().find(|other| other.direction == shown.direction) {
                // Times of one form are in the order of their texts.
                Some(other) if other.state.last_attempt_at < shown.state.last_attempt_at => *other = shown,
                Some(_) => {}
                None => found.push(shown),
            }
        }
        Ok(found)
    }

    fn render(&self, writer: &mut dyn Write, peers: &[Shown]) -> io::Result<()> {
        self.format.write(
            writer,
            || page::json(peers),
            |writer, screen| write!(writer, "{}", page::render(peers, screen)),
        )
    }
}

/// An archive of which the database knows nothing any more: runs must lie there.
fn forgotten(archive: &Path) -> Result<Peer, Failure> {
    let plan = ArchivePlan::of(archive)?;
    if !plan.exists || list_runs(&plan.path).map_err(archive_failure)?.runs.is_empty() {
        return Err(Failure::usage(anyhow!("recover the state of {}: no run lies in it", archive.display()))
            .with_hint("mount its disk, or name the directory that cds archive wrote"));
    }
    Ok(Peer { direction: Direction::Archive, name: plan.peer })
}
