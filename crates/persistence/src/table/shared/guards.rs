//! The triggers that protect shared rows: one altered row would alter records of many runs.

/// Refuses to replace a row.
macro_rules! insert_guard {
    ($table:literal, $is_same:literal) => {
        concat!(
            "CREATE TRIGGER IF NOT EXISTS ",
            $table,
            "_insert BEFORE INSERT ON ",
            $table,
            "
WHEN EXISTS (SELECT 1 FROM ",
            $table,
            " WHERE ",
            $is_same,
            ")
BEGIN SELECT RAISE(FAIL, '",
            $table,
            " is append-only'); END"
        )
    };
}

/// Refuses to change a row.
macro_rules! update_guard {
    ($table:literal) => {
        concat!(
            "CREATE TRIGGER IF NOT EXISTS ",
            $table,
            "_update BEFORE UPDATE ON ",
            $table,
            "
BEGIN SELECT RAISE(ABORT, '",
            $table,
            " is append-only'); END"
        )
    };
}

/// Refuses to remove a row that is in use.
macro_rules! delete_guard {
    ($table:literal, $is_used:literal) => {
        concat!(
            "CREATE TRIGGER IF NOT EXISTS ",
            $table,
            "_delete BEFORE DELETE ON ",
            $table,
            "
WHEN ",
            $is_used,
            "
BEGIN SELECT RAISE(ABORT, '",
            $table,
            " is append-only; cds runs prune removes what no run needs'); END"
        )
    };
}

pub(super) use {delete_guard, insert_guard, update_guard};
