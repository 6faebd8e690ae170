//! Runs that were pasted: letter by letter, twice into one definition, and outside of functions.

use cds_duplication::{Channel, Confidence, Definition, Group, Settings, find};
use cds_model::{Md5Sum, SymbolKind};

use crate::{definition, fragments::STEPS};

/// Nine lines.
const SALES: &str = "    values = [row.amount for row in sales.rows if row.is_open]
    total = sum(values) + sales.carry_over(values)
    if total > sales.limit:
        report.warn('sales', total, sales.limit)
        sales.freeze(until=report.next_day())
    shares = sales.shares_of(total, digits=3)
    report.title(sales.title, total, shares)
";
const REST: &str = "    for row in sales.rows:
        row.total_share = row.amount / max(total, 1)
        report.line(row.key, row.total_share)
";

/// Six lines of fewer tokens than a run needs whose letters differ.
const SHORT: &str = "    with lock:
        queue.flush()
        index.reload(path)
    worker.join()
    status = queue.state
    audit.note(status)
";

/// Where each member of each fragment stands, as lines of the code from 1.
fn places(definitions: &[Definition]) -> Vec<Vec<(usize, (u32, u32))>> {
    let settings = Settings { channels: [Channel::Fragment].into(), ..Settings::default() };
    let members = |group: &Group| {
        let place = |member: &cds_duplication::Member| {
            (member.index, (member.normalized_lines.0 + 1, member.normalized_lines.1))
        };
        let mut places: Vec<_> = group.members.iter().map(place).collect();
        places.sort_unstable();
        places
    };
    let mut places: Vec<Vec<_>> = find(definitions, &settings).groups.iter().map(members).collect();
    places.sort();
    places
}

fn of(codes: &[&str]) -> Vec<Vec<(usize, (u32, u32))>> {
    let definitions: Vec<Definition> =
        codes.iter().enumerate().map(|(place, code)| definition(&format!("m{place}.py"), code)).collect();
    places(&definitions)
}

/// A function that says much else before and behind `run`, of which no two have a line in common.
fn with(run: &str, what: &str) -> String {
    let operator = if what.len() == 2 { " - " } else { " % y % " };
    let line = |place: usize| format!("    {what}{place} = {}\n", vec![what; place + 2].join(operator));
    let own: Vec<String> = (0..20).map(line).collect();
    format!("def {what}({what}s, lock, queue):\n{}{run}{}", own[..3].concat(), own[3..].concat())
}

fn outside(path: &str, kind: SymbolKind, code: &str) -> Definition {
    let end_line = u32::try_from(code.lines().count()).unwrap();
    Definition { kind, start_line: 1, end_line, md5sum: Md5Sum(md5::compute(code).0), ..definition(path, code) }
}

fn unindented(code: &str) -> String {
    code.split_inclusive('\n').map(|line| line.strip_prefix("    ").unwrap_or(line)).collect()
}

#[test]
fn half_of_the_tokens_are_enough_letter_by_letter() {
    assert_eq!(of(&[&with(SHORT, "ab"), &with(SHORT, "xyz")]), [[(0, (5, 10)), (1, (5, 10))]]);
    // Deeper, too.
    let deeper = format!("    if queue:\n{}", SHORT.replace("    ", "        "));
    assert_eq!(of(&[&with(SHORT, "ab"), &with(&deeper, "xyz")]), [[(0, (5, 10)), (1, (6, 11))]]);
    for other in [
        // Another name, another line between, five lines, a table.
        SHORT.replace("worker", "helper"),
        SHORT.replace("    status", "    del queue.lock\n    status"),
        SHORT.replace("    audit.note(status)\n", ""),
    ] {
        assert_eq!(of(&[&with(SHORT, "ab"), &with(&other, "xyz")]), Vec::<Vec<_>>::new(), "{other}");
    }
    let table = "    queue.add(lock, 1, 2, 3)\n".repeat(9);
    assert_eq!(of(&[&with(&table, "ab"), &with(&table, "xyz")]), Vec::<Vec<_>>::new());
}

