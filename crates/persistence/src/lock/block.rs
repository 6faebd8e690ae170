//! The content of a lock file: one JSON object in a block of fixed size.
//!
//! Readers take no lock, and a file system may give them parts of two blocks. The checksum detects such a mixture. Any
//! other content belongs to another program and must stay.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write as _},
    thread,
    time::Duration,
};

use super::LockHolder;

/// The size of a block in bytes.
const BLOCK_LENGTH: usize = 1024;

/// The most bytes that are read of a lock file.
const READ_LIMIT: u64 = 4096;

/// The beginning of every block; the limits on texts leave room for blanks that fill it up.
const BLOCK_START: &[u8] = br#"{"pid":"#;
const BLOCK_END: &[u8] = b" \n";

/// The last member of the object; it covers every byte before it. It cannot occur in a text, where quotes are escaped.
const CHECKSUM: &str = r#","checksum":""#;
const CHECKSUM_LENGTH: usize = 16;

/// Attempts to read invalid content, because a writer may be writing it just now.
const READ_ATTEMPTS: u32 = 5;
const READ_PAUSE: Duration = Duration::from_millis(1);

/// The parsed content of a lock file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// No process holds it, or one is about to write its block.
    Empty,
    /// The process that holds it, or held it last.
    Holder(LockHolder),
    /// Content that is not a block.
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

/// The block of `holder`; long texts are cut.
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

/// Whether the content, as [`read_start`] returns it, belongs to another program and must stay.
///
/// Blanks, blocks and half-written blocks may be overwritten.
pub(super) fn is_foreign(bytes: &[u8]) -> bool {
    match decode(bytes) {
        // Content that follows this many blanks was not read, so it may be foreign.
        Content::Empty => bytes.len() as u64 >= READ_LIMIT,
        Content::Holder(_) => false,
        Content::Unknown => !is_torn(bytes),
    }
}

/// Whether the content can be a mixture of two blocks.
fn is_torn(bytes: &[u8]) -> bool {
    bytes.len() == BLOCK_LENGTH && bytes.starts_with(BLOCK_START) && bytes.ends_with(BLOCK_END)
}

pub(super) fn decode(bytes: &[u8]) -> Content {
    if bytes.trim_ascii().is_empty() {
        return Content::Empty;
    }
    // Content of another size is not a block.
    if bytes.len() != BLOCK_LENGTH {
        return Content::Unknown;
    }
    let Ok(text) = str::from_utf8(bytes) else { return Content::Unknown };
    // serde would also accept a JSON list as the fields in order.
    if !text.starts_with('{') || !has_right_checksum(text) {
        return Content::Unknown;
    }
    match serde_json::from_str::<LockHolder>(text) {
        // Every holder has a process id; an object without one is something else.
        Ok(holder) if holder.pid > 0 => Content::Holder(holder.bounded()),
        _ => Content::Unknown,
    }
}

fn has_right_checksum(text: &str) -> bool {
    let Some((covered, rest)) = text.rsplit_once(CHECKSUM) else { return false };
    rest.get(..CHECKSUM_LENGTH)
        .and_then(|stated| u64::from_str_radix(stated, 16).ok())
        .is_some_and(|stated| stated == checksum(covered.as_bytes()))
}

/// FNV-1a with 64 bits: enough to tell a block from a mixture of two.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Reads the content while other processes may write it.
pub(super) fn read_content(file: &File) -> io::Result<Content> {
    for _ in 1..READ_ATTEMPTS {
        match read_once(file)? {
            Content::Unknown => thread::sleep(READ_PAUSE),
            known => return Ok(known),
        }
    }
    read_once(file)
}

/// Reads the content while no other process can write it.
pub(super) fn read_once(file: &File) -> io::Result<Content> {
    Ok(decode(&read_start(file)?))
}

