#!/usr/bin/env python3
"""Writes copies of Python files with random line breaks: broken_lines.py FROM TO COUNT [SEED]

Copies COUNT files below FROM to the folder TO. Inside brackets, line breaks are inserted between tokens, with any
indentation after them and sometimes with a comment before. Outside brackets, a backslash precedes the line break. Between
statements, an empty line, a comment, or a line with only a backslash is inserted. Copies that Python rejects are left out.
`records.py CDS TO` then compares what `cds` finds with what Python finds.
"""

import ast
import pathlib
import random
import sys
import tokenize
import warnings

WITHOUT_PLACE = (tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER)


def main():
    source, target, count = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    random.seed(int(sys.argv[4]) if len(sys.argv) > 4 else 18)
    warnings.simplefilter("ignore")
    target.mkdir(parents=True, exist_ok=True)
    paths = sorted(source.rglob("*.py"))
    random.shuffle(paths)
    written = 0
    for path in paths:
        try:
            text = broken(path.read_text(encoding="utf-8"))
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, tokenize.TokenError, OSError):
            continue
        (target / f"{written:05}.py").write_text(text, encoding="utf-8", newline="")
        written += 1
        if written == count:
            break
    print(f"{written} files in {target}")


def broken(text):
    lines = text.splitlines(keepends=True)
    rate = random.choice([0.02, 0.1, 0.4])
    insertions = []
    depth, formatted, previous = 0, 0, None
    for token in tokenize.generate_tokens(iter(lines).__next__):
        name = tokenize.tok_name[token.type]
        if previous is not None and token.type not in WITHOUT_PLACE and not formatted and random.random() < rate:
            is_first = previous.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.COMMENT)
            if not is_first:
                insertions.append((token.start, line_break(depth)))
            elif depth == 0 and previous.type in (tokenize.NEWLINE, tokenize.DEDENT):
                insertions.append(((token.start[0], 0), line_between(lines[token.start[0] - 1])))
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
        formatted += name.endswith("STRING_START") - name.endswith("STRING_END")
        previous = token
    for (row, column), inserted in reversed(insertions):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + inserted + line[column:]
    return "".join(lines)


def line_break(depth):
    if depth == 0:
        return "\\\n" + blanks()
    return random.choice(["\n", "\n" + blanks(), "  # '''(\n" + blanks(), " \\\n" + blanks(), "\n\n" + blanks()])


def line_between(line):
    indentation = line[: len(line) - len(line.lstrip(" \t"))]
    return random.choice(["\n", blanks() + "# \"(\n", blanks() + "\n", indentation + "\\\n" + blanks() if indentation else ""])


def blanks():
    return random.choice(["", " ", "    ", "\t", "  \t", "                "])


if __name__ == "__main__":
    main()