#[test]
fn a_statement_of_many_lines_is_a_run() {
    let statement = |last: &str| {
        let rows: Vec<String> = (0..7).map(|row| format!("        '{row}': queue.part_{row},\n")).collect();
        format!("    table = {{\n{}    }}\n", rows.concat().replace("part_6", last))
    };
    let expected = [[(0, (5, 13)), (1, (5, 13))]];
    assert_eq!(of(&[&with(&statement("a"), "ab"), &with(&statement("a"), "xyz")]), expected);
    assert_eq!(of(&[&with(&statement("a"), "ab"), &with(&statement("b"), "xyz")]), Vec::<Vec<_>>::new());
}

#[test]
fn a_gap_counts_lines_and_not_statements() {
    let literal = |count: usize| {
        let rows: Vec<String> =
            (0..count).map(|row| format!("        ('region_{row}', {row}): [country_{row}],\n")).collect();
        format!("    table = {{\n{}    }}\n", rows.concat())
    };
    let one = with(&[SALES, REST].concat(), "ab");
    assert_eq!(
        of(&[&one, &with(&[SALES, "    t = 1\n    u = 2\n", REST].concat(), "xyz")]),
        [[(0, (5, 14)), (1, (5, 16))]]
    );
    let torn = with(&[SALES, &literal(20), REST].concat(), "xyz");
    let expected = [[(0, (5, 11)), (1, (5, 11))], [(0, (12, 14)), (1, (34, 36))]];
    assert_eq!(of(&[&one, &torn]), expected);
    // Nor is such a statement taken in because both begin with it.
    let [left, right] = [20, 18].map(|count| [SALES, &literal(count)].concat());
    assert_eq!(of(&[&with(&left, "ab"), &with(&right, "xyz")]), [[(0, (5, 11)), (1, (5, 11))]]);
}

#[test]
fn a_run_may_stand_twice_in_one_definition() {
    let arms = |one: &str, other: &str| {
        let [one, other] = [one, other].map(|code| code.replace("    ", "        "));
        format!(
            "def publish(report, sales, kind):\n    if kind == 1:\n{one}    elif kind == 2:\n{other}    return report\n"
        )
    };
    let both = [SALES, REST].concat();
    assert_eq!(of(&[&arms(&both, &both)]), [[(0, (3, 12)), (0, (14, 23))]]);
    assert_eq!(of(&[&arms(&both, &both.replace("report.title", "report.top"))]), [[(0, (3, 12)), (0, (14, 23))]]);
    assert_eq!(of(&[&arms(SHORT, SHORT)]), [[(0, (3, 8)), (0, (10, 15))]]);
    assert_eq!(of(&[&arms(&both, STEPS)]), Vec::<Vec<_>>::new());
    // Three arms are one group, and a copy of the function has the same ones.
    let three = format!(
        "{}    else:\n{}",
        arms(&both, &both).replace("    return report\n", ""),
        both.replace("    ", "        ")
    );
    assert_eq!(of(&[&three]), [[(0, (3, 12)), (0, (14, 23)), (0, (25, 34))]]);
    // A loop unrolled by hand is no table of one line.
    assert_eq!(of(&[&with(&"    queue.add(lock, 1, 2, 3)\n".repeat(30), "ab")]), Vec::<Vec<_>>::new());
}

#[test]
fn of_a_repeat_the_inner_definition_tells() {
    let inner = format!(
        "    def inner(report, sales, kind):\n        if kind:\n{}        else:\n{}",
        SALES.replace("    ", "            "),
        SALES.replace("    ", "            ")
    );
    let outer = format!("def outer(report):\n{inner}    return inner\n");
    let definitions = [
        Definition { start_line: 1, end_line: 20, ..definition("a.py", &outer) },
        Definition { start_line: 2, end_line: 18, ..definition("a.py", &unindented(&inner)) },
    ];
    assert_eq!(places(&definitions), [[(1, (3, 9)), (1, (11, 17))]]);
}

