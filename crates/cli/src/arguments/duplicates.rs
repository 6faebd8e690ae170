//! Which duplicates are looked for, and how they are shown.

use std::{fmt, path::PathBuf, str::FromStr};

use anyhow::anyhow;
use cds_duplication::{Channel, Confidence, Grouping, NearBy, Placement, Settings};
use cds_findings::{
    order::{Sections, Sort},
    select::PathFilter,
};
use cds_model::SymbolKind;
use cds_report::Format;
use clap::{Args, ValueEnum, builder::PossibleValuesParser, builder::TypedValueParser as _};

use super::DatabasePlan;
use crate::{
    failure::{Failure, findings_failure},
    output::Output,
};

/// What the user says about the search.
#[derive(Debug, Args)]
#[command(next_help_heading = "Search options")]
pub(crate) struct SearchArguments {
    /// Kinds of duplicates to look for, separated by commas [default: all; intents that were derived from the code are
    /// compared only if `intent` is named]
    #[arg(long, value_name = "CHANNELS", value_delimiter = ',', value_parser = channel(), env = "CDS_CHANNELS")]
    channels: Vec<Channel>,

    /// Kinds of definitions to compare, separated by commas; `outside` is code outside of functions, compared by runs of
    /// lines
    #[arg(long, value_name = "KINDS", value_delimiter = ',', default_value = "function,method,outside", value_parser = kind(), env = "CDS_KINDS")]
    kinds: Vec<Kind>,

    /// Minimum lines of a definition, normalized
    #[arg(long, value_name = "N", default_value = "4", value_parser = whole(0), allow_negative_numbers = true, env = "CDS_MIN_LINES")]
    min_lines: u32,

    /// Minimum tokens of a definition
    #[arg(long, value_name = "N", default_value = "25", value_parser = whole(0), allow_negative_numbers = true, env = "CDS_MIN_TOKENS")]
    min_tokens: u32,

    /// What near duplicates are compared by: characters, tokens without names, or the higher of both
    #[arg(long, value_enum, value_name = "WHAT", default_value = "both", env = "CDS_NEAR_BY")]
    near_by: NearByWord,

    /// Minimum similarity of near duplicates, 0 to 1 [default: 0.85 by characters, 0.72 by tokens]
    #[arg(long, value_name = "RATIO", value_parser = parse_ratio, allow_negative_numbers = true, env = "CDS_CODE_THRESHOLD")]
    code_threshold: Option<f64>,

    /// Minimum similarity of two intents, 0 to 1
    #[arg(long, value_name = "RATIO", default_value = "0.85", value_parser = parse_ratio, allow_negative_numbers = true, env = "CDS_INTENT_THRESHOLD")]
    intent_threshold: f64,

    /// Minimum lines of a fragment, normalized
    #[arg(long, value_name = "N", default_value = "6", value_parser = whole(1), allow_negative_numbers = true, env = "CDS_MIN_FRAGMENT_LINES")]
    min_fragment_lines: u32,

    /// How pairs form groups: everything that is linked, or only what resembles the group's representative
    #[arg(long, value_enum, value_name = "HOW", default_value = "cohesive", env = "CDS_GROUPING")]
    grouping: GroupingWord,

    /// How to rank groups found only in tests
    #[arg(long, value_enum, value_name = "WHERE", default_value = "rank-last", env = "CDS_TESTS")]
    tests: PlacementWord,

    /// How to rank groups found only in generated files
    #[arg(long, value_enum, value_name = "WHERE", default_value = "rank-last", env = "CDS_GENERATED")]
    generated: PlacementWord,

    /// Minimum confidence of a group: high, low (ranked behind high) or none (also code with only a common shape)
    #[arg(long, value_name = "LEVEL", default_value = "low", value_parser = confidence(), env = "CDS_MIN_CONFIDENCE")]
    min_confidence: Confidence,
}

/// What can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Whole definitions of a kind.
    Whole(SymbolKind),
    /// Code outside of functions.
    Outside,
}

