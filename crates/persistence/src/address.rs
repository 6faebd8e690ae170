//! Tells a database address (a URL, a DSN, a connection string) from a file name. Text only, no I/O.
//!
//! A name that can be an address counts as one even if a file of that name exists, so that its meaning never depends on
//! the disk. A path whose first `:` or `=` comes after a `/`, such as `./host=a.sqlite`, is never an address.

use std::{fmt, path::Path};

/// Schemes that make an address even without `//` after the colon; a driver may follow after a `+`.
const SCHEMES: &[&str] = &[
    "ado",
    "bigquery",
    "cassandra",
    "clickhouse",
    "cockroach",
    "cockroachdb",
    "couchbase",
    "couchdb",
    "d1",
    "db2",
    "dbi",
    "duckdb",
    "dynamodb",
    "file",
    "firebird",
    "h2",
    "hana",
    "hive",
    "hsqldb",
    "http",
    "https",
    "ibm_db_sa",
    "impala",
    "influxdb",
    "jdbc",
    "libsql",
    "mariadb",
    "md",
    "mongo",
    "mongodb",
    "motherduck",
    "mssql",
    "mysql",
    "mysql2",
    "mysqlx",
    "neo4j",
    "oci",
    "odbc",
    "oracle",
    "pdo",
    "pg",
    "pgsql",
    "pglite",
    "postgis",
    "postgres",
    "postgresql",
    "presto",
    "redis",
    "rediss",
    "redshift",
    "rqlite",
    "s3",
    "snowflake",
    "spatialite",
    "sqlite",
    "sqlite3",
    "sqlserver",
    "sybase",
    "teradata",
    "trino",
    "turso",
    "valkey",
    "vertica",
];

/// Settings of connection strings, in lower case, without blanks and underscores. Those in the second list never occur
/// in a file name.
const SETTINGS: &[&str] = &[
    "address",
    "addr",
    "applicationname",
    "connecttimeout",
    "connectiontimeout",
    "database",
    "db",
    "driver",
    "encrypt",
    "host",
    "network",
    "networkaddress",
    "options",
    "port",
    "provider",
    "server",
    "service",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "targetsessionattrs",
    "timeout",
    "uid",
    "user",
    "username",
    "version",
];
const CERTAIN_SETTINGS: &[&str] = &[
    "accountkey",
    "apikey",
    "authtoken",
    "datasource",
    "dbname",
    "dsn",
    "hostaddr",
    "initialcatalog",
    "integratedsecurity",
    "passfile",
    "passwd",
    "password",
    "persistsecurityinfo",
    "pwd",
    "secret",
    "sslmode",
    "token",
    "trustedconnection",
    "userid",
];
/// File extensions of databases.
const FILE_ENDINGS: &[&str] = &[".sqlite", ".sqlite3", ".db", ".db3", ".cds"];

/// The address of a database that is not a local file, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseAddress {
    shown: String,
}

impl DatabaseAddress {
    /// The address in `name`; `None` if it can only be a file path.
    pub fn of(name: &Path) -> Option<Self> {
        let name = name.to_string_lossy();
        let name = name.trim();
        let shown = of_scheme(name).or_else(|| of_settings(name)).or_else(|| of_credentials(name))?;
        Some(Self { shown })
    }
}

impl fmt::Display for DatabaseAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

/// `postgres://…`, `mysql+pymysql:…`, `jdbc:…`: the scheme, and the part after it that cannot be a secret.
fn of_scheme(name: &str) -> Option<String> {
    let (scheme, rest) = name.split_once(':')?;
    let is_word = |character: char| character.is_ascii_alphanumeric() || "+-._".contains(character);
    // A single letter is the drive of a Windows path.
    if scheme.len() < 2
        || !scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        || !scheme.chars().all(is_word)
    {
        return None;
    }
    let base = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
    if !rest.starts_with("//") && !SCHEMES.contains(&base.as_str()) {
        return None;
    }
    // Text before the last @ may be a name and a password; text after ? or ; may hold secrets too.
    let place = match rest.rsplit_once('@') {
        Some((_, place)) => format!("{}***@{place}", if rest.starts_with("//") { "//" } else { "" }),
        None => rest.to_owned(),
    };
    let end = place.find(['?', ';', '#', ' ', '&']).unwrap_or(place.len());
    let more = if end < place.len() { "?***" } else { "" };
    Some(format!("{scheme}:{}{more}", &place[..end]))
}

/// `host=… password=…`, `Server=…;Pwd=…`: the names of the settings, without their values.
fn of_settings(name: &str) -> Option<String> {
    if name.find('/').is_some_and(|slash| name.find('=').is_none_or(|sign| slash < sign)) {
        return None;
    }
    let key = name.split('=').next().unwrap_or_default().trim();
    if name.contains('=') && CERTAIN_SETTINGS.contains(&word_of(key).as_str()) {
        return Some(format!("{key}=***"));
    }
    let separator: &[char] = if name.contains(';') { &[';'] } else { &[' ', '\t', '\n', '&'] };
    let mut parts = name.split(separator).map(str::trim).filter(|part| !part.is_empty());
    let mut settings = Vec::new();
    let mut certain = false;
    if !parts.clone().next().is_some_and(|first| first.contains('=')) {
        return None;
    }
    let lone = parts.clone().count() == 1;
    for (key, value) in parts.by_ref().filter_map(|part| part.split_once('=')) {
        let word = word_of(key);
        let is_certain = CERTAIN_SETTINGS.contains(&word.as_str());
        if !is_certain && !SETTINGS.contains(&word.as_str()) {
            continue;
        }
        let value = value.to_ascii_lowercase();
        let is_file = lone && !is_certain && FILE_ENDINGS.iter().any(|ending| value.ends_with(ending));
        if !is_file {
            certain |= is_certain || lone;
            settings.push(format!("{}=***", key.trim()));
        }
    }
    (certain || settings.len() > 1).then(|| settings.join(" "))
}

