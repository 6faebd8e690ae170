//! Groups that may be no more than alike.

use cds_duplication::{Channel, Definition, Placement, Report, Settings, find};

use crate::{
    ORDER, definition,
    fragments::{STEPS, with_a_run},
};

/// The outline of [`ORDER`] with some of its words, on another thing: no line of the body is the same.
const WINDOW: &str = "\
def close_window(window, journal):
    area = sum(pane.size for pane in window.panes)
    if area > window.frame:
        journal.warn(window.title, area)
        return False
    journal.paint(window.title, area)
    return area
";

fn search(codes: &[&str], settings: &Settings) -> Report {
    let definitions = codes.iter().enumerate().map(|(place, code)| definition(&format!("app/m{place}.py"), code));
    find(&definitions.collect::<Vec<Definition>>(), settings)
}

/// The groups that no other one tells, each with its channel, its members, and whether it is doubtful.
fn doubts(codes: &[&str]) -> Vec<(Channel, Vec<usize>, bool)> {
    let groups = search(codes, &Settings::default()).groups;
    let shown = groups.iter().filter(|group| group.told_by.is_none());
    shown.map(|group| (group.channel, members(group), group.is_doubtful)).collect()
}

fn members(group: &cds_duplication::Group) -> Vec<usize> {
    group.members.iter().map(|member| member.index).collect()
}

#[test]
fn a_changed_copy_is_certain_and_the_same_idiom_on_another_thing_is_not() {
    let changed = ORDER.replace("return None", "raise LimitError(order)");
    assert_eq!(doubts(&[ORDER, &changed]), [(Channel::Near, vec![0, 1], false)]);
    assert_eq!(doubts(&[ORDER, WINDOW]), [(Channel::Near, vec![0, 1], true)]);
    assert_eq!(doubts(&[ORDER, ORDER]), [(Channel::Exact, vec![0, 1], false)]);
}

#[test]
fn one_certain_copy_is_enough_and_equal_ones_are_none() {
    let changed = ORDER.replace("return None", "raise LimitError(order)");
    assert_eq!(doubts(&[ORDER, WINDOW, &changed]), [(Channel::Near, vec![0, 1, 2], false)]);
    // That two are equal is told by themselves.
    let found = doubts(&[ORDER, WINDOW, ORDER]);
    assert_eq!(found, [(Channel::Exact, vec![0, 2], false), (Channel::Near, vec![0, 1, 2], true)]);
}

#[test]
fn lines_that_many_have_make_no_copy_certain() {
    let changed = ORDER
        .replace("order.limit", "order.bounds.upper")
        .replace("return None", "raise LimitError(order)")
        .replace("    return total", "    order.touch()\n    return total");
    let is_doubtful = |others: &[String]| {
        let codes: Vec<&str> = [ORDER, &changed].into_iter().chain(others.iter().map(String::as_str)).collect();
        let found = doubts(&codes);
        let near = found.iter().find(|(_, members, _)| members == &[0, 1]);
        near.expect("the pair is found").2
    };
    let other = |place: usize| {
        let lines = ORDER.lines().skip(1 + place % 5).take(1).collect::<String>();
        format!(
            "def other_{place}(order, ledger):\n    a{place} = {place}\n{lines}\n    return b{place}(a{place}) + {place}\n"
        )
    };
    assert!(!is_doubtful(&[]));
    assert!(is_doubtful(&(0..10).map(other).collect::<Vec<_>>()));
}

#[test]
fn a_renamed_copy_that_was_changed_is_certain_if_it_is_long_enough() {
    let renamed = |code: &str| {
        let words = ["handle", "device", "banner", "version", "answer", "readline", "write", "EXPECTED", "HELLO"];
        (words.iter().zip('a'..))
            .fold(code.to_owned(), |code, (word, letter)| code.replace(word, &format!("{letter}_{letter}")))
    };
    let changed = |code: &str| renamed(code).replace("timeout=30", "timeout=90, retries=3");
    let near = |code: &str| doubts(&[code, &changed(code)]);
    let [_, long] = with_a_run("", "");
    assert_eq!(near(&long), [(Channel::Near, vec![0, 1], false)]);
    let short = format!("def flash(device):\n{STEPS}    return version\n");
    assert_eq!(near(&short), [(Channel::Near, vec![0, 1], true)]);
    // What is equal but for names is nothing else.
    assert_eq!(doubts(&[&short, &renamed(&short)]), [(Channel::Renamed, vec![0, 1], false)]);
}

#[test]
fn what_is_doubtful_stands_where_it_is_wanted() {
    let test = format!("def test_flash(device):\n{STEPS}    assert version == 3\n");
    let changed = test.replace("timeout=30", "timeout=90, retries=3");
    let definitions = [
        definition("app/a.py", ORDER),
        definition("app/b.py", WINDOW),
        definition("tests/test_a.py", &test),
        definition("tests/test_b.py", &changed),
    ];
    let with = |doubtful: Placement| {
        let settings = Settings { channels: [Channel::Near].into(), doubtful, ..Settings::default() };
        let report = find(&definitions, &settings);
        let order: Vec<bool> = report.groups.iter().map(|group| group.is_doubtful).collect();
        (order, report.totals.group_count, report.channels[0].doubtful_count)
    };
    assert_eq!(with(Placement::RankLast), (vec![false, true], 2, 1));
    assert_eq!(with(Placement::Same), (vec![true, false], 2, 1));
    assert_eq!(with(Placement::Hide), (vec![false], 1, 1));
}