/// The word for code outside of functions.
const OUTSIDE: &str = "outside";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NearByWord {
    /// Characters of the normalized code
    Text,
    /// Tokens with names and literals abstracted
    Tokens,
    /// Whichever of both is higher
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GroupingWord {
    /// Everything that is linked, however long the chain
    Components,
    /// Only what resembles the group's representative
    Cohesive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlacementWord {
    /// Behind all other groups
    RankLast,
    /// Do not show them
    Hide,
    /// Like all other groups
    Same,
}

impl PlacementWord {
    const fn placement(self) -> Placement {
        match self {
            Self::RankLast => Placement::RankLast,
            Self::Hide => Placement::Hide,
            Self::Same => Placement::Same,
        }
    }
}

impl SearchArguments {
    /// What is looked for.
    pub(crate) fn settings(&self) -> Settings {
        let defaults = Settings::default();
        let kinds = SymbolKind::ALL.into_iter().filter(|kind| self.kinds.contains(&Kind::Whole(*kind))).collect();
        let settings = Settings {
            channels: if self.channels.is_empty() {
                Channel::ALL.into()
            } else {
                self.channels.iter().copied().collect()
            },
            kinds,
            outside: self.kinds.contains(&Kind::Outside),
            min_lines: self.min_lines,
            min_tokens: self.min_tokens,
            near_by: match self.near_by {
                NearByWord::Text => NearBy::Text,
                NearByWord::Tokens => NearBy::Tokens,
                NearByWord::Both => NearBy::Both,
            },
            intent_threshold: self.intent_threshold,
            derived_intents: self.channels.contains(&Channel::Intent),
            min_fragment_lines: self.min_fragment_lines,
            grouping: match self.grouping {
                GroupingWord::Components => Grouping::Components,
                GroupingWord::Cohesive => Grouping::Cohesive,
            },
            tests: self.tests.placement(),
            generated: self.generated.placement(),
            min_confidence: self.min_confidence,
            ..defaults
        };
        match self.code_threshold {
            Some(threshold) => settings.with_code_threshold(threshold),
            None => settings,
        }
    }
}

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

/// What the user says about the result.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output options")]
pub(crate) struct DupResultArguments {
    /// Output format
    #[arg(long, value_enum, default_value_t = DupFormat::Table, env = "CDS_FORMAT")]
    pub(crate) format: DupFormat,

    /// Write the output to this file instead of stdout; it is written whole or not at all
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl DupResultArguments {
    /// A place that can be written as far as can be known now, and is no file of the database.
    pub(crate) fn output(&self, database: Option<&DatabasePlan>) -> Result<Output, Failure> {
        Output::open(self.output.as_deref(), database)
    }
}

/// The forms of the groups of duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DupFormat {
    /// Columns that fit the terminal
    Table,
    /// One object with every field
    Json,
    /// One object a group, each on its line; the totals in the last
    Ndjson,
    /// One row a member
    Csv,
    /// A comment for a pull request
    Markdown,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// A code quality report of GitLab
    Gitlab,
    /// Annotations of GitHub Actions
    Github,
    /// One offline page
    Html,
}

impl DupFormat {
    /// The form itself.
    pub(crate) const fn format(self) -> Format {
        match self {
            Self::Table => Format::Table,
            Self::Json => Format::Json,
            Self::Ndjson => Format::Ndjson,
            Self::Csv => Format::Csv,
            Self::Markdown => Format::Markdown,
            Self::Sarif => Format::Sarif,
            Self::Gitlab => Format::Gitlab,
            Self::Github => Format::Github,
            Self::Html => Format::Html,
        }
    }

    /// The default limit of groups: people read the first ones, programs want all.
    pub(crate) const fn usual_limit(self) -> Limit {
        match self {
            Self::Table | Self::Markdown => Limit(Some(50)),
            Self::Json | Self::Ndjson | Self::Csv | Self::Sarif | Self::Gitlab | Self::Github | Self::Html => {
                Limit(None)
            }
        }
    }
}

/// How many things are shown; `0` stands for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) Option<usize>);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number: u32 = text.parse().map_err(|_| format!("accepted are the numbers from 0 (all) to {}", u32::MAX))?;
        Ok(Self(usize::try_from(number).ok().filter(|number| *number > 0)))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.unwrap_or(0).fmt(formatter)
    }
}

