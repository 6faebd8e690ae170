//! The code of a Jupyter notebook as one text.
//!
//! The code cells are joined in their order, each behind a comment with its number. Outputs and other cells are left out.
//! What only the notebook understands (`%magic`, `!command`, `help?`) becomes a comment.
//! The format is that of [nbformat 4](https://nbformat.readthedocs.io/en/latest/format_description.html).

use std::fmt::Write as _;

use serde_json::Value;

/// The ending of their names.
pub(crate) const ENDING: &str = ".ipynb";

/// Magics of a whole cell whose other lines are still Python.
const TRANSPARENT: [&str; 5] = ["%%time", "%%timeit", "%%capture", "%%prun", "%%memit"];

/// The code of a notebook.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Notebook {
    pub(crate) text: String,
    /// The number of each code cell, and the line of its comment, 1-based.
    cells: Vec<(usize, u32)>,
}

/// Why a notebook has no text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotebookError {
    /// Its kernel runs another language.
    OtherLanguage,
    /// It is no notebook.
    Broken(String),
}

impl Notebook {
    /// Reads a notebook.
    pub(crate) fn of(json: &str) -> Result<Self, NotebookError> {
        let broken = |reason: &str| NotebookError::Broken(format!("not a notebook: {reason}"));
        let notebook: Value = serde_json::from_str(json).map_err(|error| broken(&error.to_string()))?;
        let metadata = &notebook["metadata"];
        let named = [&metadata["kernelspec"]["language"], &metadata["language_info"]["name"]];
        if named.iter().filter_map(|name| name.as_str()).any(|name| name != "python" && name != "ipython") {
            return Err(NotebookError::OtherLanguage);
        }
        let cells = notebook["cells"].as_array().ok_or_else(|| broken("it has no list of cells"))?;
        let mut read = Self { text: String::new(), cells: Vec::new() };
        let mut line = 1;
        for (number, cell) in (1..).zip(cells).filter(|(_, cell)| cell["cell_type"] == "code") {
            read.cells.push((number, line));
            writeln!(read.text, "# cell {number}").expect("a String takes everything");
            let code = python(&source(&cell["source"]));
            line += 1 + u32::try_from(code.lines().count()).unwrap_or(u32::MAX);
            read.text.push_str(&code);
        }
        Ok(read)
    }

    /// Where a line of the text stands in the notebook.
    pub(crate) fn place(&self, line: u32) -> Option<(usize, u32)> {
        let cell = self.cells.iter().rev().find(|(_, first)| *first <= line)?;
        Some((cell.0, (line - cell.1).max(1)))
    }
}

/// The text of a cell, which is a text or a list of them.
fn source(source: &Value) -> String {
    match source {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

/// The lines of a cell, with comments for what is no Python; each ends with a line break.
fn python(cell: &str) -> String {
    let first = cell.trim_start();
    let is_other_language =
        first.starts_with("%%") && !TRANSPARENT.iter().any(|magic| first.split_whitespace().next() == Some(magic));
    let mut code = String::with_capacity(cell.len() + 1);
    for line in cell.lines() {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        let is_magic = text.starts_with(['%', '!']) || (text.ends_with('?') && !text.starts_with('#'));
        if is_other_language {
            code.extend(["# ", line]);
        } else if is_magic {
            // A block needs a statement.
            let filler = if indent.is_empty() { "" } else { "pass  " };
            code.extend([indent, filler, "# ", text]);
        } else if let Some(mark) = magic_value(text) {
            code.extend([indent, &text[..mark], "None  # ", &text[mark..]]);
        } else {
            code.push_str(line);
        }
        code.push('\n');
    }
    code
}

/// Where the value of an assignment begins, if it is a magic or a command.
fn magic_value(line: &str) -> Option<usize> {
    let (target, value) = line.split_once('=')?;
    let is_target = target.chars().all(|letter| letter.is_alphanumeric() || "_, .".contains(letter));
    let is_magic = value.trim_start().starts_with(['%', '!']);
    (is_target && is_magic).then(|| line.len() - value.trim_start().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_cells_are_joined() {
        let json = r##"{"cells": [
            {"cell_type": "markdown", "source": ["# Title"]},
            {"cell_type": "code", "source": ["%matplotlib inline\n", "def f():\n", "    return 1"], "outputs": ["def g(): 0"]},
            {"cell_type": "code", "source": "%%bash\nls"},
            {"cell_type": "code", "source": "%%time\nx = !ls\nif x:\n    !rm x\nf?"}
        ], "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}"##;
        let notebook = Notebook::of(json).unwrap();
        let expected = "\
# cell 2
# %matplotlib inline
def f():
    return 1
# cell 3
# %%bash
# ls
# cell 4
# %%time
x = None  # !ls
if x:
    pass  # !rm x
# f?
";
        assert_eq!(notebook.text, expected);
        assert_eq!([1, 4, 12].map(|line| notebook.place(line)), [Some((2, 1)), Some((2, 3)), Some((4, 4))]);
    }

    #[test]
    fn other_files_are_refused() {
        let other = r#"{"cells": [], "metadata": {"language_info": {"name": "R"}}}"#;
        assert_eq!(Notebook::of(other), Err(NotebookError::OtherLanguage));
        for broken in ["", "[]", "{}", "{\"cells\": 1}"] {
            assert!(matches!(Notebook::of(broken), Err(NotebookError::Broken(_))), "{broken}");
        }
        assert_eq!(Notebook::of("{\"cells\": [{}, {\"cell_type\": \"code\"}]}").unwrap().text, "# cell 2\n");
    }
}
