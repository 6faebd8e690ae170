//! What stands in a lock file: one JSON object in a block of fixed size.
//!
//! A reader has no lock, and a file system may give it a part of the old block and a part of the new one. The checksum
//! tells such a mixture; what has another size than a block may do without.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write as _},
    thread,
    time::Duration,
};

use super::LockHolder;

/// Of the block that a holder writes, in bytes.
const BLOCK_LENGTH: usize = 1024;

/// No more than this is read of a lock file, whatever its size.
const READ_LIMIT: u64 = 4096;

/// The last member of the object; it covers every byte before it. Inside a text its quotation marks would be escaped.
const CHECKSUM: &str = r#","checksum":""#;
const CHECKSUM_LENGTH: usize = 16;

/// How often a content that makes no sense is read, in case it is just being written.
const READ_ATTEMPTS: u32 = 5;
const READ_PAUSE: Duration = Duration::from_millis(1);

/// What a lock file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nobody holds it, or somebody is about to say so.
    Empty,
    /// Who holds it, or held it last.
    Holder(LockHolder),
    /// Something that is no holder's.
    Unknown,
}

impl Content {
    pub(super) fn into_holder(self) -> Option<LockHolder> {
        match self {
            Self::Holder(holder) => Some(holder),
            Self::Empty | Self::Unknown => None,
        }
    }
}

/// The block of `holder`, whose texts are cut where they are too long.
pub(super) fn encode(holder: &LockHolder) -> Vec<u8> {
    let mut text = serde_json::to_string(&holder.clone().bounded()).expect("texts and a number can be written as JSON");
    text.pop();
    let checksum = checksum(text.as_bytes());
    write!(text, "{CHECKSUM}{checksum:0CHECKSUM_LENGTH$x}\"}}").expect("a string can always grow");
    let mut block = text.into_bytes();
    block.resize(BLOCK_LENGTH - 1, b' ');
    block.push(b'\n');
    block
}

/// Whether the content is another program's: neither empty, nor a holder, nor of the size of a block, which may be one
/// that was only half written.
pub(super) fn is_foreign(bytes: &[u8]) -> bool {
    decode(bytes) == Content::Unknown && bytes.len() != BLOCK_LENGTH
}

pub(super) fn decode(bytes: &[u8]) -> Content {
    if bytes.trim_ascii().is_empty() {
        return Content::Empty;
    }
    let Ok(text) = str::from_utf8(bytes) else { return Content::Unknown };
    // A list would be taken for the fields in their order.
    if !text.starts_with('{') || !has_right_checksum(text) {
        return Content::Unknown;
    }
    match serde_json::from_str::<LockHolder>(text) {
        // Every holder has a process; an object without one is something else.
        Ok(holder) if holder.pid > 0 => Content::Holder(holder.bounded()),
        _ => Content::Unknown,
    }
}

/// Whether the checksum is right. Only what has not the size of a block may have none: a mixture can lose its own.
fn has_right_checksum(text: &str) -> bool {
    let Some((covered, rest)) = text.rsplit_once(CHECKSUM) else { return text.len() != BLOCK_LENGTH };
    rest.get(..CHECKSUM_LENGTH)
        .and_then(|stated| u64::from_str_radix(stated, 16).ok())
        .is_some_and(|stated| stated == checksum(covered.as_bytes()))
}

/// FNV-1a with 64 bits. It only has to tell a mixture of two blocks from a block.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What the file says while somebody may be writing to it.
pub(super) fn read_content(file: &File) -> io::Result<Content> {
    for _ in 1..READ_ATTEMPTS {
        match read_once(file)? {
            Content::Unknown => thread::sleep(READ_PAUSE),
            known => return Ok(known),
        }
    }
    read_once(file)
}

/// What the file says while nobody is writing to it.
pub(super) fn read_once(file: &File) -> io::Result<Content> {
    Ok(decode(&read_start(file)?))
}

/// The first bytes of the file, from its beginning.
pub(super) fn read_start(mut file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(BLOCK_LENGTH);
    file.seek(SeekFrom::Start(0))?;
    file.take(READ_LIMIT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Puts the block over what the file says now.
pub(super) fn write_block(mut file: &File, block: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> LockHolder {
        LockHolder {
            pid: 7,
            host: "host-a".into(),
            run_id: "0197".into(),
            command: "persist".into(),
            started_at: "2026-01-02T03:04:05.678Z".into(),
            stage: r#"","checksum":"0"#.into(),
        }
    }

    #[test]
    fn a_block_is_a_line_of_json_with_its_holder() {
        let block = encode(&sample());
        assert_eq!((block.len(), block.last()), (BLOCK_LENGTH, Some(&b'\n')));
        let value: serde_json::Value = serde_json::from_slice(&block).unwrap();
        assert_eq!((&value["pid"], &value["command"]), (&7.into(), &"persist".into()));
        assert_eq!(decode(&block), Content::Holder(sample()));
    }

    #[test]
    fn the_longest_and_worst_texts_fit() {
        for filling in ["x", "\u{1}", "\"", "\u{1f600}", "é"] {
            let text = filling.repeat(2000);
            let holder = LockHolder {
                pid: u32::MAX,
                host: text.clone(),
                run_id: text.clone(),
                command: text.clone(),
                started_at: text.clone(),
                stage: text,
            };
            let block = encode(&holder);
            assert_eq!(block.len(), BLOCK_LENGTH);
            assert_eq!(decode(&block), Content::Holder(holder.bounded()));
        }
    }

    #[test]
    fn a_mixture_of_two_blocks_is_unknown_or_one_of_the_two() {
        let later = LockHolder { stage: "0".repeat(15), ..sample() };
        let (old, new) = (encode(&sample()), encode(&later));
        let mut unknown_count = 0;
        for at in 0..=BLOCK_LENGTH {
            match decode(&[&new[..at], &old[at..]].concat()) {
                Content::Unknown => unknown_count += 1,
                known => {
                    assert!([&sample(), &later].map(|whole| Content::Holder(whole.clone())).contains(&known), "{at}");
                }
            }
        }
        assert!(unknown_count > 30, "{unknown_count}");
    }

    #[test]
    fn content_of_others_is_a_holder_only_where_it_says_so() {
        let named = LockHolder { pid: 7, ..LockHolder::default() };
        let check = |bytes: &[u8], expected: Content| assert_eq!(decode(bytes), expected, "{bytes:?}");
        check(b"", Content::Empty);
        check(b" \n", Content::Empty);
        check(br#"{"pid":7,"later":[1,{}]}"#, Content::Holder(named));
        for unknown in
            ["{}", "7", "[7]", "null", "{", r#"{"pid":-1}"#, r#"{"pid":"7"}"#, r#"{"pid":7}{}"#, "\0\0", "[[[["]
        {
            check(unknown.as_bytes(), Content::Unknown);
        }
        check(b"{\"host\":\"\xff\"}", Content::Unknown);
        check(br#"{"pid":7,"checksum":"0000000000000000"}"#, Content::Unknown);
        check(br#"{"pid":7,"checksum":""#, Content::Unknown);
        check(format!("{{\"later\":{}", "[".repeat(3000)).as_bytes(), Content::Unknown);
    }
}
