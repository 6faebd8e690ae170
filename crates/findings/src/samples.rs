//! Findings for the tests of the outputs: one group a channel in a small shop, and what a hostile tree might hold.

use std::sync::Arc;

use cds_duplication::{
    Channel, ChannelTotals, Confidence, Definition, Group, Member, Report, Settings, Totals, Unsearched,
};
use cds_model::{Md5Sum, SymbolKind};

use super::{BrokenGate, FailOn, Findings, GroupState, RunFacts, Shown, Subject, View};

/// What a terminal, a page, a table and a workflow command might obey.
pub const HOSTILE: &str =
    "\x1b[31m\x07\u{202e}</script><img src=x onerror=alert(1)>|a,b:c%0A[x](y)`{0}`\u{2028}\r\n::error::z\u{9b}&amp;";

/// A function `name` that begins at line `line` and is as long as `code`.
pub fn function(record_id: i64, path: &str, name: &str, line: u32, code: &str) -> Definition {
    let line_count = u32::try_from(code.lines().count()).unwrap_or(u32::MAX).max(1);
    // Equal code, equal sum: enough of a hash for a test.
    let mut sum = [0; 16];
    code.bytes().enumerate().for_each(|(at, byte)| sum[at % 16] = (sum[at % 16] ^ byte).rotate_left(3));
    Definition {
        record_id,
        kind: SymbolKind::Function,
        file_path: path.into(),
        signature: Some(format!("def {name}(row):").into()),
        start_line: line,
        end_line: line + line_count - 1,
        normalized_code: code.into(),
        md5sum: Md5Sum(sum),
        is_generated: false,
        intent: None,
        intent_is_derived: false,
    }
}

/// A group of whole definitions, places in the list of all of them.
pub fn group(channel: Channel, group_id: &str, definitions: &[Definition], places: &[usize]) -> Group {
    let members: Vec<Member> = places.iter().map(|&index| whole(index, &definitions[index])).collect();
    let repeated_lines = members.iter().map(|member| member.normalized_lines.1).min().unwrap_or_default();
    let copies = members.len() as u64;
    let pair_count = copies * copies.saturating_sub(1) / 2;
    Group {
        channel,
        group_id: group_id.to_owned(),
        pair_count,
        md5_overlap_pairs: if channel == Channel::Exact { pair_count } else { 0 },
        repeated_lines,
        common_lines: if channel == Channel::Exact { repeated_lines } else { repeated_lines / 2 },
        common_characters: 20 * u64::from(repeated_lines),
        saved_lines: u64::from(repeated_lines) * copies.saturating_sub(1),
        is_test: false,
        is_generated: false,
        confidence: Confidence::High,
        covered_by: None,
        members,
    }
}

fn whole(index: usize, definition: &Definition) -> Member {
    let line_count = u32::try_from(definition.normalized_code.lines().count()).unwrap_or(u32::MAX);
    Member {
        index,
        best_ratio: 1.0,
        avg_ratio: 1.0,
        md5_overlap: 0,
        normalized_lines: (0, line_count),
        file_lines: (definition.start_line, definition.end_line),
        lines_are_estimated: false,
        is_test: false,
        is_generated: false,
    }
}

