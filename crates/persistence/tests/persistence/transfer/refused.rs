//! Altered runs, and imports that are cancelled.

use cds_model::FieldValue;
use cds_persistence::{Error, ImportError, RowVisitor, RunId, RunSource, RunTable};

use super::{identity, import, plan, source};
use crate::{
    reader::read,
    samples::{chain, dump, make_database, open, workplace},
};

/// The error of importing run 3 after executing `sql` on the source; the target must stay empty.
fn refusal(sql: &str) -> String {
    let (_directory, from) = workplace();
    source(&from);
    make_database(&from, sql);
    let (_other, to) = workplace();
    let mut target = open(&to).unwrap();
    let before = dump(&to);
    let reader = read(&from).unwrap();
    let error = import(&mut target, &reader, 3).unwrap_err();
    assert_eq!(dump(&to), before, "{error}");
    import(&mut target, &reader, 2).unwrap();
    chain(&error).split("sha256:").next().unwrap().to_owned()
}

#[test]
fn altered_run_is_refused() {
    let of_run = "WHERE id = (SELECT max(id) FROM records WHERE run_id = 3)";
    assert_eq!(refusal(&format!("UPDATE records SET intent = 'Lies.' {of_run}")), "the records have the root ");
    assert_eq!(
        refusal("UPDATE runs SET model = 'other' WHERE id = 3"),
        "the run's row, its errors, questions or costs were altered or damaged: hash "
    );
    let removal = format!("PRAGMA foreign_keys = OFF; DELETE FROM records {of_run}");
    assert!(refusal(&removal).starts_with("runs has a row that does not fit: it should have "));
}

#[test]
fn impossible_values_are_refused() {
    let of_run = "WHERE id = (SELECT min(id) FROM records WHERE run_id = 3)";
    let unfit = |what: &str| format!("records has a row that does not fit: {what}");
    assert_eq!(refusal(&format!("UPDATE records SET start_line = -1 {of_run}")), unfit("start_line is -1"));
    assert_eq!(refusal(&format!("UPDATE records SET kind = x'00' {of_run}")), unfit("kind is not text"));
    let bytes = format!("UPDATE records SET file_path = CAST(x'ff' AS TEXT) {of_run}");
    assert_eq!(refusal(&bytes), unfit("file_path is not valid UTF-8"));
}

/// A source whose rows end with an error at one table.
struct Ended<'a>(&'a dyn RunSource, &'static str);

impl RunSource for Ended<'_> {
    fn rows(&self, table: &RunTable, visit: RowVisitor<'_>) -> Result<(), ImportError> {
        let mut count = 0;
        self.0.rows(table, &mut |row: &[FieldValue<'_>]| {
            count += 1;
            if count == 2 && table.name == self.1 {
                return Err(ImportError::Source("stop".into()));
            }
            visit(row)
        })
    }
}

#[test]
fn incomplete_source_leaves_nothing() {
    let (_directory, from) = workplace();
    source(&from);
    let (_other, to) = workplace();
    let mut target = open(&to).unwrap();
    let before = dump(&to);
    let reader = read(&from).unwrap();
    let run = cds_persistence::DatabaseRun { reader: &reader, run_id: RunId(3) };
    for table in ["records", "record_questions", "unit_history", "telemetry"] {
        let error = target.import_run(&Ended(&run, table), &plan(identity(&reader, 3)), &|| true).unwrap_err();
        assert_eq!(chain(&error), "read the run: stop", "{table}");
        assert_eq!(dump(&to), before, "{table}");
    }
    let error = target.import_run(&run, &plan(identity(&reader, 3)), &|| false).unwrap_err();
    assert!(matches!(error, ImportError::Database(Error::Withdrawn { .. })), "{error}");
    assert_eq!(dump(&to), before);
    target.import_run(&run, &plan(identity(&reader, 3)), &|| true).unwrap();
}
