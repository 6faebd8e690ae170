//! Compares two searches.

use proptest::prelude::*;

use super::{
    keys::CopyKey,
    samples::{definition, keys, put},
    *,
};

#[track_caller]
fn check(before: &[&str], after: &[(&str, Change)], removed: &[usize]) {
    let current: Vec<&str> = after.iter().map(|(text, _)| *text).collect();
    let expected = Comparison { changes: after.iter().map(|(_, change)| *change).collect(), removed: removed.to_vec() };
    assert_eq!(compare(&keys(before), &keys(&current)), expected);
}

use Change::{Grown, Known, New};

#[test]
fn group_is_found_by_id_anywhere() {
    check(&["exact 1: a=x b=x"], &[("exact 1: c=x d=x", Known)], &[]);
    check(&["exact 1: a=x b=x"], &[("exact 2: c=y d=y", New)], &[0]);
    check(&["exact 1: a=x b=x"], &[("renamed 1: c=y d=y", New)], &[0]);
    check(&[], &[("exact 1: a=x b=x", New)], &[]);
    check(&["exact 1: a=x b=x"], &[], &[0]);
}

#[test]
fn more_copies_grow_and_fewer_stay_known() {
    check(&["exact 1: a=x b=x"], &[("exact 1: a=x b=x c=x", Grown { before: 2 })], &[]);
    check(&["near 1: a=x b=y"], &[("near 2: a=x b=y c=z", Grown { before: 2 })], &[]);
    check(&["near 1: a=x b=y c=z"], &[("near 2: b=y c=z", Known)], &[]);
    check(&["exact 1: a=x b=x c=x"], &[("exact 1: a=x b=x", Known)], &[]);
}

#[test]
fn edited_copies_are_not_new() {
    check(&["near 1: a=x b=y"], &[("near 2: a=x b=z", Known)], &[]);
    check(&["near 1: a=x b=y"], &[("near 2: a=w b=z", Known)], &[]);
    // Moved and edited in one go, two copies as well as three.
    check(&["near 1: a=x b=y c=z"], &[("near 2: a=x b=y d=w", Known)], &[]);
    check(&["near 1: a=x b=y"], &[("near 2: a=x d=w", Known)], &[]);
    check(&["exact 1: a=x b=x"], &[("near 2: a=x d=w", Known)], &[]);
    // The moved file has the same code, and the other copy was edited.
    check(&["near 1: a=x b=y"], &[("near 2: c=x b=z", Known)], &[]);
}

#[test]
fn remaining_copy_is_not_matched_twice() {
    let before = ["near 1: a=x b=y c=z"];
    check(&before, &[("near 2: a=x b=y d=w", Known)], &[]);
    let after = keys(&["near 2: a=x b=y d=w", "c=z"]);
    assert_eq!(compare(&keys(&before), &after).changes, [Grown { before: 2 }]);
    // It left the group and stays where it is.
    let after = keys(&["near 2: a=x b=y d=w", "c=v"]);
    assert_eq!(compare(&keys(&before), &after).changes, [Grown { before: 2 }]);
}

#[test]
fn paste_is_matched_to_the_copy_that_stayed() {
    let before = ["near 1: a=abcdef b=abcxyz"];
    check(&before, &[("near 2: a=abcdef d=abcxyw", Known)], &[]);
    check(&before, &[("near 2: a=abcdef d=abcdew", New)], &[0]);
    check(&["near 1: a=abcdef b=abcxyz c=abcdeg"], &[("near 2: a=abcdef c=abcdeg d=abcdew", Grown { before: 2 })], &[]);
    // The copy that stayed was edited, and the new one has what it had.
    check(&["near 1: a=abcdef b=abcxyz"], &[("near 2: a=abmnop d=abcdew", New)], &[0]);
    // Two are lost and two are added, each like another one.
    let before = ["near 1: a=abcdef b=abcxyz c=abcklm"];
    check(&before, &[("near 2: a=abcdef d=abckln e=abcxyw", Known)], &[]);
    check(&before, &[("near 2: a=abcdef d=abcdeg e=abcxyw", Grown { before: 2 })], &[]);
}

