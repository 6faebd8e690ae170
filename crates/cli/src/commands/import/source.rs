//! Where runs come from: another database, or the projects of an archive.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use cds_archive::{ImportFrom, StateFiles, list_runs, run_directory};
use cds_persistence::{RunId, SqliteReader};

use super::super::archive::{archive_failure, may_be_of};
use crate::{
    arguments::{DatabasePlan, peer_of, real_path},
    failure::{Failure, database_failure},
    render::messages::Console,
    same_file::{is_same_file, refuse_output},
};

/// What was named with `--from`.
pub(super) enum Source {
    /// A database that is only read.
    Database { path: PathBuf, reader: Box<SqliteReader> },
    /// The directory of an archive, and those of its projects that are wanted.
    Archive { path: PathBuf, projects: BTreeSet<String> },
}

/// What one job does: a database, or one project of an archive, whose run numbers are its own.
pub(super) struct Part {
    pub(super) peer: String,
    pub(super) project: Option<String>,
}

impl Source {
    /// Opens what is there, unless it is the database itself.
    pub(super) fn open(
        from: &Path,
        target: &DatabasePlan,
        project: Option<&str>,
        console: Console,
    ) -> Result<Self, Failure> {
        let path = real_path(from)?;
        if path.is_dir() {
            let listing = list_runs(&path).map_err(archive_failure)?;
            for path in &listing.strange {
                console.warning(&format!("{} is no run and is not imported", path.display()));
            }
            let projects = listing.runs.into_iter().map(|run| run.project);
            let projects: BTreeSet<String> =
                projects.filter(|name| project.is_none_or(|project| project == name)).collect();
            return match (projects.is_empty(), project) {
                (true, Some(project)) => {
                    Err(Failure::usage(anyhow!("import project {project:?}: the archive has none"))
                        .with_hint("its projects are the folders project=NAME"))
                }
                (true, None) => Err(Failure::usage(anyhow!("import from {}: no run lies in it", path.display()))
                    .with_hint("name a database file, or the directory that cds archive wrote")),
                (false, _) => Ok(Self::Archive { path, projects }),
            };
        }
        if is_same_file(&path, &target.path) {
            return Err(Failure::usage(anyhow!(
                "import from {}: it is the database that the runs would go to",
                path.display()
            ))
            .with_hint("name another file with --from or --db-path"));
        }
        let reader = SqliteReader::open(&path, &target.options).map_err(database_failure)?;
        if let Some(project) = project {
            check_project(&reader, project)?;
        }
        Ok(Self::Database { path, reader: Box::new(reader) })
    }

    /// What the result calls it.
    pub(super) fn name(&self) -> Result<String, Failure> {
        let (Self::Database { path, .. } | Self::Archive { path, .. }) = self;
        peer_of(path)
    }

    /// No state file takes the place of the database that is read.
    pub(super) fn check_is_no_state_file(&self, state: &StateFiles) -> Result<(), Failure> {
        let Self::Database { path, .. } = self else { return Ok(()) };
        [&state.state, &state.failures].into_iter().try_for_each(|file| refuse_output(path, file, "the state file"))
    }

    /// The same for the engine.
    pub(super) fn import_from(&self) -> ImportFrom<'_> {
        match self {
            Self::Database { reader, .. } => ImportFrom::Database(reader),
            Self::Archive { path, .. } => ImportFrom::Archive(path),
        }
    }

    /// The jobs that are to be done, one after the other.
    pub(super) fn parts(&self) -> Result<Vec<Part>, Failure> {
        match self {
            Self::Database { path, .. } => Ok(vec![Part { peer: peer_of(path)?, project: None }]),
            Self::Archive { path, projects } => projects
                .iter()
                .map(|project| Ok(Part { peer: project_peer(path, project)?, project: Some(project.clone()) }))
                .collect(),
        }
    }
}

/// A database that has runs must have one that is of the project, or that names none.
fn check_project(reader: &SqliteReader, project: &str) -> Result<(), Failure> {
    let runs = reader.snapshots().map_err(database_failure)?;
    for run in &runs {
        match reader.run_identity(*run) {
            Ok(identity) if !identity.as_ref().is_some_and(|identity| may_be_of(identity, Some(project))) => {}
            // One that cannot be read is a failure of its own, in its turn.
            _ => return Ok(()),
        }
    }
    if runs.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(anyhow!("import project {project:?}: the database has no run of it"))
        .with_hint("cds runs list shows its runs with their projects; CDS_PROJECT counts as --project"))
}

/// How a database calls one project of an archive.
fn project_peer(archive: &Path, project: &str) -> Result<String, Failure> {
    let run = run_directory(archive, project, RunId(0)).map_err(archive_failure)?;
    peer_of(run.parent().unwrap_or(archive))
}