/// All of `groups` shown, in their order and with nothing compared.
pub fn findings(definitions: Vec<Definition>, groups: Vec<Group>) -> Findings {
    let shown =
        (0..groups.len()).map(|group| Shown { group, state: GroupState::Uncompared, added: Vec::new() }).collect();
    let sums = |members: &[&Group]| Totals {
        group_count: members.len() as u64,
        member_count: members.iter().map(|group| group.members.len() as u64).sum(),
        repeated_lines: members.iter().map(|group| group.saved_lines).sum(),
        intent_lines: 0,
        line_count: 1_000,
    };
    let of = |channel| groups.iter().filter(|group| group.channel == channel).collect::<Vec<_>>();
    let channels = Channel::ALL.map(|channel| ChannelTotals {
        channel,
        totals: sums(&of(channel)),
        covered_count: 0,
        low_confidence_count: 0,
        // As a search with the defaults leaves it.
        shape_only_pair_count: (channel != Channel::Near).then_some(0),
        left_out_pair_count: 0,
    });
    let all = sums(&groups.iter().collect::<Vec<_>>());
    let intent_lines = sums(&of(Channel::Intent)).repeated_lines;
    let totals = Totals { repeated_lines: all.repeated_lines - intent_lines, intent_lines, ..all };
    Findings {
        run: RunFacts {
            subject: Subject::run(7),
            started_at: "2026-11-20T22:15:00.120Z".to_owned(),
            root_path: "/builds/shop".to_owned(),
            path_prefix: String::new(),
            project: Some("shop".to_owned()),
            code_ref: Some("1f6467f6800f02fcbea9178082e1398a00112233".to_owned()),
        },
        settings: Settings::default(),
        definitions,
        report: Report { groups, totals, channels: channels.into(), unsearched: Unsearched::default() },
        shown,
        truncated_count: 0,
        view: View::default(),
        accepted_count: 0,
        is_first_run: false,
        uncounted_count: 0,
        baseline: None,
        broken_gates: Vec::new(),
        warnings: Vec::new(),
        trend: Vec::new(),
        raw_code: std::collections::HashMap::new(),
    }
}

/// One group a channel: an exact one with three copies, and pairs for the others.
pub fn shop() -> Findings {
    let load = "def load(row):\n    price = row[\"price\"]\n    tax = price * 0.19\n    return price + tax\n";
    let renamed = "def read(entry):\n    cost = entry[\"cost\"]\n    vat = cost * 0.07\n    return cost + vat\n";
    let longer =
        "def load(row):\n    price = row[\"price\"]\n    log(price)\n    tax = price * 0.19\n    return price + tax\n";
    let part = "def report(row):\n    print(row)\n    price = row[\"price\"]\n    tax = price * 0.19\n    print(tax)\n";
    let mut definitions = vec![
        function(11, "shop/cart.py", "load", 10, load),
        function(12, "shop/order.py", "load", 3, load),
        function(13, "shop/été/plan 100%.py", "load", 40, load),
        function(14, "shop/read.py", "read", 1, renamed),
        function(15, "shop/log.py", "load", 5, longer),
        function(16, "shop/report.py", "report", 8, part),
        function(17, "shop/sum.py", "gross", 2, "def gross(row):\n    return row.net * 1.19\n"),
    ];
    definitions[0].intent = Some(Arc::from("Adds the tax to the price of a row."));
    definitions[6].intent = Some(Arc::from("Adds tax to the price of one row."));
    let mut groups = vec![
        group(Channel::Exact, "00000000000000e1", &definitions, &[0, 1, 2]),
        group(Channel::Renamed, "00000000000000e2", &definitions, &[0, 3]),
        group(Channel::Near, "00000000000000e3", &definitions, &[0, 4]),
        group(Channel::Fragment, "00000000000000e4", &definitions, &[4, 5]),
        group(Channel::Intent, "00000000000000e5", &definitions, &[0, 6]),
    ];
    for member in &mut groups[2].members {
        (member.best_ratio, member.avg_ratio) = (0.912_34, 0.912_34);
    }
    for member in &mut groups[3].members {
        let first = member.file_lines.0 + 2;
        member.file_lines = (first, first + 1);
        member.normalized_lines = (2, 4);
    }
    findings(definitions, groups)
}

/// A pair whose path, signature, code and intent try to be something else than text.
pub fn hostile() -> Findings {
    let code = format!("def evil(row):\n    # {HOSTILE}\n    return row\n");
    let mut definitions = vec![
        function(21, &format!("a/{}.py", HOSTILE.replace('/', "_")), "evil", 1, &code),
        function(22, "b/plain.py", "evil", 1, &code),
    ];
    definitions[0].signature = Some(format!("def evil(row={HOSTILE}):").into());
    definitions[0].intent = Some(HOSTILE.into());
    let groups = vec![group(Channel::Exact, "00000000000000f1", &definitions, &[0, 1])];
    let mut found = findings(definitions, groups);
    found.run.project = Some(HOSTILE.to_owned());
    found.run.root_path = format!("/builds/{HOSTILE}");
    found.broken_gates = vec![BrokenGate::Groups { fail_on: FailOn::New, ids: vec![HOSTILE.to_owned()] }];
    found
}
