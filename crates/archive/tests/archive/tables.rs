//! Tables: rows read back as written, invalid rows are refused, damaged files are errors.

use std::fs;

use cds_archive::{
    ColumnSpec,
    ColumnType::{Blob, Integer, Real, Text},
    Error, MAX_GROUP_BYTES, MAX_ROW_BYTES, TableReader, TableWriter, Value,
};
use proptest::{collection::vec, option, prelude::*};
use tempfile::TempDir;

use crate::samples::{Cell, column, read, write};

/// Each type with and without NULLs, with and without a dictionary.
fn all_columns() -> Vec<ColumnSpec> {
    let kinds = [(Text, "text"), (Integer, "integer"), (Real, "real"), (Blob, "blob")];
    let mut columns = Vec::new();
    for (column_type, name) in kinds {
        for (nullable, dictionary) in [(false, false), (false, true), (true, false), (true, true)] {
            columns.push(column(&format!("{name}_{nullable}_{dictionary}"), column_type, nullable, dictionary));
        }
    }
    columns
}

fn cell(spec: &ColumnSpec) -> BoxedStrategy<Cell> {
    let value = match spec.column_type {
        Text => prop_oneof![Just(String::new()), Just("a\0b".to_owned()), "(?s).{0,12}", "[ab]{1,2}"]
            .prop_map(Cell::Text)
            .boxed(),
        Integer => prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), 0..3_i64].prop_map(Cell::Integer).boxed(),
        Real => {
            any::<f64>().prop_filter("NaN is not equal to itself", |real| !real.is_nan()).prop_map(Cell::Real).boxed()
        }
        Blob => vec(any::<u8>(), 0..12).prop_map(Cell::Blob).boxed(),
    };
    if spec.nullable { option::of(value).prop_map(|value| value.unwrap_or(Cell::Null)).boxed() } else { value }
}

fn rows() -> impl Strategy<Value = Vec<Vec<Cell>>> {
    let row = all_columns().iter().map(cell).collect::<Vec<_>>();
    vec(row, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_row_reads_back(rows in rows()) {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("all.parquet");
        let written = write(&path, &all_columns(), &rows);
        prop_assert_eq!(written.row_count, rows.len() as u64);
        prop_assert_eq!(written.byte_count, fs::metadata(&path).unwrap().len());

        let reader = TableReader::open(&path).unwrap();
        prop_assert_eq!(reader.row_count(), rows.len() as u64);
        let columns: Vec<_> = all_columns().into_iter().map(|column| ColumnSpec { dictionary: false, ..column }).collect();
        prop_assert_eq!(reader.columns(), columns);
        prop_assert_eq!(read(&path).unwrap(), rows);
    }

    #[test]
    fn damaged_file_is_read_or_refused(
        rows in rows(), damages in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in option::of(any::<prop::sample::Index>()),
    ) {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("all.parquet");
        write(&path, &all_columns(), &rows);
        let mut bytes = fs::read(&path).unwrap();
        for (place, value) in damages {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(&path, bytes).unwrap();
        // Only the manifest detects every damage. Here, reading must not crash the process.
        let _ = read(&path);
    }
}

#[test]
fn long_rows_read_back_in_groups() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("long.parquet");
    let columns = [column("number", Integer, false, false), column("code", Text, true, false)];
    let lengths = [0, 1, 3_000_000, MAX_GROUP_BYTES + 1, 5, 9_000_000, 9_000_000, 2];
    let rows: Vec<_> = lengths
        .iter()
        .zip(0..)
        .map(|(length, number)| vec![Cell::Integer(number), Cell::Text("é\n".repeat(length / 3))])
        .collect();
    write(&path, &columns, &rows);
    assert!(read(&path).unwrap() == rows);
}

#[test]
fn many_rows_read_back_in_order() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("many.parquet");
    let columns = [column("number", Integer, false, false), column("kind", Text, true, true)];
    let mut writer = TableWriter::create(&path, &columns).unwrap();
    let row = |number: i64| [Value::Integer(number), if number % 3 == 0 { Value::Null } else { Value::Text("method") }];
    for number in 0..200_000 {
        writer.push(&row(number)).unwrap();
    }
    writer.finish().unwrap();

    let mut reader = TableReader::open(&path).unwrap();
    let (number, kind) = (reader.position("number").unwrap(), reader.position("kind").unwrap());
    assert_eq!(reader.position("nothing"), None);
    let mut next = 0;
    while let Some(batch) = reader.next_batch().unwrap() {
        for index in 0..batch.row_count() {
            assert_eq!([batch.value(index, number), batch.value(index, kind)], row(next));
            next += 1;
        }
    }
    assert_eq!(next, 200_000);
}

#[test]
fn equal_rows_make_equal_files() {
    let directory = TempDir::new().unwrap();
    let rows = vec![vec![Cell::Text("pass".to_owned())]; 10];
    let columns = [column("code", Text, false, true)];
    let [one, other] = ["one", "other"].map(|name| write(&directory.path().join(name), &columns, &rows));
    assert_eq!(one, other);
}

#[test]
fn invalid_rows_are_refused_individually() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("records.parquet");
    let columns = [column("line", Integer, false, false), column("code", Text, true, false)];
    let mut writer = TableWriter::create(&path, &columns).unwrap();
    let check = |writer: &mut TableWriter, row: &[Value<'_>], expected: &str| {
        let message = writer.push(row).unwrap_err().to_string();
        assert_eq!(message.replace(&format!("{path:?}"), "FILE"), expected);
    };
    check(&mut writer, &[Value::Integer(1)], "write row 1 of FILE: it has 1 values for 2 columns");
    check(&mut writer, &[Value::Null, Value::Null], "write row 1 of FILE: column \"line\" takes integers, not NULL");
    check(
        &mut writer,
        &[Value::Integer(1), Value::Blob(b"x")],
        "write row 1 of FILE: column \"code\" takes text, not a blob",
    );
    let long = "x".repeat(MAX_ROW_BYTES);
    check(
        &mut writer,
        &[Value::Integer(1), Value::Text(&long)],
        "write row 1 of FILE: it has 134217736 bytes, and the limit is 134217728",
    );
    writer.push(&[Value::Integer(1), Value::Null]).unwrap();
    writer.finish().unwrap();
    assert_eq!(read(&path).unwrap(), [vec![Cell::Integer(1), Cell::Null]]);
}

#[test]
fn create_needs_new_file() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("records.parquet");
    let column = column("line", Integer, false, false);
    let invalid = |columns: &[ColumnSpec]| TableWriter::create(&path, columns).err().unwrap();
    assert!(matches!(invalid(&[]), Error::InvalidColumns { .. }));
    assert!(matches!(invalid(&[column.clone(), column.clone()]), Error::InvalidColumns { .. }));
    fs::write(&path, "mine").unwrap();
    assert!(matches!(invalid(&[column]), Error::Io { action: "create", .. }));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn unsupported_files_are_refused() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("records.parquet");
    let check = |content: &[u8], expected: &str| {
        fs::write(&path, content).unwrap();
        let message = TableReader::open(&path).err().unwrap().to_string();
        assert_eq!(message.replace(&format!("{path:?}"), "FILE"), expected);
    };
    check(b"", "read table FILE: it is too short for Parquet");
    check(b"SQLite format 3\0", "read table FILE: it does not end with the Parquet magic");
    check(b"PAR1\xff\xff\xff\xffPAR1", "read table FILE: its footer is too long");
    check(b"PAR1\x00\x00\x00\x00PAR1", "read FILE");
    assert!(matches!(TableReader::open(directory.path()).err(), Some(Error::NotARegularFile { .. })));
}
