//! The page of `cds dup-check --format html` in a real browser: its content and marks, and that it makes no request.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod browser;
mod colours;

use std::{
    fmt::Write as _,
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rusqlite::{Connection, params};

use crate::browser::Drawn;

/// A database as any program may write it: the two required tables only.
struct Tree {
    folder: tempfile::TempDir,
    database: Connection,
}

impl Tree {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Connection::open(folder.path().join("t.sqlite")).unwrap();
        let runs =
            "id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, finished_at TEXT NOT NULL, root_path TEXT NOT NULL,
            provider_url TEXT NOT NULL, model TEXT NOT NULL, scope TEXT NOT NULL, progress_batch_size INTEGER NOT NULL,
            status TEXT NOT NULL, analyzer_error_count INTEGER NOT NULL, intent_failed_count INTEGER NOT NULL,
            record_count INTEGER NOT NULL";
        let records = "id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs(id), kind TEXT NOT NULL,
            file_path TEXT NOT NULL, signature TEXT, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL,
            raw_code TEXT NOT NULL, normalized_code TEXT NOT NULL, md5sum TEXT NOT NULL, intent TEXT,
            intent_status TEXT NOT NULL, intent_error TEXT";
        let mut tables = format!("CREATE TABLE runs({runs}); CREATE TABLE records({records});");
        for column in ["run_id", "file_path", "md5sum", "intent_status"] {
            write!(tables, "CREATE INDEX idx_records_{column} ON records({column});").unwrap();
        }
        database.execute_batch(&tables).unwrap();
        Self { folder, database }
    }

    fn run(&self, id: i64) {
        let sql = "INSERT INTO runs VALUES (?1, ?2, ?2, '/shop', 'builtin:', 'builtin', 'function', 10, 'completed',
            0, 0, 0)";
        self.database.execute(sql, params![id, format!("2026-11-{id:02}T10:00:00.000Z")]).unwrap();
    }

    /// Adds a function; the last argument is its intent.
    fn function(&self, run: i64, path: &str, name: &str, code: &str, intent: Option<&str>) {
        let sql = "INSERT INTO records(run_id, kind, file_path, signature, start_line, end_line, raw_code,
            normalized_code, md5sum, intent, intent_status)
            VALUES (?1, 'function', ?2, ?3, 1, ?4, ?5, ?5, ?6, ?7, ?8)";
        let lines = i64::try_from(code.lines().count()).unwrap();
        let status = if intent.is_some() { "success" } else { "skipped" };
        let sum = format!("{:x}", md5::compute(code));
        let signature = format!("def {name}(row):");
        self.database.execute(sql, params![run, path, signature, lines, code, sum, intent, status]).unwrap();
    }

    /// The page for the last run.
    fn page(&self, channels: &str) -> PathBuf {
        let page = self.folder.path().join("report.html");
        self.check(channels, &["--format", "html", "--output", page.to_str().unwrap()]);
        page
    }

    fn check(&self, channels: &str, more: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_cds"))
            .args(["dup-check", "--channels", channels, "--limit", "0"])
            .args(more)
            .arg("--db-path")
            .arg(self.folder.path().join("t.sqlite"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }
}

/// Code with a number in every line, so that two numbers never give duplicates.
fn body(id: usize) -> String {
    format!(
        "def step_{id}(row):\n    total_{id} = row.price_{id} * {id}\n    store_{id}(total_{id}, row, key={id})\n    \
         log_{id}.info(\"done {id}\", total_{id})\n    return finish_{id}(row, total_{id}, limit={id})\n"
    )
}

fn open(browser: &Path, page: &Path, fragment: &str) -> Drawn {
    let drawn = browser::open(browser, page, fragment, &[]);
    drawn.assert_is_fine();
    drawn
}

#[test]
fn large_report_opens_and_filters() {
    let Some(browser) = browser::find() else { return };
    let tree = Tree::new();
    tree.run(1);
    tree.database.execute_batch("BEGIN").unwrap();
    for id in 0..5_000 {
        let code = body(id);
        tree.function(1, &format!("left/part_{id}.py"), &format!("step_{id}"), &code, None);
        tree.function(1, &format!("right/part_{id}.py"), &format!("step_{id}"), &code, None);
    }
    tree.database.execute_batch("COMMIT").unwrap();
    let page = tree.page("exact");

    let all = open(&browser, &page, "");
    assert!(all.body.contains(">5,000 groups</p>"), "all of them are there");
    assert!((1..=200).contains(&all.count("<li ")), "but not all of them are drawn: {}", all.count("<li "));
    let milliseconds: u64 = all.fact("ready").unwrap().parse().unwrap();
    // The aim is two seconds, and far less is usual. A busy machine gets much more time.
    assert!(milliseconds < 15_000, "{milliseconds} ms");

    let one = open(&browser, &page, "filter=path%3Aleft%2Fpart_4242.py");
    assert!(one.body.contains(">1 of 5,000 groups</p>"));
    assert_eq!((one.count("<li "), one.count(">step_4242<")), (1, 1));
    let group = one.body.split_once("id=\"group-").unwrap().1[..16].to_owned();

    let opened = open(&browser, &page, &format!("open={group}"));
    assert!(opened.body.contains("aria-expanded=\"true\"") && opened.body.contains("right/part_4242.py"));
    assert!(opened.body.contains("log_4242.info") && opened.count("<mark>") == 0, "equal code has no marks");

    let none = open(&browser, &page, "filter=name%3Astep_1+path%3Apart_2.py");
    assert!(none.body.contains(">0 of 5,000 groups</p>"));
}

#[test]
fn differences_and_trend_are_drawn() {
    let Some(browser) = browser::find() else { return };
    let tree = Tree::new();
    for run in [1, 2] {
        tree.run(run);
        let changed = body(7).replace("done 7", "finished 7").replace("row.price_7 * 7", "row.price_7 * 19");
        tree.function(run, "a.py", "step_7", &body(7), Some("Adds the tax."));
        tree.function(run, "b.py", "step_7", &changed, Some("Adds a tax."));
    }
    let page = tree.page("near");
    let list = open(&browser, &page, "filter=channel%3Anear");
    assert!(list.body.contains("<polyline class=\"share\""), "two runs are a trend");
    let group = list.body.split_once("id=\"group-").unwrap().1[..16].to_owned();
    let drawn = open(&browser, &page, &format!("open={group}&copy=2"));
    let marks: Vec<&str> = drawn.body.split("<mark>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(marks, ["7", "19", "done", "finished"]);
    assert!(drawn.body.contains("Adds the tax.") && drawn.body.contains("Adds a tax."));
    assert_eq!(drawn.count("class=\"pair differ\""), 2);
    assert_eq!(drawn.count("class=\"pair same\""), 3);
}

#[test]
fn shares_round_as_in_table() {
    let Some(browser) = browser::find() else { return };
    let tree = Tree::new();
    // 5 of 88 files, and of 90 lines: 5.68 and 5.56 %.
    for (run, extra) in [(1, 78), (2, 80)] {
        tree.run(run);
        tree.function(run, "a.py", "step_7", &body(7), None);
        tree.function(run, "b.py", "step_7", &body(7), None);
        tree.function(run, "c.py", "other", &"other()\n".repeat(extra), None);
    }
    let table = tree.check("exact", &["--format", "table"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("5 of 90, 5.6 %"), "{table}");
    let drawn = open(&browser, &tree.page("exact"), "");
    assert!(drawn.body.contains("<dd>5.6 %</dd>"), "the total");
    assert!(drawn.body.contains("5.6 %, 1 group") && drawn.body.contains("5.7 %, 1 group"), "the dots of the trend");
    assert_eq!((drawn.count(">5.6 %</td>"), drawn.count(">5.7 %</td>")), (1, 1), "and its rows");
}

#[test]
fn hostile_text_stays_text() {
    let Some(browser) = browser::find() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let attack = format!(
        "</script><script>document.title='owned'</script><img src='{server}/i' onerror=alert(1)>\
         <link rel=stylesheet href={server}/c><!--<script>\u{1b}[31m\u{202e}\u{2028}{{{{x}}}}`${{1}}`&lt;"
    );
    let code = format!(
        "def evil(row):\n    text = \"\"\"{attack}\"\"\"\n    store(text, row, key=1)\n    log.info(text, row)\n    return text\n"
    );
    let tree = Tree::new();
    tree.run(1);
    tree.database.execute("UPDATE runs SET root_path = ?1", [format!("/shop/{attack}")]).unwrap();
    tree.function(1, &format!("a/{attack}.py"), &attack, &code, Some(&attack));
    tree.function(1, "b.py", &attack, &code, Some(&attack));
    let page = tree.page("exact");
    let list = open(&browser, &page, "");
    let group = list.body.split_once("id=\"group-").unwrap().1[..16].to_owned();
    let drawn = open(&browser, &page, &format!("open={group}&filter=%3Cscript%3E"));
    assert!(drawn.body.contains("aria-expanded=\"true\""));
    for markup in ["<img", "<link", "<script", "<!--", "\u{1b}", "\u{202e}", "\u{2028}"] {
        assert!(!drawn.body.contains(markup), "{markup:?}");
    }
    assert!(drawn.body.contains("&lt;/script&gt;&lt;script&gt;document.title='owned'"));
    assert!(drawn.body.contains("\\u{1b}[31m\\u{202e}\\u{2028}{{x}}`${1}`&amp;lt;"));
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the page made no request");
}