#[test]
fn unique_name_finds_moved_and_edited_copy() {
    let before = ["near 1: one.f=abcdef two.g=abcxyz"];
    check(&before, &[("near 2: one.f=abcdef new.g=abcdew", Known)], &[]);
    // Both of them, which share no copy with the earlier group.
    check(&before, &[("near 2: new.f=abcdeg new.g=abcxyw", Known)], &[]);
    // More than one can have it.
    let after = keys(&["near 2: one.f=abcdef new.g=abcdew", "other.g=u"]);
    assert_eq!(compare(&keys(&before), &after).changes, [New]);
}

#[test]
fn renamed_definition_is_found_by_its_code() {
    check(&["near 1: a=x b=y"], &[("near 2: c=x b=z", Known)], &[]);
    let after = keys(&["near 2: c=x b=z", "a=w"]);
    assert_eq!(compare(&keys(&["near 1: a=x b=y"]), &after).changes, [Known]);
}

#[test]
fn split_group_with_new_copy_is_grown() {
    check(
        &["near 1: a=1 b=2 c=3 d=4 e=5"],
        &[("near 1: a=1 b=2 c=3 d=4 e=5", Known), ("near 2: n=9 a=1 b=2", Grown { before: 2 })],
        &[],
    );
    check(&["near 1: a=1 b=2"], &[("near 1: a=1 b=2", Known), ("near 2: n=9 b=2", New)], &[]);
}

#[test]
fn a_group_that_falls_into_two_is_not_new() {
    let after = [("near 2: a=1 b=2", Known), ("near 3: c=3 d=4", Known)];
    check(&["near 1: a=1 b=2 c=3 d=4"], &after, &[]);
}

#[test]
fn regrouped_copies_are_not_new() {
    let before = ["near 1: a=1 b=2", "near 2: b=2 c=3 d=4", "near 3: e=5 f=6"];
    check(&before, &[("near 4: a=9 b=2 c=3", Known), ("near 2: b=2 c=3 d=4", Known)], &[2]);
    check(&before, &[("near 5: a=9 b=2 e=5 f=6", Known), ("near 2: b=2 c=3 d=4", Known)], &[]);
    check(&before, &[("near 6: a=9 b=2 e=5", Grown { before: 2 }), ("near 7: d=4 f=6", New)], &[1, 2]);
}

#[test]
fn a_duplicate_that_only_changed_its_channel_is_known() {
    check(&["near 1: a=x b=y"], &[("exact 2: a=x b=x", Known)], &[]);
    check(&["exact 1: a=x b=x"], &[("near 2: a=x b=y", Known)], &[]);
    check(&["exact 1: a=x b=x"], &[("fragment 2: a=x/f b=z/f", Known)], &[]);
    check(&["exact 1: a=x b=x"], &[("intent 2: a=x b=z", Known)], &[]);
    check(&["renamed 1: a=x b=y"], &[("near 2: a=x b=z", Known)], &[]);
    check(&["near 1: a=x b=y c=z", "exact 2: a=x b=x"], &[("exact 2: a=x b=x c=x", Known)], &[]);
    // What shared a part, or a purpose, and is the same as a whole now has got worse.
    check(&["fragment 1: a=x/f b=y/f"], &[("near 2: a=x b=z", New)], &[]);
    check(&["intent 1: a=x b=y"], &[("exact 2: a=x b=x", New)], &[]);
}

#[test]
fn a_second_fragment_of_the_same_definitions_is_new() {
    let first = "fragment 1: a=x/f b=y/f";
    check(&[first], &[("fragment 1: a=z/f b=w/f", Known), ("fragment 2: a=z/g b=w/g", New)], &[]);
    check(&[first], &[("fragment 3: a=z/f b=w/h", Known), ("fragment 2: a=z/g b=w/g", New)], &[]);
    check(&[first], &[("fragment 3: a=z/h b=w/h", Known), ("fragment 2: a=z/g b=w/g", New)], &[]);
}

