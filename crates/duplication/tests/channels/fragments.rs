//! Runs of lines.

use cds_duplication::{Channel, Definition, Group, Settings, find};

use crate::{check, definition, report};

/// The indices of a group's members, and where the run stands in each.
fn lines(group: &Group) -> Vec<(usize, (u32, u32))> {
    group.members.iter().map(|member| (member.index, member.file_lines)).collect()
}

/// The groups of the fragment channel alone.
fn fragments(definitions: &[Definition]) -> Vec<Vec<(usize, (u32, u32))>> {
    let settings = Settings { channels: [Channel::Fragment].into(), ..Settings::default() };
    find(definitions, &settings).groups.iter().map(lines).collect()
}

pub(crate) const STEPS: &str = "    handle = device.open(timeout=30)
    banner = handle.readline().strip()
    if not banner.startswith(EXPECTED):
        handle.close()
        raise ProtocolError(banner)
    version = int(banner.split('/')[1])
    handle.write(HELLO % version)
    answer = json.loads(handle.readline())
";

/// Two definitions with other purposes; `first` and `second` follow the run that they share.
pub(crate) fn with_a_run(first: &str, second: &str) -> [String; 2] {
    let one = [
        "def flash(device, image):\n",
        STEPS,
        first,
        "    for block in image.blocks(answer['size']):\n        handle.write(block)\n",
        "        if handle.read(1) != ACK:\n            raise FlashError(block.number)\n",
        "    verify_image(handle, image.digest())\n    return version\n",
    ];
    let other = [
        "def inventory(self, device, rooms):\n    room = rooms.locate(device.address)\n",
        "    self.progress.begin(room)\n",
        STEPS,
        second,
        "    parts = [part for part in answer['parts'] if part['serial']]\n    self.table.replace(room, parts)\n",
        "    self.progress.done(room)\n    while self.pending:\n        self.pending.pop().notify(room)\n",
        "    with self.lock, self.session.begin() as transaction:\n        known = transaction.query(Part, room=room.key)\n",
        "        unused = set(known) - {part['serial'] for part in parts}\n        transaction.delete_all(unused)\n",
        "        assert not self.closed, 'closed while counting'\n        yield from transaction.changes\n",
        "    self.last_room, self.last_time = room, self.clock()\n    del self.cache[room.key]\n",
    ];
    [one.concat(), other.concat()]
}

/// Where the one run stands.
fn of_a_run(first: &str, second: &str) -> Vec<(usize, (u32, u32))> {
    let [one, other] = with_a_run(first, second);
    let found = report(&[&one, &other]);
    let [group] = &found.groups[..] else { panic!("{found:#?}") };
    lines(group)
}

#[test]
fn long_runs_are_fragments() {
    let [one, other] = with_a_run("", "");
    let found = report(&[&one, &other]);
    assert_eq!(found.groups.len(), 1, "{found:#?}");
    let group = &found.groups[0];
    assert_eq!((group.channel, group.repeated_lines), (Channel::Fragment, 8));
    assert_eq!((group.members[0].file_lines, group.members[1].file_lines), ((12, 19), (14, 21)));
    let short: String = STEPS.split_inclusive('\n').take(5).collect();
    check(&one, &other.replace(STEPS, &short), &[]);
}

#[test]
fn unshared_lines_do_not_lengthen_a_run() {
    let [one, other] = with_a_run("", "");
    let short: String = STEPS.split_inclusive('\n').take(5).collect();
    let (one, other) = (one.replace(STEPS, &short), other.replace(STEPS, &short));
    // The tokens of five lines are enough.
    let within = |more: &str, code: &str| {
        code.replace(
            "    banner = handle.readline().strip()\n",
            &format!("    banner = handle.readline().strip()\n{more}"),
        )
    };
    let more = "    self.progress.tell(banner, device.address, image.size, 3)\n";
    check(&within(more, &one), &other, &[]);
    check(&one, &within(more, &other), &[]);
    // A line that both have, if another one, does.
    let found = report(&[
        &within(more, &one),
        &within("    wait = [banner for banner in rooms.all(self.clock(), 3)]\n", &other),
    ]);
    assert_eq!(found.groups[0].channel, Channel::Fragment);
    assert_eq!(found.groups[0].repeated_lines, 6);
}

#[test]
fn run_extends_to_lines_with_equal_starts() {
    let changed = "    total = answer['size'] // 512\n";
    assert_eq!(of_a_run(changed, "    total = sum(rooms.sizes)\n"), [(0, (12, 20)), (1, (14, 22))]);
    assert_eq!(of_a_run(changed, "    count = sum(rooms.sizes)\n"), [(0, (12, 19)), (1, (14, 21))]);
}

#[test]
fn run_ends_before_the_next_header() {
    let write = "    def write(block):\n        handle.write(block)\n";
    let count = "    def count(part):\n        yield part['serial'], len(part)\n";
    assert_eq!(of_a_run(write, count), [(0, (12, 19)), (1, (14, 21))]);
    let decorated = |code: &str| format!("    @answer.hook('part')\n{code}");
    assert_eq!(of_a_run(&decorated(write), &decorated(count)), [(0, (12, 19)), (1, (14, 21))]);
    // A class of one line is a whole.
    let empty = "    class Block: pass\n";
    assert_eq!(of_a_run(empty, empty), [(0, (12, 20)), (1, (14, 22))]);
}

