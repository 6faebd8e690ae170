//! Compares searches of real code.

use cds_model::{Md5Sum, SymbolKind};

use super::{Change::*, *};
use crate::{Definition, Settings, find};

/// Functions of `(file, name, code)` in which only the bodies matter.
fn definitions(rows: &[(&str, &str, &str)]) -> Vec<Definition> {
    let row = |&(file, name, body): &(&str, &str, &str)| {
        let signature = format!("def {name}(items, limit):");
        let code = format!("{signature}\n{body}");
        Definition { file_path: file.into(), signature: Some(signature.into()), ..Definition::of(&code) }
    };
    rows.iter().map(row).collect()
}

const TOTAL: &str = "    total = 0\n    for item in items:\n        if item.price > limit:\n            raise ValueError(item)\n        total += item.price * item.count\n    return total";
const JOIN: &str = "    seen = set()\n    words = []\n    for word in items:\n        if word.lower() not in seen:\n            seen.add(word.lower())\n            words.append(word.strip())\n    return ', '.join(words[:limit])";

fn searched(rows: &[(&str, &str, &str)]) -> SearchKeys {
    let definitions = definitions(rows);
    search_keys(&find(&definitions, &Settings::default()).groups, &definitions)
}

/// The changes of the groups that no other one covers.
fn changes_between(before: &SearchKeys, after: &SearchKeys) -> Vec<Change> {
    let changes = compare(before, after).changes;
    changes.into_iter().zip(&after.groups).filter(|(_, group)| !group.is_covered).map(|(change, _)| change).collect()
}

#[test]
fn real_searches_are_compared_by_what_was_found() {
    let before = searched(&[("a.py", "total", TOTAL), ("b.py", "total", TOTAL), ("c.py", "join", JOIN)]);
    assert_eq!(changes_between(&searched(&[]), &before), [New]);
    assert_eq!(changes_between(&before, &before), [Known]);
    let edited = TOTAL.replace("ValueError(item)", "ValueError(item, limit)");
    let moved = searched(&[("x/a.py", "total", TOTAL), ("b.py", "total", &edited), ("c.py", "join", JOIN)]);
    assert_eq!(changes_between(&before, &moved), [Known], "{before:?} {moved:?}");
    for names in [["total", "sum"], ["sum", "sum"], ["sum", "summe"]] {
        let renamed = searched(&[("a.py", names[0], TOTAL), ("b.py", names[1], TOTAL), ("c.py", "join", JOIN)]);
        assert_eq!(changes_between(&before, &renamed), [Known], "{names:?}");
    }
    let grown = searched(&[
        ("a.py", "total", TOTAL),
        ("b.py", "total", TOTAL),
        ("c.py", "join", JOIN),
        ("d.py", "total", TOTAL),
    ]);
    assert_eq!(changes_between(&before, &grown), [Grown { before: 2 }]);
    let more =
        searched(&[("a.py", "total", TOTAL), ("b.py", "total", TOTAL), ("c.py", "join", JOIN), ("d.py", "join", JOIN)]);
    let mut changes = changes_between(&before, &more);
    changes.sort_by_key(|change| *change == Known);
    assert_eq!(changes, [New, Known]);
    assert_eq!(compare(&more, &before).removed.iter().filter(|place| !more.groups[**place].is_covered).count(), 1);
}

#[test]
fn functions_become_methods_and_folders_move() {
    let near = TOTAL.replace("raise ValueError(item)", "raise LimitError(item)").replace("limit", "most");
    let before = searched(&[("a/x.py", "total", TOTAL), ("a/y.py", "total", &near), ("c.py", "join", JOIN)]);
    let edited = |code: &str| code.replace("return total", "return round(total)");
    let moved = [("src/b/x.py", "total", edited(TOTAL)), ("src/b/y.py", "total", edited(&near))];
    let moved: Vec<(&str, &str, &str)> = moved.iter().map(|(file, name, code)| (*file, *name, &**code)).collect();
    assert_eq!(changes_between(&before, &searched(&moved)), [Known]);

    let mut definitions = definitions(&moved);
    for definition in &mut definitions {
        definition.kind = SymbolKind::Method;
        definition.normalized_code = definition.normalized_code.replace("(items, limit", "(self, items, limit").into();
        definition.md5sum = Md5Sum(md5::compute(&*definition.normalized_code).0);
    }
    let methods = search_keys(&find(&definitions, &Settings::default()).groups, &definitions);
    assert_eq!(changes_between(&before, &methods), [Known]);
    // What is left where a copy was is no copy.
    let wrapper = "    return add_up(items, limit)";
    let left =
        searched(&[("a/x.py", "total", TOTAL), ("a/y.py", "total", wrapper), ("c.py", "add_up", &edited(&near))]);
    assert_eq!(changes_between(&before, &left), [Known]);
}

#[test]
fn definition_is_known_by_names_and_lines() {
    let rows = [("a/x.py", "total", TOTAL), ("a/x.py", "total", JOIN), ("b/x.py", "total", TOTAL)];
    let mut definitions = definitions(&rows);
    definitions[1].start_line = 20;
    definitions[1].end_line = 30;
    let keys = search_keys(&[], &definitions).definitions;
    let [first, second, other] = &keys[..] else { panic!("{keys:?}") };
    assert_eq!((first.file, first.sibling), (second.file, second.sibling));
    assert!(first.location != second.location && first.name != second.name && first.tail != second.tail);
    assert_eq!((first.tail, first.name, first.code, &first.lines), (other.tail, other.name, other.code, &other.lines));
    assert!(first.location != other.location && first.file != other.file && first.sibling != other.sibling);
    assert!(first.lines.is_sorted() && first.lines.len() == 7);
    // Deeper, as in a block.
    definitions[2].normalized_code = definitions[2].normalized_code.replace('\n', "\n    ").into();
    assert_eq!(search_keys(&[], &definitions).definitions[2].lines, first.lines);

    let of_kind = |kind| {
        let definition = Definition { kind, ..definitions[0].clone() };
        search_keys(&[], &[definition]).definitions.remove(0)
    };
    assert_eq!(of_kind(SymbolKind::Method), *first);
    let class = of_kind(SymbolKind::Class);
    assert!(class.kind != first.kind && class.location != first.location && class.name != first.name);
    let file = |path: &str| {
        let definition =
            Definition { kind: SymbolKind::File, file_path: path.into(), signature: None, ..definitions[0].clone() };
        search_keys(&[], &[definition]).definitions.remove(0)
    };
    assert_eq!(file("a/x.py").name, file("b/c/x.py").name);
    assert_ne!(file("a/x.py").name, file("a/y.py").name);
}
