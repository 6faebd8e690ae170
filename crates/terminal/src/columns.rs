//! Text in columns of a terminal: cut, and broken into lines.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// As many characters from the beginning as fit; `…` stands for the rest.
pub fn cut_end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut: String = take_columns(text.chars(), width.saturating_sub(1)).into_iter().collect();
    // Characters that join others can make the whole wider than the parts.
    while cut.width() > width.saturating_sub(1) {
        cut.pop();
    }
    cut.extend((width > 0).then_some('…'));
    cut
}

/// As many characters from the end as fit; `…` stands for what is before.
pub fn cut_start(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut end = take_columns(text.chars().rev(), width.saturating_sub(1));
    end.reverse();
    let mut cut: String = (width > 0).then_some('…').into_iter().chain(end).collect();
    while cut.width() > width && cut.chars().count() > 1 {
        cut.remove('…'.len_utf8());
    }
    cut
}

fn take_columns(characters: impl Iterator<Item = char>, columns: usize) -> Vec<char> {
    let mut used = 0;
    characters
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

/// Text on one line as several lines of at most `width` columns, broken between words, and within those that are longer.
///
/// Nothing of it is left out. `width` is at least 2, the width of the widest character.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let joint = usize::from(!line.is_empty());
        if line.width() + joint + word.width() <= width {
            line.extend((joint == 1).then_some(' '));
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            line.push(character);
            if line.width() > width.max(2) {
                line.pop();
                lines.push(std::mem::replace(&mut line, character.to_string()));
            }
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_fits_and_says_so() {
        assert_eq!(
            (cut_end("abcdef", 6), cut_end("abcdef", 4), cut_end("加算加", 4)),
            ("abcdef".to_owned(), "abc…".to_owned(), "加…".to_owned())
        );
        assert_eq!(
            (cut_start("abcdef", 4), cut_start("abc", 0), cut_end("abc", 0)),
            ("…def".to_owned(), String::new(), String::new())
        );
        // Two columns, although neither character alone has more than one.
        let hearts = "\u{2764}\u{fe0f}".repeat(8);
        for width in 1..16 {
            assert!(cut_end(&hearts, width).width() <= width && cut_start(&hearts, width).width() <= width, "{width}");
        }
    }

    #[test]
    fn nothing_is_lost_between_the_lines() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a 0123456789 b", 4), ["a", "0123", "4567", "89 b"]);
        assert_eq!(wrap("加算加", 4), ["加算", "加"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
