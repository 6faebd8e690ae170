#!/usr/bin/env python3
"""Prints the encodings that Python accepts for source code, in the format of crates/analyzer/src/decode/charsets.txt.

Each line is an encoding: its names, as `encodings.normalize_encoding` writes them. For a single-byte encoding a tab and the
characters of the bytes 80 to FF follow, four hexadecimal digits each; FFFD means none. Encodings that are not for text
(`rot13`), or in which Python does not read ASCII text (UTF-16, EBCDIC), have no line.
"""

import encodings
import encodings.aliases
import pkgutil
import warnings

HIGH = bytes(range(0x80, 0x100))


def main():
    warnings.simplefilter("ignore")
    aliases = encodings.aliases.aliases
    modules = {module.name for module in pkgutil.iter_modules(encodings.__path__)} - {"aliases"}
    names = {}
    for name in sorted(set(aliases) | set(aliases.values()) | modules):
        if name == name.lower() and is_taken(name):
            names.setdefault(aliases.get(name, name), set()).add(name)
    for encoding, known in sorted(names.items()):
        others = sorted(known - {encoding})
        print(" ".join([encoding, *others]) + table(encoding))


def is_taken(name):
    try:
        compile(b"# coding: " + name.encode() + b"\ndef f():\n    return 1\n", "source", "exec")
    except (SyntaxError, LookupError, ValueError):
        return False
    return True


def table(encoding):
    high = HIGH.decode(encoding, "replace") if is_of_single_bytes(encoding) else ""
    return "\t" + "".join(f"{ord(character):04x}" for character in high) if high else ""


def is_of_single_bytes(encoding):
    """Whether each high byte is one character or an error, independent of its neighbours."""
    if encoding in ("ascii", "charmap", "idna", "latin_1", "raw_unicode_escape", "unicode_escape", "utf_7", "utf_8", "utf_8_sig"):
        return False
    each = "".join(bytes([byte]).decode(encoding, "replace") for byte in HIGH)
    return len(each) == 128 and each == HIGH.decode(encoding, "replace") and each.count("\ufffd") < 64


if __name__ == "__main__":
    main()