/// Reads the first bytes of the file.
pub(super) fn read_start(mut file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(BLOCK_LENGTH);
    file.seek(SeekFrom::Start(0))?;
    file.take(READ_LIMIT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes the block over the beginning of the file; the rest of a longer file stays.
pub(super) fn write_block(mut file: &File, block: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(block)
}

/// Makes the block the only content of the file.
pub(super) fn write_only_block(file: &File, block: &[u8]) -> io::Result<()> {
    write_block(file, block)?;
    file.set_len(block.len() as u64)
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
    fn block_is_one_line_of_json() {
        let block = encode(&sample());
        assert_eq!((block.len(), block.last()), (BLOCK_LENGTH, Some(&b'\n')));
        let value: serde_json::Value = serde_json::from_slice(&block).unwrap();
        assert_eq!((&value["pid"], &value["command"]), (&7.into(), &"persist".into()));
        assert_eq!(decode(&block), Content::Holder(sample()));
    }

    #[test]
    fn longest_texts_fit_the_block() {
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
    fn mixed_blocks_never_name_another_holder() {
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

    /// The text, padded to the size of a block.
    fn padded(text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_owned();
        bytes.resize(BLOCK_LENGTH - 1, b' ');
        bytes.push(b'\n');
        bytes
    }

    #[test]
    fn only_valid_checksum_names_a_holder() {
        let check = |bytes: &[u8], expected: Content| assert_eq!(decode(bytes), expected, "{bytes:?}");
        check(b"", Content::Empty);
        check(b" \n", Content::Empty);
        let block = encode(&sample());
        check(&block[..BLOCK_LENGTH - 1], Content::Unknown);
        check(&[&block[..], b" "].concat(), Content::Unknown);
        check(&[&b"\xff"[..], &block[1..]].concat(), Content::Unknown);
        for unknown in [
            "{}",
            "7",
            "[7]",
            "null",
            "{",
            "\0\0",
            r#"{"pid":7}"#,
            r#"{"pid":7,"precious":"data"}"#,
            r#"{"pid":7,"checksum":"0000000000000000"}"#,
            r#"{"pid":7,"checksum":""#,
        ] {
            check(unknown.as_bytes(), Content::Unknown);
            check(&padded(unknown), Content::Unknown);
        }
        for with_checksum in [r#"{"pid":-1"#, r#"{"pid":0"#, r#"{"pid":"7""#, r#"{"host":"a""#, "[7", "{\"later\":[[["]
        {
            let text = format!("{with_checksum}{CHECKSUM}{:016x}\"}}", checksum(with_checksum.as_bytes()));
            check(&padded(&text), Content::Unknown);
        }
        check(format!("{{\"later\":{}", "[".repeat(3000)).as_bytes(), Content::Unknown);
    }

    #[test]
    fn other_content_is_foreign() {
        let block = encode(&sample());
        let later = encode(&LockHolder { stage: "later".into(), ..sample() });
        let mut wrong = block.clone();
        wrong[BLOCK_START.len()] ^= 1;
        let blanks = [b' '; 4096];
        for ours in [&b""[..], b" \n", &blanks[..2000], &blanks[..4095], &block, &wrong, &padded(r#"{"pid":7}"#)] {
            assert!(!is_foreign(ours), "{ours:?}");
        }
        for at in 0..=BLOCK_LENGTH {
            assert!(!is_foreign(&[&later[..at], &block[at..]].concat()), "{at}");
        }
        let precious = padded(r#"{"precious":"data"}"#);
        let without_end = [&precious[..1], &block[1..BLOCK_LENGTH - 2], b"}}"].concat();
        for foreign in [
            &br#"{"pid":7,"precious":"data"}"#[..],
            br#"{"pid":7}"#,
            &precious,
            &without_end,
            &[0; BLOCK_LENGTH],
            &[b'x'; BLOCK_LENGTH],
            &block[..BLOCK_LENGTH - 1],
            &[&block[..], b"\n"].concat(),
            // More content may follow than was read.
            &blanks,
        ] {
            assert!(is_foreign(foreign), "{foreign:?}");
        }
    }
}
