# What CI runs.
check:
    bash .ci/run

# Every test.
test:
    cargo test --workspace

# Everything that is measured, beside what it cannot do without; TREE is a folder with Python code.
bench TREE="":
    cargo bench -p cds --bench snapshot -- {{ TREE }}
    cargo bench -p cds --bench intents -- {{ TREE }}
    cargo bench -p cds-persistence

# Review changed snapshots of tests (needs cargo-insta).
review:
    cargo insta review
