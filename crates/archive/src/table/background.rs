//! Groups of rows on their way into a file, compressed by a thread while the next ones are collected.
//!
//! Small tables need no thread and get none. One group is written while one is collected, and no more are held.

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

/// A file that takes groups of rows.
pub(super) struct GroupWriter {
    path: PathBuf,
    place: Place,
}

enum Place {
    /// In this thread.
    Here(Box<TableFile>),
    /// In another one, which gives the file back when it gets no more groups.
    There { groups: SyncSender<Message>, thread: JoinHandle<Option<Result<TableFile, Error>>> },
    /// Something failed, and the file is of no more use.
    Nowhere,
}

enum Message {
    File(Box<TableFile>),
    Group(Vec<ColumnBuffer>),
}

impl GroupWriter {
    pub(super) fn new(path: &Path, file: TableFile) -> Self {
        Self { path: path.to_owned(), place: Place::Here(Box::new(file)) }
    }

    /// Writes a group behind which others will come. An error may be that of a group before.
    pub(super) fn write(&mut self, group: Vec<ColumnBuffer>) -> Result<(), Error> {
        self.place = match mem::replace(&mut self.place, Place::Nowhere) {
            Place::Here(file) => self.start(file),
            other => other,
        };
        let group = match &self.place {
            Place::There { groups, .. } => match groups.send(Message::Group(group)) {
                Ok(()) => return Ok(()),
                // The thread has ended, and says why.
                Err(_) => return self.take().and(Err(self.broken())),
            },
            Place::Here(_) | Place::Nowhere => group,
        };
        self.write_here(group)
    }

    /// Writes the last group, if there is one, and gives the file.
    pub(super) fn finish(mut self, group: Option<Vec<ColumnBuffer>>) -> Result<TableFile, Error> {
        if let Some(group) = group {
            if matches!(self.place, Place::There { .. }) {
                self.write(group)?;
            } else {
                self.write_here(group)?;
            }
        }
        self.take()
    }

    fn write_here(&mut self, group: Vec<ColumnBuffer>) -> Result<(), Error> {
        let Place::Here(file) = &mut self.place else { return Err(self.broken()) };
        let written = write_group(&self.path, file, group);
        if written.is_err() {
            self.place = Place::Nowhere;
        }
        written
    }

    /// Hands the file to a thread; where there can be none, it stays here.
    fn start(&self, file: Box<TableFile>) -> Place {
        let (groups, receiver) = mpsc::sync_channel(0);
        let path = self.path.clone();
        let Ok(thread) = thread::Builder::new().spawn(move || write_groups(&path, &receiver)) else {
            return Place::Here(file);
        };
        match groups.send(Message::File(file)) {
            Ok(()) => Place::There { groups, thread },
            Err(_) => Place::Nowhere,
        }
    }

    fn take(&mut self) -> Result<TableFile, Error> {
        match mem::replace(&mut self.place, Place::Nowhere) {
            Place::Here(file) => Ok(*file),
            Place::There { groups, thread } => {
                drop(groups);
                thread.join().ok().flatten().unwrap_or_else(|| Err(self.broken()))
            }
            Place::Nowhere => Err(self.broken()),
        }
    }

    fn broken(&self) -> Error {
        Error::UnfitTable { path: self.path.clone(), reason: "writing it failed before".to_owned() }
    }
}

impl Drop for GroupWriter {
    /// Nothing is written any more once the value is gone.
    fn drop(&mut self) {
        if matches!(self.place, Place::There { .. }) {
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
