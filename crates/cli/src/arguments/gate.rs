//! What a caller, mostly a CI job, wants to fail on.

use anyhow::anyhow;
use cds_findings::{FailOn, Gate, GateConfidence};
use clap::{Args, ValueEnum};

use crate::failure::Failure;

/// What the user wants to fail on.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Gate options")]
pub(crate) struct GateArguments {
    /// Exit with 1 if there are new duplicates, or any
    #[arg(long, value_enum, value_name = "WHICH", env = "CDS_FAIL_ON")]
    pub(crate) fail_on: Option<FailOnWord>,

    #[command(flatten)]
    pub(crate) judgement: JudgementArguments,

    /// Exit with 1 if a larger share of all lines is duplicated, for example 5% or 0.05
    #[arg(long, value_name = "SHARE", value_parser = parse_share, allow_negative_numbers = true, env = "CDS_MAX_SHARE")]
    pub(crate) max_share: Option<f64>,
}

/// What the user wants to fail on where no earlier run is there to compare with.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Gate options")]
pub(crate) struct TreeGateArguments {
    /// Exit with 1 if there are new duplicates, which needs --baseline-ref, or any
    #[arg(long, value_enum, value_name = "WHICH", env = "CDS_FAIL_ON")]
    fail_on: Option<FailOnWord>,

    /// Commit to compare with, for example origin/main; its files are read from the repository around the tree
    #[arg(long, value_name = "REF", env = "CDS_BASELINE_REF")]
    pub(crate) baseline_ref: Option<String>,

    /// Show only groups with a member in a file that differs from the commit to compare with
    #[arg(long)]
    pub(crate) changed: bool,

    /// Minimum confidence of a group that --fail-on counts
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "high", env = "CDS_GATE_CONFIDENCE")]
    gate_confidence: GateConfidenceWord,

    /// Exit with 1 if a larger share of all lines is duplicated, for example 5% or 0.05
    #[arg(long, value_name = "SHARE", value_parser = parse_share, allow_negative_numbers = true, env = "CDS_MAX_SHARE")]
    max_share: Option<f64>,
}

impl TreeGateArguments {
    /// What they ask for.
    pub(crate) fn gate(&self) -> Result<Gate, Failure> {
        let needs_commit = match (self.fail_on, self.changed) {
            (Some(FailOnWord::New), _) => Some("--fail-on new"),
            (_, true) => Some("--changed"),
            _ => None,
        };
        if let (Some(option), None) = (needs_commit, &self.baseline_ref) {
            return Err(Failure::usage(anyhow!("use {option}: no commit to compare with is given"))
                .with_hint("name one, for example --baseline-ref origin/main"));
        }
        Ok(Gate {
            fail_on: self.fail_on.map(FailOnWord::fail_on),
            confidence: self.gate_confidence.confidence(),
            max_share: self.max_share,
            ..Gate::default()
        })
    }
}

/// By what a group is judged, wherever new ones are looked for.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Gate options")]
pub(crate) struct JudgementArguments {
    /// Run to compare with: latest, latest~1, a number or the start of an id [default with --fail-on new: the previous run
    /// of the project]
    #[arg(long, value_name = "RUN", env = "CDS_BASELINE_RUN")]
    pub(crate) baseline_run: Option<String>,

    /// Minimum confidence of a group that --fail-on counts
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "high", env = "CDS_GATE_CONFIDENCE")]
    pub(crate) gate_confidence: GateConfidenceWord,
}

/// How strong the evidence of a group has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum GateConfidenceWord {
    /// Only groups of high confidence
    #[default]
    High,
    /// Any
    Low,
}

impl GateConfidenceWord {
    const fn confidence(self) -> GateConfidence {
        match self {
            Self::High => GateConfidence::High,
            Self::Low => GateConfidence::Low,
        }
    }
}

/// Which groups are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOnWord {
    /// Groups that are new or gained a copy since the baseline
    New,
    /// Every group that is not accepted
    Any,
}

impl FailOnWord {
    const fn fail_on(self) -> FailOn {
        match self {
            Self::New => FailOn::New,
            Self::Any => FailOn::Any,
        }
    }
}

impl GateArguments {
    /// What they ask for.
    pub(crate) fn gate(&self) -> Gate {
        let fail_on = self.fail_on.map(FailOnWord::fail_on);
        Gate { fail_on, max_share: self.max_share, ..self.judgement.gate() }
    }
}

impl JudgementArguments {
    /// A gate that fails on nothing yet.
    pub(crate) fn gate(&self) -> Gate {
        Gate {
            confidence: self.gate_confidence.confidence(),
            baseline_run: self.baseline_run.clone(),
            ..Gate::default()
        }
    }
}

/// `5%`, `2.5 %` or `0.05`.
fn parse_share(text: &str) -> Result<f64, String> {
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim_end().parse::<f64>().map(|number| number / 100.0),
        None => text.parse(),
    };
    let number = number.ok().filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| "accepted are 0% to 100%, or the same as a ratio from 0 to 1, such as 0.05".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_is_percentage_or_ratio() {
        for (text, expected) in
            [("5%", 0.05), ("2.5 %", 0.025), ("0.05", 0.05), ("0", 0.0), ("0%", 0.0), ("1", 1.0), ("100%", 1.0)]
        {
            assert!((parse_share(text).unwrap() - expected).abs() < 1e-12, "{text}");
        }
        for wrong in ["", "%", "5", "1.01", "101%", "-1%", "-0.1", "NaN", "inf%", "five", "5%%"] {
            assert!(parse_share(wrong).is_err(), "{wrong}");
        }
    }
}