#[test]
fn equal_scripts_are_a_group_however_many() {
    let script = format!("import sys\n\nreport = open(sys.argv[1])\n{}", unindented(&[SALES, REST].concat()));
    let scripts: Vec<Definition> =
        (0..120).map(|place| outside(&format!("s{place}.py"), SymbolKind::File, &script)).collect();
    let found = find(&scripts, &Settings::default());
    let [group] = &found.groups[..] else { panic!("{:?}", found.groups) };
    assert_eq!((group.members.len(), group.pair_count, group.md5_overlap_pairs), (120, 120 * 119 / 2, 0));
    assert_eq!(group.members[7].normalized_lines, (2, 13));
    assert_eq!(group.confidence, Confidence::High);
    assert_eq!(find(&scripts, &Settings { outside: false, ..Settings::default() }).groups, []);
    // Whole files are another matter, and tell it.
    let whole = Settings { kinds: vec![SymbolKind::File], ..Settings::default() };
    let found = find(&scripts, &whole);
    assert!(
        found.groups.iter().filter(|group| group.covered_by.is_none()).all(|group| group.channel == Channel::Exact)
    );
}

#[test]
fn code_outside_of_functions_is_compared_wherever_it_stands() {
    let run = unindented(&[SALES, REST].concat());
    let script = format!("import os\n\ndef helper(a):\n    return a\n\n{run}helper(total)\n");
    let other = format!("LIMIT = 10\nsetup(LIMIT)\n{run}\ndef other(b):\n    return b + 1\n");
    let files = [outside("a.py", SymbolKind::File, &script), outside("b.py", SymbolKind::File, &other)];
    assert_eq!(places(&files), [[(0, (6, 15)), (1, (3, 12))]]);
    // In a function, a class body and twice in one script.
    let function = definition("c.py", &with(&[SALES, REST].concat(), "ab"));
    assert_eq!(places(&[files[0].clone(), function]), [[(0, (6, 15)), (1, (5, 14))]]);
    let class = format!("class Kept:\n    limit = 3\n{SALES}{REST}\n    def f(self):\n        return 1\n");
    let class = outside("d.py", SymbolKind::Class, &class);
    assert_eq!(places(&[files[0].clone(), class]), [[(0, (6, 15)), (1, (3, 12))]]);
    let twice = format!("{run}clear()\n{run}");
    assert_eq!(places(&[outside("e.py", SymbolKind::File, &twice)]), [[(0, (1, 10)), (0, (12, 21))]]);
    // Names that were replaced are another script's business, and so is what stands on both sides of a function.
    let renamed = outside("b.py", SymbolKind::File, &other.replace("sales", "costs").replace("row", "item"));
    assert_eq!(places(&[files[0].clone(), renamed]), Vec::<Vec<_>>::new());
    let torn = script.replace("if total", "def g(x):\n    y = x\n    return y\nif total");
    assert_eq!(places(&[files[1].clone(), outside("t.py", SymbolKind::File, &torn)]), [[(0, (5, 12)), (1, (11, 18))]]);
}

#[test]
fn imports_and_constants_are_no_run() {
    let imports: Vec<String> =
        (0..9).map(|place| format!("from package.module{place} import name{place}, other{place}\n")).collect();
    let constants: Vec<String> =
        (0..9).map(|place| format!("NAME_{place} = ['a{place}', {place}, {{'b': None}}]\n")).collect();
    for code in [imports.concat(), constants.concat()] {
        let files = ["a.py", "b.py"].map(|path| outside(path, SymbolKind::File, &code));
        assert_eq!(places(&files), Vec::<Vec<_>>::new());
    }
}

#[test]
fn class_in_function_is_covered_by_it() {
    let class = format!("    class Kept:\n{}", [SALES, REST].concat().replace("    ", "        "));
    let function = format!("def f(sales, report):\n{class}    return Kept\n");
    let definitions = [
        Definition { start_line: 1, end_line: 13, ..definition("a.py", &function) },
        Definition { kind: SymbolKind::Class, start_line: 2, end_line: 12, ..definition("a.py", &unindented(&class)) },
        definition("b.py", &with(&[SALES, REST].concat(), "ab")),
    ];
    assert_eq!(places(&definitions), [[(0, (3, 12)), (2, (5, 14))]]);
}
