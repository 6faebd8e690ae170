//! What can be known of a database and its place, from the outside in.

use std::path::Path;

use cds_persistence::{
    Access, Diagnosis, Error, Growth, LocationReport, LockStatus, SqliteReader, examine_location, lock_path,
    lock_status,
};

use super::Check;
use crate::{
    arguments::DatabasePlan,
    commands::lock,
    failure::{OWN_MOUNT_HINT, database_failure},
};

/// Less room than this ends most runs.
const LEAST_BYTES: u64 = 16 << 20;
/// Less room than this deserves a look.
const SCARCE_BYTES: u64 = 256 << 20;
/// File systems that lose their files without power.
const VOLATILE: [&str; 2] = ["tmpfs", "ramfs"];

/// Everything that is looked at because of a database.
pub(super) fn examine(plan: &DatabasePlan) -> Vec<Check> {
    let place = examine_location(&plan.path);
    let mut checks = place_checks(&place);
    if place.is_present && place.refusal.is_none() {
        let examined = SqliteReader::open(&plan.path, &plan.options)
            .and_then(|reader| Ok((reader.diagnose()?, reader.growth().ok())));
        match examined {
            Ok((diagnosis, growth)) => {
                checks.extend(database_checks(&diagnosis));
                checks.extend(growth.map(|growth| layout_check(&growth)));
            }
            Err(error) => checks.push(Check::of_failure("schema", &database_failure(error))),
        }
    }
    checks.push(lock_check(&plan.path));
    checks.push(survival(&place));
    checks
}

/// What can be said without opening the file.
fn place_checks(place: &LocationReport) -> Vec<Check> {
    let mut checks = Vec::new();
    let folder = place.folder.display();
    checks.push(match &place.refusal {
        Some(error) => {
            let remedy = match error {
                Error::OwnMount { .. } => OWN_MOUNT_HINT,
                _ => "name a regular file in an existing folder",
            };
            Check::fail("database", format!("no database can be there: {error}"), remedy)
        }
        None if !place.is_present => Check::ok("database", "not there yet; the first cds persist creates it"),
        None if !place.is_file_writable => Check::fail(
            "database",
            "the file may be read and not written",
            "give yourself permission to write it, or name another file",
        ),
        None => Check::ok("database", "there, and writable"),
    });
    checks.push(match &place.folder_error {
        Some(error) => Check::fail(
            "folder",
            format!("nothing can be written into {folder}, where the journal and the lock stand: {error}"),
            "create the folder, or give yourself permission to write into it",
        ),
        None => Check::ok("folder", format!("{folder} can be written to")),
    });
    let name = place
        .file_system
        .map(|found| found.name.map_or_else(|| format!("of kind 0x{:x}", found.number), str::to_owned));
    checks.push(match (name, place.is_fit_for_log) {
        (Some(name), true) => Check::ok("file system", format!("{name}: fit for a write-ahead log")),
        (Some(name), false) => Check::warn(
            "file system",
            format!("{name}: unfit for a write-ahead log; a rollback journal is used, readers and writers wait for each other"),
            "put the database on a local disk if several programs use it at once",
        ),
        (None, _) => Check::ok("file system", "it cannot be asked here; a write-ahead log is used"),
    });
    checks.extend(place.free_bytes.map(|bytes| {
        let finding = format!("{} MiB are free", bytes >> 20);
        let remedy = "make room; cds runs prune removes old snapshots, and --vacuum gives their room back";
        match bytes {
            0..LEAST_BYTES => Check::fail("free space", finding, remedy),
            LEAST_BYTES..SCARCE_BYTES => Check::warn("free space", finding, remedy),
            _ => Check::ok("free space", finding),
        }
    }));
    checks
}

/// What the file itself says.
fn database_checks(found: &Diagnosis) -> Vec<Check> {
    let mut schema = format!(
        "format {} of at most {}, journal {}, pages of {} bytes",
        found.format_version, found.known_format_version, found.journal_mode, found.page_size
    );
    if !found.missing_tables.is_empty() {
        schema = format!("{schema}; still to be created: {}", found.missing_tables.join(", "));
    }
    let read = match found.access {
        Access::Shared => "",
        Access::Immutable => " (read as a file that no program has open)",
        Access::Copy => " (read as a copy, with its journal applied)",
    };
    let known = |count: Option<u64>| count.map_or_else(|| "unreadable".to_owned(), |count| count.to_string());
    let is_mostly_empty = found.free_page_count.saturating_mul(2) > found.page_count.max(2_000);
    let content = if is_mostly_empty {
        Check::warn(
            "content",
            format!("{} of {} pages are empty", found.free_page_count, found.page_count),
            "give the room back with: cds runs prune --vacuum and a rule of what to keep",
        )
    } else {
        let (runs, records) = (known(found.run_count), known(found.record_count));
        Check::ok("content", format!("snapshots: {runs}, records: {records}{read}"))
    };
    vec![Check::ok("schema", schema), integrity(found), content]
}

/// How the records are stored, and whether that is worth a change.
fn layout_check(growth: &Growth) -> Check {
    match growth.excess() {
        None => Check::ok("layout", growth.layout.as_str()),
        Some(times) => Check::warn(
            "layout",
            format!("{}; the file is {times} times its first snapshot", growth.layout),
            "let snapshots share what is equal with: cds db compact",
        ),
    }
}

