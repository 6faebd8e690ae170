//! The statements that the triggers of the views consist of.

/// Refuses NULL as the plain table does, where no table below the view would.
macro_rules! refuse_null {
    () => {
        "SELECT RAISE(ABORT, 'NOT NULL constraint failed: records')
    WHERE NEW.raw_code IS NULL OR NEW.normalized_code IS NULL;"
    };
}

/// Refuses an id that another record has.
macro_rules! refuse_used_id {
    ($condition:literal) => {
        concat!(
            "SELECT RAISE(ABORT, 'UNIQUE constraint failed: records.id')
    WHERE ",
            $condition,
            " AND EXISTS (SELECT 1 FROM ",
            old_record!("NEW.id"),
            ");"
        )
    };
}

/// The record with this id and its shared rows.
macro_rules! old_record {
    ($id:literal) => {
        concat!(
            "run_records AS part
    JOIN shared_records AS shared ON shared.id = part.first_shared_id + ",
            $id,
            " - part.first_record_id
    JOIN shared_contents AS content ON content.id = shared.content_id
      AND part.first_record_id = (SELECT max(first_record_id) FROM run_records WHERE first_record_id <= ",
            $id,
            ")
      AND ",
            $id,
            " < part.first_record_id + part.record_count"
        )
    };
}

/// Takes the record with this id out of its run: what follows it becomes a part of its own.
macro_rules! cut_out {
    ($id:literal) => {
        concat!(
            "INSERT INTO run_records (first_record_id, run_id, first_shared_id, record_count)
    SELECT ",
            $id,
            " + 1, run_id, first_shared_id + ",
            $id,
            " + 1 - first_record_id,
           first_record_id + record_count - ",
            $id,
            " - 1
    FROM run_records
    WHERE first_record_id = (SELECT max(first_record_id) FROM run_records WHERE first_record_id <= ",
            $id,
            ")
      AND first_record_id + record_count - 1 > ",
            $id,
            ";
    UPDATE run_records
    SET record_count = ",
            $id,
            " - first_record_id
    WHERE first_record_id = (SELECT max(first_record_id) FROM run_records WHERE first_record_id < ",
            $id,
            ")
      AND first_record_id + record_count > ",
            $id,
            ";
    DELETE FROM run_records WHERE first_record_id = ",
            $id,
            ";"
        )
    };
}

/// Gives the record with this id shared rows of its own, with another question.
macro_rules! copy_with_question {
    ($id:literal, $question:literal, $is_cut:literal) => {
        concat!(
            "INSERT INTO shared_contents (kind, file_path, signature, raw_text, normalized_text, md5sum, intent, intent_status,
                                 intent_error, question, is_cut)
    SELECT content.kind, content.file_path, content.signature, content.raw_text, content.normalized_text, content.md5sum,
           content.intent, content.intent_status, content.intent_error, ", $question, ", ", $is_cut, "
    FROM ", old_record!($id), ";
    INSERT INTO shared_records (content_id, start_line, end_line, content_hash, field_sums)
    SELECT (SELECT max(id) FROM shared_contents), shared.start_line, shared.end_line, shared.content_hash,
           shared.field_sums
    FROM ", old_record!($id), ";
    INSERT INTO run_records (first_record_id, run_id, first_shared_id, record_count)
    SELECT -9223372036854775807, part.run_id, (SELECT max(id) FROM shared_records), 1
    FROM ", old_record!($id), ";
    ", cut_out!($id), "
    UPDATE run_records SET first_record_id = ", $id, " WHERE first_record_id = -9223372036854775807;"
        )
    };
}

pub(super) use {copy_with_question, cut_out, old_record, refuse_null, refuse_used_id};
