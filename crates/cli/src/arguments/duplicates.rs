//! Which duplicates are looked for, and how they are shown.

use std::{fmt, path::PathBuf, str::FromStr};

use cds_duplication::{Channel, Confidence, Grouping, NearBy, Placement, Settings};
use cds_model::SymbolKind;
use cds_report::Format;
use clap::{Args, ValueEnum, builder::PossibleValuesParser, builder::TypedValueParser as _};

use super::DatabasePlan;
use crate::{failure::Failure, output::Output};

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
