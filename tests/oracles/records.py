#!/usr/bin/env python3
"""Compares the records of `cds` with the definitions that Python's own parser finds: records.py CDS FOLDER

CDS is the binary, FOLDER a tree with Python files. Every `.py` file below FOLDER is read, including hidden and ignored ones.
The parser is that of the Python that runs this script, so use the newest one available.

Prints one line for each file of these kinds, then the counts. Exits with 1 if one of the first three counts is not zero:

silently wrong  Python accepts the file, cds reports no error, and the definitions differ
wrong lines     Python accepts the file, cds reports an error, and keeps a definition that Python does not have
lost            Python accepts the file, cds reports an error, and definitions are missing
refused         Python accepts the file, cds reports an error, and every definition is there
only cds        Python rejects the file, cds reports no error: newer syntax, or the grammar is more lenient

A definition is its kind and the lines of its keyword and of its last statement.
"""

import ast
import collections
import json
import pathlib
import subprocess
import sys
import warnings

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
GRAVE = ("silently wrong", "wrong lines", "lost")


def main():
    cds, folder = sys.argv[1:3]
    found, errors = records(cds, folder)
    counts = collections.Counter()
    for path in sorted(pathlib.Path(folder).rglob("*.py")):
        if not path.is_file() or path.is_symlink():
            continue
        name = path.relative_to(folder).as_posix()
        counts["files"] += 1
        expected = definitions(path)
        if expected is None:
            counts["not taken by Python"] += 1
            if name not in errors:
                report(counts, "only cds", name, "")
            continue
        counts["definitions"] += expected.total()
        compare(counts, name, expected, found.get(name, collections.Counter()), errors.get(name))
    print(f"Python {sys.version.split()[0]}: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    sys.exit(any(counts[kind] for kind in GRAVE))


def compare(counts, name, expected, found, error):
    missing, extra = expected - found, found - expected
    detail = f"{missing.total()} missing, {extra.total()} extra, {first(missing) or first(extra) or 'all there'}"
    if error is None:
        if missing or extra:
            report(counts, "silently wrong", name, detail)
        return
    detail = f"{detail}; {error}"
    counts["lost definitions"] += missing.total()
    if extra:
        report(counts, "wrong lines", name, detail)
    elif missing:
        report(counts, "lost", name, detail)
    else:
        report(counts, "refused", name, detail)


def report(counts, kind, name, detail):
    counts[kind] += 1
    print(f"{kind}: {name}: {detail}" if detail else f"{kind}: {name}")


def first(definitions):
    return " ".join(map(str, min(definitions, key=lambda of: of[1]))) if definitions else ""


def records(cds, folder):
    """The definitions of each file, and its error if it has one."""
    command = [cds, "model-build", "--path", folder, "--no-ignore", "--format", "json"]
    output = json.loads(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout)
    found = collections.defaultdict(collections.Counter)
    for record in output["records"]:
        if record["kind"] != "file":
            found[record["file_path"]][record["kind"], record["start_line"], record["end_line"]] += 1
    errors = {error["file_path"]: f"line {error['line']}: {error['reason']}" for error in output["errors"]}
    return found, errors


def definitions(path):
    """The definitions as Python's own parser sees them; None if it rejects the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = collections.Counter()
    waiting = [(tree, False)]
    while waiting:
        node, in_class = waiting.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            kind = "class" if isinstance(node, ast.ClassDef) else "method" if in_class else "function"
            found[kind, node.lineno, node.end_lineno] += 1
            in_class = isinstance(node, ast.ClassDef)
        waiting.extend((child, in_class) for child in ast.iter_child_nodes(node))
    return found


if __name__ == "__main__":
    main()
