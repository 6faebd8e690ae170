//! Output to a terminal or into a log: escaping, widths, tables, sections, styles, local time and safe JSON.
//!
//! It reads the properties of the terminal (`NO_COLOR`, `COLUMNS`, `TZ`) and writes only to what it is given. It knows
//! nothing of runs, records or duplicates.

pub mod columns;
pub mod fields;
pub mod grid;
pub mod local_time;
pub mod numbers;
pub mod runner;
pub mod safe_json;
pub mod screen;
pub mod sections;
pub mod style;
pub mod text;
mod time_zone;
