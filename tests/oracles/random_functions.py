#!/usr/bin/env python3
"""Writes random functions that share words but no lines: random_functions.py FOLDER COUNT

None is a copy, and all are slightly similar: the worst case of the search for near copies. The same COUNT gives the same
files, byte for byte. 150,000 functions take 66 MB.
"""

import random
import sys
from pathlib import Path

PER_FILE = 500
WORDS = [f"w{number}" for number in range(3000)]
STATEMENTS = [
    "{0} = {1}.{2}({3})",
    "if {0} > {4}:\n        {1} = {2} + {3}",
    "for {0} in {1}({2}):\n        {3}.append({0})",
    "{0} = [{1}({2}) for {2} in {3}]",
    "{0}({1}, {2}={3})",
    "return {0} + {1} * {2}[{3}]",
]


def function(number: int, chance: random.Random) -> str:
    lines = [f"def f{number}({chance.choice(WORDS)}, {chance.choice(WORDS)}):"]
    for _ in range(chance.randint(6, 14)):
        words = [chance.choice(WORDS) for _ in range(4)]
        lines.append("    " + chance.choice(STATEMENTS).format(*words, chance.randrange(99)))
    return "\n".join([*lines, f"    return {chance.choice(WORDS)}", "", ""])


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(7)
    for first in range(0, count, PER_FILE):
        numbers = range(first, min(first + PER_FILE, count))
        text = "".join(function(number, chance) for number in numbers)
        (folder / f"m{first // PER_FILE:04}.py").write_text(text)


if __name__ == "__main__":
    main()
