//! The properties of stdout and its reader: width, colours and time zone.

use std::io::IsTerminal as _;

use super::{local_time::LocalTime, style::Palette};

/// Columns where the width of a terminal is not known.
const DEFAULT_WIDTH: usize = 160;

/// How a result for people is laid out.
#[derive(Debug, Clone)]
pub struct Screen {
    /// Columns; no line is wider.
    pub width: usize,
    /// Which colours it shows.
    pub palette: Palette,
    /// In which zone it shows times.
    pub time: LocalTime,
}

impl Screen {
    /// The screen behind stdout, or what a file or pipe gets.
    pub fn of_stdout() -> Self {
        Self { width: width(), palette: Palette::of_stdout(), time: LocalTime::of_system() }
    }

    /// That of a file, which has no colours and unlimited width.
    pub fn of_file() -> Self {
        Self { width: DEFAULT_WIDTH, palette: Palette::Plain, time: LocalTime::of_system() }
    }
}

/// How many columns the reader of stdout has.
pub fn width() -> usize {
    let terminal = std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    let from_environment = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    terminal.map(|(width, _)| usize::from(width.0)).or_else(from_environment).unwrap_or(DEFAULT_WIDTH).max(40)
}
