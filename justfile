# What CI runs.
check:
    bash .ci/run

# Every test.
test:
    cargo test --workspace

# A snapshot beside its bare parts; TREE is a folder with Python code.
bench TREE="":
    cargo bench -p cds --bench snapshot -- {{ TREE }}
    cargo bench -p cds-persistence --bench save

# Review changed snapshots of tests (needs cargo-insta).
review:
    cargo insta review
