# Short names for `cargo xtask`; nothing lives here alone.

default:
    @cargo xtask

demo *ARGS:
    cargo xtask demo {{ARGS}}

test *ARGS:
    cargo xtask test {{ARGS}}

lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo xtask layers
    cargo xtask tidy

bench *ARGS:
    cargo xtask bench collect {{ARGS}}

ci:
    .ci/run
