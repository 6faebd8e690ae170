//! Reads `key=value` lines as another program would.

use serde_json::Deserializer;

/// The fields of a line that begins with `name`, in order.
///
/// A value ends at the next blank, or is a JSON string.
#[track_caller]
pub(crate) fn fields_of(name: &str, line: &str) -> Vec<(String, String)> {
    let mut rest = line.strip_prefix(name).unwrap_or_else(|| panic!("{line:?} begins with {name}"));
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (key, tail) = rest.strip_prefix(' ').and_then(|rest| rest.split_once('=')).expect("a key and a value");
        let (value, tail) = split_value(tail);
        fields.push((key.to_owned(), value));
        rest = tail;
    }
    fields
}

/// The value of one field.
#[track_caller]
pub(crate) fn field(fields: &[(String, String)], key: &str) -> String {
    let found = fields.iter().find(|(name, _)| name == key);
    found.map_or_else(|| panic!("{key} is in {fields:?}"), |(_, value)| value.clone())
}

fn split_value(text: &str) -> (String, &str) {
    if text.starts_with('"') {
        let mut strings = Deserializer::from_str(text).into_iter::<String>();
        let value = strings.next().expect("a value").expect("a JSON string");
        return (value, &text[strings.byte_offset()..]);
    }
    let end = text.find(' ').unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}
