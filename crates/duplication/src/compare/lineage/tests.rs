//! Definitions that were edited, moved and renamed, and what they are taken for.

use super::{super::samples::keys, *};

/// What each definition of `after` was, as `new<-old`, where it was anything; by the order of their places in the texts.
fn pairs(before: &[&str], after: &[&str]) -> Vec<String> {
    let lineage = Lineage::new(&keys(before), &keys(after));
    let (before, after) = (places(before), places(after));
    let pairs = lineage.ancestors.iter().enumerate().filter_map(|(new, old)| Some((new, (*old)?)));
    for (new, old) in pairs.clone() {
        assert_eq!(lineage.descendants[old], Some(new));
    }
    assert_eq!(lineage.descendants.iter().flatten().count(), pairs.clone().count());
    pairs.map(|(new, old)| format!("{}<-{}", after[new], before[old])).collect()
}

/// The places in the order in which [`keys`] puts them: those of groups, then those that are alone.
fn places(texts: &[&str]) -> Vec<String> {
    let (groups, alone): (Vec<&str>, Vec<&str>) = texts.iter().partition(|text| text.contains(": "));
    let copies = groups.iter().flat_map(|text| text.split_once(": ").unwrap().1.split(' '));
    let mut seen = Vec::new();
    for copy in copies.chain(alone) {
        let code = copy.split_once('/').filter(|(place, _)| place.contains('=')).map_or(copy, |(code, _)| code);
        if !seen.contains(&code) {
            seen.push(code);
        }
    }
    seen.into_iter().map(|copy| copy.split_once('=').unwrap().0.to_owned()).collect()
}

#[track_caller]
fn check(before: &[&str], after: &[&str], expected: &[&str]) {
    assert_eq!(pairs(before, after), expected);
}

#[test]
fn unedited_definition_is_paired_with_itself() {
    check(&["m.f=abc", "m.g=abc"], &["m.g=abc", "m.f=abc"], &["m.g<-m.g", "m.f<-m.f"]);
    check(&["m.f=abc", "m.f#2=abc"], &["m.f#2=abc", "m.f=abc"], &["m.f#2<-m.f#2", "m.f<-m.f"]);
}

#[test]
fn another_one_of_its_name_may_come_before_it() {
    check(&["m.f=abcdef"], &["m.f=abcdeg", "m.f#2=abcdef"], &["m.f#2<-m.f"]);
    check(&["m.f=abc", "m.f#2=xyz"], &["m.f=xyz"], &["m.f<-m.f#2"]);
}

#[test]
fn what_was_edited_in_its_place_is_nowhere_else() {
    check(&["m.f=abcdef"], &["t.f=abcdef", "m.f=abcdeg"], &["m.f<-m.f"]);
    // Two that were made more similar.
    check(&["m.f=abcdef", "m.g=abcxyz"], &["m.f=abcxyz", "m.g=abcxyw"], &["m.f<-m.f", "m.g<-m.g"]);
    // Half of the lines is enough, and less is not.
    check(&["m.f=abcd"], &["t.g=abcd", "m.f=abwx"], &["m.f<-m.f"]);
    check(&["m.f=abcd"], &["t.g=abcd", "m.f=awxy"], &["t.g<-m.f"]);
}

#[test]
fn replacement_is_not_the_moved_definition() {
    let twins = ["near 1: m.f=abcdef m.g=abcdeg"];
    check(&twins, &["near 1: m.h=abcdef m.f=abcdeg"], &["m.h<-m.f", "m.f<-m.g"]);
    check(&["near 1: a.f=abcdef b.f=abcdeg"], &["near 1: b.f=abcdef b.g=abcdeg"], &["b.f<-a.f", "b.g<-b.f"]);
    // What was there is nowhere else, or what is there now was elsewhere and still is.
    check(&twins, &["m.f=abcdeg"], &["m.f<-m.f"]);
    check(&twins, &["near 1: m.h=abcdef m.f=abcdeg m.g=abcdeg"], &["m.f<-m.f", "m.g<-m.g"]);
}

#[test]
fn moved_definition_is_found_by_its_code() {
    check(&["m.f=abcdef"], &["m.f=q", "m.g=abcdef"], &["m.g<-m.f"]);
    // The nearest one: in its file, in a file of that name, of its name, or any of its kind.
    check(&["d/m.f=abc"], &["e/m.f=abc", "d/m.g=abc"], &["d/m.g<-d/m.f"]);
    check(&["d/m.f=abc"], &["e/n.f=abc", "e/m.f=abc"], &["e/m.f<-d/m.f"]);
    check(&["m.f=abc"], &["n.g=abc", "n.f=abc"], &["n.f<-m.f"]);
    check(&["m.f=abc"], &["n.G=abc", "n.g=abc"], &["n.g<-m.f"]);
}

