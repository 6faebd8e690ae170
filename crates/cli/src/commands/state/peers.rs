//! With whom runs were exchanged, and which runs there are to exchange.

use std::{fs, path::Path};

use cds_archive::{Direction, list_runs, project_from_directory_name};
use cds_persistence::{OpenOptions, RunId, SqliteReader};

use crate::failure::{Failure, database_failure};

/// The other side of a direction, as the database calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) direction: Direction,
    pub(super) name: String,
}

impl Peer {
    /// Every peer that the database knows in that direction.
    pub(super) fn known(reader: &SqliteReader, direction: Direction) -> Result<Vec<Self>, Failure> {
        let names = reader.transfer_peers(direction.as_str()).map_err(database_failure)?;
        Ok(names.into_iter().map(|name| Self { direction, name }).collect())
    }

    /// Those of `known` that a path names: itself, or projects of the archive there; also when nothing is there any
    /// more.
    pub(super) fn at(known: Vec<Self>, path: &Path) -> Vec<Self> {
        let real = fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
        let is_selected = |peer: &Self| {
            let peer = Path::new(&peer.name);
            peer == real || peer.parent() == Some(&real) && project_of(peer).is_some()
        };
        known.into_iter().filter(is_selected).collect()
    }

    /// The runs that there are to move; or why that is not known.
    pub(super) fn existing(&self, reader: &SqliteReader, options: &OpenOptions) -> Result<Vec<RunId>, String> {
        let of_database =
            |reader: &SqliteReader| reader.snapshots().map_err(|error| format!("cds {}", database_failure(error)));
        let path = Path::new(&self.name);
        match (self.direction, project_of(path)) {
            (Direction::Archive, _) => of_database(reader),
            (Direction::Import, Some(project)) => {
                let archive = path.parent().unwrap_or(path);
                let listing = list_runs(archive).map_err(|error| format!("cds failed to {error}"))?;
                Ok(listing.runs.into_iter().filter(|run| run.project == project).map(|run| run.run).collect())
            }
            (Direction::Import, None) => {
                let source = SqliteReader::open(path, options);
                of_database(&source.map_err(|error| format!("cds {}", database_failure(error)))?)
            }
        }
    }
}

/// The project, where the path is that of a project of an archive. A file of such a name is a database.
fn project_of(path: &Path) -> Option<String> {
    if path.is_file() {
        return None;
    }
    path.file_name()?.to_str().and_then(project_from_directory_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_names_a_database_or_an_archive() {
        let peer = |name: &str| Peer { direction: Direction::Import, name: name.to_owned() };
        let known = ["/srv/a", "/srv/a.sqlite", "/srv/a/project=x", "/srv/a/project=y", "/srv/a/other"].map(peer);
        let named = |path: &str| Peer::at(known.to_vec(), Path::new(path)).into_iter().map(|peer| peer.name);
        assert_eq!(named("/srv/a").collect::<Vec<_>>(), ["/srv/a", "/srv/a/project=x", "/srv/a/project=y"]);
        assert_eq!(named("/srv/a.sqlite").collect::<Vec<_>>(), ["/srv/a.sqlite"]);
        assert_eq!(named("/srv/a/project=y").collect::<Vec<_>>(), ["/srv/a/project=y"]);
        assert_eq!(named("/srv").count(), 0);
    }
}