#[test]
fn each_copy_stands_for_one() {
    let before = keys(&["fragment 1: a=x/f b=y/f"]);
    let after = keys(&["fragment 2: a=x/f a=x/g b=y/f"]);
    assert_eq!(compare(&before, &after).changes, [Grown { before: 2 }]);
    // Also in the earlier group: there are two runs of `a`, and three are shown.
    let before = keys(&["fragment 1: a=x/f a=x/g b=y/f"]);
    let after = keys(&["fragment 2: a=x/f a=x/g a=x/h b=y/f"]);
    assert_eq!(compare(&before, &after).changes, [Grown { before: 3 }]);
}

#[test]
fn run_cut_in_two_is_known() {
    let before = ["fragment 1: a=x/f@2-16 b=y/g@3-17"];
    let after = [("fragment 2: a=x/h@2-8 b=z/i@3-9", Known), ("fragment 3: a=x/j@9-16 b=z/k@13-20", Known)];
    check(&before, &after, &[]);
    // A run that reaches beyond it is another one, and an edited copy is no evidence for its lines.
    let one = "fragment 2: a=x/f@2-16 b=z/i@3-9";
    check(&before, &[(one, Known), ("fragment 3: a=x/j@12-20 b=z/k@13-21", New)], &[]);
    let one = "fragment 2: a=w/f@2-16 b=z/i@3-9";
    check(&before, &[(one, Known), ("fragment 3: a=w/j@9-16 b=z/k@13-20", New)], &[]);
}

#[test]
fn changed_groups_match_earlier_ones_largest_first() {
    let before = ["fragment 1: a=x/f b=y/f c=w/f"];
    let after = [("fragment 2: a=z/g b=v/g", New), ("fragment 3: a=z/h b=v/h c=u/h", Known)];
    check(&before, &after, &[]);
    let before = ["fragment 1: a=x/f b=y/f", "fragment 2: a=x/g b=y/g"];
    check(&before, &[("fragment 3: a=z/h b=v/h", Known), ("fragment 4: a=z/i b=v/i", Known)], &[]);
    let grown = compare_edits(&keys(&before[..1]), &keys(&["fragment 3: a=z/h b=v/h c=u/h"])).remove(0);
    assert_eq!(grown, GroupChange { change: Grown { before: 2 }, added: vec![2] });
}

fn searches() -> impl Strategy<Value = SearchKeys> {
    let copy = (0..12_u8, "[a-c]{1,3}", 0..3_u8);
    let group = (0..5_usize, prop::collection::vec(copy, 2..7));
    prop::collection::vec(group, 0..8).prop_map(|groups| {
        let mut definitions = Vec::new();
        let mut copy = |(place, code, content): (u8, String, u8)| CopyKey {
            definition: put(definition(&format!("{}/{}.{}", place % 2, place / 3, place % 3), &code), &mut definitions),
            lines: (u32::from(content), u32::from(content) + 1),
            content: [content; 16],
        };
        let groups = groups.into_iter().zip(0..).map(|((channel, copies), number)| GroupKey {
            channel: Channel::ALL[channel],
            group_id: format!("{number:016x}"),
            is_covered: false,
            copies: copies.into_iter().map(&mut copy).collect(),
        });
        let groups = groups.collect();
        SearchKeys { groups, definitions }
    })
}

proptest! {
    #[test]
    fn a_search_does_not_differ_from_itself(before in searches()) {
        let result = compare(&before, &before);
        prop_assert!(result.changes.iter().all(|change| *change == Known) && result.removed.is_empty(), "{result:?}");
    }

    #[test]
    fn removing_copies_makes_nothing_new(
        before in searches(),
        drops in prop::collection::vec(any::<bool>(), 56),
        keeps_ids in prop::collection::vec(any::<bool>(), 8),
    ) {
        let mut drops = drops.into_iter();
        let mut after = before.clone();
        for (group, keeps_id) in after.groups.iter_mut().zip(keeps_ids) {
            group.copies.retain(|_| !drops.next().unwrap());
            if !keeps_id {
                group.group_id.insert(0, 'x');
            }
        }
        after.groups.retain(|group| group.copies.len() > 1);
        let result = compare(&before, &after);
        prop_assert!(result.changes.iter().all(|change| *change == Known), "{result:?}");
        prop_assert!(result.removed.len() <= before.groups.len() - after.groups.len());
    }

    #[test]
    fn comparison_is_complete_and_repeatable(before in searches(), after in searches()) {
        let result = compare(&before, &after);
        prop_assert_eq!(result.changes.len(), after.groups.len());
        prop_assert!(result.removed.iter().all(|place| *place < before.groups.len()));
        for (group, change) in after.groups.iter().zip(&result.changes) {
            if let Grown { before } = change {
                prop_assert!((2..group.copies.len()).contains(before));
            }
        }
        prop_assert_eq!(compare(&before, &after), result);
    }
}

