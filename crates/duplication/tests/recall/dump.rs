//! The cases as files, for measuring other tools.

use std::{fs, io, path::Path};

use serde_json::json;

use crate::cases::Case;

/// Writes a folder for each kind, in it `N_a.py` and `N_b.py` for its case number N, and beside the folders
/// `cases.json` with kind, number and truth of all. A seed and its copies of other kinds are not in one folder, since a
/// tool that reports each copied text once for each place would have to choose among them.
pub(crate) fn write(folder: &Path, cases: &[Case]) -> io::Result<()> {
    let mut index = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let kind = case.kind.replace([' ', '%'], "_");
        let inside = folder.join(&kind);
        fs::create_dir_all(&inside)?;
        fs::write(inside.join(format!("{number}_a.py")), &case.left)?;
        fs::write(inside.join(format!("{number}_b.py")), &case.right)?;
        index.push(json!({ "kind": case.kind, "folder": kind, "number": number, "truth": case.truth }));
    }
    fs::write(folder.join("cases.json"), serde_json::to_vec_pretty(&index)?)
}
