#!/usr/bin/env python3
"""Measures how many made copies of real functions are found: made_copies.py CDS FOLDER LANGUAGE [COUNT]

CDS is the binary, FOLDER a tree of real code, LANGUAGE a name of `cds languages` whose blocks are in braces. COUNT functions are
taken (200), of 8 to 40 lines, none of which resembles another one. Each is copied in four ways:

type 1    other indentation, comments added
type 2    every variable renamed, numbers and strings changed
type 3    one statement in six removed, and as many added
fragment  at least eight of its lines in the middle of another function

Prints for each way how many copies stand in a group with their original (recall), and how many pairs in groups are made copies
(precision). The choice is the same in every run.
"""

import collections
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ENDINGS = {"javascript": "js", "typescript": "ts", "go": "go", "rust": "rs", "java": "java", "csharp": "cs", "php": "php"}
WRAPPERS = {
    "javascript": ("class Wrapper {\n", "\n}\n"), "typescript": ("class Wrapper {\n", "\n}\n"),
    "go": ("package made\n\n", "\n"), "rust": ("impl Wrapper {\n", "\n}\n"),
    "java": ("class Wrapper {\n", "\n}\n"), "csharp": ("class Wrapper {\n", "\n}\n"), "php": ("<?php\nclass Wrapper {\n", "\n}\n"),
}
TOP = {"javascript", "typescript", "rust", "php"}
TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|[$A-Za-z_][\w$]*|\d[\w.]*|\s+|.", re.S)
WORDS = set(
    "abstract and as assert async await bool boolean break byte case catch chan char class const continue debugger default defer "
    "delete do double dyn echo else elseif enum error export extends extern false final finally float fn for foreach from func "
    "function go goto if impl implements import in instanceof int int32 int64 interface is let lock long loop map match mod move "
    "mut namespace new nil null number object of operator or out override package params private protected public pub range "
    "readonly ref return rune Self self short static str string struct super switch this throw throws trait true try type typeof "
    "u16 u32 u64 u8 uint uint64 undefined union unknown unsafe unset use using usize i32 i64 isize f64 var void where while with "
    "yield any never array list isset empty print".split())


def main():
    cds, folder, language = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 200
    functions = chosen(cds, folder, language, 3 * count)
    functions = unlike(cds, functions, language)[:count]
    hosts = functions[len(functions) // 2:] + functions[: len(functions) // 2]
    print(f"{language}: {len(functions)} functions of {folder}")
    for way, make in (("type 1", type_1), ("type 2", type_2), ("type 3", type_3)):
        copies = [make(function, language) for function in functions]
        report(cds, language, way, functions, [(place, copy) for place, copy in enumerate(copies) if copy])
    pieces = [(place, fragment(function, hosts[place])) for place, function in enumerate(functions)]
    report(cds, language, "fragment", functions, [(place, copy) for place, copy in pieces if copy])


def run_json(command):
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout)


def chosen(cds, folder, language, count):
    """Functions of a middle length, each text once, in an order that depends on their text alone."""
    output = run_json([cds, "model-build", "--path", folder, "--languages", language, "--format", "json"])
    found = {}
    for record in output["records"]:
        lines = record["normalized_code"].count("\n") + 1
        if record["kind"] in ("function", "method") and 8 <= lines <= 40 and "test" not in record["file_path"].lower():
            code = record["raw_code"]
            # Whole lines may hold more than the definition, and a bound function needs what is around it.
            if balanced(code) and not re.match(r"\s*['\"\w.]+\s*:", code) and code.rstrip().endswith("}"):
                found[record["md5sum"]] = (record["kind"], code, record["signature"])
    order = sorted(found, key=lambda sum: hashlib.sha256(sum.encode()).hexdigest())
    return [found[sum] for sum in order[:count]]


def balanced(code):
    depth = 0
    for token in TOKEN.findall(code):
        depth += token in ("{", "(", "[")
        depth -= token in ("}", ")", "]")
        if depth < 0:
            return False
    return depth == 0


def unlike(cds, functions, language):
    """Those of which none stands in a group with another one."""
    with tempfile.TemporaryDirectory() as folder:
        for place, function in enumerate(functions):
            write(folder, f"o{place}", function, language)
        grouped = {name for members in groups(cds, folder) for name, _ in members}
        good = {path for path in parsed(cds, folder)}
    return [f for place, f in enumerate(functions) if f"o{place}" not in grouped and f"o{place}" in good]


def parsed(cds, folder):
    output = run_json([cds, "model-build", "--path", folder, "--format", "json"])
    wrong = {error["file_path"] for error in output["errors"]}
    return {pathlib.Path(r["file_path"]).stem for r in output["records"] if r["kind"] in ("function", "method")} - {
        pathlib.Path(path).stem for path in wrong}


def write(folder, name, function, language):
    kind, code, _ = function
    start, end = WRAPPERS[language]
    if kind == "function" and language in TOP:
        start, end = ("<?php\n" if language == "php" else ""), "\n"
    pathlib.Path(folder, f"{name}.{ENDINGS[language]}").write_text(start + code + end)