fn integrity(found: &Diagnosis) -> Check {
    if let Some(first) = found.damage.first() {
        let remedy = "restore a copy; what can still be read is saved with: sqlite3 FILE .recover";
        return Check::fail("integrity", format!("the file is damaged: {first}"), remedy);
    }
    match found.dangling_row_count {
        Some(0) => Check::ok("integrity", "the file is whole, and every row points at one that is there"),
        Some(count) => Check::warn(
            "integrity",
            format!("the file is whole, but {count} rows point at rows that are missing"),
            "another program removed them; cds works all the same",
        ),
        None => Check::warn("integrity", "whether rows point at missing ones could not be read", "restore a copy"),
    }
}

fn lock_check(path: &Path) -> Check {
    match lock_status(&lock_path(path)) {
        Ok(status @ LockStatus::Held(_)) => {
            let holder = match &status {
                LockStatus::Held(Some(holder)) => format!("{}: {holder}", lock::meaning(&status)),
                _ => lock::meaning(&status).to_owned(),
            };
            Check::warn("lock", holder, "wait until it is done, or let commands wait with --lock-timeout 10m")
        }
        Ok(status) => Check::ok("lock", lock::meaning(&status)),
        Err(error) => Check::fail(
            "lock",
            format!("{:#}", anyhow::Error::new(error)),
            "put the database on a file system that has locks, and give yourself permission to use the lock file",
        ),
    }
}

fn survival(place: &LocationReport) -> Check {
    let name = place.file_system.and_then(|found| found.name).unwrap_or_default();
    if VOLATILE.contains(&name) {
        return Check::warn(
            "survives",
            format!("a saved run survives a kill, but no power cut: {name} lies in memory"),
            "put the database on a disk",
        );
    }
    let journal = if place.is_fit_for_log { "a write-ahead log" } else { "a rollback journal (TRUNCATE)" };
    Check::ok("survives", format!("kill: yes; power cut: yes, with {journal} and synchronous=FULL"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use cds_persistence::FileSystem;
    use jiff::tz::TimeZone;
    use unicode_width::UnicodeWidthStr as _;

    use super::{
        super::{Level, count, write},
        *,
    };
    use cds_terminal::{local_time::LocalTime, screen::Screen, style::Palette, text::is_unsafe};

    fn place(free_bytes: u64, is_fit_for_log: bool) -> LocationReport {
        LocationReport {
            refusal: None,
            is_present: true,
            is_file_writable: true,
            folder: "/x\x1b[31m/a folder whose name is rather long, longer than most/and then one more".into(),
            folder_error: None,
            file_system: None,
            is_fit_for_log,
            free_bytes: Some(free_bytes),
        }
    }

    fn diagnosis() -> Diagnosis {
        Diagnosis {
            sqlite_version: "3.53.1",
            access: Access::Copy,
            journal_mode: "wal".to_owned(),
            page_size: 8192,
            page_count: 100,
            free_page_count: 0,
            damage: Vec::new(),
            dangling_row_count: Some(0),
            format_version: 1,
            known_format_version: 1,
            missing_tables: vec!["telemetry"],
            run_count: Some(3),
            record_count: None,
        }
    }

    fn shown(checks: &[Check], width: usize) -> String {
        let mut output = Vec::new();
        let screen = Screen { width, palette: Palette::Plain, time: LocalTime::of(TimeZone::UTC) };
        write(&mut output, checks, &screen).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_looks_as_reviewed() {
        let mut checks = place_checks(&place(8 << 30, true));
        checks.extend(database_checks(&diagnosis()));
        checks.push(survival(&place(0, true)));
        let broken = Diagnosis {
            damage: vec!["Tree 4 page 7: btreeInitPage() returns error code 11".to_owned()],
            free_page_count: 4_000,
            page_count: 5_000,
            ..diagnosis()
        };
        checks.extend(database_checks(&broken));
        checks.extend(place_checks(&LocationReport {
            is_file_writable: false,
            folder_error: Some(io::ErrorKind::PermissionDenied.into()),
            file_system: Some(FileSystem { number: 0x6969, name: Some("nfs") }),
            ..place(1 << 20, false)
        }));
        checks.push(survival(&place(0, false)));
        insta::assert_snapshot!("doctor_80", shown(&checks, 80));
        for width in 40..200 {
            for line in shown(&checks, width).lines() {
                assert!(line.width() <= width && !line.chars().any(is_unsafe), "{width}: {line}");
            }
        }
        assert_eq!((count(&checks, Level::Warn), count(&checks, Level::Fail)), (2, 4));
    }

    #[test]
    fn scarce_room_is_reported_early() {
        let level = |bytes| place_checks(&place(bytes, true)).pop().unwrap().level;
        assert_eq!(
            [0, LEAST_BYTES - 1, LEAST_BYTES, SCARCE_BYTES - 1, SCARCE_BYTES, u64::MAX].map(level),
            [Level::Fail, Level::Fail, Level::Warn, Level::Warn, Level::Ok, Level::Ok]
        );
    }
}
