//! What a formatter does to a copy makes no difference, and neither do the names of files.

use cds_duplication::{Change, Confidence, compare_edits, search_keys};

use super::*;

const SETTLE: &str = "\
def settle(orders, ledger, limit):
    booked = []
    for order in orders:
        if order.is_void or order.total > limit:
            continue
        entry = ledger.open_entry(order.number, order.total)
        entry.currency = order.currency or \"EUR\"
        entry.note = \"order %s\" % order.number
        if entry.is_late: ledger.warn(entry)
        ledger.post(entry); booked.append(entry.key)
    if not booked:
        raise LedgerError(f\"nothing of {len(orders)} orders \" \"was booked\")
    ledger.close_day(len(booked), 0xFF, 'it\\'s done')
    return booked, entry
";

/// As formatters of several kinds and widths write it, and people.
const FORMATTED: [&str; 3] = [
    "\
def settle(
    orders,
    ledger,
    limit,
):
    booked = []
    for order in orders:
        if (
            order.is_void
            or order.total > limit
        ):
            continue
        entry = ledger.open_entry(
            order.number,
            order.total,
        )
        entry.currency = (
            order.currency or 'EUR'
        )
        entry.note = (
            'order %s'
            % order.number
        )
        if entry.is_late:
            ledger.warn(entry)
        ledger.post(entry)
        booked.append(
            entry.key
        )
    if not booked:
        raise LedgerError(
            f'nothing of {len(orders)} orders was booked'
        )
    ledger.close_day(
        len(booked),
        0xff,
        \"it's done\",
    )
    return (
        booked,
        entry,
    )
",
    "\
def settle(orders, ledger, limit):
  booked = []
  for (order) in (orders):
    if ((order.is_void) or (order.total > limit)): continue
    entry = (ledger.open_entry(order.number, (order.total)))
    entry.currency = (order.currency or u\"EUR\")
    entry.note = (\"order \" \"%s\") % (order.number)
    if (entry.is_late): ledger.warn(entry)
    ledger.post(entry); booked.append(entry.key);
  if (not booked): raise LedgerError(F\"nothing of { len(orders) } \" \"orders was booked\")
  ledger.close_day(len(booked), 0XFF, \"it's \" 'done'); return (booked, entry)
",
    "\
def settle(orders,
           ledger,
           limit):
    booked = []
    for order in orders:
        if order.is_void \\
                or order.total > limit:
            continue
        entry = ledger.open_entry(order.number,
                                  order.total)
        entry.currency = order.currency or \"\"\"EUR\"\"\"
        entry.note = \"order %s\" % order.number
        if entry.is_late:
            ledger.warn(entry)
        ledger.post(entry)
        booked.append(entry.key)
    if not booked:
        raise LedgerError(f\"nothing of {len(orders)} \"
                          f\"orders was booked\")
    ledger.close_day(len(booked),
                     0xFF,
                     'it\\'s done')
    return booked, entry
",
];

/// As [`check`], and the renamed group is one that asks for attention.
fn check_renamed(left: &str, right: &str) {
    let report = report(&[left, right]);
    let group = report.groups.iter().find(|group| group.channel == Channel::Renamed);
    let group = group.unwrap_or_else(|| panic!("{left}---\n{right}"));
    assert!(group.confidence == Confidence::High && group.covered_by.is_none(), "{left}---\n{right}");
    assert_eq!(report.totals.group_count, 1, "nothing else tells it");
}

#[test]
fn formatted_copies_are_renamed_for_certain() {
    for formatted in FORMATTED {
        check_renamed(SETTLE, formatted);
        let other_names = formatted.replace("order", "job").replace("entry", "row").replace("booked", "done_ones");
        check_renamed(SETTLE, &other_names);
    }
}

#[test]
fn parentheses_with_a_meaning_are_a_difference() {
    for (old, new) in [
        ("order.is_void or order.total > limit", "(order.is_void or order.total) > limit"),
        ("order.number, order.total)", "(order.number, order.total))"),
        ("return booked, entry", "return booked, (entry,)"),
    ] {
        check(SETTLE, &SETTLE.replace(old, new), &[Channel::Near]);
    }
}

#[test]
fn lines_are_counted_in_one_layout() {
    let long = "def check(self, value):\n    return isinstance(value, dict) and len(value) == 1 and \
                next(iter(value)) in self.serializer.tags and not self.serializer.is_frozen\n";
    let broken = long.replace("return ", "return (\n        ").replace(" and ", "\n        and ");
    let broken = format!("{}\n    )\n", broken.trim_end());
    check_renamed(long, &broken);
    check(long, &long.replace("check", "probe"), &[Channel::Renamed]);
    // As many lines as a formatter likes make nothing longer.
    let short = "def check(self, value):\n    return self.find(value, self.tags, self.limit, self.serializer.key)\n";
    let broken = short.replace('(', "(\n        ").replace(", ", ",\n        ");
    assert!(broken.lines().count() > 4);
    check(&broken, &broken.replace("check", "probe"), &[]);
}

#[test]
fn a_formatter_makes_nothing_new() {
    let of = |codes: &[String]| -> Vec<Definition> {
        (codes.iter().enumerate()).map(|(place, code)| definition(&format!("app/m{place}.py"), code)).collect()
    };
    // Two copies, a near one, and one that is no copy until it is edited.
    let near = |code: &str| code.replace("limit", "bound").replace("ledger.warn(entry)", "ledger.delay(entry, 3)");
    let own = |code: &str| code.replace("settle", "settle_all");
    let all = |code: &str| [code.to_owned(), own(code), near(code)];
    let keys = |definitions: &[Definition]| search_keys(&find(definitions, &Settings::default()).groups, definitions);
    let before = keys(&of(&all(SETTLE)));
    for formatted in FORMATTED {
        let after = keys(&of(&all(formatted)));
        let changes = compare_edits(&before, &after);
        assert!(!changes.is_empty() && changes.iter().all(|change| change.change == Change::Known), "{formatted}");
    }
}

/// Functions of which each is like the next one: how the chain is cut decides the ids.
const CHAIN: [&str; 4] = [
    include_str!("../../../../fixtures/duplicates/order-of-files/before/m_a.py"),
    include_str!("../../../../fixtures/duplicates/order-of-files/before/m_b.py"),
    include_str!("../../../../fixtures/duplicates/order-of-files/before/m_c.py"),
    include_str!("../../../../fixtures/duplicates/order-of-files/before/m_d.py"),
];

#[test]
fn names_of_files_decide_no_group() {
    let groups_of = |order: &[usize]| -> BTreeSet<(Channel, String, BTreeSet<usize>)> {
        let definitions: Vec<Definition> = (order.iter().enumerate())
            .map(|(place, &code)| definition(&format!("app/m{place}.py"), CHAIN[code]))
            .collect();
        let report = find(&definitions, &Settings::default());
        let groups = report.groups.into_iter().map(|group| {
            (group.channel, group.group_id, group.members.iter().map(|member| order[member.index]).collect())
        });
        groups.collect()
    };
    let expected = groups_of(&[0, 1, 2, 3]);
    assert!(expected.len() > 1, "{expected:?}");
    for order in [[3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2], [3, 1, 2, 0], [1, 2, 3, 0]] {
        assert_eq!(groups_of(&order), expected, "{order:?}");
    }
}