/// A ratio from 0 to 1; what is no number is none.
pub(crate) fn parse_ratio(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "accepted are the numbers from 0 to 1".to_owned())
}

fn channel() -> impl clap::builder::TypedValueParser<Value = Channel> {
    let known = |word: String| Channel::ALL.into_iter().find(|channel| channel.as_str() == word);
    PossibleValuesParser::new(Channel::ALL.map(Channel::as_str))
        .try_map(move |word| known(word).ok_or_else(|| "no such channel".to_owned()))
}

fn confidence() -> impl clap::builder::TypedValueParser<Value = Confidence> {
    let known = |word: String| Confidence::ALL.into_iter().find(|level| level.as_str() == word);
    PossibleValuesParser::new(Confidence::ALL.map(Confidence::as_str))
        .try_map(move |word| known(word).ok_or_else(|| "no such level".to_owned()))
}

fn kind() -> impl clap::builder::TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(SymbolKind::ALL.map(SymbolKind::as_str).into_iter().chain([OUTSIDE])).try_map(|word| {
        if word == OUTSIDE {
            return Ok(Kind::Outside);
        }
        word.parse().map(Kind::Whole).map_err(|()| "no such kind".to_owned())
    })
}

fn whole(least: i64) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(least..=1_000_000)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        search: SearchArguments,
    }

    fn settings(words: &[&str]) -> Result<Settings, String> {
        let line = Line::try_parse_from(std::iter::once("cds").chain(words.iter().copied()));
        line.map(|line| line.search.settings()).map_err(|error| error.to_string())
    }

    #[test]
    fn default_settings_are_those_of_search() {
        assert_eq!(settings(&[]), Ok(Settings::default()));
        // To name the channel is to want whatever is in it.
        let named = Settings {
            channels: [Channel::Exact, Channel::Intent].into(),
            derived_intents: true,
            ..Settings::default()
        };
        assert_eq!(settings(&["--channels=exact,intent"]), Ok(named));
    }

    #[test]
    fn what_is_said_reaches_the_search() {
        let found = settings(&[
            "--channels=near,exact",
            "--kinds=class,file,class",
            "--min-lines=1",
            "--min-tokens=2",
            "--near-by=text",
            "--code-threshold=0.9",
            "--intent-threshold=1",
            "--min-fragment-lines=9",
            "--grouping=components",
            "--tests=hide",
            "--generated=same",
            "--min-confidence=none",
        ]);
        let expected = Settings {
            channels: [Channel::Exact, Channel::Near].into(),
            kinds: vec![SymbolKind::File, SymbolKind::Class],
            outside: false,
            min_lines: 1,
            min_tokens: 2,
            near_by: NearBy::Text,
            intent_threshold: 1.0,
            min_fragment_lines: 9,
            grouping: Grouping::Components,
            tests: Placement::Hide,
            generated: Placement::Same,
            min_confidence: Confidence::None,
            ..Settings::default().with_code_threshold(0.9)
        };
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for wrong in [
            "--code-threshold=1.01",
            "--code-threshold=-0.1",
            "--code-threshold=NaN",
            "--code-threshold=",
            "--intent-threshold=inf",
            "--channels=exact,similar",
            "--channels=",
            "--kinds=module",
            "--min-lines=-1",
            "--min-fragment-lines=0",
            "--near-by=shape",
            "--grouping=both",
        ] {
            assert!(settings(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_limit_is_written_as_zero() {
        assert_eq!(("0".parse(), "7".parse()), (Ok(Limit(None)), Ok(Limit(Some(7)))));
        assert!("-1".parse::<Limit>().is_err() && "many".parse::<Limit>().is_err());
    }
}
