//! One copy as the outputs for other programs describe it: place, name and fingerprint.

use std::collections::HashMap;

use cds_duplication::{Channel, Confidence, Definition, Group, Member, Unsearched};
use ring::digest::{Context, SHA256};

use super::Findings;
use cds_findings::{GroupState, Shown};
use cds_terminal::{
    numbers::{counted, grouped_u64, one_or_many},
    text,
};

/// The longest name, in characters; a signature may be any text.
const LONGEST_NAME: usize = 80;
/// Copies that a message names; the others are counted.
pub(super) const NAMED_COPIES: usize = 20;

/// One copy with the group that it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Copy<'a> {
    pub(super) shown: &'a Shown,
    pub(super) group: &'a Group,
    pub(super) member: &'a Member,
    /// Its place among the members.
    pub(super) place: usize,
    pub(super) definition: &'a Definition,
}

/// Every copy of everything that is shown, in the order in which it is shown.
pub(super) fn all(findings: &Findings) -> impl Iterator<Item = Copy<'_>> {
    findings.shown.iter().flat_map(|shown| of_group(findings, shown))
}

/// The copies of one group.
pub(super) fn of_group<'a>(findings: &'a Findings, shown: &'a Shown) -> impl Iterator<Item = Copy<'a>> {
    let group = findings.group(shown);
    group.members.iter().enumerate().map(move |(place, member)| {
        let definition = findings.definition(member);
        Copy { shown, group, member, place, definition }
    })
}

impl<'a> Copy<'a> {
    /// The file, from the repository's root.
    pub(super) fn path(&self, findings: &Findings) -> String {
        format!("{}{}", findings.run.path_prefix, self.definition.file_path)
    }

    /// `path:line` on one line.
    pub(super) fn place(&self, findings: &Findings) -> String {
        format!("{}:{}", text::one_line(&self.path(findings)), self.member.file_lines.0)
    }

    /// What the definition is called, safe for a terminal and never empty.
    pub(super) fn name(&self) -> String {
        name(self.definition)
    }

    /// The other copies of the group, as many as a message names, and how many there are beside them.
    pub(super) fn others(&self, findings: &'a Findings) -> (Vec<Copy<'a>>, usize) {
        let own = self.place;
        let others = of_group(findings, self.shown).filter(|copy| copy.place != own).take(NAMED_COPIES).collect();
        (others, (self.group.members.len() - 1).saturating_sub(NAMED_COPIES))
    }

    /// One sentence: how this repeats other code, and how much of it.
    pub(super) fn sentence(&self) -> String {
        let others = match self.group.members.len() - 1 {
            1 => "another definition".to_owned(),
            count => format!("{count} other definitions"),
        };
        let name = self.name();
        let line_count = self.group.repeated_lines;
        // Rounded down: what differs, if only in names, is never called 100 %.
        let similar = (self.member.best_ratio * 100.0).floor().min(99.0);
        match self.group.channel {
            Channel::Exact => format!("{name} has the same code as {others}, {line_count} lines each."),
            Channel::Renamed => {
                format!("{name} has the same code as {others} except for names or literals, {line_count} lines each.")
            }
            Channel::Near => format!("{name} is up to {similar} % similar to {others}."),
            Channel::Fragment => format!("{name} shares {line_count} lines with {others}."),
            Channel::Intent => format!("{name} has the same intent as {others}, in different code."),
        }
    }
}

/// The name in a signature, or the whole signature if it has none.
pub(super) fn name(definition: &Definition) -> String {
    let Some(signature) = &definition.signature else { return cut(&text::one_line(&definition.file_path)) };
    // A signature that another program wrote may have anything in the place of the name.
    cut(&text::one_line(definition.name().unwrap_or(signature)))
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None if name.is_empty() => "a definition".to_owned(),
        None => name.to_owned(),
    }
}

/// What a channel's groups are called in a title.
pub(super) const fn title(channel: Channel) -> &'static str {
    match channel {
        Channel::Exact => "Exact duplicate",
        Channel::Renamed => "Renamed duplicate",
        Channel::Near => "Near duplicate",
        Channel::Fragment => "Duplicated fragment",
        Channel::Intent => "Same intent",
    }
}

/// What was not searched, as `3 definitions in tests and 1 in generated files`, and the option that does; `None` if all was.
pub(super) fn unsearched(findings: &Findings) -> Option<String> {
    let Unsearched { test_count, generated_count, intent_count } = findings.report.unsearched;
    let parts = [(test_count, "in tests"), (generated_count, "in generated files")];
    let parts: Vec<String> = (parts.into_iter().filter(|(count, _)| *count > 0))
        .enumerate()
        .map(|(place, (count, where_they_are))| {
            let count = if place == 0 { counted(count, "definition") } else { grouped_u64(count) };
            format!("{count} {where_they_are}")
        })
        .collect();
    let intents = (intent_count > 0).then(|| {
        let count = counted(intent_count, "intent");
        format!("{count} derived from the code, which --channels intent searches")
    });
    let definitions = (!parts.is_empty()).then(|| parts.join(" and "));
    let pairs = (findings.report.left_out_pair_count() > 0).then(|| left_out(findings));
    let all: Vec<String> = definitions.into_iter().chain(intents).chain(pairs).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// How many of the compared definitions have no intent, if intents are searched; `None` if all have one.
pub(super) fn missing_intents(findings: &Findings) -> Option<String> {
    let (missing, all) = findings.missing_intents();
    let is_incomplete = missing > 0 && findings.settings.channels.contains(&Channel::Intent);
    is_incomplete.then(|| format!("{} of {}", grouped_u64(missing), counted(all, "definition")))
}

/// What a bound of the search left out, as `up to 3 pairs of definitions (near), too many for one search`.
pub fn left_out(findings: &Findings) -> String {
    let channels: Vec<&str> = (findings.report.channels.iter())
        .filter(|channel| channel.left_out_pair_count > 0)
        .map(|channel| channel.channel.as_str())
        .collect();
    let count = one_or_many(findings.report.left_out_pair_count(), "pair of definitions", "pairs of definitions");
    format!("up to {count} ({}), too many for one search", channels.join(", "))
}

/// The properties of a group that lower its rank, the strongest first.
pub(super) fn words(group: &Group) -> impl Iterator<Item = &'static str> + use<> {
    let words = [
        match group.confidence {
            Confidence::None => Some("no confidence"),
            Confidence::Low => Some("low confidence"),
            Confidence::High => None,
        },
        group.is_generated.then_some("generated"),
        group.is_test.then_some("tests"),
    ];
    words.into_iter().flatten()
}

