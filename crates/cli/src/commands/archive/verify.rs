//! `cds archive --verify`: whether the files of an archive are what their manifests and roots say.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use cds_archive::{ArchiveVerification, Direction, Error, list_runs, missing_runs, verify_archive};
use cds_persistence::{RunId, SqliteReader};
use serde_json::{Value, json};

use super::archive_failure;
use cds_terminal::{fields::Fields, text};

use crate::{
    app::App,
    arguments::{ArchivePlan, DatabasePlan, ResultFormat},
    commands::verify::not_as_written,
    failure::{Failure, database_failure},
    output::Output,
};

/// The runs that a database says should lie in the archive and do not, each with the reason.
struct Missing {
    db_path: String,
    runs: Vec<(RunId, String)>,
}

pub(super) fn run(
    archive: &ArchivePlan,
    database: Option<&DatabasePlan>,
    project: Option<&str>,
    format: ResultFormat,
    app: &App,
) -> Result<(), Failure> {
    if !archive.exists {
        let error = Error::NoArchive { path: archive.path.clone() };
        return Err(Failure::usage(error).with_hint("name the directory that cds archive wrote"));
    }
    let found = verify_archive(&archive.path, project, &mut |path| {
        app.console.note(&Fields::new("archive_verify").field("path", path.display()).finish());
    })
    .map_err(archive_failure)?;
    app.check()?;
    let is_empty = || list_runs(&archive.path).map(|listing| listing.runs.is_empty()).map_err(archive_failure);
    if let (0, Some(project)) = (found.runs, project)
        && !is_empty()?
    {
        return Err(Failure::usage(anyhow!("verify project {project:?}: the archive has none"))
            .with_hint("its projects are the folders project=NAME"));
    }
    let missing = database.map(|plan| missing(archive, plan, project)).transpose()?;
    for path in &found.strange {
        app.console.warning(&format!("{} is no run and was not looked at", path.display()));
    }
    let outcome = verdict(archive, &found, missing.as_ref());
    Output::Stdout.conclude(outcome, |writer| {
        format.write(
            writer,
            || json(&found, missing.as_ref(), archive),
            |writer, _| write!(writer, "{}", page(&found, missing.as_ref())),
        )
    })
}

fn verdict(archive: &ArchivePlan, found: &ArchiveVerification, missing: Option<&Missing>) -> Result<(), Failure> {
    let name = archive.path.display();
    match (found.deviations.len(), missing.map_or(0, |missing| missing.runs.len())) {
        (0, 0) if found.runs == 0 => Err(Failure::failed(anyhow!("verify archive {name}: no run lies in it"))
            .with_hint("mount its disk, or name the directory that cds archive wrote; links in it are not followed")),
        (0, 0) => Ok(()),
        (0, count) => {
            let runs =
                if count == 1 { "1 run of the database does" } else { &format!("{count} runs of the database do") };
            Err(Failure::failed(anyhow!("verify archive {name}: {runs} not lie in it")).with_hint(
                "prune nothing; cds archive --retry-failed tries again what failed, and --run N archives one run again",
            ))
        }
        (count, _) => {
            let what = not_as_written(count as u64);
            Err(Failure::failed(anyhow!("verify archive {name}: {what}"))
                .with_hint("keep the files as they are; docs/fleet.md says how to replace a run"))
        }
    }
}

/// What the log of the database says about this archive, compared with what lies there.
fn missing(archive: &ArchivePlan, plan: &DatabasePlan, project: Option<&str>) -> Result<Missing, Failure> {
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let is_known = !reader.transfers(Direction::Archive.as_str(), &archive.peer).map_err(database_failure)?.is_empty();
    if !is_known && !reader.snapshots().map_err(database_failure)?.is_empty() {
        let (name, database) = (archive.path.display(), plan.path.display());
        return Err(Failure::failed(anyhow!("verify archive {name}: no run of {database} was ever archived there"))
            .with_hint(
                "name the archive and the database as cds archive knows them; cds state show lists its archives",
            ));
    }
    let runs = missing_runs(&reader, &archive.peer, &archive.path, project).map_err(archive_failure)?;
    Ok(Missing { db_path: plan.path.to_string_lossy().into_owned(), runs })
}

/// A line for each deviation and each missing run; in the end the sum, where there is none of them.
fn page(found: &ArchiveVerification, missing: Option<&Missing>) -> String {
    let deviations = found.deviations.iter().map(|(path, deviation)| format!("{}: {deviation}", path.display()));
    let missing = missing.into_iter().flat_map(|missing| &missing.runs).map(|(run, why)| format!("run {run}: {why}"));
    let mut page: String = deviations.chain(missing).map(|line| text::safe_line(&line) + "\n").collect();
    if page.is_empty() && found.runs > 0 {
        let line = Fields::new("verified").field("runs", found.runs).field("records", found.records);
        page.push_str(&line.field("bytes", found.bytes).finish());
        page.push('\n');
    }
    page
}

fn json(found: &ArchiveVerification, missing: Option<&Missing>, archive: &ArchivePlan) -> Value {
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let deviation = |(path, deviation): &(PathBuf, String)| json!({ "path": shown(path), "message": deviation });
    let absent = |(run, why): &(RunId, String)| json!({ "run_id": run.0, "message": why });
    json!({
        "archive": archive.peer,
        "is_unaltered": found.deviations.is_empty(),
        "run_count": found.runs,
        "record_count": found.records,
        "byte_count": found.bytes,
        "deviations": found.deviations.iter().map(deviation).collect::<Value>(),
        "strange": found.strange.iter().map(|path| shown(path)).collect::<Value>(),
        "db_path": missing.map(|missing| &missing.db_path),
        "missing": missing.map(|missing| missing.runs.iter().map(absent).collect::<Value>()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_is_one_safe_line() {
        let mut found = ArchiveVerification { runs: 3, records: 177, bytes: 9_000, ..ArchiveVerification::default() };
        assert_eq!(page(&found, None), "verified runs=3 records=177 bytes=9000\n");
        found.deviations.push(("a/project=\u{1b}[31mx/run_id=2".into(), "\"records.parquet\" is missing".to_owned()));
        let runs = vec![(RunId(7), "no\nroom".to_owned())];
        let missing = Missing { db_path: String::new(), runs };
        assert!(page(&found, Some(&missing)).ends_with("is missing\nrun 7: no\\u{a}room\n"));
        assert_eq!(page(&found, None), "a/project=\\u{1b}[31mx/run_id=2: \"records.parquet\" is missing\n");
    }
}
