//! The two halves of `cds similar`: records that are similar to the code as a whole, and those that share a run of lines
//! with it.

use std::collections::HashSet;

use cds_duplication::{Channel, Definition, SharedRun, Similar, file_lines, shared_runs, similar_codes};
use cds_language::Language;
use cds_model::Record;
use cds_persistence::{RunId, Text};

use crate::{Error, Source, load};

/// A record that is similar to the code, or shares a run with it.
#[derive(Debug)]
pub struct Found {
    /// How similar it is.
    pub similar: Similar,
    /// Which one.
    pub definition: Definition,
    /// The shared lines, if the channel is `fragment`.
    pub fragment: Option<Fragment>,
}

/// Lines that a record shares with the code; both places 1-based, inclusive lines of a file.
#[derive(Debug)]
pub struct Fragment {
    /// Those of the record.
    pub lines: (u32, u32),
    /// Those of the code.
    pub target_lines: (u32, u32),
    /// How many lines are equal.
    pub equal_line_count: u32,
    /// How many tokens are equal.
    pub equal_token_count: u32,
}

/// How many runs are read for one that is shown. Some are left out because a function inside of the record covers them.
const RUNS_FOR_ONE: usize = 3;

/// The piece of code to search for, and the snapshot to search.
#[derive(Debug)]
pub struct Search<'a> {
    /// The database.
    pub source: &'a Source<'a>,
    /// The snapshot that is searched.
    pub run_id: RunId,
    /// The piece of code.
    pub target: &'a Record,
    /// How many records of each half are found at most.
    pub limit: usize,
    /// The ratio from which a record counts, 0 to 1.
    pub min_ratio: f64,
}

impl Search<'_> {
    /// Whole records first, then those that share a run, each best first.
    pub fn run(&self, texts: &[Text<'_>]) -> Result<Vec<Found>, Error> {
        let codes: Vec<&str> = texts.iter().map(|text| text.code).collect();
        let mut whole = similar_codes(self.language(), &codes, &self.target.normalized_code, self.limit);
        whole.retain(|similar| similar.ratio >= self.min_ratio);
        let ids: Vec<i64> = whole.iter().map(|similar| texts[similar.index].id).collect();
        let mut definitions = load::definitions_by_id(self.source, self.run_id, &ids)?;
        let whole = whole.into_iter().zip(&ids);
        let whole = whole.filter_map(|(similar, id)| Some((similar, definitions.remove(id)?)));
        let mut found: Vec<Found> =
            whole.map(|(similar, definition)| Found { similar, definition, fragment: None }).collect();
        found.extend(self.fragments(texts, &found)?);
        Ok(found)
    }

    /// The definitions that share a run and are not among `whole`.
    fn fragments(&self, texts: &[Text<'_>], whole: &[Found]) -> Result<Vec<Found>, Error> {
        let found_whole: HashSet<i64> = whole.iter().map(|found| found.definition.record_id).collect();
        let functions: Vec<&Text<'_>> = texts.iter().filter(|text| text.is_function).collect();
        let codes: Vec<&str> = functions.iter().map(|text| text.code).collect();
        let is_wanted = |index: usize| !found_whole.contains(&functions[index].id);
        let mut runs = shared_runs(self.language(), &codes, &self.target.normalized_code, is_wanted);
        runs.retain(|run| run.ratio >= self.min_ratio);
        runs.truncate(self.limit.saturating_mul(RUNS_FOR_ONE));
        let ids: Vec<i64> = runs.iter().map(|run| functions[run.index].id).collect();
        let mut definitions = load::definitions_by_id(self.source, self.run_id, &ids)?;
        let raw_code = self.source.reader.raw_code(&ids)?;
        let target = self.target_definition();
        let found = runs.into_iter().zip(&ids).filter_map(|(run, id)| {
            let definition = definitions.remove(id)?;
            let fragment = Fragment {
                lines: file_lines(&definition, raw_code.get(id)?, run.lines),
                target_lines: file_lines(&target, &self.target.raw_code, run.piece_lines),
                equal_line_count: run.equal_lines,
                equal_token_count: run.equal_tokens,
            };
            Some(Found { similar: similar(&run), definition, fragment: Some(fragment) })
        });
        let found: Vec<Found> = found.collect();
        let is_innermost: Vec<bool> =
            found.iter().map(|outer| !found.iter().chain(whole).any(|inner| covers(inner, outer))).collect();
        let found =
            found.into_iter().zip(is_innermost).filter_map(|(found, is_innermost)| is_innermost.then_some(found));
        Ok(found.take(self.limit).collect())
    }

    /// The language in which the code and all others are read.
    fn language(&self) -> &'static Language {
        Language::of_record(&self.target.file_path)
    }

    /// The code as a definition of the search.
    fn target_definition(&self) -> Definition {
        let target = self.target;
        Definition {
            record_id: 0,
            kind: target.kind,
            file_path: target.file_path.clone(),
            signature: None,
            start_line: target.start_line,
            end_line: target.end_line,
            normalized_code: target.normalized_code.clone(),
            md5sum: target.md5sum,
            is_generated: false,
            intent: None,
            intent_is_derived: false,
        }
    }
}

fn similar(run: &SharedRun) -> Similar {
    Similar { index: run.index, channel: Channel::Fragment, ratio: run.ratio, text_ratio: 0.0, token_ratio: 0.0 }
}

/// Whether the run of `outer` lies in `inner`, a definition inside of it that is shown itself.
fn covers(inner: &Found, outer: &Found) -> bool {
    let lines = |found: &Found| (found.definition.start_line, found.definition.end_line);
    let holds = |outer: (u32, u32), inner: (u32, u32)| outer.0 <= inner.0 && inner.1 <= outer.1;
    let run = outer.fragment.as_ref().map_or_else(|| lines(outer), |fragment| fragment.lines);
    inner.definition.file_path == outer.definition.file_path
        && lines(inner) != lines(outer)
        && holds(lines(outer), lines(inner))
        && holds(lines(inner), run)
}
