//! Where a result goes: stdout, or a file that is written whole or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::failure::Failure;

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
    /// Looks whether `path` can be written, and leaves nothing behind.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Stdout) };
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

    /// Calls `render` with the place and makes what it wrote appear at once.
    pub(crate) fn write(&self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        match self {
            Self::Stdout => write_through(io::stdout().lock(), render).context("write to stdout"),
            Self::Device(path) => fs::OpenOptions::new()
                .write(true)
                .open(path)
                .and_then(|file| write_through(file, render))
                .with_context(|| format!("write {}", path.display())),
            Self::File(path) => write_whole(path, render).with_context(|| format!("write {}", path.display())),
        }
        .map_err(Failure::failed)
    }
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
