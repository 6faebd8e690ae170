//! A headless browser: what the page looks like after its script has run.

use std::{
    env,
    ffi::OsString,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The page as the browser rendered it, and the browser's messages.
pub(crate) struct Drawn {
    /// The markup before the data and the script.
    pub(crate) body: String,
    attributes: String,
    pub(crate) console: Vec<String>,
}

/// Finds the browser to use. Without one it returns `None` and prints so on stderr, even if the test passes. With
/// `CDS_REQUIRE_BROWSER` set, as in CI, the test then fails.
pub(crate) fn find() -> Option<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let given = env::var_os("CDS_TEST_BROWSER").map(PathBuf::from);
    let found = given.or_else(|| {
        let mut candidates = env::split_paths(&folders).flat_map(|folder| NAMES.map(|name| folder.join(name)));
        candidates.find(|path| path.is_file())
    });
    if found.is_none() {
        let is_required = env::var_os("CDS_REQUIRE_BROWSER").is_some_and(|value| !value.is_empty() && value != "0");
        assert!(!is_required, "no chromium was found, and CDS_REQUIRE_BROWSER asks for one");
        // Bypasses the test runner's capture, which would hide the message.
        io::stderr()
            .write_all(b"SKIPPED: no chromium is on this machine, so the HTML report was not opened\n")
            .unwrap();
    }
    found
}

/// Opens `page` with this fragment behind `#`. `options` are passed to the browser.
pub(crate) fn open(browser: &Path, page: &Path, fragment: &str, options: &[&str]) -> Drawn {
    let profile = tempfile::tempdir().unwrap();
    let mut address = OsString::from("file://");
    address.push(page);
    address.push(format!("#{fragment}"));
    let mut profile_option = OsString::from("--user-data-dir=");
    profile_option.push(profile.path());
    let output = Command::new(browser)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--window-size=1200,900", "--timeout=60000", "--dump-dom"])
        .args(options)
        .arg(profile_option)
        .arg(address)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let dom = String::from_utf8(output.stdout).unwrap();
    let noise = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && dom.contains("<html"), "{noise}");
    let attributes = dom.split_once("<html").unwrap().1.split('>').next().unwrap().to_owned();
    let body = dom.split_once("<body>").unwrap().1.split("<noscript>").next().unwrap().to_owned();
    let console = noise.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    Drawn { body, attributes, console }
}

impl Drawn {
    /// A fact that the script recorded about itself.
    pub(crate) fn fact(&self, name: &str) -> Option<&str> {
        self.attributes.split_once(&format!("data-{name}=\""))?.1.split('"').next()
    }

    /// Panics if the page had an error or requested anything.
    pub(crate) fn assert_is_fine(&self) {
        assert_eq!(self.console, [""; 0], "the console is empty");
        assert_eq!(self.fact("problem"), None);
        assert_eq!(self.fact("requests"), Some("0"));
        assert!(self.fact("ready").is_some(), "the program ran to its end: {}", self.attributes);
    }

    /// The number of elements that begin with this text.
    pub(crate) fn count(&self, beginning: &str) -> usize {
        self.body.matches(beginning).count()
    }
}
