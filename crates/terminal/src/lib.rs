//! Text for a terminal.