/// Whether a group is less urgent than its channel.
pub(super) fn is_minor(shown: &Shown, group: &Group) -> bool {
    shown.state == GroupState::Known || words(group).next().is_some()
}

/// Fingerprints of copies that stay when lines move and other files change, and of which no two are equal.
#[derive(Default)]
pub(super) struct Fingerprints {
    seen: HashMap<u128, u32>,
}

impl Fingerprints {
    /// 32 hexadecimal digits from the group, the file and the content; equal copies in one file are counted.
    pub(super) fn next(&mut self, copy: &Copy<'_>) -> String {
        let definition = copy.definition;
        let mut content = Context::new(&SHA256);
        let (first, last) = copy.member.normalized_lines;
        let lines = format!("{first}-{last}");
        for part in
            [copy.group.group_id.as_bytes(), definition.file_path.as_bytes(), &definition.md5sum.0, lines.as_bytes()]
        {
            content.update(&(part.len() as u64).to_le_bytes());
            content.update(part);
        }
        let count = self.seen.entry(first_half(content.clone())).or_default();
        *count += 1;
        content.update(&count.to_le_bytes());
        format!("{:032x}", first_half(content))
    }
}

fn first_half(content: Context) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&content.finish().as_ref()[..16]);
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use cds_findings::samples;

    #[test]
    fn a_name_is_found_in_a_signature() {
        for (signature, expected) in [
            ("def load(row):", "load"),
            ("async  def\n  load (row):", "load"),
            ("class Cart(Base):", "Cart"),
            ("def été[T](x):", "été"),
            ("=> \x1bx", "=> \\u{1b}x"),
            ("", "a definition"),
        ] {
            let mut definition = samples::function(1, "a.py", "f", 1, "x\n");
            definition.signature = Some(signature.into());
            assert_eq!(name(&definition), expected, "{signature:?}");
            definition.signature = None;
            assert_eq!(name(&definition), "a.py");
        }
    }

    #[test]
    fn what_was_not_searched_is_counted() {
        let said = |test_count, generated_count, intent_count| {
            let mut findings = samples::shop();
            findings.report.unsearched = Unsearched { test_count, generated_count, intent_count };
            unsearched(&findings)
        };
        assert_eq!(said(0, 0, 0), None);
        assert_eq!(said(1, 0, 0).as_deref(), Some("1 definition in tests"));
        assert_eq!(said(0, 2_000, 0).as_deref(), Some("2,000 definitions in generated files"));
        let definitions = "3 definitions in tests and 1 in generated files";
        assert_eq!(said(3, 1, 0).as_deref(), Some(definitions));
        let one = "1 intent derived from the code, which --channels intent searches";
        assert_eq!(said(0, 0, 1).as_deref(), Some(one));
        let both = format!("{definitions}; 4,000 intents derived from the code, which --channels intent searches");
        assert_eq!(said(3, 1, 4_000), Some(both));
        let mut findings = samples::shop();
        findings.report.channels[1].left_out_pair_count = 2_000;
        let pairs = "up to 2,000 pairs of definitions (renamed), too many for one search";
        assert_eq!(unsearched(&findings).as_deref(), Some(pairs));
    }

    #[test]
    fn fingerprints_are_unique_and_follow_the_content() {
        let mut findings = samples::shop();
        // The same copy twice in one file, and the same group id twice.
        findings.definitions[1].file_path = findings.definitions[0].file_path.clone();
        findings.report.groups[1].group_id = findings.report.groups[0].group_id.clone();
        let of = |findings: &Findings| {
            let mut fingerprints = Fingerprints::default();
            all(findings).map(|copy| fingerprints.next(&copy)).collect::<Vec<_>>()
        };
        let first = of(&findings);
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), 11);
        for definition in &mut findings.definitions {
            definition.record_id += 100;
            definition.start_line += 7;
        }
        for member in findings.report.groups.iter_mut().flat_map(|group| &mut group.members) {
            member.file_lines = (member.file_lines.0 + 7, member.file_lines.1 + 7);
        }
        assert_eq!(of(&findings), first, "lines that moved are the same findings");
        findings.definitions[0].md5sum.0[0] ^= 1;
        assert_ne!(of(&findings)[0], first[0]);
    }
}
