//! Where the analyzed tree comes from: its commit, who made that, whether the tree differs from it, and what the project
//! is called.
//!
//! `cds-provenance` reads the repository. Here is what it must not know: the arguments, the environment, the clock, and
//! how a text is shown.

mod authorship;
mod code_ref;
mod project;
mod shared;
mod watchdog;

pub(crate) use authorship::Authorship;
pub(crate) use cds_provenance::{AnalyzedTree, part_name, path_prefix};
pub(crate) use code_ref::{Origin, is_source, origin, parse_code_ref};
pub(crate) use project::{parse_project, project_name};
pub(crate) use shared::{is_tracked, safe_directories};
