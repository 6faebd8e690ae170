//! A terminal for the binary, whose output is read back.

use std::{
    fs::{File, OpenOptions},
    io::Read as _,
    os::unix::ffi::OsStrExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

/// Runs `command`, which must succeed, with stderr on a terminal of this width. Returns everything drawn.
pub(crate) fn drawn(command: &mut Command, columns: u16) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal can be had");
    grantpt(&master).expect("the terminal is granted");
    unlockpt(&master).expect("the terminal is unlocked");
    let name = ptsname(&master, Vec::new()).expect("the terminal has a name");
    let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let terminal = OpenOptions::new().read(true).write(true).open(path).expect("the terminal opens");
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&terminal, size).expect("the terminal has a size");
    let mut child = command
        .env("TERM", "xterm")
        .stdout(Stdio::null())
        .stderr(Stdio::from(terminal))
        .spawn()
        .expect("the binary can be started");
    // The parent must close its end, or reading never ends.
    command.stderr(Stdio::null());
    let reader = thread::spawn(move || {
        let (mut bytes, mut piece, mut master) = (Vec::new(), [0; 4096], File::from(master));
        // On Linux, reading a terminal whose other end is closed is an error, not an end of file.
        while let Ok(count @ 1..) = master.read(&mut piece) {
            bytes.extend_from_slice(&piece[..count]);
        }
        bytes
    });
    assert!(child.wait().expect("the binary ends").success());
    String::from_utf8_lossy(&reader.join().expect("the reader ends")).into_owned()
}

/// Every state of a line, without the sequences for movement and colour.
pub(crate) fn frames(drawn: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut rest = drawn.chars();
    while let Some(character) = rest.next() {
        match character {
            '\u{1b}' => {
                // `ESC [ parameters letter`: each sequence of the bar begins or clears a line.
                plain.push('\n');
                _ = rest.find(char::is_ascii_alphabetic);
            }
            '\r' => plain.push('\n'),
            _ => plain.push(character),
        }
    }
    plain.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}
