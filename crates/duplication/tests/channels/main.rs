//! One fixture for each kind of clone, each with a near miss that must not be found.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod doubt;
mod extremes;
mod formatted;
mod fragments;
mod nesting;
mod pasted;

use std::collections::BTreeSet;

use cds_duplication::{
    Channel, Confidence, Definition, Placement, Report, Settings, Unsearched, difference, find, similar,
};
use cds_language::Language;
use cds_model::{Md5Sum, SymbolKind};

const ORDER: &str = "\
def close_order(order, ledger):
    total = sum(line.price for line in order.lines)
    if total > order.limit:
        ledger.warn(order.number, total)
        return None
    ledger.book(order.number, total)
    return total
";

fn definition(path: &str, code: &str) -> Definition {
    Definition {
        record_id: 7,
        kind: SymbolKind::Function,
        file_path: path.into(),
        signature: None,
        start_line: 11,
        end_line: 10 + u32::try_from(code.lines().count()).unwrap(),
        normalized_code: code.into(),
        md5sum: Md5Sum(md5::compute(code).0),
        is_generated: false,
        intent: None,
        intent_is_derived: false,
    }
}

fn report(codes: &[&str]) -> Report {
    let definitions: Vec<Definition> =
        codes.iter().enumerate().map(|(place, code)| definition(&format!("app/m{place}.py"), code)).collect();
    find(&definitions, &Settings::default())
}

/// The channels of the groups that hold both the first and the second definition.
fn check(left: &str, right: &str, expected: &[Channel]) {
    let found: BTreeSet<Channel> = report(&[left, right]).groups.iter().map(|group| group.channel).collect();
    assert_eq!(found, expected.iter().copied().collect(), "{left}---\n{right}");
}

#[test]
fn one_letter_more_is_not_exact() {
    let report = report(&[ORDER, ORDER]);
    let exact = &report.groups[0];
    assert_eq!(
        (exact.channel, exact.pair_count, exact.md5_overlap_pairs, exact.saved_lines),
        (Channel::Exact, 1, 1, 7)
    );
    assert_eq!(exact.members[1].file_lines, (11, 17));
    // The near channel is complete, and says that it has nothing to add.
    let near = &report.groups[1];
    assert_eq!((near.channel, near.covered_by.as_ref()), (Channel::Near, Some(&exact.group_id)));
    assert_eq!((report.totals.group_count, report.totals.repeated_lines, report.totals.line_count), (1, 7, 34));
    check(ORDER, &ORDER.replace("limit", "limits"), &[Channel::Renamed, Channel::Near]);
}

#[test]
fn only_consistent_names_are_renamed() {
    let renamed = ORDER.replace("order", "job").replace("ledger", "book_keeper").replace("total", "sum_of_all");
    check(ORDER, &renamed, &[Channel::Renamed, Channel::Near]);
    let mixed = ORDER.replace("return total", "return ledger");
    check(ORDER, &mixed, &[Channel::Near]);
}

#[test]
fn added_statement_is_near_and_skeleton_is_not() {
    let longer = ORDER.replace("    ledger.book", "    order.closed = True\n    ledger.book");
    check(ORDER, &longer, &[Channel::Near]);
    let skeleton = "\
def pick_color(palette, name):
    shade = palette.mix(name, strength=3)
    if palette.dark and name in FORBIDDEN[palette.kind]:
        raise LookupError('no such color')
    palette.history.append((name, shade.value))
    return shade.lighter(20)
";
    check(ORDER, skeleton, &[]);
}

/// A method as a framework wants it, with what it says of its own.
fn export(own: &str) -> String {
    let before = "def export(self, sink):\n    options = super().export(sink)\n    sink.announce(self.title)\n";
    format!("{before}{own}    options['kind'] = type(self)\n    return options\n")
}

