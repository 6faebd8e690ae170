#!/usr/bin/env python3
"""Compares the records of `cds` with what another parser lists: PARSER FOLDER | compare.py CDS FOLDER [LANGUAGES]

PARSER is one of the programs beside this one: `node typescript.js`, `go run go_definitions.go`, `java JavaDefinitions.java`,
`cargo run --release --manifest-path rust_definitions/Cargo.toml --`. It prints `ok PATH`, `bad PATH` and
`def PATH KIND FIRST_LINE LAST_LINE NAME`, parted by tabs. CDS is the binary, FOLDER the tree that both read.

Prints the first differences and the counts. Only files that the other parser accepts count. Exits with 1 if fewer than 99.5 % of
the definitions are found, or if more than 0.5 % of the files are analyzer errors.
"""

import collections
import json
import subprocess
import sys

SHOWN = 20


def main():
    cds, folder = sys.argv[1:3]
    more = ["--languages", sys.argv[3]] if len(sys.argv) > 3 else []
    accepted, rejected, expected = listed(sys.stdin)
    found, errors = records(cds, folder, more)
    total = missing_count = extra_count = shown = 0
    for path in sorted(accepted):
        missing, extra = expected[path] - found[path], found[path] - expected[path]
        total += expected[path].total()
        missing_count += missing.total()
        extra_count += extra.total()
        if (missing or extra) and shown < SHOWN:
            shown += 1
            print(f"{path}: missing {sorted(missing)[:3]}, extra {sorted(extra)[:3]} {errors.get(path, '')}")
    refused = [path for path in accepted if path in errors]
    share, refused_share = 1 - missing_count / max(total, 1), len(refused) / max(len(accepted), 1)
    print(
        f"{len(accepted)} files accepted, {len(rejected)} not; {total} definitions, {missing_count} missing "
        f"({share:.3%} found), {extra_count} extra; {len(refused)} files are analyzer errors ({refused_share:.2%})"
    )
    sys.exit(share < 0.995 or refused_share > 0.005)


def listed(lines):
    """The files that the other parser accepts and rejects, and its definitions of each file."""
    accepted, rejected, expected = set(), set(), collections.defaultdict(collections.Counter)
    for line in lines:
        kind, path, *rest = line.rstrip("\n").split("\t")
        if kind == "ok":
            accepted.add(path)
        elif kind == "bad":
            rejected.add(path)
        else:
            expected[path][rest[0], int(rest[1]), int(rest[2])] += 1
    return accepted, rejected, expected


def records(cds, folder, more):
    """The definitions of each file, and its error if it has one."""
    command = [cds, "model-build", "--path", folder, "--no-ignore", "--format", "json", *more]
    output = json.loads(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout)
    found = collections.defaultdict(collections.Counter)
    for record in output["records"]:
        if record["kind"] != "file":
            found[record["file_path"]][record["kind"], record["start_line"], record["end_line"]] += 1
    errors = {error["file_path"]: f"line {error['line']}: {error['reason']}" for error in output["errors"]}
    return found, errors


if __name__ == "__main__":
    main()
