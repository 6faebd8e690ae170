//! Where a result goes: stdout, or a file that is written whole or not at all.

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use cds_terminal::runner::Guard;
use tempfile::NamedTempFile;

use crate::{arguments::DatabasePlan, failure::Failure, render::messages, same_file};

/// A place for a result.
pub(crate) enum Output {
    /// The process's stdout.
    Stdout,
    /// A file that takes its name when it is complete.
    File(PathBuf),
    /// Something that is there and is no regular file: it is written as it is.
    Device(PathBuf),
}

impl Output {
    /// Looks whether `path` can be written, and leaves nothing behind. No file of `database` is an output.
    pub(crate) fn open(path: Option<&Path>, database: Option<&DatabasePlan>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Stdout) };
        if let Some(database) = database {
            same_file::refuse_output(&database.path, path, "--output")?;
        }
        let usage = |error: anyhow::Error| {
            Failure::usage(error.context(format!("use --output {}", path.display())))
                .with_hint("name a file in an existing folder that can be written")
        };
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => Err(usage(anyhow::anyhow!("it is a directory"))),
            Ok(metadata) if !metadata.is_file() => Ok(Self::Device(path.to_owned())),
            // What a link names is replaced, and not the link.
            Ok(_) => path.canonicalize().map(Self::File).map_err(|error| usage(error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.file_name().is_some() => {
                if !folder_of(path).is_dir() {
                    return Err(usage(anyhow::anyhow!("its folder does not exist")));
                }
                // Without the name of the temporary file, which says nothing to the user.
                temporary_beside(path).map_err(|error| usage(io::Error::from(error.kind()).into()))?;
                Ok(Self::File(path.to_owned()))
            }
            Err(error) => Err(usage(error.into())),
        }
    }

    /// Whether it may be a terminal; a file has neither width nor colours.
    pub(crate) const fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout)
    }

    /// Calls `render` with the place and makes what it wrote appear at once.
    ///
    /// A reader who left is no failure: that is how a pipe normally ends.
    pub(crate) fn write(&self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        self.write_guarded(|writer| render(&mut Guard::new(writer)))
    }

    /// The same for a form that consists of commands to a CI runner.
    pub(crate) fn write_commands(&self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        self.write_guarded(|writer| render(&mut Guard::for_commands(writer)))
    }

    fn write_guarded(&self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let written = match self {
            Self::Stdout => stdout().and_then(|stdout| write_through(stdout, render)),
            Self::Device(path) => {
                fs::OpenOptions::new().write(true).open(path).and_then(|file| write_through(file, render))
            }
            Self::File(path) => write_whole(path, render),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.with_context(|| format!("write {self}")).map_err(Failure::failed),
        }
    }

    /// The same for a command that knows its outcome already: no reader and no full disk changes that.
    pub(crate) fn conclude(
        &self,
        outcome: Result<(), Failure>,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        conclude(outcome, self.write(render))
    }

    /// The same for a command that has `done` what it was asked for, which stays done even if its report cannot be written.
    pub(crate) fn report(&self, done: &str, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if let Err(failure) = self.write(render) {
            messages::grave_warning(
                &format!("{done}, but cds {failure}"),
                "nothing has to be done again; see that stdout can be written",
            );
        }
    }
}

/// The outcome that was known before the result was `written`; where both went wrong, both are shown.
pub(crate) fn conclude(outcome: Result<(), Failure>, written: Result<(), Failure>) -> Result<(), Failure> {
    if outcome.is_err()
        && let Err(unwritten) = &written
    {
        messages::error(unwritten);
    }
    outcome.and(written)
}

impl fmt::Display for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => formatter.write_str("to stdout"),
            Self::File(path) | Self::Device(path) => path.display().fmt(formatter),
        }
    }
}

/// Without the standard library's own handle, to which a stdout that cannot be written is one that takes everything.
#[cfg(unix)]
fn stdout() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(not(unix))]
fn stdout() -> io::Result<io::StdoutLock<'static>> {
    Ok(io::stdout().lock())
}

fn write_through(target: impl Write, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(target);
    render(&mut writer)?;
    writer.flush()
}

fn write_whole(path: &Path, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let temporary = temporary_beside(path)?;
    write_through(temporary.as_file(), render)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new file in the same folder, with the permissions that any new file has; it goes when it is dropped.
fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.prefix(".cds-").tempfile_in(folder_of(path))
}
