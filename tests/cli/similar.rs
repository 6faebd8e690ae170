//! `cds similar`: finds existing code like the given one.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    ledger::{each, list},
    place::{DATABASE, Outcome, Place},
};

const CODE: &str = "\
import os


class Cart:
    def total(self, rates):
        # Sums up.
        price = sum(item.price * item.count for item in self.items)
        tax = price * rates[self.country].tax
        if self.coupon:
            price -= self.coupon.value
        return price + tax


def words(text, separator):
    seen = set()
    for word in text.split():
        if word.lower() not in seen:
            seen.add(word.lower())
    return separator.join(seen)
";

/// Seven lines of a longer function.
const RUN: &str = "    subtotal = 0.0
    for position in order.positions:
        price = position.quantity * position.unit_price
        if position.discount_rate is not None:
            price -= price * position.discount_rate
        subtotal += round(price, 2)
    shipping = compute_shipping(order.address, subtotal)
";

/// A function that is much longer than `run` in it, which begins at line 44.
fn long_function(run: &str) -> String {
    let lines: Vec<String> = (0..40).map(|at| format!("    v{at} = journal.look_up({at}, key_{at})\n")).collect();
    let lines = lines.concat();
    format!("def book(order, journal):\n    \"\"\"Books.\"\"\"\n{lines}    # The sum.\n{run}    return journal.names\n")
}

fn place() -> Place {
    let copy = CODE.replace("class Cart", "class Basket");
    let place = Place::with_files(&[("shop/a.py", CODE), ("shop/b.py", &copy)]);
    place.persist("builtin:", &[]).succeeded();
    place
}

fn with_stdin(place: &Place, text: &str, more: &[&str]) -> Outcome {
    let mut command: Command = place.command(&["similar", "-", "--db-path", DATABASE]);
    let mut child = command
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    Outcome::from(child.wait_with_output().expect("it ends"))
}

#[test]
fn definition_is_compared_with_others() {
    let place = place();
    let object = place.ask_json(&["similar", "tree/shop/a.py:6"]);
    assert_eq!(object["to"]["signature"], "def total(self, rates):");
    assert_eq!((&object["to"]["start_line"], &object["run_id"]), (&json!(5), &json!(1)));
    let first = &list(&object, "similar")[0];
    assert_eq!((&first["channel"], &first["ratio"], &first["kind"]), (&json!("exact"), &json!(1.0), &json!("method")));
    assert_eq!((&first["file_path"], &first["start_line"]), (&json!("shop/b.py"), &json!(5)));
    let text = place.ask(&["similar", "tree/shop/a.py:6", "--limit", "1"]).succeeded().stdout;
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains("shop/b.py:5"), "{text}");
}

#[test]
fn code_from_stdin_is_found() {
    let place = place();
    let cut: String = CODE.split_inclusive('\n').skip(4).take(7).collect();
    let outcome = with_stdin(&place, &cut, &["--format", "json", "--min-ratio", "1"]).succeeded();
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let found = list(&object, "similar");
    assert_eq!(each(found, "file_path"), ["shop/a.py", "shop/b.py"]);
    assert_eq!(each(found, "channel"), ["exact", "exact"]);
    let renamed = cut.replace("price", "cost").replace("tax", "fee").replace("rates", "factors");
    let outcome = with_stdin(&place, &renamed, &["--format", "json", "--limit", "1"]).succeeded();
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(list(&object, "similar").len(), 1);
    assert_ne!(list(&object, "similar")[0]["channel"], "exact");
    let none = with_stdin(&place, "print('hello')\n", &["--min-ratio", "0.99"]).succeeded();
    assert_eq!(none.stdout, "nothing in run 1 is like it\n");
}

