//! Colours: only for a terminal that wants them.

use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Effects, Style};

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Green: as it should be.
    Good,
    /// Yellow: worth a look.
    Warning,
    /// Red: a result is missing.
    Bad,
    /// The most important text.
    Strong,
    /// Text that is only there for completeness.
    Faint,
}

impl Tone {
    /// That of a status of a run or a stage.
    pub fn of_status(status: &str) -> Self {
        match status {
            "completed" => Self::Good,
            "completed_with_errors" | "running" => Self::Warning,
            "failed" | "interrupted" => Self::Bad,
            _ => Self::Plain,
        }
    }

    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Strong => Style::new().effects(Effects::BOLD),
            Self::Faint => Style::new().effects(Effects::DIMMED),
        }
    }
}

/// Paints, or leaves text as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// No escape sequence at all.
    Plain,
    /// The sixteen colours that every terminal has.
    Coloured,
}

impl Palette {
    /// Colours for a terminal, unless `NO_COLOR` says anything or the terminal is a dumb one.
    pub fn of_stdout() -> Self {
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if std::io::stdout().is_terminal() && !is_refused { Self::Coloured } else { Self::Plain }
    }

    /// The text in its tone.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if self == Self::Plain || tone == Tone::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = tone.style();
        format!("{style}{text}{style:#}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_end_where_the_text_ends() {
        assert_eq!(Palette::Coloured.paint(Tone::of_status("failed"), "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Palette::Coloured.paint(Tone::of_status("another word"), "x"), "x");
        assert_eq!(Palette::Plain.paint(Tone::Bad, "x"), "x");
    }
}
