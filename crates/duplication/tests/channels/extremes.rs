//! What is too much to be compared as a whole is left out, counted, and does not break groups apart.

use cds_duplication::{Channel, Definition, Settings, find};

use crate::definition;

#[test]
fn thousands_of_renamed_copies_form_one_group() {
    let function = |place: usize| {
        format!(
            "def f{place}(a, b):\n    total = prepare(a) + 1\n    if total > b.limit:\n        refuse(total, b)\n    return total\n"
        )
    };
    let definitions: Vec<Definition> =
        (0..2_600).map(|place| definition(&format!("m{place}.py"), &function(place))).collect();
    let settings = Settings { channels: [Channel::Renamed].into(), ..Settings::default() };
    let found = find(&definitions, &settings);
    let left_out = found.channels[0].left_out_pair_count;
    assert_eq!(found.left_out_pair_count(), left_out);
    let [group] = &found.groups[..] else { panic!("{} groups", found.groups.len()) };
    assert_eq!(group.members.len(), 2_600);
    assert!(left_out > 0);
    assert_eq!(group.pair_count + left_out, 2_600 * 2_599 / 2);
    let few = find(&definitions[..1_000], &settings);
    assert_eq!((few.left_out_pair_count(), few.groups[0].pair_count), (0, 1_000 * 999 / 2));
}

#[test]
fn table_of_equal_lines_is_left_out() {
    let table = |name: &str, rows: usize| {
        let rows = "    add(queue, 'a', 1)\n".repeat(rows);
        format!("def {name}(queue):\n    first(queue)\n    second(queue)\n{rows}    return {name}_of(queue)\n")
    };
    let of = |rows: usize| {
        let definitions = [definition("a.py", &table("one", rows)), definition("b.py", &table("other", rows / 2))];
        let settings = Settings { channels: [Channel::Fragment].into(), ..Settings::default() };
        find(&definitions, &settings).left_out_pair_count()
    };
    assert_eq!(of(500), 0);
    // Two definitions, and the longer one with itself; four million pairs of lines are looked at.
    assert_eq!(of(3_000), 2);
}