#[test]
fn run_without_header_must_be_long_enough() {
    let few = [
        "    handle = device.open()\n    banner = handle.readline()\n",
        "    handle.write(HELLO)\n    answer = handle.read()\n    version = 1\n",
    ];
    let gap = "    self.progress.tell(room, banner, device.address, rooms.sizes, self.clock(), len(rooms), 1)\n";
    let header = |name: &str| {
        format!(
            "    def {name}(kind, size=0, *, first=None, second=None, third=None, fourth=None, fifth=None):\n        "
        )
    };
    let [one, other] = with_a_run(&(header("pack") + "return kind\n"), &(header("plan") + "yield size\n"));
    let one = one.replace(STEPS, &few.concat());
    let other = other.replace(STEPS, &[few[0], gap, few[1]].concat());
    assert_eq!(fragments(&[definition("a.py", &one), definition("b.py", &other)]), Vec::<Vec<_>>::new());
}

#[test]
fn the_ratio_is_that_of_the_tokens() {
    let ratio = |one: &str, other: &str| {
        let found = report(&[one, other]);
        let [group] = &found.groups[..] else { panic!("{found:#?}") };
        group.members[0].best_ratio
    };
    let [one, other] = with_a_run("", "");
    // What is around a run is no part of it.
    let deeper = format!("    if image:\n    {}\n", STEPS.trim_end().replace('\n', "\n    "));
    assert!(ratio(&one.replace(STEPS, &deeper), &other) > 0.999);
    // Ten tokens more on one side, of somewhat over seventy.
    let longer = other.replace("    version", "    self.progress.tell(room, banner)\n    version");
    let ratio = ratio(&one, &longer);
    assert!((0.9..0.98).contains(&ratio), "{ratio}");
}

#[test]
fn a_table_is_only_found_with_its_names() {
    let ladder = |kind: &str, open: &str| {
        let rungs = ["plain", "packed", "sealed", "signed", "hidden", "empty"].map(|name| {
            format!("    elif {kind} == '{open} {name}':\n        self.{open}_mode = {open}_{name}('{name}')\n")
        });
        let rungs = rungs.concat().replacen("elif", "if", 1);
        format!("{rungs}    else:\n        raise Unknown{open}({kind})\n")
    };
    let [one, other] = with_a_run("", "");
    let places = |other_ladder: &str| {
        let one = one.replace(STEPS, &ladder("kind", "read"));
        fragments(&[definition("a.py", &one), definition("b.py", &other.replace(STEPS, other_ladder))])
    };
    assert_eq!(places(&ladder("state", "draw")), Vec::<Vec<_>>::new());
    // Other texts, the same names.
    let texts = ladder("kind", "read").replace("'read ", "'write ");
    assert_eq!(places(&texts), [[(0, (12, 25)), (1, (14, 27))]]);
}

#[test]
fn run_needs_no_own_name() {
    let lines = |text: &str, number: u32| {
        format!(
            "    print('{text}', {number})\n    if len('{text}') > {number}:\n        print(repr({number}))\n    while not \
             None:\n        break\n    print(max({number}, 2), min(3, {number}))\n    assert isinstance({number}, int)\n    \
             print(sorted([{number}, 1]), sum([1, {number}]))\n"
        )
    };
    let [one, other] = with_a_run("", "");
    let (one, other) = (one.replace(STEPS, &lines("one", 5)), other.replace(STEPS, &lines("other", 6)));
    assert_eq!(fragments(&[definition("a.py", &one), definition("b.py", &other)]), [[(0, (12, 19)), (1, (14, 21))]]);
}

#[test]
fn overlapping_runs_stay_separate() {
    // Each line has a shape of its own.
    let line = |place: usize| format!("    slot{place} = build{place}({})\n", vec!["a"; place + 1].join(", "));
    let shared = |from: usize, to: usize| (from..to).map(line).collect::<Vec<_>>().concat();
    let own = |operator: &str| -> String {
        let lines =
            (1..24).map(|place| format!("    rest[{place}] {operator}= {}y\n", format!("x {operator} ").repeat(place)));
        lines.collect::<Vec<_>>().concat()
    };
    let of = |name: &str, from: usize, to: usize, operator: &str| {
        definition(&format!("{name}.py"), &format!("def {name}(a, rest, x, y):\n{}{}", shared(from, to), own(operator)))
    };
    let definitions =
        [of("all", 0, 20, "-"), of("head", 0, 10, "%"), of("middle", 4, 15, "<<"), of("tail", 8, 20, "//")];
    // What two of the others have in common is too short.
    let settings = Settings { channels: [Channel::Fragment].into(), min_fragment_lines: 8, ..Settings::default() };
    let groups: Vec<_> = find(&definitions, &settings).groups.iter().map(lines).collect();
    // The tail is not reported with the lines of the head.
    let head = vec![(0, (16, 26)), (1, (12, 21)), (2, (12, 22))];
    assert_eq!(groups, [head, vec![(0, (20, 32)), (3, (12, 24))]]);
}

#[test]
fn group_has_only_shared_lines() {
    let queue = "    queue0 = self.open_queue(answer['path0'])\n    while queue0.is_open(0):\n        queue0.drain(version, 0)\n";
    let count = "        self.count += queue0.length\n";
    let more = ["0", "1", "2"].map(|place| [queue, count].concat().replace('0', place)).concat();
    let [one, other] = with_a_run(&more, &more);
    let own: Vec<String> =
        (1..20).map(|place| format!("    own{place} -= {}\n", "x % 7 + ".repeat(place % 5))).collect();
    let one = one + &own.concat();
    let [_, third] = with_a_run("", "");
    let third = third.replace("inventory", "survey");
    // The long run of the first two is a group, and the short one that the third has as well another.
    let definitions = [definition("a.py", &one), definition("b.py", &other), definition("c.py", &third)];
    let expected = [vec![(0, (12, 31)), (1, (14, 33))], vec![(0, (12, 19)), (2, (14, 21))]];
    assert_eq!(fragments(&definitions), expected);
}
