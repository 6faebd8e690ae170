//! Cuts code that exceeds the model's context, visibly for the model and for a reader of the prompt.

use std::borrow::Cow;

use crate::plain_text::{cut_before, cut_behind};

/// `code` unchanged if it has at most `budget` bytes; otherwise its head with the signature and its tail. A mark
/// between them says how much is missing.
pub(crate) fn excerpt(code: &str, budget: usize) -> Cow<'_, str> {
    if code.len() <= budget {
        return Cow::Borrowed(code);
    }
    let tail_room = budget / 3;
    let head = head_of(code, budget - tail_room);
    let tail = tail_of(&code[head.len()..], tail_room);
    let missing = &code[head.len()..code.len() - tail.len()];
    let mark = match missing.bytes().filter(|&byte| byte == b'\n').count() {
        0 | 1 => format!("[... {} characters left out here ...]", missing.chars().count()),
        lines => format!("[... {lines} lines left out here ...]"),
    };
    Cow::Owned(format!("{}\n{mark}\n{}", head.trim_end_matches('\n'), tail.trim_start_matches('\n')))
}

/// The first whole lines within `room` bytes; if the first line alone is longer, its beginning.
fn head_of(code: &str, room: usize) -> &str {
    let head = &code[..cut_before(code, room)];
    head.rfind('\n').map_or(head, |line_end| &head[..=line_end])
}

/// The last whole lines within `room` bytes; if the last line alone is longer, its end.
fn tail_of(code: &str, room: usize) -> &str {
    let tail = &code[cut_behind(code, code.len().saturating_sub(room))..];
    match tail.trim_end_matches('\n').find('\n') {
        Some(line_end) => &tail[line_end + 1..],
        None => tail,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_text_is_unchanged() {
        assert!(matches!(excerpt("def f():\n    pass", 17), Cow::Borrowed("def f():\n    pass")));
    }

    #[test]
    fn both_ends_keep_whole_lines() {
        let code = "def f():\n    a\n    b\n    c\n    d\n    e";
        assert_eq!(excerpt(code, 30), "def f():\n    a\n[... 3 lines left out here ...]\n    e");
    }

    #[test]
    fn long_line_is_cut_inside() {
        let code = format!("x = \"{}\"", "ä".repeat(100));
        assert_eq!(excerpt(&code, 30), "x = \"äääääää\n[... 89 characters left out here ...]\nääää\"");
    }

    proptest! {
        #[test]
        fn excerpt_stays_near_its_budget(code in "(?s).{0,400}", budget in 0_usize..200) {
            let cut = excerpt(&code, budget);
            prop_assert!(cut.len() <= budget.max(1) + 60);
        }
    }
}
