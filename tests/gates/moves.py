#!/usr/bin/env python3
"""Checks the gate with many synthetic commits at once: moves.py CDS TREE move|paste [SHARE]

Run 1 is the tree. Then, for each pair of copies that `cds dup-check` finds, one copy is removed from its file, and a
function with another name appears in a new file. With `move` it is made of the removed copy, with `paste` of the one that
stays. A new line is inserted before SHARE of its statements (default 0.05, at least one). Run 2 is compared with run 1,
and the states of these functions are counted. `known` is right for a move; `new` and `grown` are right for a paste.
`not found` counts functions that are no longer duplicates.
"""

import ast
import collections
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def main():
    cds, source, mode = sys.argv[1:4]
    share = float(sys.argv[4]) if len(sys.argv) > 4 else 0.05
    random.seed(7)
    with tempfile.TemporaryDirectory() as folder:
        tree, database = pathlib.Path(folder, "tree"), str(pathlib.Path(folder, "cds.sqlite"))
        shutil.copytree(source, tree)
        snapshot(cds, tree, database)
        count = change(tree, pairs(check(cds, database)), mode, share)
        snapshot(cds, tree, database)
        found = verdicts(check(cds, database, "--baseline-run", "1"))
    sums = collections.Counter(worst(found[place]) for place in range(count))
    print(mode, count, dict(sums))


def snapshot(cds, tree, database):
    options = ["--db-path", database, "--provider", "builtin", "--project", "moves", "--quiet"]
    done = subprocess.run([cds, "persist", "--path", tree, *options], stdout=subprocess.DEVNULL)
    # Unreadable files do not stop the check.
    if done.returncode not in (0, 3):
        sys.exit(done.returncode)


def check(cds, database, *options):
    command = [cds, "dup-check", "--db-path", database, "--format", "json", "--limit", "0", *options]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["groups"]


def pairs(groups):
    found = [group["members"] for group in groups if group["channel"] in ("exact", "renamed", "near")]
    found = [members for members in found if len(members) == 2]
    random.shuffle(found)
    return found


def change(tree, pairs, mode, share):
    """Changes each file at most once; returns the number of changes."""
    used, count = set(), 0
    for kept, taken in pairs:
        if used & {kept["file_path"], taken["file_path"]}:
            continue
        path = tree / taken["file_path"]
        try:
            code = edited(lines_of(tree, taken if mode == "move" else kept)[2], f"renamed_{count}", share)
            if taken["kind"] == "method":
                code = f"class Moved{count}:\n" + textwrap.indent(code, "    ")
            first, last, _ = lines_of(tree, taken)
            lines = path.read_text("utf-8").split("\n")
            indent = len(lines[first]) - len(lines[first].lstrip())
            lines[first:last] = [" " * indent + "pass"]
            ast.parse(code), ast.parse("\n".join(lines))
        except (SyntaxError, UnicodeDecodeError, ValueError):
            continue
        used |= {kept["file_path"], taken["file_path"]}
        path.write_text("\n".join(lines), "utf-8")
        new = tree / "elsewhere" / f"m{count}.py"
        new.parent.mkdir(exist_ok=True)
        new.write_text(code + "\n", "utf-8")
        count += 1
    return count


def lines_of(tree, member):
    """The first line (0-based, with decorators), the line after the last, and the code."""
    lines = (tree / member["file_path"]).read_text("utf-8").split("\n")
    first, last = member["start_line"] - 1, member["end_line"]
    while first > 0 and lines[first - 1].strip().startswith("@"):
        first -= 1
    return first, last, textwrap.dedent("\n".join(lines[first:last]))


def edited(code, name, share):
    function = ast.parse(code).body[0]
    if not isinstance(function, FUNCTIONS):
        raise ValueError("no function")
    simple = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.stmt) and not isinstance(node, BLOCKS) and node.lineno == node.end_lineno
    ]
    chosen = random.sample(simple, min(len(simple), max(1, round(len(simple) * share))))
    lines = code.split("\n")
    for node in sorted(chosen, key=lambda node: -node.lineno):
        number = random.randrange(10**6)
        lines.insert(node.lineno - 1, " " * node.col_offset + f"log_{number}.note(value_{number})")
    return re.sub(r"def\s+\w+", f"def {name}", "\n".join(lines), count=1)


def verdicts(groups):
    found = collections.defaultdict(set)
    for group in groups:
        for member in group["members"]:
            made = re.fullmatch(r"elsewhere/m(\d+)\.py", member["file_path"])
            if made and group["channel"] != "intent":
                found[int(made[1])].add(group["state"])
    return found


def worst(states):
    return next((state for state in ("new", "grown", "known") if state in states), "not found")


if __name__ == "__main__":
    main()
