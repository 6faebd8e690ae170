#!/usr/bin/env node
// Lists the definitions that TypeScript's own parser finds: node typescript.js FOLDER [ENDING...]
//
// NODE_PATH must lead to the package `typescript`, version 5. Prints one line for each file and definition, parted by tabs:
// `ok PATH` or `bad PATH`, and `def PATH KIND FIRST_LINE LAST_LINE NAME`. The rules are those of docs/adding-a-language.md.
"use strict";
const fs = require("fs");
const path = require("path");
const ts = require("typescript");

const [folder, ...endings] = process.argv.slice(2);
const wanted = endings.length ? endings : [".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"];
const K = ts.SyntaxKind;
const CLASSES = [K.ClassDeclaration, K.InterfaceDeclaration, K.EnumDeclaration, K.ClassExpression];
const FUNCTIONS = [
  K.FunctionDeclaration, K.FunctionExpression, K.ArrowFunction, K.MethodDeclaration, K.Constructor, K.GetAccessor,
  K.SetAccessor,
];
const VALUES = [K.ClassExpression, K.FunctionExpression, K.ArrowFunction];
const WRAPPERS = [K.ParenthesizedExpression, K.AsExpression, K.SatisfiesExpression, K.NonNullExpression];

// What gives a value its name, and where its declaration begins.
function bound(node) {
  let value = node;
  let outer = node.parent;
  while (WRAPPERS.includes(outer.kind)) [value, outer] = [outer, outer.parent];
  switch (outer.kind) {
    case K.VariableDeclaration: {
      if (outer.initializer !== value) return undefined;
      const list = outer.parent;
      const isFirst = list.kind === K.VariableDeclarationList && list.declarations[0] === outer;
      return { start: isFirst ? list : outer, name: outer.name };
    }
    case K.PropertyAssignment:
    case K.PropertyDeclaration:
      return outer.initializer === value ? { start: outer, name: outer.name } : undefined;
    case K.BinaryExpression: {
      const isAssigned = outer.operatorToken.kind === K.EqualsToken && outer.right === value;
      return isAssigned ? { start: outer, name: outer.left } : undefined;
    }
    case K.ExportAssignment:
      return outer.isExportEquals ? undefined : { start: outer };
    default:
      return undefined;
  }
}

function definitions(file, report) {
  const lineOf = (place) => file.getLineAndCharacterOfPosition(place).line + 1;
  // Behind decorators, and before `export` and `default` only where those are what names it.
  const startOf = (node) => {
    let start = node.getStart(file);
    for (const modifier of node.modifiers ?? []) {
      const isBefore = [K.Decorator, K.ExportKeyword, K.DefaultKeyword, K.DeclareKeyword].includes(modifier.kind);
      if (!isBefore) return modifier.getStart(file);
      start = modifier.end;
    }
    while (/\s/.test(file.text[start])) start++;
    // A comment may stand behind a decorator.
    const rest = ts.getLeadingCommentRanges(file.text, start);
    if (rest?.length) start = rest.at(-1).end;
    while (/\s/.test(file.text[start])) start++;
    return start;
  };
  const visit = (node, inClass) => {
    let inside = inClass;
    const isClass = CLASSES.includes(node.kind);
    if (isClass || (FUNCTIONS.includes(node.kind) && node.body)) {
      const binding = VALUES.includes(node.kind) ? bound(node) : undefined;
      const isUnnamedExport = !VALUES.includes(node.kind) && !node.name && node.kind !== K.Constructor;
      if (binding || isUnnamedExport || node.name || node.kind === K.Constructor) {
        const kind = isClass ? "class" : inClass ? "method" : "function";
        const start = isUnnamedExport ? node.getStart(file) : startOf(binding?.start ?? node);
        const named = binding ? binding.name : node.name;
        const name = named && ts.isStringLiteralLike(named) ? named.text : named?.getText(file);
        report(kind, lineOf(start), lineOf(node.getEnd()), name ?? (node.kind === K.Constructor ? "constructor" : "default"));
        inside = isClass;
      } else if (isClass) {
        inside = true;
      }
    }
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(file, false);
}

function* files(at) {
  for (const entry of fs.readdirSync(at, { withFileTypes: true })) {
    const full = path.join(at, entry.name);
    if (entry.isDirectory()) yield* files(full);
    else if (entry.isFile() && wanted.some((ending) => entry.name.endsWith(ending))) yield full;
  }
}

for (const full of files(folder)) {
  const name = path.relative(folder, full).split(path.sep).join("/");
  const text = fs.readFileSync(full, "utf8").replace(/^\uFEFF/, "");
  const file = ts.createSourceFile(full, text, ts.ScriptTarget.Latest, true);
  const isScript = /\.[mc]?jsx?$/.test(full);
  // Types in JavaScript are an error of the compiler, not of this parser.
  const errors = file.parseDiagnostics.length + (isScript ? (file.additionalSyntacticDiagnostics ?? []).length : 0);
  console.log(`${errors ? "bad" : "ok"}\t${name}`);
  if (errors) continue;
  definitions(file, (kind, first, last, title) =>
    console.log(`def\t${name}\t${kind}\t${first}\t${last}\t${title.replace(/\s+/g, " ")}`));
}
