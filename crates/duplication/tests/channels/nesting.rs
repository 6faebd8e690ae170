//! Definitions inside of others.

use cds_duplication::{Channel, Definition, Settings, find};
use cds_model::SymbolKind;

use crate::{
    ORDER, definition,
    fragments::{STEPS, with_a_run},
};

/// The channels and members of the groups.
fn indices(definitions: &[Definition]) -> Vec<(Channel, Vec<usize>)> {
    let groups = find(definitions, &Settings::default()).groups;
    let indices = groups
        .iter()
        .filter(|group| group.covered_by.is_none())
        .map(|group| (group.channel, group.members.iter().map(|member| member.index).collect()));
    indices.collect()
}

#[test]
fn nested_definition_is_no_copy() {
    let outer = format!("def make(self):\n    {}\n    return close_order\n", ORDER.trim_end().replace('\n', "\n    "));
    let of = |path: &str, start_line: u32| {
        let end_line = start_line + 6;
        let channels: Vec<Channel> = find(
            &[definition("app/a.py", &outer), Definition { start_line, end_line, ..definition(path, ORDER) }],
            &Settings::default(),
        )
        .groups
        .iter()
        .map(|group| group.channel)
        .collect();
        channels
    };
    assert_eq!(of("app/a.py", 12), []);
    assert_eq!(of("app/a.py", 40), [Channel::Near]);
    assert_eq!(of("app/b.py", 12), [Channel::Near]);
}

/// `code` in a function of `name` that does `more` as well, and where it stands then.
fn around(code: &str, name: &str, more: &str) -> [Definition; 2] {
    let outer = format!("def {name}(self):\n    {}\n{more}", code.trim_end().replace('\n', "\n    "));
    let inner = definition("app/outer.py", code);
    let (start_line, end_line) = (inner.start_line + 1, inner.end_line + 1);
    [definition("app/outer.py", &outer), Definition { start_line, end_line, ..inner }]
}

#[test]
fn more_similar_nested_pair_is_kept() {
    let longer = ORDER.replace("    return total\n", "    order.total = total\n    return total\n");
    let [outer, inner] = around(ORDER, "make", "    return close_order\n");
    let other = definition("app/other.py", &longer);
    assert_eq!(indices(&[outer.clone(), inner.clone(), other]), [(Channel::Near, vec![1, 2])]);
    // Two functions around copies tell the copies as well.
    let [outer_too, _] = around(&longer, "make", "    return close_order\n");
    let other = Definition { file_path: "app/other.py".into(), ..outer_too };
    assert_eq!(indices(&[outer, inner, other]), [(Channel::Near, vec![0, 2])]);
    // Nor is a run of lines reported for the function around.
    let [one, two] = with_a_run("", "");
    let [outer, inner] = around(&one, "make", "    self.register(flash, 'flash')\n    return flash\n");
    let other = definition("app/other.py", &two);
    assert_eq!(indices(&[outer, inner, other]), [(Channel::Fragment, vec![1, 2])]);
}

#[test]
fn copy_pairs_with_the_inner_definition() {
    let longer = ORDER.replace("    return total\n", "    order.total = total\n    return total\n");
    let [outer, inner] = around(ORDER, "make", "    return close_order\n");
    let definitions = [outer, inner, definition("app/copy.py", ORDER), definition("app/other.py", &longer)];
    assert_eq!(indices(&definitions), [(Channel::Exact, vec![1, 2]), (Channel::Near, vec![1, 2, 3])]);
    // What the outer one reports of its own is not reported for the copy.
    let [outer, inner] = around(ORDER, "make", "    return close_order\n");
    let [outer_too, _] = around(&longer, "make", "    return close_order\n");
    let other = Definition { file_path: "app/other.py".into(), ..outer_too };
    let found = indices(&[outer, inner, definition("app/copy.py", ORDER), other]);
    assert!(found.iter().any(|(channel, members)| *channel == Channel::Near && [2, 3].iter().all(|member| members.contains(member))), "{found:?}");
    let [one, two] = with_a_run("", "");
    let [outer, inner] = around(&one, "make", "    self.register(flash, 'flash')\n    return flash\n");
    let definitions = [outer, inner, definition("app/copy.py", &one), definition("app/other.py", &two)];
    assert_eq!(indices(&definitions), [(Channel::Exact, vec![1, 2]), (Channel::Fragment, vec![1, 2, 3])]);
}

