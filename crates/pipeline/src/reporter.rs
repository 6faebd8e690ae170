//! How the work says what happens; the front end shows it.

use cds_llm_client::{EnrichmentObserver, FailureGroup, Left};
use cds_model::{AnalyzerError, EnrichmentAccount, NotRead, RunStart};

use crate::{IntentPlan, Warning};

/// Shows what happens while the work goes on, or keeps it to itself.
///
/// Nothing here may take long, and any thread may call it.
pub trait Reporter: Send + Sync {
    /// Something that a reader should know although the work goes on.
    fn warn(&self, warning: &Warning);

    /// Something that happened as it should.
    fn report(&self, event: &Event<'_>);

    /// Watches one enrichment as long as the observer lives; the reader knows already why the provider is
    /// `unavailable`, if so.
    fn observe(&self, plan: &IntentPlan, unavailable: Option<&str>) -> Box<dyn EnrichmentObserver + '_>;
}

/// Where the records of the files of a tree come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileCounts {
    /// Files whose bytes were read.
    pub read: usize,
    /// Unchanged files whose records were in the database.
    pub reused: usize,
    /// Files with the same bytes as a parsed one.
    pub shared: usize,
    /// Files that were parsed.
    pub parsed: usize,
}

/// Something that happened as it should.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The account of a run is open: by this a log names the run, also one that never ends.
    RunStarted(&'a RunStart),
    /// The account of a run that ended without an end was closed.
    RunClosed {
        /// Its id in the ledger.
        run_id: &'a str,
        /// How it is known that it ended.
        reason: &'a str,
    },
    /// The files of the tree were read.
    Analyzed(FileCounts),
    /// Something is missing from a file.
    AnalyzerError(&'a AnalyzerError),
    /// What of the tree was not read.
    NotRead(&'a [NotRead]),
    /// An enrichment came to its end.
    Enriched {
        /// Counts and costs.
        account: &'a EnrichmentAccount,
        /// Why records failed.
        failures: &'a [FailureGroup],
        /// What was not asked because a limit was reached.
        left: Left,
    },
    /// No intent was asked for.
    IntentsKept {
        /// Records in scope that have code.
        selected_count: usize,
        /// Those of them that have an intent.
        kept_count: usize,
        /// The snapshot that it is from, if there is one.
        from: Option<i64>,
    },
}
