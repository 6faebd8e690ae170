//! `cds dup-check`: formats, filters, limits and refusals on a small tree with one group of each kind.

use serde_json::{Value, json};

use crate::{
    database::{CONTRACT, Database},
    ledger::{each, list},
    place::{DATABASE, Outcome, Place},
};

const LOAD: &str = "\
def load_invoice(row, rates):
    price = row[\"price\"]
    currency = row[\"currency\"]
    if currency not in rates:
        raise KeyError(currency)
    tax = price * rates[currency].tax
    total = price + tax
    return {\"price\": price, \"tax\": tax, \"total\": total}
";

/// Statements that two functions share, without the indentation of the first line.
const RUN: &str = "\
    if not os.path.isdir(folder):
        os.makedirs(folder, exist_ok=True)
    handle = open(os.path.join(folder, name), \"w\", encoding=\"utf-8\")
    writer = csv.writer(handle, delimiter=\";\", quoting=csv.QUOTE_ALL)
    writer.writerow([\"number\", \"name\", \"amount\", \"paid\"])
    for number, line in enumerate(lines, start=1):
        writer.writerow([number, line.name, line.amount, line.paid])
    handle.flush()
    handle.close()
";

const EXPORT: &str = "\
def export_month(month, folder, name):
    lines = [line for line in month.lines if line.amount]
    lines.sort(key=lambda line: (line.day, line.name))
    if month.is_open and not month.forced:
        raise MonthIsOpen(month.number)
    backup = {line.key: line.amount for line in lines}
    with transaction.atomic(using=month.database, durable=True) as lock:
        for key in sorted(backup, reverse=True):
            lock.take(key)
        month.lines = None
    async_names = [f'{part:>8}' for part in name.split('-') if part.isidentifier()]
    assert async_names, 'no part of the name is usable'
    month.kinds |= {Kind.EXPORTED, Kind.CLOSED} - month.hidden
    global last_month
    last_month = month.number if month.number > 0 else -1
";

const REPORT: &str = "\
def send_report(customer, lines, folder, name):
    \"\"\"Sends it.\"\"\"
    # First of all the words.
    template = templates.get(customer.language, templates[\"en\"])
    while not mailer.is_ready:
        mailer.connect(timeout=30)
    total, currency = customer.balance()
    try:
        greeting = template.greetings[clock.hour() // 6]
    except (IndexError, LookupError) as error:
        greeting = str(error) or None
    del customer.cache
";

const MEDIAN: &str = "\
def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
";

const HALFWAY: &str = "\
def halfway(stream):
    low, high = [], []
    while stream.has_next():
        heappush(low, -heappushpop(high, stream.next()))
        if len(low) > len(high):
            heappush(high, -heappop(low))
    return high[0] if len(high) > len(low) else mean(high[0], -low[0])
";

/// A tree with one group of each kind, kept as run 1.
fn place() -> Place {
    let renamed = ["load_invoice read_receipt", "row entry", "rates factors", "price cost", "currency unit", "tax fee"];
    let renamed = renamed
        .iter()
        .filter_map(|names| names.split_once(' '))
        .fold(LOAD.to_owned(), |code, (old, new)| code.replace(old, new));
    let near = LOAD
        .replace("load_invoice", "load_rounded")
        .replace("    total = price + tax\n", "    log.debug(currency, tax)\n    total = round(price + tax, 2)\n");
    let export = format!(
        "{EXPORT}    {RUN}    month.exported_at = clock.now()\n    month.backup.update(backup)\n    \
         for listener in month.listeners:\n        listener.exported(month, name)\n    month.save(update_fields=[\"exported_at\"])\n"
    );
    let report = format!(
        "{REPORT}    {RUN}    message = template.render(customer=customer, attachment=name)\n    \
         if total < 0 and currency in customer.currencies:\n        message.mark(urgent=True, color=\"red\")\n    \
         return mailer.send(customer.address, message)\n"
    );
    let place = Place::with_files(&[
        ("orders/a.py", LOAD),
        ("orders/b.py", &format!("# A copy.\n\n{LOAD}")),
        ("orders/c.py", &renamed),
        ("orders/d.py", &near),
        ("files/e.py", &export),
        ("files/f.py", &report),
        ("sums/g.py", MEDIAN),
        ("sums/h.py", HALFWAY),
    ]);
    place.persist("builtin:", &[]).succeeded();
    place.database().execute(
        "UPDATE records SET intent = 'Gives the middle of all values.' WHERE file_path LIKE 'sums/%' AND kind = 'function'",
    );
    place
}

fn check(place: &Place, more: &[&str]) -> Outcome {
    place.ask(&[&["dup-check"], more].concat())
}

/// The JSON of a check with these options.
#[track_caller]
fn found(place: &Place, more: &[&str]) -> Value {
    place.ask_json(&[&["dup-check"], more].concat())
}

/// The channels of the groups, in order.
#[track_caller]
fn channels(place: &Place, more: &[&str]) -> Vec<String> {
    let object = found(place, more);
    each(list(&object, "groups"), "channel").iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
}

/// The files of a group's members.
fn files(group: &Value) -> Vec<&str> {
    list(group, "members").iter().map(|member| member["file_path"].as_str().expect("a path")).collect()
}

#[test]
fn each_kind_has_its_channel() {
    let place = place();
    let object = found(&place, &[]);
    let groups = list(&object, "groups");
    assert_eq!(each(groups, "channel"), ["exact", "renamed", "near", "fragment", "intent"]);
    let expected = [
        &["orders/a.py", "orders/b.py"][..],
        &["orders/a.py", "orders/b.py", "orders/c.py"],
        &["orders/a.py", "orders/b.py", "orders/c.py", "orders/d.py"],
        &["files/e.py", "files/f.py"],
        &["sums/g.py", "sums/h.py"],
    ];
    for (group, expected) in groups.iter().zip(expected) {
        let mut found = files(group);
        found.sort_unstable();
        assert_eq!(found, expected, "{group}");
        assert_eq!((&group["is_test"], &group["state"]), (&json!(false), &Value::Null));
    }
    assert_eq!((&groups[0]["pair_count"], &groups[0]["md5_overlap_pairs"]), (&json!(1), &json!(1)));
    assert_eq!((&groups[2]["pair_count"], &groups[2]["md5_overlap_pairs"]), (&json!(6), &json!(1)));
    assert_eq!(groups[0]["saved_lines"], 8);
    let member = &groups[0]["members"][1];
    assert_eq!(
        (&member["start_line"], &member["end_line"], &member["kind"]),
        (&json!(3), &json!(10), &json!("function"))
    );
    assert_eq!((&member["best_ratio"], &member["md5_overlap"]), (&json!(1.0), &json!(1)));
    assert_eq!((&member["signature"], &member["fragment"]), (&json!("def load_invoice(row, rates):"), &Value::Null));

    // The docstring and the comment before the shared statements do not shift their lines.
    let spans: Vec<_> = list(&groups[3], "members").iter().map(|member| member["fragment"].clone()).collect();
    let expected = [
        json!({"start_line": 16, "end_line": 24, "is_estimated": false}),
        json!({"start_line": 13, "end_line": 21, "is_estimated": false}),
    ];
    assert_eq!(spans, expected);

    assert_eq!(
        (&object["schema_version"], &object["run_id"], &object["truncated"]),
        (&json!(1), &json!(1), &json!(false))
    );
    assert_eq!((&object["totals"]["group_count"], &object["totals"]["member_count"]), (&json!(5), &json!(8)));
    assert_eq!(object["settings"]["token_threshold"], 0.72);
}

#[test]
fn search_scope_follows_options() {
    let place = place();
    assert_eq!(channels(&place, &["--channels", "intent,exact"]), ["exact", "intent"]);
    assert_eq!(channels(&place, &["--channels", "exact", "--kinds", "class"]), [""; 0]);
    assert_eq!(channels(&place, &["--channels", "exact", "--min-lines", "9"]), [""; 0]);
    assert_eq!(channels(&place, &["--channels", "exact", "--min-tokens", "500"]), [""; 0]);
    assert_eq!(channels(&place, &["--channels", "fragment", "--min-fragment-lines", "10"]), [""; 0]);
    let near =
        |more: &[&str]| found(&place, &[&["--channels", "near"], more].concat())["totals"]["member_count"].clone();
    assert_eq!(near(&[]), 4);
    assert_eq!(near(&["--code-threshold", "1"]), 3, "what differs in names and literals is equal by tokens");
    assert_eq!(near(&["--code-threshold", "1", "--near-by", "text"]), 2);
    place
        .database()
        .execute("UPDATE records SET intent = 'Gives the middle of all of the values.' WHERE file_path = 'sums/g.py'");
    assert_eq!(channels(&place, &["--channels", "intent"]), ["intent"]);
    assert_eq!(channels(&place, &["--channels", "intent", "--intent-threshold", "1"]), [""; 0]);
}

#[test]
fn derived_intents_need_an_option() {
    let place = place();
    // The intents of `sums` do not come from the provider, although the run used one.
    let object = found(&place, &["--intent-threshold", "0.4"]);
    assert_eq!(files(list(&object, "groups").last().expect("a group")), ["sums/g.py", "sums/h.py"]);
    assert_eq!(object["settings"]["derived_intents"], false);
    assert_eq!(object["totals"]["unsearched_intent_count"], 6);
    let said = "6 intents derived from the code, which --channels intent searches";
    assert!(check(&place, &[]).succeeded().stdout.contains(said));
    let named = ["--intent-threshold", "0.4", "--channels", "exact,intent"];
    assert_eq!(channels(&place, &named), ["exact", "intent", "intent"]);
    // A model's answer counts, whatever its wording.
    place.database().execute("UPDATE runs SET model = 'qwen3-coder:latest'");
    assert_eq!(found(&place, &["--intent-threshold", "0.4"])["channels"][4]["group_count"], 2);
}

#[test]
fn display_can_be_narrowed() {
    let place = place();
    assert_eq!(channels(&place, &["--path-filter", "files"]), ["fragment"]);
    assert_eq!(channels(&place, &["--path-filter", "d.py", "--path-filter", "sums/**"]), ["near", "intent"]);
    assert_eq!(channels(&place, &["--path-filter", "elsewhere/*"]), [""; 0]);

    let object = found(&place, &["--limit", "2"]);
    assert_eq!(each(list(&object, "groups"), "channel"), ["exact", "renamed"]);
    assert_eq!((&object["truncated"], &object["truncated_group_count"]), (&json!(true), &json!(3)));
    assert_eq!((&object["shown_group_count"], &object["totals"]["group_count"]), (&json!(2), &json!(5)));
    assert_eq!(list(&found(&place, &["--limit", "0"]), "groups").len(), 5);

    let id = list(&object, "groups")[1]["group_id"].as_str().unwrap().to_owned();
    let only = found(&place, &["--group", &id[..8]]);
    assert_eq!(each(list(&only, "groups"), "group_id"), [id.as_str()]);
    check(&place, &["--group", "ffffffffffffffff"]).exited_with(2).stderr_has(&["no group of this search"]);
}

#[test]
fn generated_code_ranks_last() {
    let mark = "# Generated by the protocol buffer compiler.  DO NOT EDIT!\n";
    let place = Place::with_files(&[
        ("api/a_pb2.py", &format!("{mark}# source: shop.proto\nimport os\n\n\n{REPORT}")),
        ("api/b_pb2.py", &format!("{mark}\n{REPORT}")),
        ("orders/a.py", LOAD),
        ("orders/b.py", &format!("import os\n{mark}\n{LOAD}")),
        ("sums/a.py", MEDIAN),
        ("sums/b_pb2.py", &format!("{mark}\n{MEDIAN}")),
    ]);
    place.persist("builtin:", &[]).succeeded();
    let groups = |more: &[&str]| {
        let object = found(&place, &[&["--channels", "exact"], more].concat());
        let groups = list(&object, "groups").iter();
        groups.map(|group| (files(group)[0].to_owned(), group["is_generated"].clone())).collect::<Vec<_>>()
    };
    let of = |path: &str, is_generated: bool| (path.to_owned(), json!(is_generated));
    let (api, orders, sums) = (of("api/a_pb2.py", true), of("orders/a.py", false), of("sums/a.py", false));
    assert_eq!(groups(&[]), [orders.clone(), sums.clone(), api.clone()]);
    assert_eq!(groups(&["--limit", "2"]), [orders.clone(), sums.clone()]);
    assert_eq!(groups(&["--generated", "same"]), [api, orders.clone(), sums]);
    assert_eq!(groups(&["--generated", "hide"]), [orders], "what programs wrote is not looked at");

    let object = found(&place, &["--channels", "exact"]);
    assert_eq!(each(list(&list(&object, "groups")[1], "members"), "is_generated"), [false, true]);
    let table = check(&place, &["--channels", "exact"]).succeeded().stdout;
    assert!(table.contains("  generated\n"), "{table}");
}

#[test]
fn each_format_is_valid() {
    let place = place();
    let table = check(&place, &[]).succeeded();
    assert_eq!(table.stderr, "");
    for part in ["equal code", "orders/b.py:3", "def halfway(stream):", "5: 1 exact, 1 renamed, 1 near"] {
        assert!(table.stdout.contains(part), "{part}: {}", table.stdout);
    }

    let lines = check(&place, &["--format", "ndjson", "--limit", "4"]).succeeded().stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[4]["type"], &lines[4]["truncated"]), (5, &json!("summary"), &json!(true)));
    assert_eq!(&lines[3]["channel"], "fragment");

    let csv = check(&place, &["--format", "csv"]).succeeded().stdout;
    assert_eq!(csv.matches("\r\n").count(), 1 + 2 + 3 + 4 + 2 + 2);
    assert!(csv.starts_with("run_id,channel,group_id,"), "{csv}");
    check(&place, &["--format", "csv", "--limit", "1"]).succeeded().stderr_has(&["4 groups are left out"]);

    let markdown = check(&place, &["--format", "markdown"]).succeeded().stdout;
    assert_eq!(markdown.lines().filter(|line| line.starts_with("| ")).count(), 2 + 5);

    let sarif: Value = serde_json::from_str(&check(&place, &["--format", "sarif"]).succeeded().stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let gitlab: Value = serde_json::from_str(&check(&place, &["--format", "gitlab"]).succeeded().stdout).unwrap();
    assert!(gitlab.as_array().is_some_and(|issues| !issues.is_empty()));
    let github = check(&place, &["--format", "github"]).succeeded().stdout;
    assert!(github.lines().all(|line| line.starts_with("::")), "{github}");
    let html = check(&place, &["--format", "html"]).succeeded().stdout;
    assert!(html.starts_with("<!doctype html>"));

    check(&place, &["--format", "json", "--output", "found.json"]).succeeded();
    assert_eq!(serde_json::from_slice::<Value>(&place.read("found.json")).unwrap(), found(&place, &[]));
    check(&place, &["--output", "no/such/folder.txt"]).exited_with(2);
}

#[test]
fn code_is_shown_side_by_side() {
    let place = place();
    let text = check(&place, &["--show", "diff", "--channels", "near,fragment,intent"]).succeeded().stdout;
    for part in ["log.debug(currency, tax)", "{+round(+}price + tax{+, 2)+}", "Gives the middle of all values."] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Equal code is printed once.
    assert_eq!(text.matches("   16   if not os.path.isdir(folder):").count(), 1, "{text}");
    assert!(text.contains("files/f.py:13-21, ratio 1.00") && text.contains("  2 is identical to 1\n"), "{text}");
    check(&place, &["--show", "diff", "--format", "json"]).exited_with(2).stderr_has(&["--show diff"]);
}

#[test]
fn run_without_records_succeeds() {
    let place = Place::empty();
    place.persist("builtin:", &[]).succeeded();
    let outcome = check(&place, &[]).succeeded().stderr_has(&["warning: run 1 has no records"]);
    assert_eq!(outcome.stdout, "  run 1 has no records, so there are no duplicates\n");
    let object = found(&place, &[]);
    assert_eq!((&object["groups"], &object["totals"]["share"]), (&json!([]), &json!(0.0)));
    for format in ["ndjson", "csv", "markdown", "sarif", "gitlab", "github", "html"] {
        check(&place, &["--format", format]).succeeded();
    }
    check(&place, &["--show", "diff"]).succeeded();
}

#[test]
fn invalid_options_are_refused() {
    let place = place();
    for run in ["7", "x", "latest~1", "-1"] {
        check(&place, &["--run", run])
            .exited_with(1)
            .stderr_has(&["error: failed to find run", "there is no such run"]);
    }
    for wrong in [
        &["--code-threshold", "1.1"][..],
        &["--code-threshold", "NaN"],
        &["--intent-threshold", "-0.5"],
        &["--channels", "same"],
        &["--kinds", "module"],
        &["--format", "xml"],
        &["--limit", "-1"],
        &["--path-filter", "a["],
        &["--show", "code"],
    ] {
        let outcome = check(&place, wrong).exited_with(2);
        assert_eq!(outcome.stdout, "");
        assert!(outcome.stderr.lines().count() <= 3, "{outcome:#?}");
    }
    place.cds(&["dup-check", "--db-path", "missing.sqlite"]).exited_with(2);
    place.cds(&["dup-check"]).exited_with(2);
    Database::create(&place.path("empty.sqlite"), CONTRACT);
    place.cds(&["dup-check", "--db-path", "empty.sqlite"]).exited_with(1).stderr_has(&["no snapshot yet"]);
}

#[test]
fn only_the_output_is_written() {
    let place = place();
    let before = place.read(DATABASE);
    let names = place.names();
    check(&place, &[]).succeeded();
    assert_eq!((place.read(DATABASE) == before, place.names()), (true, names));
}

#[test]
fn foreign_database_can_be_checked() {
    let place = place();
    let expected = list(&found(&place, &[]), "groups").clone();
    let source = place.path(DATABASE);
    let copy = format!(
        "{CONTRACT}
         ATTACH '{}' AS ours;
         INSERT INTO runs SELECT * FROM ours.runs;
         INSERT INTO records SELECT * FROM ours.records;
         UPDATE records SET md5sum = upper(md5sum);
         UPDATE records SET raw_code = CAST(raw_code AS BLOB) WHERE kind = 'file';
         INSERT INTO records SELECT NULL, run_id, 'lambda', file_path, NULL, 1, 1, 'x', 'x', 'x', NULL, 'skipped', NULL
           FROM records LIMIT 1",
        source.display()
    );
    Database::create(&place.path("theirs.sqlite"), &copy);
    let outcome = place.cds(&["dup-check", "--db-path", "theirs.sqlite", "--format", "json"]).succeeded();
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(list(&object, "groups"), &expected);
    outcome.stderr_has(&["1 records are left out: their kinds are not known, for example \"lambda\""]);
}

#[test]
fn pasted_lines_are_found_anywhere() {
    let steps = RUN.replace("\n    ", "\n");
    let script = format!("import os\n\nlines = load_lines(\"today\")\n{steps}");
    let arms = format!("        {}", RUN.replace("\n    ", "\n        "));
    let arms =
        format!("def publish(kind, folder, name, lines):\n    if kind:\n{arms}    else:\n        clear(name)\n{arms}");
    let place = Place::with_files(&[("jobs/a.py", &script), ("jobs/b.py", &script), ("arms.py", &arms)]);
    place.persist("builtin:", &[]).succeeded();
    let object = found(&place, &[]);
    let groups = list(&object, "groups");
    let members: Vec<_> = groups.iter().flat_map(|group| list(group, "members")).collect();
    let lines = |path: &str| -> Vec<(Value, Value)> {
        let own = members.iter().filter(|member| member["file_path"] == path);
        own.map(|member| (member["fragment"]["start_line"].clone(), member["fragment"]["end_line"].clone())).collect()
    };
    assert_eq!((lines("jobs/a.py"), lines("jobs/b.py")), (vec![(json!(3), json!(12))], vec![(json!(3), json!(12))]));
    assert_eq!(lines("arms.py"), [(json!(3), json!(11)), (json!(14), json!(22))]);
    assert_eq!(object["settings"]["kinds"], json!(["function", "method", "outside"]));
    assert_eq!(object["totals"]["left_out_pair_count"], 0);
    let functions = found(&place, &["--kinds", "function,method"]);
    assert_eq!(list(&functions, "groups").len(), 1);
    assert_eq!(functions["settings"]["kinds"], json!(["function", "method"]));
}
