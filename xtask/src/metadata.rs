//! What `cargo metadata` says, as far as the layers need it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::ChoreError;
use crate::process;

/// The dependency graph as cargo resolved it.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    workspace_root: String,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

/// An arrow between two of our own crates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    /// Package id.
    pub(crate) from: String,
    /// Package id.
    pub(crate) to: String,
    /// Only tests, examples and benchmarks use it.
    pub(crate) dev_only: bool,
}

impl Metadata {
    /// Asks cargo about this workspace.
    pub(crate) fn of_workspace() -> Result<Self, ChoreError> {
        let mut command = process::cargo();
        command.args(["metadata", "--format-version", "1"]);
        let text = process::read(&mut command)?;
        Self::parse(&text)
            .map_err(|why| ChoreError::Answer { command: process::describe(&command), why: why.to_string() })
    }

    /// Reads the JSON of `cargo metadata --format-version 1`.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Our own crates: package id → folder relative to the root, `crates/io/journal`.
    pub(crate) fn member_folders(&self) -> BTreeMap<&str, &str> {
        let members = self.packages.iter().filter(|package| self.workspace_members.contains(&package.id));
        members
            .filter_map(|package| {
                let inside = package.manifest_path.strip_prefix(&self.workspace_root)?;
                let folder = inside.trim_start_matches('/').trim_end_matches("/Cargo.toml");
                Some((package.id.as_str(), folder))
            })
            .collect()
    }

    /// Arrows between our own crates, each pair once.
    pub(crate) fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        for node in self.resolve.nodes.iter().filter(|node| self.workspace_members.contains(&node.id)) {
            for dependency in node.deps.iter().filter(|found| self.workspace_members.contains(&found.pkg)) {
                let (from, to) = (node.id.clone(), dependency.pkg.clone());
                arrows.push(Arrow { from, to, dev_only: !dependency.is_built_in() });
            }
        }
        arrows.sort();
        arrows
    }

    /// For everything that is built into `root`: its name → the chain of names that leads there.
    pub(crate) fn tree(&self, root: &str) -> BTreeMap<&str, Vec<&str>> {
        let names: BTreeMap<&str, &str> =
            self.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
        let nodes: BTreeMap<&str, &Node> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut found = BTreeMap::new();
        let mut waiting = vec![(root, Vec::new())];
        while let Some((id, mut chain)) = waiting.pop() {
            let Some(name) = names.get(id).copied() else { continue };
            chain.push(name);
            if found.contains_key(name) {
                continue;
            }
            found.insert(name, chain.clone());
            let Some(node) = nodes.get(id) else { continue };
            for dependency in node.deps.iter().filter(|dependency| dependency.is_built_in()) {
                waiting.push((&dependency.pkg, chain.clone()));
            }
        }
        found
    }
}

impl Dependency {
    /// Part of the program itself, or of building it; not only of its tests.
    fn is_built_in(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"))
    }
}
