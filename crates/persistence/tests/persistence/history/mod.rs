//! The history of definitions, compared with a model, and its protection against changes.

mod guards;
mod model;
mod tree;

use std::{collections::HashMap, ops::ControlFlow, path::Path};

use cds_persistence::{Persistence, VerifyQuery};
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use rusqlite::Connection;

use self::model::{Model, Row};
pub(crate) use self::tree::{Definition, File, Tree};
use crate::{
    reader::read,
    samples::{open, workplace},
};

/// An edit of a tree; the numbers select parts of it.
#[derive(Debug, Clone)]
enum Edit {
    AddFile {
        path: usize,
    },
    AddFunction {
        file: usize,
        name: usize,
    },
    AddClass {
        file: usize,
        name: usize,
        method_count: usize,
    },
    ChangeCode {
        file: usize,
        place: usize,
    },
    ChangeIntent {
        file: usize,
        place: usize,
    },
    Rename {
        file: usize,
        place: usize,
        name: usize,
    },
    MoveDefinition {
        file: usize,
        place: usize,
        to: usize,
    },
    MoveFile {
        file: usize,
        path: usize,
    },
    Remove {
        file: usize,
        place: usize,
    },
    /// The definition that was removed last returns to its place.
    Restore,
    RemoveFile {
        file: usize,
    },
    Shift {
        file: usize,
    },
    LoseSight {
        held: usize,
    },
    SeeAgain,
    Nothing,
}

const PATHS: [&str; 6] = ["a.py", "b.py", "pkg/a.py", "pkg/c.py", "pkg/sub/d.py", "zz.py"];
const NAMES: [&str; 3] = ["run", "load", "Thing"];
const HELD: [&str; 4] = ["a.py", "pkg", "pkg/a.py", "pkg/sub"];
/// Projects and parts.
const CONTEXTS: [(&str, &str); 3] = [("shop", ""), ("shop", "pkg"), ("mill", "")];

/// The trees and their removed definitions.
#[derive(Default)]
struct World {
    trees: [Tree; 3],
    /// By tree and path.
    removed: Vec<(usize, String, Definition)>,
    last_body: u32,
    last_file: u32,
}

impl World {
    /// Trees that are not empty.
    fn filled() -> Self {
        let mut world = Self::default();
        for tree in 0..CONTEXTS.len() {
            for path in [0, 3] {
                world.apply(tree, &Edit::AddFile { path });
            }
            for file in [0, 0, 1] {
                world.apply(tree, &Edit::AddFunction { file, name: tree });
                world.apply(tree, &Edit::AddClass { file, name: 0, method_count: 2 });
            }
        }
        world
    }

    fn body(&mut self) -> u32 {
        self.last_body += 1;
        self.last_body
    }

    fn function(&mut self, name: usize) -> Definition {
        Definition { name: NAMES[name].to_owned(), body: self.body(), intent: 1, methods: None }
    }

