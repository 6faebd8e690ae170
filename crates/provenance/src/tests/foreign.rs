//! Repositories of other users.

use std::path::Path;

use super::{Sandbox, origin_of};
use crate::{Error, Repository, SafeDirectories, path_prefix};

fn naming(folder: &Path) -> SafeDirectories {
    let folder = folder.display().to_string();
    SafeDirectories::of_user(&|name| match name {
        "GIT_CONFIG_NOSYSTEM" | "GIT_CONFIG_COUNT" => Some("1".to_owned()),
        "GIT_CONFIG_KEY_0" => Some("safe.directory".to_owned()),
        "GIT_CONFIG_VALUE_0" => Some(folder.clone()),
        _ => None,
    })
}

#[cfg(unix)]
#[test]
fn only_safe_ones_are_read() {
    use std::os::unix::fs::chown;

    for part in ["repo", "repo/.git", "repo/.git/HEAD"] {
        let sandbox = Sandbox::new();
        let (root, part) = (sandbox.root(), sandbox.root().with_file_name(part));
        if chown(&part, Some(12_345), None).is_err() {
            // Only the superuser gives files away. For all others, what is that user's is foreign.
            let judged = SafeDirectories::default().judge(Path::new("/"), &[]);
            assert!(matches!(judged, Err(Error::Unowned { path }) if path == Path::new("/")));
            assert!(naming(Path::new("/")).judge(Path::new("/"), &[]).is_ok());
            continue;
        }
        let is_judged = !part.ends_with("HEAD");
        let discover = |safe: &SafeDirectories| Repository::discover(&root, safe);
        assert_eq!(discover(&SafeDirectories::default()).is_err(), is_judged, "{part:?}");
        assert_eq!(discover(&naming(&root.join("sub"))).is_err(), is_judged, "{part:?}");
        assert!(discover(&naming(&root)).is_ok(), "{part:?}");
        if is_judged {
            let known = origin_of(&root);
            let why = format!("another user owns {}, and safe.directory does not name it", part.display());
            assert_eq!((known.code_ref.commit, known.code_ref.note), (None, why));
            // Where it lies is no secret of the repository.
            assert_eq!(path_prefix(&root.join("sub")), "sub/");
            // The repository cannot name itself.
            sandbox.write(".git/config", "[core]\n\tbare = false\n[safe]\n\tdirectory = *\n");
            assert!(discover(&SafeDirectories::default()).is_err());
        }
    }
}