#[test]
fn prescribed_methods_need_own_code() {
    let near = |codes: &[String]| {
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        report(&codes).groups.iter().any(|group| {
            let members: BTreeSet<usize> = group.members.iter().map(|member| member.index).collect();
            members.is_superset(&[0, 1].into())
        })
    };
    let own = |word: &str| format!("    options['{word}'] = self.{word}.as_{word}()\n");
    let pair = [own("lens"), own("angle")].map(|own| export(&own));
    let others = ["paper", "ink", "price", "stock", "owner"].map(|word| {
        let steps = format!("    {word}_sum = sum(self.{word}_list, {word}_START)\n    if {word}_sum.is_{word}():\n");
        export(&format!("{steps}        raise {word}Error('{word} is wrong', self.{word}_name)\n"))
    });
    // Six lines of two classes are one thing, and six that seven classes have to write another.
    assert!(near(&pair));
    assert!(near(&[&pair[..], &others[..4]].concat()));
    assert!(!near(&[&pair[..], &others].concat()));
    // A function that is called otherwise is none of them.
    let renamed = pair[1].replace("def export", "def export_all");
    assert!(near(&[&[pair[0].clone(), renamed][..], &others].concat()));
    // What the two say beyond all others is a copy.
    let steps = "    ring = self.mount.ring_of(options, sink.diameter)\n    if ring.is_worn():\n        \
                 self.workshop.order(ring.part_number)\n    options['ring'] = ring\n";
    let copies = pair.clone().map(|code| code.replace("    options['kind']", &format!("{steps}    options['kind']")));
    assert!(near(&[&copies[..], &others].concat()));
}

#[test]
fn control_structure_in_another_notation_is_near() {
    let inverted = ORDER.replace(
        "    if total > order.limit:\n        ledger.warn(order.number, total)\n        return None\n    ledger",
        "    if not total <= order.limit:\n        ledger.warn(order.number, total)\n        return None\n    ledger",
    );
    check(ORDER, &inverted, &[Channel::Near]);
}

#[test]
fn equal_intents_are_found_where_the_code_differs() {
    let other = "\
def finish(self):
    amount = 0
    for item in self.items.values():
        amount = amount + item.cost * item.count
    self.books.append((self.key, amount)) if amount < self.maximum else self.complain()
";
    let with = |code: &str, intent: &str| {
        let path = format!("app/{}.py", code.len());
        Definition { intent: Some(intent.into()), ..definition(&path, code) }
    };
    let channels = |definitions: &[Definition]| -> Vec<Channel> {
        find(definitions, &Settings::default()).groups.iter().map(|group| group.channel).collect()
    };
    let intent = "Closes the order and books its total.";
    assert_eq!(
        channels(&[with(ORDER, intent), with(other, "Closes an order and books its total.")]),
        [Channel::Intent]
    );
    assert_eq!(channels(&[with(ORDER, intent), with(other, "Sums up what the items cost.")]), []);
    // What the code says already is not said again.
    let near = ORDER.replace("    ledger.book", "    order.closed = True\n    ledger.book");
    assert_eq!(channels(&[with(ORDER, intent), with(&near, intent)]), [Channel::Near]);

    // What a program took from the code is no evidence beside it.
    let pair = [Definition { intent_is_derived: true, ..with(ORDER, intent) }, with(other, intent)];
    let found = |pair: &[Definition], settings: &Settings| {
        let report = find(pair, settings);
        (report.groups.len(), report.unsearched.intent_count)
    };
    let defaults = Settings::default();
    assert_eq!(found(&pair, &defaults), (0, 1));
    assert_eq!(found(&pair, &Settings { channels: [Channel::Near].into(), ..defaults.clone() }), (0, 0));
    assert_eq!(found(&pair, &Settings { derived_intents: true, ..defaults.clone() }), (1, 0));
    // A copy speaks for the other.
    let copy = Definition { file_path: "app/copy.py".into(), ..with(ORDER, intent) };
    let report = find(&[&pair[..], &[copy]].concat(), &defaults);
    let shown = report.groups.iter().filter(|group| group.covered_by.is_none());
    let shown: Vec<_> = shown.map(|group| (group.channel, group.members.len())).collect();
    assert_eq!(shown, [(Channel::Exact, 2), (Channel::Intent, 3)]);
}