    /// Applies an edit; one of a missing part does nothing.
    fn apply(&mut self, tree: usize, edit: &Edit) {
        match *edit {
            Edit::AddFile { path } => {
                self.last_file += 1;
                let file = File { number: self.last_file, ..File::default() };
                self.trees[tree].files.entry(PATHS[path].to_owned()).or_insert(file);
            }
            Edit::AddFunction { file, name } => {
                let function = self.function(name);
                self.edit(tree, file, |file| file.definitions.push(function));
            }
            Edit::AddClass { file, name, method_count } => {
                let mut class = self.function(2);
                class.methods = Some((0..method_count).map(|place| self.function((name + place) % 2)).collect());
                self.edit(tree, file, |file| file.definitions.insert(0, class));
            }
            Edit::ChangeCode { file, place } => {
                let body = self.body();
                self.edit_definition(tree, file, place, |definition| match &mut definition.methods {
                    Some(methods) if !methods.is_empty() => methods[0].body = body,
                    _ => definition.body = body,
                });
            }
            Edit::ChangeIntent { file, place } => {
                self.edit_definition(tree, file, place, |definition| definition.intent += 1);
            }
            Edit::Rename { file, place, name } => {
                self.edit_definition(tree, file, place, |definition| NAMES[name].clone_into(&mut definition.name));
            }
            Edit::MoveDefinition { file, place, to } => {
                let mut taken = None;
                self.edit(tree, file, |file| {
                    if !file.definitions.is_empty() {
                        taken = Some(file.definitions.remove(place % file.definitions.len()));
                    }
                });
                self.edit(tree, to, |file| file.definitions.extend(taken));
            }
            Edit::MoveFile { file, path } => {
                let files = &mut self.trees[tree].files;
                let from = files.keys().nth(file % files.len().max(1)).cloned();
                if let (Some(from), false) = (from, files.contains_key(PATHS[path])) {
                    let file = files.remove(&from).unwrap();
                    files.insert(PATHS[path].to_owned(), file);
                }
            }
            Edit::Remove { file, place } => {
                let files = &mut self.trees[tree].files;
                let count = files.len().max(1);
                if let Some((path, file)) = files.iter_mut().nth(file % count)
                    && !file.definitions.is_empty()
                {
                    let definition = file.definitions.remove(place % file.definitions.len());
                    self.removed.push((tree, path.clone(), definition));
                }
            }
            Edit::Restore => {
                let last = self.removed.iter().rposition(|(of, _, _)| *of == tree);
                if let Some((_, path, definition)) = last.map(|place| self.removed.remove(place))
                    && let Some(file) = self.trees[tree].files.get_mut(&path)
                {
                    file.definitions.push(definition);
                }
            }
            Edit::RemoveFile { file } => {
                let files = &mut self.trees[tree].files;
                if let Some(path) = files.keys().nth(file % files.len().max(1)).cloned() {
                    files.remove(&path);
                }
            }
            Edit::Shift { file } => self.edit(tree, file, |file| file.empty_lines += 1),
            Edit::LoseSight { held } => self.trees[tree].unreadable = vec![HELD[held].to_owned()],
            Edit::SeeAgain => self.trees[tree].unreadable.clear(),
            Edit::Nothing => {}
        }
    }

    fn edit(&mut self, tree: usize, file: usize, change: impl FnOnce(&mut File)) {
        let files = &mut self.trees[tree].files;
        let count = files.len().max(1);
        if let Some(file) = files.values_mut().nth(file % count) {
            change(file);
        }
    }

    fn edit_definition(&mut self, tree: usize, file: usize, place: usize, change: impl FnOnce(&mut Definition)) {
        self.edit(tree, file, |file| {
            let count = file.definitions.len().max(1);
            if let Some(definition) = file.definitions.get_mut(place % count) {
                change(definition);
            }
        });
    }
}

fn edits() -> impl Strategy<Value = Edit> {
    let (file, place, name) = (0..6_usize, 0..6_usize, 0..3_usize);
    let at = (file.clone(), place);
    prop_oneof![
        3 => file.clone().prop_map(|path| Edit::AddFile { path }),
        4 => (file.clone(), name.clone()).prop_map(|(file, name)| Edit::AddFunction { file, name }),
        2 => (file.clone(), name.clone(), 0..3_usize)
            .prop_map(|(file, name, method_count)| Edit::AddClass { file, name, method_count }),
        3 => at.clone().prop_map(|(file, place)| Edit::ChangeCode { file, place }),
        2 => at.clone().prop_map(|(file, place)| Edit::ChangeIntent { file, place }),
        2 => (at.clone(), name).prop_map(|((file, place), name)| Edit::Rename { file, place, name }),
        2 => (at.clone(), file.clone()).prop_map(|((file, place), to)| Edit::MoveDefinition { file, place, to }),
        3 => (file.clone(), file.clone()).prop_map(|(file, path)| Edit::MoveFile { file, path }),
        4 => at.prop_map(|(file, place)| Edit::Remove { file, place }),
        3 => Just(Edit::Restore),
        1 => file.clone().prop_map(|file| Edit::RemoveFile { file }),
        1 => file.prop_map(|file| Edit::Shift { file }),
        1 => (0..HELD.len()).prop_map(|held| Edit::LoseSight { held }),
        1 => Just(Edit::SeeAgain),
        1 => Just(Edit::Nothing),
    ]
}

