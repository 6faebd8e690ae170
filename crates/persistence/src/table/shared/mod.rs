//! The tables of the compact layout, and the views that make it look like the plain one.
//!
//! | table | a row is |
//! | --- | --- |
//! | `run_records` | consecutive records of a run, taken from consecutive shared records |
//! | `shared_records` | a definition at its lines, with its hashes; the rows of a file are consecutive |
//! | `shared_contents` | a definition without its lines |
//! | `shared_texts` | a piece of code, or code that consists of pieces |
//! | `shared_text_pieces` | a piece of such code |
//! | `run_files` | consecutive files of a run |
//! | `shared_files` | a file with its hash and what read it |
//!
//! A run that changes nothing adds one row to `run_records`. A changed file gets new shared records; its unchanged
//! definitions keep their contents, and a changed text keeps its unchanged pieces.

mod contents;
mod files;
mod guards;
mod records;
mod runs;
mod sql;
mod texts;
mod triggers;
mod views;

pub(crate) use self::{
    contents::{CONTENT_FIELDS, CONTENT_OF, TABLE as CONTENTS, insert as insert_content},
    files::{
        EQUAL_FILES, FILE_FIELDS, FILES, LAST_FILE, PLAIN_FILE_RUNS, PLAIN_FILES, RUN_FILES, SOURCE_FILES, insert_file,
    },
    records::{TABLE as RECORDS, insert as insert_record},
    runs::{Part, TABLE as RUN_RECORDS, insert as insert_part},
    sql::{
        BASE, EXPAND, FIELDS_OF, Query, code, content_hash, hashed_fields, is_record, ordered_records, question,
        record_id, records_of_file, same,
    },
    texts::{PIECES, TABLE as TEXTS},
    views::{RECORD_HASHES, RECORD_QUESTIONS, RECORDS as RECORDS_VIEW},
};
