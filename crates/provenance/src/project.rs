//! What a repository is called.

/// Names that stand in front of a repository or behind it, and name none.
const SUFFIXES: [&str; 2] = ["/.git", ".git"];

/// The last part of a URL or path; what stands before it, such as a password, and behind a `?` is never looked at.
pub(crate) fn name_in_url(url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        // A host alone is no name, all the less one with a password.
        Some((_, rest)) => rest.split(['?', '#']).next()?.split_once('/')?.1,
        None => url,
    };
    let path = path.trim().trim_end_matches(['/', '\\']);
    let path = SUFFIXES.iter().find_map(|suffix| path.strip_suffix(suffix)).unwrap_or(path);
    let name = path.rsplit(['/', '\\', ':']).next()?.trim();
    let is_name = !name.is_empty() && !name.contains('@') && name != "." && name != "..";
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_their_url() {
        for (url, expected) in [
            ("https://example.org/group/tool.git", Some("tool")),
            ("https://user:s3cret@example.org/group/tool.git/", Some("tool")),
            ("https://example.org/tool?token=s3cret/x", Some("tool")),
            ("git@example.org:tool.git", Some("tool")),
            ("ssh://git@example.org:22/~me/a.b", Some("a.b")),
            ("../tool/.git", Some("tool")),
            ("C:\\code\\tool", Some("tool")),
            ("https://user:s3cret@example.org", None),
            ("user:s3cret@example.org", None),
            ("..", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(name_in_url(url).as_deref(), expected, "{url}");
        }
    }
}