/// The history rows of one run, in the form of the model.
fn rows_of(connection: &Connection, run: i64) -> Vec<Row> {
    let sql = "
        SELECT run_id, transition, unit_id,
               format('%s %s::%s#%d from %s changed %s', metadata ->> 'kind', metadata ->> 'file_path',
                      metadata ->> 'name', metadata ->> 'ordinal',
                      iif(metadata ->> 'from' IS NULL, '',
                          format('%s::%s#%d', metadata -> 'from' ->> 'file_path', metadata -> 'from' ->> 'name',
                                 metadata -> 'from' ->> 'ordinal')),
                      coalesce((SELECT group_concat(value, ' ') FROM json_each(metadata, '$.changed')), ''))
        FROM unit_history WHERE run_id = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let mut rows: Vec<Row> =
        connection.prepare(sql).unwrap().query_map([run], read).unwrap().map(Result::unwrap).collect();
    rows.sort();
    rows
}

fn units_of(connection: &Connection, (project, part): (&str, &str)) -> Vec<(i64, String)> {
    let sql = "
        SELECT id, format('%s::%s#%d %s', file_path, name, ordinal, state)
        FROM units WHERE project = ?1 AND part = ?2 ORDER BY id";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    connection.prepare(sql).unwrap().query_map([project, part], read).unwrap().map(Result::unwrap).collect()
}

fn assert_unaltered(path: &Path) {
    let verification = read(path).unwrap().verify(&VerifyQuery::default(), &|_| ControlFlow::Continue(())).unwrap();
    assert!(verification.is_unaltered(), "{:#?}", verification.deviations);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn history_equals_the_model(
        steps in prop::collection::vec((prop::sample::select(vec![0, 0, 0, 1, 2]), prop::collection::vec(edits(), 0..6)), 4..14)
    ) {
        let (_directory, path) = workplace();
        let mut persistence = open(&path).unwrap();
        let mut world = World::filled();
        let mut models = CONTEXTS.map(|_| Model::default());
        let mut unit_count = 0;
        let mut ids = HashMap::new();
        for (tree, edits) in steps {
            for edit in &edits {
                world.apply(tree, edit);
            }
            let (project, part) = CONTEXTS[tree];
            let saved = persistence.save(&world.trees[tree].snapshot(project, part)).unwrap();
            let run = saved.run_id.0;
            let expected = models[tree].advance(run, &world.trees[tree], &mut unit_count);
            let connection = Connection::open(&path).unwrap();
            let stored = rows_of(&connection, run);
            prop_assert_eq!(saved.proof.unwrap().transitions.total(), expected.len() as u64);
            for (_, transition, number, text) in &expected {
                // The writer may number several added definitions in any order.
                let is_it = |row: &&Row| transition == "added" && row.1 == "added" && row.3 == *text;
                ids.extend(stored.iter().find(is_it).map(|row| (*number, row.2)));
            }
            let mut expected: Vec<Row> = expected.into_iter().map(|row| (row.0, row.1, ids[&row.2], row.3)).collect();
            expected.sort();
            prop_assert_eq!(stored, expected);
            for (context, model) in CONTEXTS.into_iter().zip(&models) {
                let mut units: Vec<_> = model.units().into_iter().map(|(number, text)| (ids[&number], text)).collect();
                units.sort();
                prop_assert_eq!(units_of(&connection, context), units);
            }
        }
        persistence.close().unwrap();
        assert_unaltered(&path);
    }
}
