//! `cds archive --verify`: whether the files of an archive are what their manifests and roots say.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use cds_archive::{ArchiveVerification, Error, verify_archive};
use serde_json::{Value, json};

use super::archive_failure;
use crate::{
    arguments::{ArchivePlan, ResultFormat},
    commands::verify::not_as_written,
    failure::Failure,
    output::Output,
    render::{fields::Fields, messages, safe_json, text},
    signals::Interrupt,
};

pub(super) fn run(
    archive: &ArchivePlan,
    project: Option<&str>,
    format: ResultFormat,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    if !archive.exists {
        let error = Error::NoArchive { path: archive.path.clone() };
        return Err(Failure::usage(error).with_hint("name the directory that cds archive wrote"));
    }
    let found = verify_archive(&archive.path, project, &mut |path| {
        messages::note(&Fields::new("archive_verify").field("path", path.display()).finish());
    })
    .map_err(archive_failure)?;
    interrupt.check()?;
    for path in &found.strange {
        messages::warning(&format!("{} is no run and was not looked at", path.display()));
    }
    Output::Stdout.write(|writer| match format {
        ResultFormat::Json => {
            safe_json::to_writer(writer, &json(&found, archive))?;
            writeln!(writer)
        }
        ResultFormat::Table => write!(writer, "{}", page(&found)),
    })?;
    match found.deviations.len() {
        0 => Ok(()),
        count => {
            let what = not_as_written(count as u64);
            Err(Failure::failed(anyhow!("verify archive {}: {what}", archive.path.display()))
                .with_hint("keep the files as they are; docs/fleet.md says how to replace a run"))
        }
    }
}

/// A line for each deviation; in the end the sum, where there is none.
fn page(found: &ArchiveVerification) -> String {
    let mut page = String::new();
    for (path, deviation) in &found.deviations {
        page.push_str(&text::safe_line(&format!("{}: {deviation}", path.display())));
        page.push('\n');
    }
    if found.deviations.is_empty() {
        let line = Fields::new("verified").field("runs", found.runs).field("records", found.records);
        page.push_str(&line.field("bytes", found.bytes).finish());
        page.push('\n');
    }
    page
}

fn json(found: &ArchiveVerification, archive: &ArchivePlan) -> Value {
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let deviation = |(path, deviation): &(PathBuf, String)| json!({ "path": shown(path), "message": deviation });
    json!({
        "archive": archive.peer,
        "is_unaltered": found.deviations.is_empty(),
        "run_count": found.runs,
        "record_count": found.records,
        "byte_count": found.bytes,
        "deviations": found.deviations.iter().map(deviation).collect::<Value>(),
        "strange": found.strange.iter().map(|path| shown(path)).collect::<Value>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deviation_is_one_safe_line_and_there_is_no_sum() {
        let mut found = ArchiveVerification { runs: 3, records: 177, bytes: 9_000, ..ArchiveVerification::default() };
        assert_eq!(page(&found), "verified runs=3 records=177 bytes=9000\n");
        found.deviations.push(("a/project=\u{1b}[31mx/run_id=2".into(), "\"records.parquet\" is missing".to_owned()));
        assert_eq!(page(&found), "a/project=\\u{1b}[31mx/run_id=2: \"records.parquet\" is missing\n");
    }
}
