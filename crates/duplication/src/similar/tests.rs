//! The fast path against a plain loop over every text.

use std::{fs, path::Path};

use proptest::prelude::*;

use super::*;
use crate::matching::ratio::sequence_ratio;

fn python() -> &'static Language {
    Language::of_record("a.py")
}

/// Every text that has any ratio, best first.
fn plain(codes: &[String], code: &str, limit: usize) -> Vec<Similar> {
    let unit = Unit::new(python(), code);
    let alphabet = Alphabet::new(std::iter::once(code));
    let text = alphabet.encode(code);
    let mut pattern = Pattern::default();
    let mut found = Vec::new();
    for (index, other) in codes.iter().enumerate() {
        if other.len() > code.len() * LENGTH_FACTOR || code.len() > other.len() * LENGTH_FACTOR {
            continue;
        }
        let encoded = alphabet.encode(other);
        let other_unit = Unit::new(python(), other);
        let exact = other == code;
        let by_tokens = sequence_ratio(&unit.shape, &other_unit.shape, LEAST, &mut pattern).unwrap_or(0.0);
        let by_text = text_ratio((code, &text), (other, &encoded), LEAST, &mut pattern)
            .filter(|_| exact || text.len() <= LONG || by_tokens >= MIN_LIKENESS)
            .unwrap_or(0.0);
        let channel = match (exact, unit.renamed == other_unit.renamed) {
            (true, _) => Channel::Exact,
            (false, true) => Channel::Renamed,
            (false, false) => Channel::Near,
        };
        let ratio = by_text.max(by_tokens);
        if ratio > 0.0 {
            found.push(Similar { index, channel, ratio, text_ratio: by_text, token_ratio: by_tokens });
        }
    }
    found.sort_by(order);
    found.truncate(limit);
    found
}

const LINES: &[&str] = &[
    "    if not a:\n        x(1)\n    else:\n        return y\n",
    "    if a != b:\n        if c:\n            go('(', \"é\")\n",
    "    i = 0\n    while i < n:\n        x(i)\n        i += 1\n",
    "    items = list(a.xs())\n    i = 0\n    while i < len(items):\n        x = items[i]\n        i += 1\n        go(x)\n",
    "    it = iter(xs)\n    while True:\n        try:\n            x = next(it)\n        except StopIteration:\n            break\n        go(x)\n",
    "    r = []\n    for x in xs:\n        r.append(x + 1)\n    q = [r]\n    s = [q]\n    return s\n",
    "    r = {}\n    for k, v in xs:\n        if k:\n            r[k] = v\n    go(r, r)\n",
    "    total = sum(line.price for line in order.lines)\n    ledger.book(order.number, total, key='∑')\n",
    "    y = make(1.5, 'two', b\"3\") # why\n    return y\n",
    "    with open(path) as file:\n        return file.read()\n",
];

/// Functions of some of the lines, some with other names and literals.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let body = prop::collection::vec(0..LINES.len(), 1..5);
    let text = (body, 0..4_u8).prop_map(|(places, change)| {
        let text = places.into_iter().fold("def f(self, a):\n".to_owned(), |text, place| text + LINES[place]);
        match change {
            1 => text.replace("order", "job").replace("items", "things"),
            2 => text.replace("'two'", "'('").replace("1.5", "2").replace('x', "value"),
            3 => text.replace("xs", "é").replace("go", "∑∂"),
            _ => text,
        }
    });
    prop::collection::vec(text, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_is_lost(codes in texts(), limit in 1..12_usize) {
        for code in codes.iter().take(3) {
            prop_assert_eq!(similar_codes(python(), &codes, code, limit), plain(&codes, code, limit));
        }
    }

    #[test]
    fn no_shape_has_more_in_common_than_the_bound(codes in texts()) {
        let wanted = Wanted::new(python(), &codes[0]);
        for code in &codes {
            let classes = shape::classes(&python().tokens(code));
            let most = wanted.notation.most(&wanted.shape, wanted.unit.shape.len(), &classes);
            let real = sequence_ratio(&wanted.unit.shape, &Unit::new(python(), code).shape, 0.0, &mut Pattern::default());
            prop_assert!(real.unwrap() <= most);
        }
    }
}

/// This crate's own texts stand for real code here; the lexer reads anything.
#[test]
fn real_texts_are_found_as_by_a_plain_loop() {
    let mut codes = Vec::new();
    for name in ["read/unit.rs", "judge/evidence.rs", "group/graph.rs", "read/shape.rs"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        codes.extend(lines.chunks(14).map(|some| some.join("\n")));
    }
    for code in codes.iter().step_by(7) {
        for limit in [1, 10] {
            assert_eq!(similar_codes(python(), &codes, code, limit), plain(&codes, code, limit));
        }
    }
    assert!(similar_codes(python(), &codes, &codes[0], 0).is_empty());
    assert!(similar_codes::<String>(python(), &[], "x = 1", 10).is_empty());
}