#[test]
fn rewritten_definition_is_known_by_place_or_name() {
    check(&["m.f=abc"], &["m.f=xyz"], &["m.f<-m.f"]);
    check(&["d/m.f=abc", "e/m.f=abd"], &["d/m.f=xyz", "e/m.f=uvw"], &["d/m.f<-d/m.f", "e/m.f<-e/m.f"]);
    check(&["m.f=abc"], &["n.f=xyz"], &["n.f<-m.f"]);
    check(&["m.f=abc", "o.f=abd"], &["n.f=xyz"], &[]);
    check(&["m.f=abc"], &["n.f=xyz", "o.f=uvw"], &[]);
    check(&["d/m.f=abc", "d/n.f=abd"], &["e/n.f=uvw", "e/m.f=xyz"], &["e/n.f<-d/n.f", "e/m.f<-d/m.f"]);
}

#[test]
fn lost_member_matches_the_added_one() {
    let before = ["near 1: a=abcdef b=abcxyz c=abcklm"];
    check(&before, &["near 2: a=abcdef e=abcxyw d=abckln"], &["a<-a", "e<-b", "d<-c"]);
    check(&before, &["near 2: a=abcdef d=abckln e=abcxyw"], &["a<-a", "d<-c", "e<-b"]);
    // Also where something else has its place or its name now.
    let before = ["near 1: one.f=abcdef two.g=abcxyz"];
    check(&before, &["near 2: one.f=abcdef d.h=abcxyw", "two.g=q"], &["one.f<-one.f", "d.h<-two.g"]);
    check(&before, &["near 2: one.f=abcdef d.h=abcxyw", "e.g=q"], &["one.f<-one.f", "d.h<-two.g"]);
    // Neither a class nor what only had the same intent.
    check(&["near 1: a=abcdef B=abcxyz"], &["near 2: a=abcdef d=abcxyw"], &["a<-a"]);
    let before = ["near 1: a=abcdef b=abcdeg", "intent 2: a=abcdef z=abcxyz"];
    check(&before, &["near 2: a=abcdef b=abcdeg d=abcxyw"], &["a<-a", "b<-b"]);
}

#[test]
fn likeness_counts_different_lines() {
    let before = ["near 1: a=abuvwxyz b=abcd c=abcdefghijklmn"];
    check(&before, &["near 2: a=abuvwxyz d=abcde"], &["a<-a", "d<-b"]);
    check(&before, &["near 2: a=abuvwxyz d=abcdefghijkl"], &["a<-a", "d<-c"]);
}

#[test]
fn paste_is_matched_to_its_original() {
    let before = ["near 1: a=abcdef b=abcdxy"];
    check(&before, &["near 2: a=abcdef d=abcdxz"], &["a<-a", "d<-b"]);
    check(&before, &["near 2: a=abcdef d=abcdeg"], &["a<-a"]);
    // An edit of all copies does not make them more similar.
    let both = ["exact 1: m.f=abcdef n.g=abcdef", "z.f=q"];
    check(&both, &["exact 2: m.f=abcdey n.h=abcdey"], &["m.f<-m.f", "n.h<-n.g"]);
    check(&both, &["exact 2: m.f=abcdey o.h=abcdey"], &["m.f<-m.f", "o.h<-n.g"]);
    check(&both, &["exact 2: m.f=abcdey o.f=abcdey"], &["m.f<-m.f", "o.f<-n.g"]);
    let both = ["near 1: m.f=abcdefgh n.g=abcdefgi"];
    check(&both, &["near 2: m.f=abcdexyh n.h=abcdexyi"], &["m.f<-m.f", "n.h<-n.g"]);
    check(&both, &["near 2: m.f=abcdefxyzh n.h=abcdefxyzi"], &["m.f<-m.f", "n.h<-n.g"]);
    // As it is now, or as it was.
    check(&before, &["near 2: a=abcdefghij d=abcdghij"], &["a<-a"]);
    check(&before, &["near 2: a=abcfgh d=abcdeg"], &["a<-a"]);
    // Equal ones cannot be distinguished.
    check(&["exact 1: a=abcdef b=abcdef"], &["near 2: a=abcdef d=abcdeg"], &["a<-a", "d<-b"]);
}

