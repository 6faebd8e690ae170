"""Recall by kind, and precision, of jscpd on the cases of the recall test.

    CDS_RECALL_DUMP=DIR cargo test -p cds-duplication --release --test recall copies
    python3 jscpd.py DIR JSCPD [further options of jscpd ...]

JSCPD is the path of its executable (5.3 or later). It runs once for each kind of case; a case counts as found when the
report has a clone between its two files, of whatever size.
"""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile

OPTIONS = ["-m", "weak", "--similarity=0.6", "--ignore-identifiers", "--ignore-literals", "--max-gap-lines", "3"]


def reported_pairs(jscpd, folder, further):
    with tempfile.TemporaryDirectory() as output:
        command = [jscpd, *OPTIONS, "-f", "python", "--no-gitignore", "--no-tips", "-s", "-r", "json", "-o", output]
        subprocess.run([*command, *further, str(folder)], check=True, stdout=subprocess.DEVNULL)
        report = json.loads(pathlib.Path(output, "jscpd-report.json").read_text())
    for clone in report["duplicates"]:
        yield frozenset(pathlib.Path(clone[side]["name"]).stem for side in ("firstFile", "secondFile"))


def main():
    root, jscpd, further = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    by_folder = collections.defaultdict(list)
    for case in json.loads((root / "cases.json").read_text()):
        by_folder[case["folder"]].append(case)
    sums = collections.defaultdict(lambda: [0, 0])
    found_by_truth = collections.Counter()
    for folder, cases in sorted(by_folder.items()):
        pairs = set(reported_pairs(jscpd, root / folder, further))
        found = sum(frozenset((f"{case['number']}_a", f"{case['number']}_b")) in pairs for case in cases)
        kind = cases[0]["kind"]
        print(f"{kind:24} {found:4} of {len(cases):4}")
        found_by_truth[cases[0]["truth"]] += found
        total = sums[kind.split()[0]]
        total[0] += found
        total[1] += len(cases)
    for total, (found, count) in sums.items():
        print(f"{total:10} {found / count:.3f}")
    print(f"precision  {found_by_truth[True] / (found_by_truth[True] + found_by_truth[False]):.4f}")


if __name__ == "__main__":
    main()
