//! Paths as URI references (RFC 3986).

use std::fmt::Write as _;

/// A path relative to the root, as records name it: bytes that are no UTF-8 stand there as `\xNN`, and lead to the file.
pub(super) fn of_record(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find("\\x") {
        let (before, escaped) = rest.split_at(at);
        uri.push_str(&of_path(before));
        let digits = escaped.get(2..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some(digits) = digits {
            write!(uri, "%{}", digits.to_ascii_uppercase()).expect("a String takes everything");
            rest = &escaped[4..];
        } else {
            uri.push_str(&of_path("\\x"));
            rest = &escaped[2..];
        }
    }
    uri.push_str(&of_path(rest));
    uri
}

/// A path: every byte that is not allowed in a segment as `%XX`.
pub(super) fn of_path(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    // A colon in the first segment would make it a scheme; it is allowed nowhere here, which is simpler.
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' | b'+' | b'@' | b'=' | b',' => {
                uri.push(char::from(byte));
            }
            _ => write!(uri, "%{byte:02X}").expect("a String takes everything"),
        }
    }
    uri
}

/// An absolute folder of this machine or another one, with a final `/`.
pub(super) fn of_folder(path: &str) -> String {
    let path = path.replace('\\', "/");
    let path = of_path(path.trim_matches('/'));
    if path.is_empty() { "file:///".to_owned() } else { format!("file:///{path}/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_utf8_lead_to_their_files() {
        for (path, expected) in [
            ("a/b\\xe9d.py", "a/b%E9d.py"),
            ("\\xff\\xfe/\\x80.py", "%FF%FE/%80.py"),
            // A backslash before an x is written as one of these, too.
            ("b\\x5cxe9.py", "b%5Cxe9.py"),
            ("b\\n \\xz\\x1", "b%5Cn%20%5Cxz%5Cx1"),
            ("\\x+9é\\xé", "%5Cx+9%C3%A9%5Cx%C3%A9"),
            ("été.py", "%C3%A9t%C3%A9.py"),
        ] {
            assert_eq!(of_record(path), expected);
        }
    }

    #[test]
    fn what_a_segment_may_not_hold_is_encoded() {
        for (path, expected) in [
            ("a/b-c_d.py", "a/b-c_d.py"),
            ("été/plan 100%.py", "%C3%A9t%C3%A9/plan%20100%25.py"),
            ("a:b#c?d[e]\n<\"\\.py", "a%3Ab%23c%3Fd%5Be%5D%0A%3C%22%5C.py"),
        ] {
            assert_eq!(of_path(path), expected);
        }
        assert_eq!(of_folder("/builds/my shop"), "file:///builds/my%20shop/");
        assert_eq!(of_folder("C:\\code"), "file:///C%3A/code/");
        assert_eq!(of_folder("/"), "file:///");
    }
}
