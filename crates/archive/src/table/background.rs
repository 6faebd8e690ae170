//! Writes row groups in a second thread, which compresses one group while the next one is collected.
//!
//! Small tables get no thread. At most one group is being written while one is collected.

use std::{
    fs::File,
    mem,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, SyncSender},
    thread::{self, JoinHandle},
};

use parquet::file::writer::SerializedFileWriter;

use super::{HashingWriter, buffer::ColumnBuffer};
use crate::Error;

pub(super) type TableFile = SerializedFileWriter<HashingWriter<File>>;

/// A file that accepts row groups.
pub(super) struct GroupWriter {
    path: PathBuf,
    output: Output,
}

enum Output {
    /// Written by this thread.
    Direct(Box<TableFile>),
    /// Written by another thread, which returns the file after the last group.
    Threaded { groups: SyncSender<Message>, thread: JoinHandle<Option<Result<TableFile, Error>>> },
    /// Writing failed, and the file is unusable.
    Failed,
}

enum Message {
    File(Box<TableFile>),
    Group(Vec<ColumnBuffer>),
}

impl GroupWriter {
    pub(super) fn new(path: &Path, file: TableFile) -> Self {
        Self { path: path.to_owned(), output: Output::Direct(Box::new(file)) }
    }

    /// Writes a group that is not the last. The error may be that of an earlier group.
    pub(super) fn write(&mut self, group: Vec<ColumnBuffer>) -> Result<(), Error> {
        self.output = match mem::replace(&mut self.output, Output::Failed) {
            Output::Direct(file) => self.start(file),
            other => other,
        };
        let group = match &self.output {
            Output::Threaded { groups, .. } => match groups.send(Message::Group(group)) {
                Ok(()) => return Ok(()),
                // The thread has ended; its result has the error.
                Err(_) => return self.take().and(Err(self.broken())),
            },
            Output::Direct(_) | Output::Failed => group,
        };
        self.write_here(group)
    }

    /// Writes the last group, if there is one, and returns the file.
    pub(super) fn finish(mut self, group: Option<Vec<ColumnBuffer>>) -> Result<TableFile, Error> {
        if let Some(group) = group {
            if matches!(self.output, Output::Threaded { .. }) {
                self.write(group)?;
            } else {
                self.write_here(group)?;
            }
        }
        self.take()
    }

    fn write_here(&mut self, group: Vec<ColumnBuffer>) -> Result<(), Error> {
        let Output::Direct(file) = &mut self.output else { return Err(self.broken()) };
        let written = write_group(&self.path, file, group);
        if written.is_err() {
            self.output = Output::Failed;
        }
        written
    }

    /// Passes the file to a new thread; if none can be started, this thread keeps it.
    fn start(&self, file: Box<TableFile>) -> Output {
        let (groups, receiver) = mpsc::sync_channel(0);
        let path = self.path.clone();
        let Ok(thread) = thread::Builder::new().spawn(move || write_groups(&path, &receiver)) else {
            return Output::Direct(file);
        };
        match groups.send(Message::File(file)) {
            Ok(()) => Output::Threaded { groups, thread },
            Err(_) => Output::Failed,
        }
    }

    fn take(&mut self) -> Result<TableFile, Error> {
        match mem::replace(&mut self.output, Output::Failed) {
            Output::Direct(file) => Ok(*file),
            Output::Threaded { groups, thread } => {
                drop(groups);
                thread.join().ok().flatten().unwrap_or_else(|| Err(self.broken()))
            }
            Output::Failed => Err(self.broken()),
        }
    }

    fn broken(&self) -> Error {
        Error::UnfitTable { path: self.path.clone(), reason: "writing it failed before".to_owned() }
    }
}

impl Drop for GroupWriter {
    /// Waits for the thread, so that nothing writes to the file after the value is dropped.
    fn drop(&mut self) {
        if matches!(self.output, Output::Threaded { .. }) {
            drop(self.take());
        }
    }
}

fn write_groups(path: &Path, messages: &Receiver<Message>) -> Option<Result<TableFile, Error>> {
    let mut file = None;
    for message in messages {
        match (message, &mut file) {
            (Message::File(new), _) => file = Some(*new),
            (Message::Group(group), Some(file)) => {
                if let Err(error) = write_group(path, file, group) {
                    return Some(Err(error));
                }
            }
            (Message::Group(_), None) => return None,
        }
    }
    file.map(Ok)
}

fn write_group(path: &Path, file: &mut TableFile, group: Vec<ColumnBuffer>) -> Result<(), Error> {
    let write = || {
        let mut writer = file.next_row_group()?;
        let mut waiting = group.into_iter();
        while let (Some(mut column), Some(buffer)) = (writer.next_column()?, waiting.next()) {
            buffer.write(&mut column)?;
            column.close()?;
        }
        writer.close().map(drop)
    };
    write().map_err(Error::table("write", path))
}
