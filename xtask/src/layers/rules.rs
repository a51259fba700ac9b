//! The rules themselves, on folder names.

/// What no logic crate may be built on, at any depth.
pub(super) const BANNED_IN_LOGIC: &[&str] =
    &["tokio", "reqwest", "rusqlite", "axum", "hyper", "mio", "rustls", "trailhound-env"];

/// The layers, and for each which others its crates may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &["base"]),
    ("logic", &["base", "logic"]),
    ("io", &["base"]),
    ("run", &["base", "logic", "io", "run"]),
    ("face", &["base", "logic", "io", "run", "face"]),
    ("sim", &["base", "sim"]),
];

/// The only production crate that may start the simulator, for `demo` and `simulate`.
const SIMULATOR_USER: &str = "crates/face/cli";

/// Runs the whole product on the simulator, so it sits on top of everything.
const HARNESS: &str = "crates/sim/harness";

/// A member that is in no layer and is not a tool.
pub(super) fn misplaced(folder: &str) -> Option<String> {
    let known = match layer(folder) {
        Some(name) => LAYERS.iter().any(|(known, _)| *known == name),
        None => is_tool(folder),
    };
    (!known).then(|| {
        format!(
            "{folder} is in no layer: move it under crates/{{base,logic,io,run,face,sim}}, or name it a tool"
        )
    })
}

/// Why the crate in `from` may not import the one in `to`; `None` when it may.
pub(super) fn forbidden(from: &str, to: &str, dev_only: bool) -> Option<String> {
    if is_tool(from) || from == HARNESS {
        return None;
    }
    let (Some(lower), Some(higher)) = (layer(to), layer(from)) else {
        return Some(format!("{from} imports {to}: the product never imports a tool; move what it needs"));
    };
    // Tests may stand on the simulator, and the simulator's tests on anything.
    if dev_only && (lower == "sim" || higher == "sim") {
        return None;
    }
    if lower == "sim" && higher != "sim" {
        return (from != SIMULATOR_USER).then(|| {
            format!("{from} imports {to}: only {SIMULATOR_USER} and tests may; make it a dev-dependency")
        });
    }
    let allowed =
        LAYERS.iter().find(|(name, _)| *name == higher).is_some_and(|(_, lowers)| lowers.contains(&lower));
    (!allowed).then(|| format!("{from} imports {to}: {}", advice(higher, lower)))
}

/// A way out of purity that the line names, unless it is a comment.
pub(super) fn way_outside(line: &str) -> Option<&'static str> {
    const WAYS: &[&str] =
        &["std::fs", "std::net", "std::process", "std::env", "std::thread", "std::time::Instant"];
    let code = line.split("//").next().unwrap_or_default();
    WAYS.iter().find(|way| code.contains(*way)).copied()
}

fn advice(higher: &str, lower: &str) -> &'static str {
    match (higher, lower) {
        ("io", "io") => "io crates do not know each other; let a `run` crate join them",
        ("io", "logic") => "io does not decide; let a `run` crate ask the logic and tell the io crate",
        ("logic", "io") => "logic is pure; take facts as arguments",
        ("sim", _) => "the simulator shares no code with what it tests; write it from the reference again",
        _ => "arrows only point down, face → run → {logic, io} → base; move the shared part to a lower layer",
    }
}

/// `io` of `crates/io/journal`.
fn layer(folder: &str) -> Option<&str> {
    folder.strip_prefix("crates/")?.split('/').next()
}

fn is_tool(folder: &str) -> bool {
    matches!(folder, "xtask" | "bench" | "fuzz")
}