def groups(cds, folder):
    """The members of each group as names of files with the channel; only groups that do not stand in another one."""
    database = pathlib.Path(folder).parent / (pathlib.Path(folder).name + ".sqlite")
    common = ["--db-path", str(database)]
    try:
        subprocess.run([cds, "persist", "--path", folder, *common, "--provider-url", "builtin:", "--quiet"], stdout=subprocess.DEVNULL, check=True)
        output = run_json([cds, "dup", "check", *common, "--limit", "0", "--format", "json"])
    finally:
        for ending in ("", "-wal", "-shm", ".lock"):
            pathlib.Path(str(database) + ending).unlink(missing_ok=True)
    return [[(pathlib.Path(m["file_path"]).stem, g["channel"]) for m in g["members"]] for g in output["groups"]]


def report(cds, language, way, functions, copies):
    with tempfile.TemporaryDirectory() as folder:
        for place, function in enumerate(functions):
            write(folder, f"o{place}", function, language)
        for place, copy in copies:
            write(folder, f"c{place}", copy, language)
        sound = parsed(cds, folder)
        copies = [place for place, _ in copies if f"c{place}" in sound]
        pairs = set()
        for members in groups(cds, folder):
            names = sorted({name for name, _ in members})
            pairs |= {(a, b) for a in names for b in names if a < b}
    found = [place for place in copies if (f"c{place}", f"o{place}") in pairs]
    hosts = {(f"c{place}", f"o{(place + len(functions) // 2) % len(functions)}") for place in copies} if way == "fragment" else set()
    made = {(f"c{place}", f"o{place}") for place in copies}
    other = [pair for pair in pairs if pair not in made and pair not in hosts and not (way == "fragment" and pair[0][0] == pair[1][0] == "c")]
    precision = len(found) / max(len(found) + len(other), 1)
    print(f"  {way:9} {len(copies):4} copies, recall {len(found) / max(len(copies), 1):.3f}, precision {precision:.3f}")


def type_1(function, language):
    kind, code, signature = function
    lines = code.split("\n")
    comment = "# " if language == "php" else "// "
    return kind, "\n".join(("   " + line if "`" not in code and '"""' not in code else line) + (f" {comment}note" if line.rstrip().endswith(";") else "") for line in lines), signature


def type_2(function, language):
    kind, code, signature = function
    tokens = TOKEN.findall(code)
    solid = [place for place, token in enumerate(tokens) if not token.isspace() and token[:2] not in ("//", "/*")]
    names, written = {}, list(tokens)
    for index, place in enumerate(solid):
        token = tokens[place]
        before = tokens[solid[index - 1]] if index else ""
        after = tokens[solid[index + 1]] if index + 1 < len(solid) else ""
        if token[0].isdigit() and token.isdigit():
            written[place] = str(int(token) + 7)
        elif token[0] in "\"'" and len(token) > 3 and language not in ("rust",) and token[0] == '"':
            written[place] = token[0] + "other text" + token[0]
        elif re.match(r"[$a-z_]", token) and token not in WORDS and before not in (".", "->", "::", "?", "@", "#") and after not in ("(", "!", "::", "<", ":", "."):
            bare = token.lstrip("$")
            if bare and bare != "this":
                names.setdefault(token, ("$" if token[0] == "$" else "") + f"item{len(names)}")
    for place in solid:
        token = tokens[place]
        before = next((tokens[p] for p in reversed(solid) if p < place), "")
        if token in names and before not in (".", "->", "::", "?"):
            written[place] = names[token]
    return kind, "".join(written), signature


def simple_lines(lines):
    """Lines in the body that are one whole statement."""
    def is_simple(line):
        text = line.strip()
        ends = text.endswith(";") or re.search(r"[\w)\]]$", text)
        starts = re.match(r"(return|break|continue|throw|case|default|else|\.|\+|&&|\|\|)", text)
        return text and ends and not starts and not re.search(r"[{}]", text) and balanced(text)
    return [place for place in range(1, len(lines) - 1) if is_simple(lines[place])]


def type_3(function, language):
    kind, code, signature = function
    lines = code.split("\n")
    simple = simple_lines(lines)
    change = max(1, len(lines) // 6) // 2 or 1
    if len(simple) < 3:
        return None
    end = "" if language == "go" else ";"
    name = "$audit" if language == "php" else "audit"
    for place in sorted(simple[1 :: max(1, len(simple) // (change + 1))][:change], reverse=True):
        del lines[place]
    simple = simple_lines(lines)
    for number, place in enumerate(sorted(simple[:: max(1, len(simple) // (change + 1))][:change], reverse=True)):
        indent = re.match(r"\s*", lines[place]).group()
        lines.insert(place, f"{indent}{name}.record({number} + 3){end}" if language != "php" else f"{indent}{name}->record({number} + 3){end}")
    return kind, "\n".join(lines), signature


def fragment(function, host):
    """At least eight lines of the function's body behind a statement of another one."""
    if function[1] == host[1]:
        return None
    lines, own = function[1].split("\n"), host[1].split("\n")
    places = simple_lines(own)
    for length in range(min(14, len(lines) - 3), 7, -1):
        for start in range(1, len(lines) - length):
            piece = lines[start : start + length]
            if balanced("\n".join(piece)) and piece[0].strip() and places and sum(bool(l.strip()) and not l.strip().startswith(("//", "*", "/*")) for l in piece) >= 8:
                place = places[len(places) // 2]
                return host[0], "\n".join(own[:place] + piece + own[place:]), host[2]
    return None


if __name__ == "__main__":
    main()
