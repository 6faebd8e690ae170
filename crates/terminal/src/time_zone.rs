//! The reader's time zone, found without trusting the file that `TZ` names.
//!
//! The rules are those of other programs: `TZ` is a rule (`CET-1CEST,M3.5.0,M10.5.0/3`), a name (`Europe/Berlin`) or a
//! file; without it, `/etc/localtime` counts. A file may be a pipe, a device or anything of any size, so its
//! type and size are checked before it is read.

use std::{
    env,
    fs::{self, File},
    io::Read,
    path::{Component, Path, PathBuf},
};

use jiff::tz::TimeZone;

const ZONE_FOLDERS: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
const LOCAL_TIME: &str = "/etc/localtime";

/// The largest file of the database of time zones has four thousand bytes.
const LARGEST_ZONE_FILE: u64 = 64 * 1024;

/// That of `TZ` or of the system; `None` if neither is known.
#[cfg(not(unix))]
pub(super) fn of_environment() -> Option<TimeZone> {
    TimeZone::try_system().ok().filter(|zone| !zone.is_unknown())
}

/// That of `TZ` or of the system; `None` if neither is known.
#[cfg(unix)]
pub(super) fn of_environment() -> Option<TimeZone> {
    match env::var_os("TZ") {
        None => of_system(),
        Some(value) => of_value(value.to_str()?),
    }
}

fn of_value(value: &str) -> Option<TimeZone> {
    let (value, is_rule) = value.strip_prefix(':').map_or((value, true), |rest| (rest, false));
    if value.is_empty() {
        return Some(TimeZone::UTC);
    }
    let path = Path::new(value);
    if path.is_absolute() {
        return of_file(path);
    }
    of_name(value).or_else(|| is_rule.then(|| TimeZone::posix(value).ok()).flatten())
}

fn of_system() -> Option<TimeZone> {
    of_file(Path::new(LOCAL_TIME))
}

/// The zone of this name in the first folder that has it.
fn of_name(name: &str) -> Option<TimeZone> {
    let is_plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !is_plain {
        return None;
    }
    let folders = env::var_os("TZDIR").map(PathBuf::from).into_iter().chain(ZONE_FOLDERS.map(PathBuf::from));
    folders.into_iter().find_map(|folder| TimeZone::tzif(name, &read(&folder.join(name))?).ok())
}

/// The zone in a file, which has a name where the path, or that of a link to it, says it.
fn of_file(path: &Path) -> Option<TimeZone> {
    let data = read(path)?;
    let target = fs::read_link(path).unwrap_or_else(|_| path.to_owned());
    let name = target.to_str().and_then(|target| target.rsplit_once("zoneinfo/")).map(|(_, name)| name);
    TimeZone::tzif(name.unwrap_or("local time"), &data).ok()
}

/// A regular file that is not too large for what it should be.
fn read(path: &Path) -> Option<Vec<u8>> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST_ZONE_FILE {
        return None;
    }
    let mut data = Vec::new();
    File::open(path).ok()?.take(LARGEST_ZONE_FILE).read_to_end(&mut data).ok()?;
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_rule_or_utc() {
        assert_eq!(of_value("").unwrap(), TimeZone::UTC);
        let zone = of_value("EST5").unwrap();
        let moment: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(zone.to_offset(moment).seconds(), -5 * 3600);
        assert!(of_value("no zone at all").is_none());
        assert!(of_value("../etc/passwd").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn no_zone_is_read_from_a_device_or_folder() {
        for value in ["/dev/zero", ":/dev/zero", "/tmp", "/"] {
            assert!(of_value(value).is_none(), "{value}");
        }
    }
}
