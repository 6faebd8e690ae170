//! What a file of the working tree would be stored as, by its attributes.
//!
//! Line ends, `ident` and `working-tree-encoding` are undone by the library for git. A `filter` is a program, such as
//! that of LFS; it is not run, so that nothing is known of a file under one. The attributes are read here, since the
//! library would open whatever is called `.gitattributes`.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use gix::{
    attrs::{
        Search, StateRef,
        search::{MetadataCollection, Outcome},
    },
    bstr::{BStr, ByteSlice as _},
    command,
    filter::plumbing::{Pipeline, eol, pipeline},
    glob::pattern::Case,
};

use crate::{
    error::{Doing as _, Error, Result, library},
    files,
    repository::Repository,
};

const LARGEST_ATTRIBUTES: u64 = 1 << 20;
/// Git's own, which name a group of others.
const BUILT_IN: &[u8] = b"[attr]binary -diff -merge -text";
const OWN_FILE: &str = ".gitattributes";

/// Undoes what a checkout does to files.
pub(crate) struct Conversion<'a> {
    repository: &'a Repository,
    pipeline: Pipeline,
    /// The lines of the files of attributes that were read, by their place.
    read: HashMap<PathBuf, Vec<u8>>,
}

impl<'a> Conversion<'a> {
    pub(crate) fn new(repository: &'a Repository) -> Self {
        let options = pipeline::Options {
            // None, so that none can be run.
            drivers: Vec::new(),
            eol_config: eol::Configuration { auto_crlf: eol::AutoCrlf::Input, eol: None },
            crlf_roundtrip_check: pipeline::CrlfRoundTripCheck::Skip,
            encodings_with_roundtrip_check: Vec::new(),
        };
        let pipeline = Pipeline::new(command::Context::default(), repository.hash, options);
        Self { repository, pipeline, read: HashMap::new() }
    }

    /// An error when a checkout may have changed the file at `path`, which is too large to undo it.
    pub(crate) fn refuse(&mut self, path: &BStr, has_other_line_ends: bool) -> Result<()> {
        if has_other_line_ends {
            return Err(Error::Unsupported("a large file has line ends that a checkout may have made"));
        }
        let (search, collection) = self.attributes(path)?;
        let mut found = Outcome::default();
        found.initialize_with_selection(&collection, ["filter", "ident", "working-tree-encoding"]);
        search.pattern_matching_relative_path(path, Case::Sensitive, Some(false), &mut found);
        let is_on = |state: StateRef<'_>| matches!(state, StateRef::Set | StateRef::Value(_));
        match found.iter_selected().find(|found| is_on(found.assignment.state)) {
            Some(found) => Err(filtered(path, found.assignment.name.as_str(), found.assignment.state)),
            None => Ok(()),
        }
    }

    /// The file as git would store it; none when no attribute changes anything.
    pub(crate) fn stored(&mut self, path: &BStr, content: &[u8]) -> Result<Option<Vec<u8>>> {
        let (search, collection) = self.attributes(path)?;
        let mut found = Outcome::default();
        found.initialize_with_selection(&collection, ["filter"]);
        search.pattern_matching_relative_path(path, Case::Sensitive, Some(false), &mut found);
        for found in found.iter_selected() {
            if let StateRef::Value(_) = found.assignment.state {
                return Err(filtered(path, found.assignment.name.as_str(), found.assignment.state));
            }
        }
        let place = files::path_of(path).unwrap_or_default();
        let mut attributes = |_: &BStr, found: &mut Outcome| {
            found.initialize_with_selection(
                &collection,
                ["crlf", "ident", "filter", "eol", "text", "working-tree-encoding"],
            );
            search.pattern_matching_relative_path(path, Case::Sensitive, Some(false), found);
        };
        let stored = self.pipeline.convert_to_git(content, &place, &mut attributes, &mut |_| Ok(None));
        let stored = stored.map_err(library).doing(|| format!("convert {path}"))?;
        Ok(stored.as_bytes().map(<[u8]>::to_vec))
    }

    /// The attributes that may hold for the file at `path`: those of its folder count most, those of the repository's
    /// own file still more.
    fn attributes(&mut self, path: &BStr) -> Result<(Search, MetadataCollection)> {
        let (mut search, mut collection) = (Search::default(), MetadataCollection::default());
        let mut add = |bytes: &[u8], source: PathBuf, root: Option<&Path>, has_macros| {
            let added = search.add_patterns_buffer(bytes, source, root, &mut collection, has_macros);
            added.map_err(|error| Error::io(OWN_FILE, error))
        };
        add(BUILT_IN, PathBuf::from("[builtin]"), None, true)?;
        let root = self.repository.place.work_tree.clone();
        let ends = path.find_iter("/").collect::<Vec<_>>();
        for end in [None].into_iter().chain(ends.into_iter().map(Some)) {
            let folder = end.map_or(Some(PathBuf::new()), |end| files::path_of(&path[..end]));
            let source = root.join(folder.unwrap_or_default()).join(OWN_FILE);
            add(self.lines(&source)?, source.clone(), Some(&root), end.is_none())?;
        }
        let own = self.repository.place.common_dir.join("info/attributes");
        add(self.lines(&own)?, own.clone(), None, true)?;
        Ok((search, collection))
    }

    fn lines(&mut self, path: &Path) -> Result<&[u8]> {
        if !self.read.contains_key(path) {
            let lines = files::read(path, LARGEST_ATTRIBUTES)?.unwrap_or_default();
            self.read.insert(path.to_owned(), lines);
        }
        Ok(&self.read[path])
    }
}

fn filtered(path: &BStr, attribute: &str, state: StateRef<'_>) -> Error {
    let filter = match state {
        StateRef::Value(value) if attribute == "filter" => value.as_bstr().to_string(),
        _ => attribute.to_owned(),
    };
    Error::Filtered { path: path.to_string(), filter }
}
