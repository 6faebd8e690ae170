// What two texts have in common: lines that belong together, and the tokens in them that differ. Knows no page.
"use strict";
const differences = (() => {
  const TOKEN = /[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu;
  const tokens = (line) => line.match(TOKEN) || [];

  /** Places in `a` and `b` that belong to a longest common subsequence, by `same(i, j)` as a weight (0: different). */
  function align(aCount, bCount, weight) {
    const width = bCount + 1;
    const best = new Float64Array((aCount + 1) * width);
    for (let i = aCount - 1; i >= 0; i -= 1) {
      for (let j = bCount - 1; j >= 0; j -= 1) {
        const skipped = Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
        const found = weight(i, j);
        best[i * width + j] = found > 0 ? Math.max(skipped, best[(i + 1) * width + j + 1] + found) : skipped;
      }
    }
    const pairs = [];
    let [i, j] = [0, 0];
    while (i < aCount && j < bCount) {
      const found = weight(i, j);
      const here = best[i * width + j];
      if (found > 0 && here === best[(i + 1) * width + j + 1] + found) {
        pairs.push([i, j]);
        i += 1;
        j += 1;
      } else if (here === best[(i + 1) * width + j]) {
        i += 1;
      } else {
        j += 1;
      }
    }
    return pairs;
  }

  /** How much two lines have in common, 0 to 1; less than a third is nothing, since they do not belong together. */
  function likeness(a, b) {
    if (a.text === b.text) return a.text === "" ? 0.2 : 1;
    if (a.counts.size === 0 || b.counts.size === 0) return 0;
    let common = 0;
    for (const [token, count] of a.counts) common += Math.min(count, b.counts.get(token) || 0);
    const ratio = 2 * common / (a.total + b.total);
    return ratio < 1 / 3 ? 0 : ratio * 0.9;
  }

  /** Lines with their differences; comments, docstrings and blank lines are quiet, since no channel compares them. */
  function prepared(code) {
    const quiet = new Set(code.quiet);
    return code.text.split("\n").map((raw, at) => {
      const counts = new Map();
      let total = 0;
      for (const token of tokens(raw)) {
        if (/^\s/u.test(token)) continue;
        total += 1;
        counts.set(token, (counts.get(token) || 0) + 1);
      }
      return { raw, text: raw.trim(), counts, total, isQuiet: quiet.has(at) };
    });
  }

  /** Rows of a side by side view: places in both texts, or only in one of them (-1 in the other). */
  function rows(a, b) {
    const loud = (lines) => lines.map((_, at) => at).filter((at) => !lines[at].isQuiet);
    const [inA, inB] = [loud(a), loud(b)];
    const pairs = align(inA.length, inB.length, (i, j) => likeness(a[inA[i]], b[inB[j]])).map(([i, j]) => [inA[i], inB[j]]);
    const found = [];
    let [i, j] = [0, 0];
    for (const [nextI, nextJ] of [...pairs, [a.length, b.length]]) {
      while (i < nextI || j < nextJ) {
        const [left, right] = [i < nextI, j < nextJ];
        // Quiet lines stand beside quiet lines where there are some on both sides.
        if (left && right && a[i].isQuiet && b[j].isQuiet) found.push([i++, j++]);
        else if (left && (!right || a[i].isQuiet || !b[j].isQuiet)) found.push([i++, -1]);
        else found.push([-1, j++]);
      }
      if (i < a.length && j < b.length) found.push([i++, j++]);
    }
    return found;
  }

  /** The tokens of two lines that only one of them has; very long lines are marked as a whole. */
  function marks(left, right) {
    const [a, b] = [tokens(left), tokens(right)];
    if (a.length * b.length > 250000) return [a.map(() => true), b.map(() => true), a, b];
    const kept = [new Set(), new Set()];
    for (const [i, j] of align(a.length, b.length, (i, j) => (a[i] === b[j] ? (/^\s/u.test(a[i]) ? 0.1 : 1) : 0))) {
      kept[0].add(i);
      kept[1].add(j);
    }
    const differs = (own, side) => own.map((token, at) => !kept[side].has(at) && !/^\s/u.test(token));
    return [differs(a, 0), differs(b, 1), a, b];
  }

  return { prepared, rows, marks };
})();
