//! Groups of low confidence.

use cds_duplication::{Channel, Confidence, Definition, Report, Settings, find};

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

/// The groups that no other one covers, each with its channel, its members, and whether its confidence is low.
fn doubts(codes: &[&str]) -> Vec<(Channel, Vec<usize>, bool)> {
    let groups = search(codes, &Settings::default()).groups;
    let shown = groups.iter().filter(|group| group.covered_by.is_none());
    shown.map(|group| (group.channel, members(group), group.confidence == Confidence::Low)).collect()
}

fn members(group: &cds_duplication::Group) -> Vec<usize> {
    group.members.iter().map(|member| member.index).collect()
}

#[test]
fn changed_copy_is_certain_and_idiom_is_not() {
    let changed = ORDER.replace("return None", "raise LimitError(order)");
    assert_eq!(doubts(&[ORDER, &changed]), [(Channel::Near, vec![0, 1], false)]);
    assert_eq!(doubts(&[ORDER, WINDOW]), [(Channel::Near, vec![0, 1], true)]);
    assert_eq!(doubts(&[ORDER, ORDER]), [(Channel::Exact, vec![0, 1], false)]);
}

#[test]
fn one_certain_pair_gives_high_confidence() {
    let changed = ORDER.replace("return None", "raise LimitError(order)");
    assert_eq!(doubts(&[ORDER, WINDOW, &changed]), [(Channel::Near, vec![0, 1, 2], false)]);
    // Wherever the two stand.
    assert_eq!(doubts(&[WINDOW, ORDER, &changed]), [(Channel::Near, vec![0, 1, 2], false)]);
    // Equal code needs no other evidence.
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

/// A word and what ends it, the word backwards unless it is one of the language or built in.
fn backwards(word: &str) -> String {
    let name = word.trim_end_matches(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let language = [
        "def", "if", "not", "raise", "return", "for", "in", "with", "as", "while", "yield", "from", "del", "assert",
        "int", "set", "sum", "self", "None",
    ];
    if language.contains(&name) || name.starts_with(|letter: char| letter.is_ascii_digit()) {
        return word.to_owned();
    }
    format!("{}{}", name.chars().rev().collect::<String>(), &word[name.len()..])
}

#[test]
fn long_renamed_copy_is_certain() {
    // Every name backwards.
    let renamed = |code: &str| {
        let words = code.split_inclusive(|letter: char| !letter.is_alphanumeric() && letter != '_');
        words.map(backwards).collect::<String>()
    };
    let changed = |code: &str| renamed(code).replace("30", "90, seirter=3");
    let near = |code: &str| doubts(&[code, &changed(code)]);
    let [one, other] = with_a_run("", "");
    let body = |code: &str| code.split_once('\n').map(|(_, body)| body.to_owned()).unwrap_or_default();
    let long = format!("{other}{}{}", body(ORDER), body(&one.replace(STEPS, "")));
    assert_eq!(near(&long), [(Channel::Near, vec![0, 1], false)]);
    let short = format!("def flash(device):\n{STEPS}    return version\n");
    assert_eq!(near(&short), [(Channel::Near, vec![0, 1], true)]);
    // What is equal but for names is nothing else.
    assert_eq!(doubts(&[&short, &renamed(&short)]), [(Channel::Renamed, vec![0, 1], false)]);
}

/// Runs of `lines` in two functions: what each of them has around the run, and whether the group is doubtful.
fn is_doubtful_run(one: &str, other: &str) -> bool {
    let settings = Settings { channels: [Channel::Fragment].into(), ..Settings::default() };
    let found = search(&[one, other], &settings).groups;
    let [group] = &found[..] else { panic!("{found:#?}") };
    group.confidence == Confidence::Low
}

#[test]
fn of_a_run_only_its_own_lines_count() {
    let [one, other] = with_a_run("", "");
    assert!(!is_doubtful_run(&one, &other));
    // The same steps on another thing, hardly a word of them equal.
    let names = ["handle", "banner", "version", "answer", "EXPECTED", "HELLO", "ProtocolError", "json", "readline"];
    let with_other_names = |code: &str| {
        let renamed = names
            .iter()
            .zip('a'..)
            .fold(code.to_owned(), |code, (name, letter)| code.replace(name, &format!("{letter}{letter}_{letter}")));
        renamed.replace("startswith", "matches").replace("timeout=30", "patience=LONG").replace("close", "forget")
    };
    let similar = other.replace(STEPS, &with_other_names(STEPS));
    assert!(is_doubtful_run(&one, &similar));
    // What is equal elsewhere in the two functions is no part of the run.
    let apart = (0..8)
        .map(|place| format!("    self.gate_{place}.swing(angle_{place}, {place}5)\n"))
        .collect::<Vec<_>>()
        .concat();
    let between = (0..10).map(|place| format!("    del self.spare_{place}\n")).collect::<Vec<_>>().concat();
    let between_too = (0..10).map(|place| format!("    yield {place}, rooms[{place}:]\n")).collect::<Vec<_>>().concat();
    let with = |code: &str, between: &str| format!("{code}{between}{apart}");
    let groups = search(
        &[&with(&one, &between), &with(&similar, &between_too)],
        &Settings { channels: [Channel::Fragment].into(), ..Settings::default() },
    )
    .groups;
    let doubts: Vec<bool> = groups.iter().map(|group| group.confidence == Confidence::Low).collect();
    assert_eq!(doubts.len(), 2, "{groups:#?}");
    assert!(doubts.contains(&true) && doubts.contains(&false), "{groups:#?}");
}

#[test]
fn a_run_at_another_depth_is_the_same_run() {
    let [one, other] = with_a_run("", "");
    let deeper = format!("    with self.mutex:\n        {}\n", STEPS.trim().replace('\n', "\n    "));
    assert!(!is_doubtful_run(&one, &other.replace(STEPS, &deeper)));
}

#[test]
fn runs_that_are_equal_are_certain_whatever_joins_them() {
    let [one, other] = with_a_run("", "");
    let third = other
        .replace("def inventory(self, device, rooms)", "def survey(self, probe, halls)")
        .replace("timeout=30", "timeout=90, retries=3")
        .replace("handle", "line")
        .replace("banner", "greeting");
    let is_doubtful = |codes: &[&str]| {
        let groups = search(codes, &Settings { channels: [Channel::Fragment].into(), ..Settings::default() }).groups;
        groups.iter().any(|group| group.members.len() == codes.len() && group.confidence == Confidence::Low)
    };
    assert!(!is_doubtful(&[&one, &other]));
    assert!(!is_doubtful(&[&one, &other, &third]));
}

#[test]
fn what_stands_before_the_body_says_nothing() {
    let decorated = |code: &str, name: &str| format!("@register(name='{name}', kind=Rare)\n@wraps(something)\n{code}");
    let pair = [decorated(ORDER, "x"), decorated(WINDOW, "x")];
    assert_eq!(doubts(&[&pair[0], &pair[1]]), [(Channel::Near, vec![0, 1], true)]);
    let header = "def close_everything(self, things, limits, ledger, journal):";
    let same = |code: &str| code.replacen(code.lines().next().unwrap(), header, 1);
    assert_eq!(doubts(&[&same(ORDER), &same(WINDOW)]), [(Channel::Near, vec![0, 1], true)]);
}

#[test]
fn intents_have_high_confidence_and_common_shapes_none() {
    let intent =
        |code: &str| Definition { intent: Some("Closes it and books what it costs.".into()), ..definition(code, code) };
    let other = "def settle(items):\n    costs = 0\n    for item in items:\n        costs += item.cost\n    BOOK.add(costs, items)\n";
    let settings = Settings { channels: [Channel::Intent].into(), ..Settings::default() };
    let groups = find(&[intent(ORDER), intent(other)], &settings).groups;
    assert_eq!(groups.iter().map(|group| group.confidence == Confidence::Low).collect::<Vec<_>>(), [false]);

    let settings =
        Settings { min_confidence: Confidence::None, channels: [Channel::Near].into(), ..Settings::default() };
    // Every other line is similar, and no name is.
    let shapes = [
        "def read(a, b):\n    a.load(b.first, 10)\n    c = a + b\n    a.save(b.second, 11)\n    d = a * b\n    return a.done(b.third, 12)\n",
        "def send(e, f):\n    e.wait(f.door, 20)\n    g = e[f]\n    e.open(f.window, 21)\n    h = e(f)\n    return e.walk(f.roof, 22)\n",
    ];
    let groups = search(&shapes, &settings).groups;
    assert_eq!(groups.iter().map(|group| group.confidence).collect::<Vec<_>>(), [Confidence::None]);
}

#[test]
fn low_confidence_ranks_last_or_is_left_out() {
    let test = format!("def test_flash(device):\n{STEPS}    assert version == 3\n");
    let changed = test.replace("timeout=30", "timeout=90, retries=3");
    let definitions = [
        definition("app/a.py", ORDER),
        definition("app/b.py", WINDOW),
        definition("tests/test_a.py", &test),
        definition("tests/test_b.py", &changed),
    ];
    let with = |min_confidence: Confidence| {
        let settings = Settings { channels: [Channel::Near].into(), min_confidence, ..Settings::default() };
        let report = find(&definitions, &settings);
        let order: Vec<Confidence> = report.groups.iter().map(|group| group.confidence).collect();
        (order, report.totals.group_count, report.channels[0].low_confidence_count)
    };
    assert_eq!(with(Confidence::Low), (vec![Confidence::High, Confidence::Low], 2, 1));
    assert_eq!(with(Confidence::None), with(Confidence::Low));
    assert_eq!(with(Confidence::High), (vec![Confidence::High], 1, 1));
}
