//! Every file that was found is listed with the hash of its bytes, whether or not it was analyzed.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path};

use cds_analyzer::{AnalysisOptions, NothingKnown, SourceTree, analyze};
use cds_model::Analysis;

fn analysis_of(root: &Path, options: &AnalysisOptions) -> Analysis {
    analyze(&SourceTree::open(root).unwrap(), options, &NothingKnown, &|| false)
}

/// `path sha256` of each input, of the hash the first four bytes; or `path reason`.
fn shown(analysis: &Analysis) -> Vec<String> {
    let head = |hash: &[u8]| hash.first_chunk().copied().map_or(0, u32::from_be_bytes);
    let inputs = analysis.inputs.iter();
    inputs
        .map(|input| match &input.content {
            Ok(hash) => format!("{} {:08x}", input.file_path, head(&hash.0)),
            Err(reason) => format!("{} {reason}", input.file_path),
        })
        .collect()
}

#[test]
fn files_that_are_no_source_have_their_hash_too() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("a")).unwrap();
    fs::write(root.join("a/good.py"), "def f():\n    return 1\n").unwrap();
    fs::write(root.join("binary.py"), b"x = '\xe9'\r\n\0").unwrap();
    fs::write(root.join("broken.py"), "def f(:\n").unwrap();
    fs::write(root.join("empty.py"), "").unwrap();
    fs::write(root.join("large.py"), vec![b'\n'; 101]).unwrap();
    fs::write(root.join("marked.py"), b"\xef\xbb\xbfx = 1\r\n").unwrap();
    fs::write(root.join("other.txt"), "").unwrap();
    let options = AnalysisOptions { max_file_size: 100, ..AnalysisOptions::default() };
    let analysis = analysis_of(root, &options);
    assert_eq!(
        shown(&analysis),
        [
            "a/good.py 5b76d096",
            "binary.py 56e4dea3",
            "broken.py d77e0f7d",
            "empty.py e3b0c442",
            "large.py larger than the limit: 101 bytes, at most 100",
            "marked.py b1c407da",
        ]
    );
    let failed: Vec<_> = analysis.errors.iter().map(|error| error.file_path.as_str()).collect();
    assert_eq!((failed, analysis.files.len()), (vec!["binary.py", "broken.py", "large.py"], 4));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_opened_is_listed_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket.py");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    fs::write(folder.path().join("a.py"), "").unwrap();
    let analysis = analysis_of(folder.path(), &AnalysisOptions::default());
    let [error] = analysis.errors.as_slice() else { panic!("one file cannot be opened: {:?}", analysis.errors) };
    assert_eq!(shown(&analysis), ["a.py e3b0c442".to_owned(), format!("socket.py {}", error.reason)]);
}

#[test]
fn the_number_of_threads_decides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..200 {
        let text = format!("x = {number}\n").repeat(number % 17 * 5);
        fs::write(folder.path().join(format!("f{number}.py")), text).unwrap();
    }
    let inputs_with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| analysis_of(folder.path(), &AnalysisOptions::default())).inputs
    };
    let alone = inputs_with(1);
    assert_eq!(alone.len(), 200);
    assert!(alone.is_sorted_by(|left, right| left.file_path < right.file_path));
    for threads in [2, 8] {
        assert!(inputs_with(threads) == alone, "{threads} threads");
    }
}