#[test]
fn short_and_hollow_definitions_are_not_eligible() {
    let accessor = "def name(self):\n    return self._name\n";
    check(accessor, accessor, &[]);
}

#[test]
fn tests_rank_last_or_are_not_looked_at() {
    let second = ORDER.replace("limit", "bound").replace("price", "cost");
    let definitions = [
        definition("tests/test_a.py", ORDER),
        definition("tests/test_b.py", ORDER),
        definition("app/a.py", &second),
        definition("app/b.py", &second),
    ];
    let settings = Settings { channels: [Channel::Exact].into(), ..Settings::default() };
    let report = find(&definitions, &settings);
    assert_eq!(report.groups.iter().map(|group| group.is_test).collect::<Vec<_>>(), [false, true]);
    assert_eq!(report.unsearched, Unsearched::default());
    let report = find(&definitions, &Settings { tests: Placement::Hide, ..settings });
    assert_eq!((report.groups.len(), report.unsearched.test_count), (1, 2));
}

#[test]
fn what_programs_wrote_ranks_behind_tests_and_doubts() {
    let settings = Settings { channels: [Channel::Exact].into(), ..Settings::default() };
    let codes = [ORDER.to_owned(), ORDER.replace("limit", "bound"), ORDER.replace("price", "cost")];
    let of =
        |path: &str, code: usize, is_generated: bool| Definition { is_generated, ..definition(path, &codes[code]) };
    let definitions = [
        of("app/a.py", 0, true),
        of("app/b.py", 0, true),
        of("tests/a.py", 1, false),
        of("tests/b.py", 1, false),
        of("app/c.py", 2, false),
        of("app/d.py", 2, true),
    ];
    let groups = |settings: &Settings| {
        let groups = find(&definitions, settings).groups.into_iter();
        groups.map(|group| (group.members[0].index, group.is_test, group.is_generated)).collect::<Vec<_>>()
    };
    assert_eq!(groups(&settings), [(4, false, false), (2, true, false), (0, false, true)]);
    let hidden = Settings { generated: Placement::Hide, ..settings.clone() };
    assert_eq!(groups(&hidden), [(2, true, false)]);
    assert_eq!(find(&definitions, &hidden).unsearched, Unsearched { generated_count: 3, ..Unsearched::default() });
    let same = Settings { generated: Placement::Same, ..settings };
    assert_eq!(groups(&same).last(), Some(&(2, true, false)));
}

#[test]
fn equal_lines_rank_before_longer_code() {
    let longer = "\
def close_window(window, journal):
    area = sum(pane.size for pane in window.panes)
    journal.open(window.title, area)
    while area > window.frame:
        journal.warn(window.title, area)
        window.panes.pop()
        area = area - window.step
    window.area = area
    journal.paint(window.title, area)
    return area
";
    let longer_copy = longer.replace("window", "pond").replace("area", "depth").replace("journal", "diary");
    let copy = ORDER.replace("limit", "bound");
    let codes = [longer, &longer_copy, ORDER, &copy];
    let of = |channel: Channel| {
        let groups = report(&codes).groups.into_iter().filter(move |group| group.channel == channel);
        let figures =
            groups.map(|group| (group.members[0].index, group.common_lines, group.saved_lines, group.worth()));
        figures.collect::<Vec<_>>()
    };
    // One of ten lines, and six of seven.
    assert_eq!(of(Channel::Renamed), [(2, 6, 7, (61, 165)), (0, 0, 10, (10, 0))]);
    // A third copy makes less the same, and as much of it twice.
    let other = ORDER.replace("ledger", "book");
    let report = report(&[ORDER, &copy, &other]);
    let group = &report.groups[0];
    assert_eq!((group.members.len(), group.common_lines, group.worth().0), (3, 3, 2 * 34));
}