#[test]
fn all_copies_may_move_and_change() {
    let before = ["near 1: m.f=abcdef n.f=abcxyz"];
    check(&before, &["near 2: o.f=abcdeg p.f=abcxyw"], &["o.f<-m.f", "p.f<-n.f"]);
    check(&before, &["near 2: o.g=abcdeg p.h=abcxyw"], &["o.g<-m.f", "p.h<-n.f"]);
    check(&before, &["near 2: o.g=amnopq p.h=bmnopq"], &[]);
    // Of equal ones each stays in its file, or keeps its name.
    let before = ["exact 1: m.f=abcdef n.g=abcdef"];
    check(&before, &["exact 2: n.h=abcdew m.h=abcdew"], &["n.h<-n.g", "m.h<-m.f"]);
    check(&before, &["exact 2: o.g=abcdew p.f=abcdew"], &["o.g<-n.g", "p.f<-m.f"]);
    // What was in no group is not looked for.
    check(&["m.f=abcdef", "n.g=abcxyz"], &["near 2: o.h=abcdeg p.h=abcxyw"], &[]);
    check(&["near 1: m.F=abcdef n.F=abcxyz"], &["near 2: o.g=abcdeg p.h=abcxyw"], &[]);
    // Where one stayed, what is like that was copied from it.
    let before = ["near 1: m.f=abcdef n.f=abcxyz"];
    check(&before, &["near 2: m.f=abcdef o.g=abcdeg p.g=abcdew"], &["m.f<-m.f"]);
    let after = ["near 2: m.f=abcdef o.g=abcdeg", "fragment 3: o.g=abcdeg/q p.h=qrstuv/q"];
    check(&before, &after, &["m.f<-m.f"]);
}

/// `count` copies, each of which shares three quarters of its lines with all others.
fn many(range: std::ops::Range<usize>, edit: &str) -> String {
    let copies = range.map(|copy| format!("d/m{copy}.f{copy}=abcdefghi{}{edit}", letters(copy)));
    copies.collect::<Vec<_>>().join(" ")
}

fn letters(number: usize) -> String {
    [number / 100, number / 10 % 10, number % 10].map(|digit| char::from(b'A' + digit as u8)).iter().collect()
}

#[test]
fn a_large_group_is_weighed_against_all_that_stayed() {
    let before = format!("near 1: {}", many(0..301, ""));
    // All were edited, the last one was removed, and what comes is copied from one in the middle of them.
    let source = letters(250);
    for _ in 0..3 {
        let after = format!("near 2: {} e.g=abcdefghi{source}z", many(0..300, "y"));
        let found = pairs(&[&before], &[&after]);
        assert_eq!(found.len(), 300);
        assert!(found.iter().all(|pair| !pair.starts_with("e.g")), "{found:?}");
    }
    let after = format!("near 2: {} e.g=abcdefghi{}z", many(0..300, "y"), letters(300));
    assert_eq!(pairs(&[&before], &[&after]).last().unwrap(), "e.g<-d/m300.f300");
}

#[test]
fn lines_read_are_bounded() {
    let before = keys(&["near 1: k=abcdef m.f=abcxyz n.g=abcuvw"]);
    let orphans = keys(&["near 2: o.h=abcxyq p.i=abcuvq"]);
    let others = keys(&["near 2: k=abcdef o.h=abcxyq p.i=abcuvq"]);
    let count =
        |lines: usize, after: &SearchKeys| Lineage::within(lines, &before, after).ancestors.iter().flatten().count();
    assert_eq!((count(1_000, &orphans), count(1_000, &others)), (2, 3));
    assert_eq!((count(0, &orphans), count(0, &others)), (0, 1));
    // What was found by then stays.
    let counts: BTreeSet<usize> = (0..1_000).map(|lines| count(lines, &orphans)).collect();
    assert_eq!(counts, BTreeSet::from([0, 1, 2]));
    let counts: BTreeSet<usize> = (0..1_000).map(|lines| count(lines, &others)).collect();
    assert_eq!(counts, BTreeSet::from([1, 2, 3]));
}

#[test]
fn number_of_comparisons_is_bounded() {
    let moved = |count: usize| {
        let before = format!("near 1: k=abcdefghi {}", many(0..count, ""));
        let after = (0..count).map(|copy| format!("e/n{copy}.g{copy}=abcdefghi{}z", letters(copy)));
        let after = after.collect::<Vec<_>>().join(" ");
        pairs(&[&before], &[&format!("near 2: k=abcdefghi {after}")]).len()
    };
    assert_eq!(moved(MOST_COPIES), MOST_COPIES + 1);
    assert!((MOST_COPIES..3 * MOST_COPIES).contains(&moved(3 * MOST_COPIES)));
}
