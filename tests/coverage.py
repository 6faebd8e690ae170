#!/usr/bin/env python3
"""Sums line coverage by crate, and checks the parts that must stay at 95 % or more.

Usage: coverage.py FILE, the output of `cargo llvm-cov --json --summary-only` (see `just coverage`). A part without measured
files is skipped. Exits with 1 if a measured part is below the limit.
"""

import json
import re
import sys

LEAST = 95.0
PARTS = {
    "ledger": r"crates/persistence/src/(accounts/|sqlite/accounts|table/(runs_ledger|stage_runs|ledger_details)\.rs)",
    "lock": r"crates/persistence/src/lock/",
    "state": r"crates/archive/src/state/",
}


def main():
    with open(sys.argv[1], encoding="utf-8") as text:
        files = json.load(text)["data"][0]["files"]
    crates, parts = {}, {}
    for file in files:
        lines, name = file["summary"]["lines"], file["filename"]
        crate = re.search(r"(?:crates|tests)/([^/]+)/src/", name)
        if crate:
            add(crates, crate[1], lines)
        for part, pattern in PARTS.items():
            if re.search(pattern, name):
                add(parts, part, lines)
    show("crate", crates)
    show("part", parts)
    return int(any(percent(sums) < LEAST for sums in parts.values()))


def add(sums, name, lines):
    covered, count = sums.get(name, (0, 0))
    sums[name] = covered + lines["covered"], count + lines["count"]


def percent(sums):
    covered, count = sums
    return 100.0 * covered / count if count else 100.0


def show(title, sums):
    for name, (covered, count) in sorted(sums.items()):
        print(f"{title:5} {name:14} {covered:6} of {count:6} lines  {percent((covered, count)):6.2f} %")


if __name__ == "__main__":
    sys.exit(main())
