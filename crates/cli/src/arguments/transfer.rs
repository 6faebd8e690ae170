//! Arguments of moves between databases and archives, and the place of their state.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use cds_archive::{Direction, Selection, StateFiles};
use cds_persistence::RunId;
use clap::Args;

use super::{
    accounts::{given, unless_empty},
    database::check_is_path,
};
use crate::{failure::Failure, provenance::parse_project, same_file};

/// What the user says about the files in which operators see how far the work has come.
#[derive(Debug, Args)]
#[command(next_help_heading = "State options")]
pub(crate) struct StateArguments {
    /// Folder of the state file and the failure log, created if missing [default: the folder of the database]
    #[arg(long, value_name = "DIR", env = "CDS_STATE_DIR")]
    state_dir: Option<PathBuf>,
}

impl StateArguments {
    /// The two files of that direction, none of which is a file of the database, which need not be there yet.
    pub(crate) fn plan(&self, database: &Path, direction: Direction) -> Result<StateFiles, Failure> {
        let files = self.files(database, direction)?;
        for file in [&files.state, &files.failures] {
            same_file::refuse_output(database, file, "the state file")?;
        }
        Ok(files)
    }

    fn files(&self, database: &Path, direction: Direction) -> Result<StateFiles, Failure> {
        if let Some(directory) = &self.state_dir {
            check_is_path("--state-dir", directory)?;
        }
        let directory = match &self.state_dir {
            Some(directory) if directory.exists() && !directory.is_dir() => {
                return Err(Failure::usage(anyhow!("use --state-dir {}: it is not a directory", directory.display()))
                    .with_hint("name a folder, or leave the option out to use that of the database"));
            }
            Some(directory) => directory.clone(),
            None => folder_of(database),
        };
        Ok(StateFiles::in_directory(&directory, direction))
    }
}

/// The folder that a database really lies in, so that two names of it have one state.
fn folder_of(database: &Path) -> PathBuf {
    let real = fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
    match real.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// What the user says about which runs are moved.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input options")]
pub(crate) struct SelectionArguments {
    /// Move only runs of this project; a run without a project counts as one of it [default for such a run: the last
    /// folder of its tree]
    #[arg(long, value_name = "NAME", value_parser = unless_empty(parse_project), env = "CDS_PROJECT")]
    project: Option<String>,

    /// Move only runs that failed before and did not succeed since
    #[arg(long)]
    retry_failed: bool,
}

impl SelectionArguments {
    /// The project, where one is given.
    pub(crate) fn project(&self) -> Option<&str> {
        given(self.project.as_deref())
    }

    /// Which runs, with the one that was asked for where the command can be asked for one.
    pub(crate) fn plan(&self, one: Option<i64>) -> Selection {
        match one {
            Some(run) => Selection::One(RunId(run)),
            None if self.retry_failed => Selection::OpenFailures,
            None => Selection::New,
        }
    }
}

/// An archive that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchivePlan {
    /// Absolute and without links, so that two names of one archive are equal.
    pub(crate) path: PathBuf,
    /// What the database calls it.
    pub(crate) peer: String,
    pub(crate) exists: bool,
}

impl ArchivePlan {
    /// An archive that is there, or could be created.
    pub(crate) fn of(path: &Path) -> Result<Self, Failure> {
        check_is_path("--to", path)?;
        let wrong = |cause: anyhow::Error| Failure::usage(cause.context(format!("use archive {}", path.display())));
        let (path, exists) = match fs::canonicalize(path) {
            Ok(real) if real.is_dir() => (real, true),
            Ok(_) => {
                return Err(wrong(anyhow!("it is not a directory")).with_hint("name a directory for the archive"));
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {
                let missing = || {
                    wrong(anyhow!("neither it nor the folder that it would be in is there"))
                        .with_hint("create the folder first, mount its disk, or name a directory in an existing folder")
                };
                let name = path.file_name().ok_or_else(missing)?;
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
                (fs::canonicalize(parent).map_err(|_| missing())?.join(name), false)
            }
            Err(error) => {
                return Err(wrong(error.into()).with_hint("name a directory that you may enter"));
            }
        };
        let peer = peer_of(&path)?;
        Ok(Self { path, peer, exists })
    }
}

/// What a database calls the other side, in a text that reads back.
pub(crate) fn peer_of(path: &Path) -> Result<String, Failure> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Failure::usage(anyhow!("use {}: its path is not UTF-8, and could not be written down as it is", path.display()))
            .with_hint("move it to a path that is")
    })
}

/// The real path of something that is there.
pub(crate) fn real_path(path: &Path) -> Result<PathBuf, Failure> {
    check_is_path("--from", path)?;
    fs::canonicalize(path)
        .with_context(|| format!("use {}", path.display()))
        .map_err(|error| Failure::usage(error).with_hint("name a database file or the directory of an archive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_exists_or_can_be_created() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let check = |name: &str, exists| {
            let plan = ArchivePlan::of(&folder.path().join(name)).unwrap();
            assert_eq!((plan.path.strip_prefix(&root).unwrap(), plan.exists), (Path::new("archive"), exists));
            assert_eq!(plan.peer, plan.path.to_str().unwrap());
        };
        check("archive", false);
        fs::create_dir(root.join("archive")).unwrap();
        check("archive", true);
        check("archive/../archive/.", true);
        fs::write(root.join("file"), "").unwrap();
        for wrong in ["file", "missing/archive", "file/archive"] {
            assert!(ArchivePlan::of(&folder.path().join(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn state_folder_defaults_to_database() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let plan = |state_dir: Option<&Path>, database: &Path| {
            StateArguments { state_dir: state_dir.map(Path::to_owned) }.plan(database, Direction::Archive)
        };
        let files = plan(None, &root.join("cds.sqlite")).unwrap();
        assert_eq!(files.state, root.join("archive_state.json"));
        assert_eq!(plan(None, Path::new("cds.sqlite")).unwrap().failures, Path::new("./archive_failures.log"));
        let files = plan(Some(&root), Path::new("elsewhere/cds.sqlite")).unwrap();
        assert_eq!(files.failures, root.join("archive_failures.log"));
        let made_later = plan(Some(&root.join("missing/folder")), Path::new("cds.sqlite")).unwrap();
        assert_eq!(made_later.state, root.join("missing/folder/archive_state.json"));
        fs::write(root.join("file"), "").unwrap();
        assert!(plan(Some(&root.join("file")), Path::new("cds.sqlite")).is_err());
    }

    #[test]
    fn one_run_goes_before_the_rest() {
        let selection = |retry_failed, one| SelectionArguments { project: None, retry_failed }.plan(one);
        assert!(matches!(selection(false, None), Selection::New));
        assert!(matches!(selection(true, None), Selection::OpenFailures));
        assert!(matches!(selection(false, Some(3)), Selection::One(RunId(3))));
    }
}