#[test]
fn of_as_many_lines_the_longer_ones_rank_first() {
    let longer = ORDER.replace("total", "total_of_all_lines");
    let groups = report(&[ORDER, ORDER, &longer, &longer]).groups;
    let exact = groups.iter().filter(|group| group.channel == Channel::Exact);
    assert_eq!(exact.map(|group| (group.members[0].index, group.common_lines)).collect::<Vec<_>>(), [(2, 7), (0, 7)]);
    let groups = report(&[&longer, &longer, ORDER, ORDER]).groups;
    assert_eq!(groups[0].members[0].index, 0);
}

#[test]
fn methods_of_equal_classes_are_covered_by_the_classes() {
    let class = format!("class Orders:\n    {}", ORDER.trim_end().replace('\n', "\n    "));
    let of = |path: &str| {
        let outer = Definition { kind: SymbolKind::Class, end_line: 18, ..definition(path, &class) };
        let inner = Definition { kind: SymbolKind::Method, start_line: 12, end_line: 18, ..definition(path, ORDER) };
        [outer, inner]
    };
    let definitions = [of("a.py"), of("b.py")].concat();
    let settings = Settings { kinds: SymbolKind::ALL.into(), channels: [Channel::Exact].into(), ..Settings::default() };
    let report = find(&definitions, &settings);
    assert_eq!(report.groups.len(), 2);
    assert_eq!(report.groups[1].covered_by.as_ref(), Some(&report.groups[0].group_id));
    assert_eq!(report.totals.group_count, 1);
}

#[test]
fn ids_depend_on_content_alone() {
    let renamed = ORDER.replace("order", "job");
    let ids =
        |codes: &[&str]| -> BTreeSet<String> { report(codes).groups.into_iter().map(|group| group.group_id).collect() };
    assert_eq!(ids(&[ORDER, &renamed, ORDER]), ids(&["x = 1\n", &renamed, ORDER, ORDER, ORDER]));
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let seeds = include_str!("../recall/seeds.py");
    let mut definitions = Vec::new();
    for (place, code) in seeds.split("\n\n\n").enumerate() {
        for copy in 0..3 {
            let code = code.replace("self.", if copy == 2 { "this." } else { "self." });
            definitions.push(definition(&format!("app/{place}_{copy}.py"), &code));
        }
    }
    let settings = Settings { min_confidence: Confidence::None, ..Settings::default().with_code_threshold(0.4) };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| find(&definitions, &settings))
    };
    let one = with(1);
    assert!(one.groups.len() > 40);
    for threads in [2, 3, 8] {
        assert_eq!(with(threads), one);
    }
}

#[test]
fn an_empty_input_has_no_groups() {
    let report = find(&[], &Settings::default());
    assert_eq!((report.groups.len(), report.totals.line_count, report.totals.share().to_bits()), (0, 0, 0));
}

#[test]
fn most_similar_record_comes_first() {
    let near = ORDER.replace("    ledger.book", "    order.closed = True\n    ledger.book");
    let definitions = [
        definition("a.py", fragments::STEPS),
        definition("b.py", &near),
        definition("c.py", &ORDER.replace("order", "job")),
        definition("d.py", ORDER),
    ];
    let python = Language::of_record("a.py");
    let found = similar(python, &definitions, ORDER, 3);
    let found: Vec<_> = found.iter().map(|similar| (similar.index, similar.channel)).collect();
    assert_eq!(found, [(3, Channel::Exact), (2, Channel::Renamed), (1, Channel::Near)]);
    let (own, others) = difference(python, ORDER, &near);
    assert!(own.is_empty());
    assert_eq!(others.iter().map(|range| &near[range.clone()]).collect::<String>(), "order.closed=True");
}
