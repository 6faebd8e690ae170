//! Why a group was found: which rules held, with the measured values beside their bounds.

use std::io::{self, Write};

use cds_duplication::{
    Certainty, Channel, Confidence, Explanation, Group, PairExplanation, explain,
    rules::{Measures, Rule},
};
use cds_findings::{Findings, Shown};
use cds_terminal::{numbers::counted, screen::Screen, sections::Sections, style::Tone};

/// Writes the explanation of each group that is shown.
pub fn write(writer: &mut dyn Write, findings: &Findings, screen: &Screen) -> io::Result<()> {
    for (index, shown) in findings.shown.iter().enumerate() {
        if index > 0 {
            writeln!(writer)?;
        }
        let explanation = explain(&findings.definitions, &findings.settings, findings.group(shown));
        write!(writer, "{}", page(findings, shown, &explanation, screen))?;
    }
    Ok(())
}

fn page(findings: &Findings, shown: &Shown, explanation: &Explanation, screen: &Screen) -> String {
    let group = findings.group(shown);
    let mut page = Sections::new(screen);
    page.heading(&format!(
        "{} group {}: {}",
        group.channel.as_str(),
        group.group_id,
        counted(group.members.len() as u64, "member")
    ));
    page.field("found because", reason(group, findings));
    page.field("confidence", format!("{}: {}", group.confidence.as_str(), confidence(group)));
    if let Some(cover) = &group.covered_by {
        page.field("covered by", format!("group {cover}, which contains these members"));
    }
    for pair in &explanation.pairs {
        write_pair(&mut page, findings, group, pair);
    }
    if explanation.left_out_count > 0 {
        page.sentence(format!("… and {}", counted(explanation.left_out_count as u64, "more pair")));
    }
    page.finish()
}

/// What the channel looks for.
fn reason(group: &Group, findings: &Findings) -> String {
    let settings = &findings.settings;
    match group.channel {
        Channel::Exact => "the normalized code of all members is equal".to_owned(),
        Channel::Renamed => "the members are equal except for names, literals and layout, and have evidence".to_owned(),
        Channel::Near => format!(
            "each member reaches a similarity of {} by characters or {} by tokens with another one, and has evidence",
            settings.text_threshold, settings.token_threshold
        ),
        Channel::Fragment => format!(
            "the members share a run of at least {} lines and {} tokens",
            settings.min_fragment_lines, settings.min_fragment_tokens
        ),
        Channel::Intent => format!("the intents reach a similarity of {}", settings.intent_threshold),
    }
}

fn confidence(group: &Group) -> &'static str {
    match (group.confidence, group.channel) {
        (Confidence::None, _) => "the members share a common shape and hardly anything else",
        (Confidence::Low, _) => "no pair is certainly a copy",
        (Confidence::High, Channel::Intent) => "the code of intents is not compared",
        (Confidence::High, _) => "at least one pair is certainly a copy",
    }
}

fn write_pair(page: &mut Sections<'_>, findings: &Findings, group: &Group, pair: &PairExplanation) {
    let place = |index: usize| {
        let member = &group.members[index];
        format!("{}:{}", findings.definition(member).file_path, member.file_lines.0)
    };
    page.heading(&format!("{} and {}", place(0), place(pair.member)));
    if let Some(measures) = &pair.measures {
        if let Some(rule) = measures.excluded_by() {
            page.toned_field("no evidence", Tone::Warning, described(rule, measures));
        } else if let Some(rule) = measures.supported_by() {
            page.field("evidence", described(rule, measures));
        } else {
            page.toned_field("no evidence", Tone::Warning, "no rule holds");
        }
    }
    match pair.certainty {
        Some(Certainty::EqualButForNames) => page.field("certain", "equal, or equal except for names and literals"),
        Some(certainty @ Certainty::Weighed { bits, needed }) => page.field(
            if certainty.is_certain() { "certain" } else { "not certain" },
            format!("equal lines and links weigh {bits:.0} bits, {needed:.0} are needed for what differs"),
        ),
        None => {}
    }
}

/// The rule with each bound and the measured value: `E1: names kept; words ≥ 0.55 (0.61)`.
fn described(rule: &Rule, measures: &Measures) -> String {
    let bounds = rule.bounds.iter().map(|bound| format!("{bound} ({:.2})", measures.of(bound.measure())));
    format!("{}: {}; {}", rule.name, rule.meaning, bounds.collect::<Vec<_>>().join(", "))
}
