//! The journal, tested through its contract.

#[cfg(test)]
mod blobs;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod duplicates;
#[cfg(test)]
mod files;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod ledger;
mod many;
#[cfg(test)]
mod power;
#[cfg(test)]
mod support;
