//! What normalization removes from Python, and what it keeps.

use crate::records_of_text;

/// The normalized form of a whole file.
fn normalized(text: &str) -> String {
    records_of_text(text)[0].normalized_code.to_string()
}

fn check(text: &str, expected: &str) {
    let once = normalized(text);
    assert_eq!(once, expected, "{text}");
    assert_eq!(normalized(&once), once, "normalizing again changes nothing: {text}");
}

#[test]
fn comments_are_removed_everywhere() {
    check("#!/bin/python\nx = 1  # one\n# two\ny = [  # three\n  # four\n  2,\n]\n", "x = 1\ny = [\n  2,\n]");
    check("@a # c\n@b(1)# d\n# e\ndef f(): pass # f\n", "@a\n@b(1)\ndef f(): pass");
    check(
        "class A:\n    @a\n# b\n    def f(): pass\n    x = '# c'\n",
        "class A:\n    @a\n    def f(): pass\n    x = '# c'",
    );
    check("if x: # a\n  y # b\nelif z: y # c\nelse: # d\n  y\n", "if x:\n  y\nelif z: y\nelse:\n  y");
    check("x = '# no comment'  # but this", "x = '# no comment'");
}

#[test]
fn string_statements_are_removed() {
    check("'''doc\n\nmore'''\nx\n", "x");
    check("class A:\n  b'doc'\n  x = 1\n  'after'\n", "class A:\n  x = 1");
    check("('in '  # one\n 'parentheses')\nr'raw'\nu'a' 'b'\nf'nothing to compute'\nx", "x");
    check(
        "x = 'value'\nf('argument')\n['element']\n'a'.join(x)\n'%s' % x\n",
        "x = 'value'\nf('argument')\n['element']\n'a'.join(x)\n'%s' % x",
    );
    check("f'{x()}'\n'a' f'{y}'\n", "f'{x()}'\n'a' f'{y}'");
}

#[test]
fn string_statement_removes_its_semicolon() {
    check("'a'; x", "x");
    check("x; 'a'", "x");
    check("x; 'a'; y", "x; y");
    check("x; 'a'; 'b'", "x");
    check("'a'; 'b'", "");
    check("'a'; 'b'; x", "x");
    check("x;\n'a'\ny", "x;\ny");
    check("def f(): 'doc'; return 1", "def f(): return 1");
    check("def f():\n    '''a\n    b'''; x = 1\n    y = 2\n", "def f():\n    x = 1\n    y = 2");
}

#[test]
fn string_contents_are_kept() {
    let string = "x = '''\n# no comment \n\n\t  tabs\x0c\n   '''";
    check(string, string);
    check("x = f'''{\n  a  # part of the string\n}'''", "x = f'''{\n  a  # part of the string\n}'''");
    check("if x:\n    y = ('''\n  a\n''')\n    z\n", "if x:\n    y = ('''\n  a\n''')\n    z");
}

#[test]
fn line_breaks_become_line_feeds() {
    check("x\r\n\r\ny = '''a\r\nb'''\r\n", "x\ny = '''a\r\nb'''");
    check("def f():\r\n    # c\r\n    return 1  # d\r\n", "def f():\n    return 1");
    check("def f():\r  # c\r  return 1\r", "def f():\n  return 1");
}

#[test]
fn joining_continuations_are_kept() {
    check("x = 1 + \\\n    2\n", "x = 1 + \\\n    2");
    check("x = 1 \\\n\ny = 2\n", "x = 1\ny = 2");
    check("x = 1 \\\n  # comment\ny = 2\n", "x = 1\ny = 2");
}

#[test]
fn only_broken_code_keeps_comments() {
    let records = records_of_text("def f():\n    # comment\n    return 1\n\nx = (\n  # in the broken part\n");
    assert_eq!(&*records[1].normalized_code, "def f():\n    return 1");
}