/// The normalized name of a setting.
fn word_of(key: &str) -> String {
    key.chars().filter(|letter| !" _-".contains(*letter)).collect::<String>().to_ascii_lowercase()
}

/// `user:secret@host/db`, `user:secret@tcp(host)/db`, `user/secret@host:1521/db`: the part after the last `@`.
fn of_credentials(name: &str) -> Option<String> {
    let (user, place) = name.rsplit_once('@')?;
    let (separator, sign) = user.char_indices().find(|(_, sign)| matches!(sign, ':' | '/'))?;
    let (user, secret) = (&user[..separator], &user[separator + 1..]);
    let is_server = if sign == ':' {
        place.contains(['/', '(']) || !FILE_ENDINGS.iter().any(|ending| place.ends_with(ending))
    } else {
        !secret.contains('/') && (place.contains([':', '(']) || place.starts_with("//"))
    };
    let is_address = is_server && !secret.is_empty() && !matches!(user, "" | "." | "..");
    is_address.then(|| format!("***@{place}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> Option<String> {
        DatabaseAddress::of(Path::new(name)).map(|address| address.to_string())
    }

    #[test]
    fn addresses_are_shown_without_secrets() {
        for (name, expected) in [
            ("postgres://user:s3cret@host/db", "postgres://***@host/db"),
            ("POSTGRES://user:s3cret@host:5432/db?x=1", "POSTGRES://***@host:5432/db?***"),
            ("postgresql://u:p@s3cret/x@host/db", "postgresql://***@host/db"),
            ("postgresql:db", "postgresql:db"),
            (" postgresql:///db?user=a&password=s3cret", "postgresql:///db?***"),
            ("mysql:host=h;password=s3cret", "mysql:host=h?***"),
            ("mysql+pymysql://u:s3cret@h/db", "mysql+pymysql://***@h/db"),
            ("mssql+pyodbc://u:s3cret@dsn", "mssql+pyodbc://***@dsn"),
            ("jdbc:postgresql://h/db?user=u&password=s3cret", "jdbc:postgresql://h/db?***"),
            ("jdbc:sqlserver://h;user=u;password=s3cret", "jdbc:sqlserver://h?***"),
            ("jdbc:oracle:thin:scott/s3cret@h:1521", "jdbc:***@h:1521"),
            ("mongodb+srv://u:s3cret@h/db", "mongodb+srv://***@h/db"),
            ("duckdb:x.db", "duckdb:x.db"),
            ("sqlite:cds.sqlite", "sqlite:cds.sqlite"),
            ("sqlite:///cds.sqlite?key=s3cret", "sqlite:///cds.sqlite?***"),
            ("FILE:cds.sqlite?mode=memory", "FILE:cds.sqlite?***"),
            ("made-up://u:s3cret@h", "made-up://***@h"),
            ("host=h dbname=d password=s3cret", "host=*** dbname=*** password=***"),
            ("password='s3cret a=b' user=u", "password=***"),
            ("Server=h;Database=d;User Id=u;Password=s3cret;", "Server=*** Database=*** User Id=*** Password=***"),
            ("Driver={ODBC 17};Server=h;PWD=s3cret", "Driver=*** Server=*** PWD=***"),
            ("Data Source=cds.db", "Data Source=***"),
            ("x=1 host=h user=u", "host=*** user=***"),
            ("dbname=shop", "dbname=***"),
            ("host=localhost", "host=***"),
            ("user:s3cret@tcp(h:3306)/db", "***@tcp(h:3306)/db"),
            ("user.name:s3cret@h/db", "***@h/db"),
            ("user:s3cret@localhost", "***@localhost"),
            ("scott/s3cret@h:1521/db", "***@h:1521/db"),
        ] {
            assert_eq!(shown(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn file_names_are_not_addresses() {
        for name in [
            "cds.sqlite",
            "",
            "a:b.sqlite",
            "x=1.sqlite",
            "host=ci.sqlite",
            "version=3.db",
            "2026-11-20T22:15:00.sqlite",
            "project=shop/run=1/cds.sqlite",
            "./sqlite:cds.sqlite",
            "/srv/host=a dbname=b.sqlite",
            "C:\\cds.sqlite",
            "C:/cds.sqlite",
            "C://cds.sqlite",
            "me@work.sqlite",
            "a:b@c.sqlite",
            "backup: old.sqlite",
            "my host=1.sqlite",
            "a=b c=d.sqlite",
            "../postgres://x",
            "node_modules/@types/a.sqlite",
            ":memory:",
            "x y.sqlite",
            "/home/a@b/c:d/cds.sqlite",
            "src/@org/x.sqlite",
        ] {
            assert_eq!(shown(name), None, "{name}");
        }
    }
}
