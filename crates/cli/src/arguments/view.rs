//! Which duplicate groups are shown, in which order and form.

use anyhow::anyhow;
use cds_findings::{
    order::{Sections, Sort},
    select::PathFilter,
};
use clap::{Args, ValueEnum};

use super::{DupFormat, duplicates::Limit};
use crate::failure::{Failure, findings_failure};

/// Which groups are shown, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Display options")]
pub(crate) struct ViewArguments {
    /// Show only groups with a member in a matching file, for example 'orders/**'; repeatable
    #[arg(long, value_name = "GLOB")]
    path_filter: Vec<String>,

    /// Maximum number of groups to show, shared by the channels; 0 shows all [default: 50 in tables and Markdown, else 0]
    #[arg(long, short = 'n', value_name = "N", allow_negative_numbers = true)]
    limit: Option<Limit>,

    /// Order of the groups [default: saved in tables and Markdown, else by channel]
    #[arg(long, value_enum, value_name = "BY", env = "CDS_SORT")]
    sort: Option<SortWord>,

    /// Give each channel or each file a section of the table; a group belongs to the file of its first copy
    #[arg(long, value_enum, value_name = "WHAT", env = "CDS_GROUP_BY")]
    group_by: Option<SectionsWord>,

    /// Show only groups whose id starts with this, also those that another group covers
    #[arg(long, value_name = "ID")]
    group: Option<String>,

    /// Show the code of each group side by side instead of a list
    #[arg(long, value_enum, value_name = "WHAT")]
    show: Option<Show>,

    /// Explain why a group was found and what decides its confidence
    #[arg(long, value_name = "GROUP", conflicts_with_all = ["group", "show"])]
    explain: Option<String>,
}

/// What decides the order of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SortWord {
    /// Most lines that one shared definition would save
    Saved,
    /// Most copies
    Members,
    /// Highest similarity
    Similarity,
    /// Path of the first copy
    Path,
    /// New and grown groups
    New,
}

/// What has a section of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SectionsWord {
    /// Each kind of duplicates
    Channel,
    /// Each file
    File,
}

/// What else the table can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Show {
    /// The members side by side, with differences marked
    Diff,
}

impl ViewArguments {
    /// What the user asked to see, in a form that can show it.
    pub(crate) fn plan(&self, format: DupFormat) -> Result<DupView, Failure> {
        let for_people = [("--show diff", self.show.is_some()), ("--explain", self.explain.is_some())];
        if let Some((option, _)) = for_people.iter().find(|(_, is_given)| *is_given)
            && format != DupFormat::Table
        {
            return Err(Failure::usage(anyhow!("use {option}: it is for people, and --format asks for another form"))
                .with_hint("leave one of the two out"));
        }
        Ok(DupView {
            format,
            filter: PathFilter::new(&self.path_filter).map_err(findings_failure)?,
            path_filters: self.path_filter.clone(),
            limit: self.limit,
            sort: self.sort(format),
            sections: self.group_by.map(|word| match word {
                SectionsWord::Channel => Sections::Channel,
                SectionsWord::File => Sections::File,
            }),
            group: self.group.clone(),
            is_diff: self.show.is_some(),
            explain: self.explain.clone(),
        })
    }
}

impl ViewArguments {
    /// People read one list from its top; within sections by channel each has its own order, and programs get that too.
    fn sort(&self, format: DupFormat) -> Option<Sort> {
        let usual =
            matches!(format, DupFormat::Table | DupFormat::Markdown) && self.group_by != Some(SectionsWord::Channel);
        let given = self.sort.map(|word| match word {
            SortWord::Saved => Sort::Saved,
            SortWord::Members => Sort::Members,
            SortWord::Similarity => Sort::Similarity,
            SortWord::Path => Sort::Path,
            SortWord::New => Sort::New,
        });
        given.or(usual.then_some(Sort::Saved))
    }
}

/// Which groups are shown, and in which form.
pub(crate) struct DupView {
    pub(crate) format: DupFormat,
    pub(crate) filter: PathFilter,
    pub(crate) path_filters: Vec<String>,
    limit: Option<Limit>,
    /// The order; `None` for that of the channels.
    pub(crate) sort: Option<Sort>,
    pub(crate) sections: Option<Sections>,
    group: Option<String>,
    is_diff: bool,
    explain: Option<String>,
}

impl DupView {
    /// The beginning of the id of the only groups to show.
    pub(crate) fn group_prefix(&self) -> Option<&str> {
        self.group.as_deref().or(self.explain.as_deref())
    }

    /// The most groups to show.
    pub(crate) fn limit(&self) -> Option<usize> {
        self.limit.unwrap_or(self.format.usual_limit()).0
    }

    /// Whether the code stands side by side.
    pub(crate) const fn shows_code(&self) -> bool {
        self.is_diff
    }

    /// Whether one group is explained.
    pub(crate) const fn explains(&self) -> bool {
        self.explain.is_some()
    }

    /// A gate that is met is a few lines to people, who ask otherwise for what they want to see.
    pub(crate) fn is_brief(&self) -> bool {
        let asks_for_groups = self.limit.is_some() || self.group_prefix().is_some() || self.is_diff;
        matches!(self.format, DupFormat::Table | DupFormat::Markdown) && !asks_for_groups
    }
}
