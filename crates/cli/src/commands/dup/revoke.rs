//! `cds dup revoke`: takes back what was accepted.

use anyhow::anyhow;
use cds_persistence::{AcceptedDuplicate, SqlitePersistence, SqliteReader};
use clap::Args;

use super::group_prefix;
use cds_terminal::fields::Fields;

use crate::{
    app::App,
    arguments::{DatabaseArguments, LockArguments},
    clock,
    failure::{Failure, database_failure},
    output::Output,
};

/// Revoke acceptances, so that their groups are shown again
#[derive(Debug, Args)]
pub(super) struct RevokeArguments {
    /// Number of the acceptance, or the start of the id of its group, as `cds dup list` shows them
    #[arg(value_name = "GROUP|ID")]
    name: String,

    /// Also revoke everything else that the same call accepted
    #[arg(long, help_heading = "Filter options")]
    same_call: bool,

    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    lock: LockArguments,
}

pub(super) fn run(arguments: &RevokeArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let rows = reader.accepted_duplicates().map_err(database_failure)?;
    let row = only(&rows, &arguments.name)?;
    let revoked = if arguments.same_call { of_same_call(&rows, row) } else { vec![row] };
    let ids: Vec<i64> = revoked.iter().map(|row| row.id).collect();
    // Before the database is opened to write: a second handle of this process would take the first one's locks along.
    drop(reader);
    let lock = app.begin_upkeep(&plan, &arguments.lock, "dup revoke")?;
    let mut writer = SqlitePersistence::open(&plan.path, &plan.options).map_err(database_failure)?;
    lock.check()?;
    let count = writer.revoke_acceptances(&ids, clock::now()).map_err(database_failure)?;
    writer.close().map_err(database_failure)?;
    if count == 0 {
        return Err(Failure::failed(anyhow!("revoke acceptance {}: another command has just done so", row.id)));
    }
    let line = |row: &AcceptedDuplicate| {
        Fields::new("revoked").field("id", row.id).field("group_id", &row.what.group_id).finish()
    };
    let done = if ids.len() == 1 { "the acceptance is revoked" } else { "the acceptances are revoked" };
    Output::Stdout.report(done, |writer| revoked.iter().try_for_each(|row| writeln!(writer, "{}", line(row))));
    Ok(())
}

/// What one call of `cds dup accept` accepted and is not revoked: the moment and the words are the same.
fn of_same_call<'a>(rows: &'a [AcceptedDuplicate], row: &AcceptedDuplicate) -> Vec<&'a AcceptedDuplicate> {
    let call = |row: &AcceptedDuplicate| (row.accepted_at.clone(), row.what.reason.clone(), row.what.owner.clone());
    rows.iter().filter(|other| other.revoked_at.is_none() && call(other) == call(row)).collect()
}

/// The one acceptance that `name` means; those that were revoked already do not count.
fn only<'a>(rows: &'a [AcceptedDuplicate], name: &str) -> Result<&'a AcceptedDuplicate, Failure> {
    let open = || rows.iter().filter(|row| row.revoked_at.is_none());
    // Short numbers are too short for the beginning of a group's id; a longer one that is no number of ours may be one.
    let number = name.parse::<i64>().ok();
    if let Some(row) = open().find(|row| Some(row.id) == number) {
        return Ok(row);
    }
    let attempt = format!("find acceptance {name:?}");
    let hint = "cds dup list shows what is accepted, and with --all what no longer is";
    if number.is_some() && group_prefix(name).is_err() {
        return Err(Failure::usage(anyhow!("{attempt}: there is none, or it is revoked already")).with_hint(hint));
    }
    let prefix = group_prefix(name)?;
    let found: Vec<&AcceptedDuplicate> = open().filter(|row| row.what.group_id.starts_with(&prefix)).collect();
    match found[..] {
        [row] => Ok(row),
        [] => Err(Failure::usage(anyhow!("{attempt}: there is none, or it is revoked already")).with_hint(hint)),
        _ => {
            let names: Vec<String> =
                found.iter().take(5).map(|row| format!("{} ({})", row.id, row.what.group_id)).collect();
            Err(Failure::usage(anyhow!("{attempt}: {} begin so", found.len()))
                .with_hint(format!("it may be {}", names.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use cds_persistence::Acceptance;

    use super::*;

    fn row(id: i64, group_id: &str, is_revoked: bool) -> AcceptedDuplicate {
        AcceptedDuplicate {
            id,
            what: Acceptance {
                channel: "near".to_owned(),
                group_id: group_id.to_owned(),
                copy_count: 2,
                example: String::new(),
                reason: String::new(),
                owner: None,
                until: None,
            },
            accepted_at: String::new(),
            revoked_at: is_revoked.then(String::new),
        }
    }

    #[test]
    fn name_is_number_or_prefix() {
        let rows = [
            row(1, "1234567890123456", true),
            row(2, "1234567890123456", false),
            row(3, "1234aaaaaaaaaaaa", false),
            row(1234, "ffffffffffffffff", false),
        ];
        let id = |name: &str| only(&rows, name).map(|row| row.id).map_err(|failure| failure.to_string());
        for (name, expected) in
            [("2", 2), ("3", 3), ("1234567890123456", 2), ("12345", 2), ("1234A", 3), ("1234", 1234), ("FFFF", 1234)]
        {
            assert_eq!(id(name), Ok(expected), "{name}");
        }
        for wrong in ["1", "9", "-1", "", "12", "xyz!", "eeee", "12345678901234567"] {
            assert!(id(wrong).is_err(), "{wrong}");
        }
        assert!(only(&rows[..3], "1234").unwrap_err().hint().unwrap().contains("2 (1234567890123456), 3 (1234aaaa"));
    }
}
