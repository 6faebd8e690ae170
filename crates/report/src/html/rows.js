// The rows of two copies beside each other, from what the report says of each copy beside the first one. Knows no page.
"use strict";
const rows = (() => {
  /** Lines; comments, docstrings and blank lines are quiet, since no channel compares them. */
  function prepared(code) {
    const quiet = new Set(code.quiet);
    return code.text.split("\n").map((raw, at) => ({ raw, text: raw.trim(), isQuiet: quiet.has(at) }));
  }

  /** The rows of the first copy beside a member: places in both texts (-1: none), and what is marked in both lines. */
  function expanded(stored, lineCount) {
    const made = [];
    const { runs, marks } = stored || { runs: [[0, lineCount]], marks: [] };
    let [i, j] = [0, 0];
    for (const [kind, count] of runs) {
      for (let at = 0; at < count; at += 1) made.push([kind === 2 ? -1 : i++, kind === 1 ? -1 : j++, [], []]);
    }
    for (const [at, left, right] of marks) [made[at][2], made[at][3]] = [left, right];
    return made;
  }

  /** Rows of two copies beside each other: those that stand beside the same line of the first copy, or one alone. */
  function joined(left, right) {
    const made = [];
    let [p, q] = [0, 0];
    while (p < left.length || q < right.length) {
      if (p < left.length && left[p][0] < 0) made.push([left[p++], null]);
      else if (q < right.length && right[q][0] < 0) made.push([null, right[q++]]);
      else made.push([left[p++], right[q++]]);
    }
    return made;
  }

  /** A text in parts, every second of which is marked. */
  function divided(text, ranges) {
    const ends = [0, ...ranges, text.length];
    const parts = ends.slice(1).map((end, at) => text.slice(ends[at], end));
    return [parts, parts.map((_, at) => at % 2 === 1)];
  }

  return { prepared, expanded, joined, divided };
})();
