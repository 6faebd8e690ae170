//! The rules: one for each channel. They depend on the version of the program and on nothing else.

use cds_duplication::Channel;
use serde_json::{Value, json};

use super::super::copies;

/// A rule's id; part of what identifies a finding elsewhere.
pub(super) fn id(channel: Channel) -> String {
    format!("cds/{}", channel.as_str())
}

/// Its place among the rules.
pub(super) fn index(channel: Channel) -> usize {
    Channel::ALL.iter().position(|candidate| *candidate == channel).unwrap_or_default()
}

/// The level of its findings. Intents and fragments are notes, not warnings.
pub(super) const fn level(channel: Channel) -> &'static str {
    match channel {
        Channel::Exact | Channel::Renamed | Channel::Near => "warning",
        Channel::Fragment | Channel::Intent => "note",
    }
}

/// All of them, strongest evidence first.
pub(super) fn all() -> Vec<Value> {
    Channel::ALL.iter().map(|&channel| rule(channel)).collect()
}

fn rule(channel: Channel) -> Value {
    let Words { name, short, full, advice, precision } = words(channel);
    json!({
        "id": id(channel),
        "name": name,
        "shortDescription": { "text": short },
        "fullDescription": { "text": full },
        "help": {
            "text": format!("{full}\n\n{advice}"),
            "markdown": format!("**{}.** {full}\n\n{advice}", copies::title(channel)),
        },
        "defaultConfiguration": { "level": level(channel) },
        "properties": {
            "tags": ["duplication", "maintainability"],
            "precision": precision,
            "problem.severity": if level(channel) == "warning" { "warning" } else { "recommendation" },
        },
    })
}

struct Words {
    name: &'static str,
    short: &'static str,
    full: &'static str,
    advice: &'static str,
    precision: &'static str,
}

fn words(channel: Channel) -> Words {
    match channel {
        Channel::Exact => Words {
            name: "ExactDuplicate",
            short: "The same code in several places",
            full: "These definitions are equal but for layout, comments and docstrings (clone type 1).",
            advice: "Keep one of them and call it from the other places. If they have to stay separate, accept the group \
                     with a reason, so that it is reported again only when a copy is added.",
            precision: "very-high",
        },
        Channel::Renamed => Words {
            name: "RenamedDuplicate",
            short: "The same code under other names in several places",
            full: "These definitions are equal once names and literals are replaced consistently (clone type 2).",
            advice: "Make one definition with parameters for what differs. If the names show that the two mean \
                     different things and only look similar for now, leave them.",
            precision: "high",
        },
        Channel::Near => Words {
            name: "NearDuplicate",
            short: "Nearly the same code in several places",
            full: "These definitions are similar although statements were added, removed or changed (clone type 3).",
            advice: "Compare the differences first: often a fix reached one copy and not the \
                     other. What they share can become a definition of its own.",
            precision: "high",
        },
        Channel::Fragment => Words {
            name: "DuplicatedFragment",
            short: "The same run of lines in several definitions",
            full: "Definitions that are no duplicates as a whole share a run of lines; names and literals may \
                   differ.",
            advice: "Move the lines to a definition of their own and call it from all of these places.",
            precision: "medium",
        },
        Channel::Intent => Words {
            name: "SameIntent",
            short: "Several definitions with the same intent",
            full: "The sentences that a language model wrote about these definitions are similar, although the code is \
                   not (a candidate for clone type 4).",
            advice: "Read both before you act: the sentences are a hint, not a proof. If they do the same, keep the \
                     better one.",
            precision: "low",
        },
    }
}