/// What the gate says, and what the trend says.
#[track_caller]
fn check_edits(before: &[&str], after: &str, expected: (Change, Change)) {
    let (before, after) = (keys(before), keys(&[after]));
    assert_eq!((compare_edits(&before, &after)[0].change, compare(&before, &after).changes[0]), expected);
}

#[test]
fn two_unedited_copies_are_known() {
    let apart = ["a=x", "b=y"];
    for group in ["near 1: a=x b=y", "renamed 1: c=x d=y", "fragment 1: a=x/run b=y/run", "intent 1: a=x b=y"] {
        check_edits(&apart, group, (Known, New));
    }
    check_edits(&apart, "near 1: a=x b=z", (New, New));
    check_edits(&apart, "intent 1: a=x b=z", (New, New));
    // A copy of what is there once is one more.
    check_edits(&apart, "exact 1: a=x c=x", (New, New));
    check_edits(&apart, "near 1: a=x b=y c=z", (Grown { before: 2 }, New));
    check_edits(&["exact 1: a=x b=x", "c=y"], "exact 1: a=x b=x d=x", (Grown { before: 2 }, Grown { before: 2 }));
    check_edits(&apart, "near 1: a=x b=y c=y", (Grown { before: 2 }, New));
    // More of them than of those that stood together.
    check_edits(
        &["near 1: a=x b=y", "c=v", "d=u"],
        "near 2: a=x b=w c=v d=u e=t",
        (Grown { before: 3 }, Grown { before: 2 }),
    );
    // Whatever the groups of the earlier run say more stays.
    check_edits(&["near 1: a=x b=y c=z"], "near 2: a=x b=y c=w", (Known, Known));
    // Two runs of one definition.
    check_edits(&apart, "fragment 1: a=x/f a=x/g b=y/h", (Known, New));
    check_edits(&apart, "fragment 1: a=x/f a=x/g c=z/h", (New, New));
}

#[test]
fn copy_outside_of_groups_is_not_matched() {
    // As with `--tests hide`: the copy at `t` is there before and after.
    let before = keys(&["a=x", "k=k", "t=x"]);
    let edit = |texts: &[&str]| {
        let GroupChange { change, added } = compare_edits(&before, &keys(texts)).remove(0);
        (change, added)
    };
    assert_eq!(edit(&["exact 1: a=x b=x", "t=x"]), (New, vec![1]));
    assert_eq!(edit(&["exact 1: a=x b=x"]), (Known, vec![]), "it was moved");
    assert_eq!(edit(&["near 1: a=x k=k b=x", "t=x"]), (Grown { before: 2 }, vec![2]));
}

