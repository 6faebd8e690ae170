//! Runs the real binary: arguments, output, requests to a server, and database contents.
//!
//! Each test has its own temporary folder (`place`) and, if questions are asked, its own server. Each crate tests its
//! own logic; these tests cover the wiring and what must hold after a failure.

mod accounts;
mod accounts_faults;
mod accounts_killed;
mod accounts_telemetry;
mod addresses;
mod answers;
mod archive;
mod arguments;
mod attest;
mod backfill;
mod budgets;
mod credentials;
mod damaged_rows;
mod database;
mod db;
mod doctor;
mod drift;
mod dry_run;
mod dup_accept;
mod dup_check;
mod dup_formatted;
mod dup_gates;
mod dup_layout;
mod dup_trend;
mod environment;
#[cfg(target_os = "linux")]
mod extremes;
mod failures;
mod fields;
mod foreign_log;
mod foreign_triggers;
mod history;
mod hostile;
mod import;
mod intents;
#[cfg(unix)]
mod interrupted;
mod killed;
mod languages;
mod ledger;
mod listings;
mod locks;
mod min_intents;
#[cfg(target_os = "linux")]
mod mounts;
mod namesakes;
mod no_intents;
mod not_read;
mod other_accounts;
mod outage;
mod output;
mod persist;
mod place;
mod preflight;
mod progress;
mod provenance;
mod provenance_of_history;
mod provider;
mod quiet;
mod refusals;
mod repeat;
mod replay;
mod requests;
mod reuse;
mod reuse_files;
mod rollback;
mod running;
mod runs;
mod runs_diff;
mod runs_others;
mod runs_prune;
mod runs_show;
mod runs_signs;
#[cfg(unix)]
mod same_file;
mod scan;
mod scope;
#[cfg(unix)]
mod side_files;
mod similar;
mod source_files;
mod state;
mod summary;
mod tables;
#[cfg(target_os = "linux")]
mod terminal;
mod tls;
#[cfg(target_os = "linux")]
mod verdicts;
mod verify;
#[cfg(unix)]
mod workflow_commands;
mod writer_lock;

use std::time::Duration;

/// Longer than anything takes, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(120);
