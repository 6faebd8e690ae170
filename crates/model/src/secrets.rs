//! Masks passwords in addresses and settings, before a text goes to stderr or into an account.

/// Settings whose value is a secret, in lower case.
const SECRETS: &[&str] =
    &["password=", "passwd=", "pwd=", "secret=", "token=", "apikey=", "api_key=", "api-key=", "accountkey="];

/// Options of other programs' command lines whose value, the next word, is a secret.
const OPTIONS: &[&str] = &["--password ", "--passwd ", "--pwd ", "--secret ", "--token ", "--api-key ", "--apikey "];

/// Replaces with `***` the text between `://` and `@` in one word, and the value of a secret setting or option.
pub fn masked(text: &str) -> String {
    without_settings(&without_credentials(text))
}

fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, word) = rest.split_at(start + "://".len());
        shown.push_str(before);
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        rest = match word[..end].rfind('@') {
            Some(at) => {
                shown.push_str("***");
                &word[at..]
            }
            None => word,
        };
    }
    shown.push_str(rest);
    shown
}

/// A value ends with its closing quote, or else with the word or setting.
fn without_settings(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    let names = || SECRETS.iter().chain(OPTIONS);
    while let Some(start) = names().filter_map(|name| Some(at + lower[at..].find(name)? + name.len())).min() {
        let blanks =
            if text[..start].ends_with(' ') { text.len() - text[start..].trim_start().len() - start } else { 0 };
        let start = start + blanks;
        let value = &text[start..];
        shown.push_str(&text[at..start]);
        let end = match value.chars().next() {
            Some(quote @ ('\'' | '"')) => value[1..].find(quote).map_or(value.len(), |end| end + 2),
            _ => value.find(|end: char| end.is_whitespace() || ";&'\"".contains(end)).unwrap_or(value.len()),
        };
        if end > 0 {
            shown.push_str("***");
        }
        at = start + end;
    }
    shown.push_str(&text[at..]);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_everywhere() {
        for (text, expected) in [
            ("unexpected 'http://user:p@ss@h:1/x' found", "unexpected 'http://***@h:1/x' found"),
            ("a://b c@d", "a://b c@d"),
            ("x://u:p@h and y://q:r@i", "x://***@h and y://***@i"),
            ("find 'host=h Password=a b'", "find 'host=h Password=*** b'"),
            ("host=h password='a b' user=u", "host=h password=*** user=u"),
            ("'Server=h;PWD=a;X=1'", "'Server=h;PWD=***;X=1'"),
            ("jdbc:x?user=u&password=ä", "jdbc:x?user=u&password=***"),
            ("password=", "password="),
            ("load --password hunter2 --TOKEN  'a b' x", "load --password *** --TOKEN  *** x"),
            ("--api-key=a --password", "--api-key=*** --password"),
            ("nothing of that kind", "nothing of that kind"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }
}
