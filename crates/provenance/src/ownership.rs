//! Whether a repository may be read: it belongs to the user, or the user says that it is safe.
//!
//! As git judges it: owner of the working tree, of its `.git` and of the repository behind it; else `safe.directory`
//! of the system and of the user, never of the repository itself.

use std::path::{Path, PathBuf};

use crate::{
    config::Config,
    error::{Error, Result},
};

/// The most values of `safe.directory` in the environment that are read.
const MOST_VARIABLES: usize = 1000;

/// The values of `safe.directory`, as the user and the system set them.
#[derive(Debug, Clone, Default)]
pub struct SafeDirectories {
    values: Vec<String>,
    home: Option<PathBuf>,
}

impl SafeDirectories {
    /// What the user's configuration says; `variable` gives the value of a variable of the environment.
    ///
    /// A file that cannot be read says nothing.
    pub fn of_user(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let home = variable("HOME").map(PathBuf::from);
        let mut values: Vec<String> = Vec::new();
        for path in files_of_user(variable, home.as_deref()) {
            values.extend(Config::read(&path).map(|config| config.all("safe.directory")).unwrap_or_default());
        }
        let count = variable("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or(0);
        for number in 0..MOST_VARIABLES.min(count) {
            let is_ours = variable(&format!("GIT_CONFIG_KEY_{number}"))
                .is_some_and(|key| key.eq_ignore_ascii_case("safe.directory"));
            values.extend(is_ours.then(|| variable(&format!("GIT_CONFIG_VALUE_{number}"))).flatten());
        }
        Self { values, home }
    }

    /// An error unless each of these belongs to the user, or the working tree is named as safe.
    ///
    /// `work_tree` is absolute and free of symbolic links.
    pub(crate) fn judge(&self, work_tree: &Path, others: &[&Path]) -> Result<()> {
        let mut paths = [work_tree].into_iter().chain(others.iter().copied());
        // An owner that cannot be asked for is another one.
        let foreign = paths.find(|path| !gix::sec::identity::is_path_owned_by_current_user(path).unwrap_or(false));
        match foreign {
            Some(path) if !self.have(work_tree) => Err(Error::Unowned { path: path.to_owned() }),
            _ => Ok(()),
        }
    }

    fn have(&self, work_tree: &Path) -> bool {
        self.values.iter().fold(false, |is_safe, value| match value.as_str() {
            // An empty value takes back what was said before.
            "" => false,
            "*" => true,
            _ => is_safe || self.names(value, work_tree),
        })
    }

    fn names(&self, value: &str, work_tree: &Path) -> bool {
        let (folder, is_prefix) = value.strip_suffix("/*").map_or((value, false), |folder| (folder, true));
        let folder = match (folder.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(folder),
        };
        if !folder.is_absolute() {
            return false;
        }
        let folder = folder.canonicalize().unwrap_or(folder);
        if is_prefix { work_tree != folder && work_tree.starts_with(folder) } else { work_tree == folder }
    }
}

/// The configuration files of the system and of the user, the later ones having the last word.
fn files_of_user(variable: &dyn Fn(&str) -> Option<String>, home: Option<&Path>) -> Vec<PathBuf> {
    let is_on = |value: String| !matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "false" | "no" | "off");
    let mut files = Vec::new();
    if !variable("GIT_CONFIG_NOSYSTEM").is_some_and(is_on) {
        files.push(variable("GIT_CONFIG_SYSTEM").map_or_else(|| PathBuf::from("/etc/gitconfig"), PathBuf::from));
    }
    if let Some(path) = variable("GIT_CONFIG_GLOBAL") {
        files.push(PathBuf::from(path));
        return files;
    }
    let own = variable("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    files.extend(own.or_else(|| Some(home?.join(".config"))).map(|folder| folder.join("git/config")));
    files.extend(home.map(|home| home.join(".gitconfig")));
    files
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn safe(values: &[&str], home: &str) -> SafeDirectories {
        SafeDirectories { values: values.iter().map(ToString::to_string).collect(), home: Some(home.into()) }
    }

    #[test]
    fn values_mean_what_git_means() {
        let tree = Path::new("/srv/code/shop");
        for (values, expected) in [
            (&[][..], false),
            (&["*"], true),
            (&["*", ""], false),
            (&["/srv/code/shop"], true),
            (&["", "/srv/code/shop/"], true),
            (&["/srv/code"], false),
            (&["/srv/code/*"], true),
            (&["/srv/code/shop/*"], false),
            (&["/srv/code/sh*"], false),
            (&["~/code/shop"], true),
            (&["code/shop"], false),
            (&["/elsewhere", "/srv/code/shop", "/other"], true),
        ] {
            assert_eq!(safe(values, "/srv").have(tree), expected, "{values:?}");
        }
    }

    #[test]
    fn system_user_and_environment_are_asked() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, value: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, format!("[safe]\n\tdirectory = {value}\n")).unwrap();
            path.display().to_string()
        };
        let system = write("etc", "/system");
        write("home/.gitconfig", "/home");
        write("home/.config/git/config", "/xdg");
        let global = write("global", "/global");
        let home = folder.path().join("home").display().to_string();
        let asked = |pairs: &[(&str, &str)]| {
            let found = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            SafeDirectories::of_user(&found).values
        };
        let base = [("GIT_CONFIG_SYSTEM", system.as_str()), ("HOME", &home)];
        assert_eq!(asked(&base), ["/system", "/xdg", "/home"]);
        assert_eq!(asked(&[&base[..], &[("GIT_CONFIG_GLOBAL", &global)]].concat()), ["/system", "/global"]);
        assert_eq!(asked(&[&base[..], &[("GIT_CONFIG_NOSYSTEM", "1")]].concat()), ["/xdg", "/home"]);
        let given = [
            ("GIT_CONFIG_NOSYSTEM", "true"),
            ("GIT_CONFIG_COUNT", "2"),
            ("GIT_CONFIG_KEY_0", "core.pager"),
            ("GIT_CONFIG_VALUE_0", "less"),
            ("GIT_CONFIG_KEY_1", "Safe.Directory"),
            ("GIT_CONFIG_VALUE_1", "*"),
        ];
        assert_eq!(asked(&given), ["*"]);
    }

    #[test]
    fn own_folders_need_no_word() {
        let folder = tempfile::tempdir().unwrap();
        assert!(SafeDirectories::default().judge(folder.path(), &[]).is_ok());
    }
}