#[test]
fn run_with_inner_header_is_kept_once() {
    let [one, other] = with_a_run("", "");
    let (_, rest) = other.split_once(STEPS).unwrap();
    let other = ["def count(device, rooms):\n", STEPS, rest].concat();
    let [outer, inner] = around(&one, "make", "    self.register(flash, 'flash')\n    return flash\n");
    let [outer_too, inner_too] =
        around(&other, "survey", "    for device in self.devices:\n        yield count(device, [])\n");
    let elsewhere = |definition: Definition| Definition { file_path: "app/survey.py".into(), ..definition };
    let definitions = [outer, inner, elsewhere(outer_too), elsewhere(inner_too)];
    assert_eq!(indices(&definitions), [(Channel::Fragment, vec![1, 3])]);
}

#[test]
fn inner_copy_is_no_run_of_outer() {
    let [one, other] = with_a_run("", "");
    // So much more that the outer one is no clone of what is inside.
    let (_, rest) = other.split_once(STEPS).unwrap();
    let [outer, inner] = around(&one, "make", rest);
    let copy = definition("app/copy.py", &one);
    assert_eq!(indices(&[outer.clone(), inner.clone(), copy.clone()]), [(Channel::Exact, vec![1, 2])]);
    // It says one thing twice, the first time as the copy does the second time.
    let twice = one.replacen(STEPS, &[STEPS, STEPS].concat(), 1);
    let [outer_twice, inner_twice] = around(&twice, "make", rest);
    let definitions = [outer_twice, inner_twice, definition("app/copy.py", &twice)];
    assert_eq!(indices(&definitions), [(Channel::Exact, vec![1, 2]), (Channel::Fragment, vec![1, 1, 2, 2])]);
    // Inside of two.
    let of_b = |definition: &Definition| Definition { file_path: "app/b.py".into(), ..definition.clone() };
    let [outer_too, _] = around(&one, "offer", ORDER.split_once('\n').unwrap().1);
    let definitions = [outer, inner.clone(), copy, of_b(&outer_too), of_b(&inner)];
    let found = indices(&definitions);
    assert!(found.iter().all(|(channel, _)| *channel != Channel::Fragment), "{found:?}");
}

#[test]
fn definitions_of_equal_lines_are_not_nested() {
    let longer = ORDER.replace("    return total\n", "    order.total = total\n    return total\n");
    let larger = ORDER.replace("    return total\n", "    order.sum = total\n    return total\n");
    let at_once = |code: &str| Definition { end_line: 20, ..definition("app/one.py", code) };
    let definitions = [at_once(&longer), at_once(&larger), definition("app/other.py", ORDER)];
    assert_eq!(indices(&definitions), [(Channel::Near, vec![2, 0, 1])]);
}

#[test]
fn file_and_its_only_definition_are_no_pair() {
    let settings = Settings { kinds: SymbolKind::ALL.into(), channels: [Channel::Exact].into(), ..Settings::default() };
    let members = |definitions: &[Definition]| -> Vec<Vec<usize>> {
        let groups = find(definitions, &settings).groups.into_iter();
        groups.map(|group| group.members.iter().map(|member| member.index).collect()).collect()
    };
    let of = |path: &str| {
        let file = Definition { kind: SymbolKind::File, start_line: 1, end_line: 20, ..definition(path, ORDER) };
        [file, definition(path, ORDER)]
    };
    assert_eq!(members(&of("a.py")), [[0; 0]; 0]);
    // The file may also end with its only definition.
    let [file, function] = of("a.py");
    let ends = [Definition { end_line: 17, start_line: 11, ..file.clone() }, function.clone()];
    assert_eq!(members(&ends), [[0; 0]; 0]);
    assert_eq!(members(&[of("a.py"), of("b.py")].concat()), [[1, 3]]);
    // A file that says the same as a function elsewhere is a copy of it, and two functions on the same lines are two.
    assert_eq!(members(&[file, definition("b.py", ORDER)]), [[0, 1]]);
    assert_eq!(members(&[function.clone(), function]), [[0, 1]]);
}