#[test]
fn what_made_a_group_new_is_named() {
    let added = |before: &[&str], after: &str| compare_edits(&keys(before), &keys(&[after])).remove(0).added;
    let two = ["near 1: b=x c=y"];
    assert_eq!(added(&two, "near 2: a=x b=x c=y"), [0], "wherever it stands");
    assert_eq!(added(&two, "near 2: a=z b=x c=w d=z"), [0, 3], "a known copy may be edited");
    assert_eq!(added(&two, "near 2: b=z c=w"), [0_usize; 0]);
    assert_eq!(added(&["a=x", "b=y"], "near 1: a=x b=z"), [1], "an edit made it a copy");
    assert_eq!(added(&["near 1: a=x b=y", "c=z"], "near 2: a=w b=y c=z"), [0], "an edit made it one of another, too");
    let both = "near 2: a=abcdeg b=abcxyz c=abcdew";
    assert_eq!(added(&["near 1: a=abcdef b=abcxyz", "c=mnopqr"], both), [2], "of two edited ones the one that joined");
    let edited = "near 2: a=abcdef b=abcdeg d=abcdef";
    assert_eq!(added(&["exact 1: a=abcdef b=abcdef"], edited), [2], "what is new, not what was edited");
    assert_eq!(added(&["exact 1: a=x b=x"], "exact 1: c=x a=x b=x"), [0]);
    assert_eq!(added(&["m.f=abcdef"], "renamed 1: m.f=ghijkl n.f=abcdef"), [1], "it has a copy of what it was");
    assert_eq!(added(&["m.f=abcdef", "k=abcdeg"], "near 1: m.f=ghijkl n.f=abcdef k=abcdeg"), [1]);
    assert_eq!(added(&["m.f=abcdef"], "near 1: m.f=abcdeg m.f#2=abcdef"), [0], "the other one only counts on");
    let moved = "near 1: e/m.f=abcdef e/n.g=abcdeg";
    assert_eq!(added(&["d/m.f=abcdef", "d/n.g=abcxyz"], moved), [1], "both were moved");
    assert_eq!(added(&["a=x", "b=y"], "near 1: a=v b=z c=w"), [2]);
}

#[test]
fn of_equal_copies_one_may_be_moved_and_edited() {
    check(&["exact 1: a=x b=x c=x"], &[("near 2: a=x b=x d=w", Known)], &[]);
    check(&["exact 1: a=x b=x c=x"], &[("near 2: a=x b=x d=x e=w", Grown { before: 3 })], &[]);
    // What stood there before was not moved there.
    let before = keys(&["exact 1: a=x b=x c=x", "d=v"]);
    assert_eq!(compare(&before, &keys(&["near 2: a=x b=x d=w"])).changes, [Grown { before: 2 }]);
}

#[test]
fn extracted_helper_stands_for_its_copy() {
    let before = ["exact 1: a=abcdefghijkl b=abcdefghijkl"];
    let helper = "fragment 2: h=hijklw/hijkl b=abcdefghijkl/hijkl";
    let verdict = |before: &[&str], after: &[&str]| {
        let (before, after) = (keys(before), keys(after));
        let change = compare_edits(&before, &after)[0].change;
        assert_eq!(change, compare(&before, &after).changes[0]);
        change
    };
    assert_eq!(verdict(&before, &[helper, "a=abcdefgz"]), Known);
    let fragment = ["fragment 1: a=abcdefghijkl/hijkl b=mnopqrhijkl/hijkl"];
    assert_eq!(verdict(&fragment, &["fragment 2: h=hijklw/hijkl b=mnopqrhijkl/hijkl", "a=abcdefgz"]), Known);
    assert_eq!(
        verdict(&fragment, &["near 2: h=hijklw b=mnopqrhijkl", "a=abcdefgz"]),
        Known,
        "a part, and now the whole"
    );
    assert_eq!(verdict(&["intent 1: a=abcdefghijkl b=hijklm"], &["near 2: h=hijklw b=hijklm", "a=abcdefgz"]), New);
    // The copy still has these lines, or they are others, or hardly any of the helper's.
    assert_eq!(verdict(&before, &[helper, "a=abcdefghijkl"]), New);
    assert_eq!(verdict(&before, &[helper, "a=defghijklz"]), New);
    assert_eq!(verdict(&before, &["fragment 2: h=hijklmnopqrstuvw/hijkl b=abcdefghijkl/hijkl", "a=abcdefgz"]), New);
    // The copy is one all the same; or there are two of them now.
    assert_eq!(verdict(&before, &["near 2: b=abcdefghijkl a=abcdefghijz h=klbcdw"]), Grown { before: 2 });
    let two = "fragment 2: h=hijklw/hijkl b=abcdefghijkl/hijkl i=hijklv/hijkl";
    assert_eq!(verdict(&before, &[two, "a=abcdefgz"]), Grown { before: 2 });
    // It has more lines of the copy that stayed.
    assert_eq!(verdict(&["exact 1: a=abcdefgh b=abcdefgh"], &["near 2: h=bcdefghw b=abcdefgh", "a=abcdz"]), New);
}