#[test]
fn lines_are_found_in_longer_function() {
    let nested = format!("def outer(key_0):\n{}", indented(&long_function(RUN)));
    let with_run = format!("\n\ndef sums(order):\n    # First.\n    order.lock()\n{RUN}    del shipping\n");
    let place =
        Place::with_files(&[("shop/a.py", &long_function(RUN)), ("shop/n.py", &nested), ("shop/s.py", &with_run)]);
    place.persist("builtin:", &[]).succeeded();
    let fragments = |text: &str| {
        let outcome = with_stdin(&place, text, &["--format", "json"]).succeeded();
        let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let mut found = list(&object, "similar").clone();
        found.retain(|found| found["channel"] == "fragment");
        found
    };
    let pasted = format!("# A note.\n{RUN}");
    let found = fragments(&pasted);
    // Of two nested functions the inner one is reported, and a function that matches as a whole is not a fragment.
    assert_eq!(each(&found, "file_path"), ["shop/a.py", "shop/n.py"]);
    assert_eq!(each(&found, "start_line"), [1, 2]);
    let lines = json!({"start_line": 44, "end_line": 50, "to_start_line": 2, "to_end_line": 8, "equal_line_count": 7,
                       "equal_token_count": 52});
    assert_eq!((&found[0]["fragment"], &found[0]["ratio"]), (&lines, &json!(1.0)));
    let renamed = pasted.replace("position", "entry").replace("price", "cost");
    assert_eq!(each(&fragments(&renamed), "file_path"), ["shop/a.py", "shop/n.py"]);

    let object = place.ask_json(&["similar", "tree/shop/s.py:5"]);
    let found = list(&object, "similar");
    assert_eq!(each(found, "channel"), ["fragment", "fragment"]);
    assert_eq!((&found[0]["fragment"]["to_start_line"], &found[0]["fragment"]["to_end_line"]), (&json!(6), &json!(12)));
    let table = place.ask(&["similar", "tree/shop/s.py:5"]).succeeded().stdout;
    let row = table.lines().nth(1).unwrap();
    assert!(["fragment", "shop/a.py:1", "44-50", "6-12"].iter().all(|text| row.contains(text)), "{table}");

    // One line less, and swapped names.
    let short: String = RUN.split_inclusive('\n').skip(2).collect();
    assert!(fragments(&short).is_empty());
    let mixed: String =
        RUN.lines().zip(0..).map(|(line, at)| line.replace("price", &format!("p{at}")) + "\n").collect();
    let mixed = mixed.replace("position.discount", "other.discount").replace("subtotal +=", "total +=");
    assert!(fragments(&mixed).is_empty());
    let above = with_stdin(&place, &renamed, &["--format", "json", "--limit", "1"]).succeeded();
    let object: Value = serde_json::from_str(&above.stdout).unwrap();
    assert_eq!(each(list(&object, "similar"), "channel"), ["near", "fragment"], "the limit is that of each half");
}

fn indented(text: &str) -> String {
    format!("    {}\n", text.trim_end().replace('\n', "\n    "))
}

#[test]
fn file_is_compared_with_files() {
    let place = place();
    let object = place.ask_json(&["similar", "tree/shop/a.py"]);
    let first = &list(&object, "similar")[0];
    assert_eq!((&first["file_path"], &first["kind"]), (&json!("shop/b.py"), &json!("file")));
}

#[test]
fn unusable_input_is_refused() {
    let place = place();
    place.write("empty.py", "# nothing\n");
    for (to, why) in [
        ("tree/shop/a.py:1", "no class, function or method covers that line"),
        ("tree/shop/a.py:99", "no class, function or method covers that line"),
        ("tree/shop/a.py:0", "lines are numbered from 1"),
        ("missing.py", "missing.py"),
        ("tree", "directory"),
        ("empty.py", "there is no code in it"),
    ] {
        place.ask(&["similar", to]).exited_with(2).stderr_has(&[why]);
    }
    let file = &["similar", "tree/shop/a.py"][..];
    place.ask(&[file, &["--run", "7"]].concat()).exited_with(1).stderr_has(&["there is no such run"]);
    for wrong in [&["--limit", "0"][..], &["--min-ratio", "2"], &["--format", "csv"]] {
        place.ask(&[file, wrong].concat()).exited_with(2);
    }
    with_stdin(&place, "", &[]).exited_with(2).stderr_has(&["there is no code in it"]);
}
