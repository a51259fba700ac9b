//! SQLite's five lock levels on a database file, among the handles of one machine.
//!
//! Source: <https://www.sqlite.org/lockingv3.html>.

use crate::fault::{Answer, Fault};

/// One open handle, for as long as the disk lives.
pub(crate) type HandleId = u64;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    None,
    Shared,
    Reserved,
    Pending,
    Exclusive,
}

#[derive(Debug, Default)]
pub(crate) struct DatabaseLocks {
    shared: u32,
    /// Who means to write: at most one, with its level.
    writer: Option<(HandleId, Level)>,
}

impl DatabaseLocks {
    /// Raises the handle from `held` to `wanted`. A busy answer may leave it at `Pending`, which `held` then says.
    pub(crate) fn raise(&mut self, me: HandleId, held: &mut Level, wanted: Level) -> Answer<()> {
        if *held >= wanted {
            return Ok(());
        }
        if self
            .writer
            .is_some_and(|(other, level)| other != me && (wanted > Level::Shared || level >= Level::Pending))
        {
            return Err(Fault::Busy);
        }
        if *held == Level::None {
            self.shared += 1;
            *held = Level::Shared;
        }
        if wanted == Level::Shared {
            return Ok(());
        }
        let waits = wanted == Level::Exclusive && self.shared > 1;
        *held = if waits { Level::Pending } else { wanted };
        self.writer = Some((me, *held));
        if waits { Err(Fault::Busy) } else { Ok(()) }
    }

    /// Lowers the handle to `wanted`: `Shared` or `None`.
    pub(crate) fn lower(&mut self, me: HandleId, held: &mut Level, wanted: Level) {
        if self.writer.is_some_and(|(writer, _)| writer == me) {
            self.writer = None;
        }
        if wanted == Level::None && *held > Level::None {
            self.shared -= 1;
        }
        *held = wanted.min(*held);
    }

    pub(crate) fn is_reserved(&self) -> bool {
        self.writer.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writes_when_nobody_reads() {
        let mut locks = DatabaseLocks::default();
        let (mut one, mut two) = (Level::None, Level::None);
        locks.raise(1, &mut one, Level::Shared).unwrap();
        locks.raise(2, &mut two, Level::Shared).unwrap();
        locks.raise(1, &mut one, Level::Reserved).unwrap();
        assert_eq!(locks.raise(2, &mut two, Level::Reserved), Err(Fault::Busy));
        assert_eq!(locks.raise(1, &mut one, Level::Exclusive), Err(Fault::Busy));
        assert_eq!(one, Level::Pending);
        let mut three = Level::None;
        assert_eq!(locks.raise(3, &mut three, Level::Shared), Err(Fault::Busy), "no reader joins any more");
        locks.lower(2, &mut two, Level::None);
        locks.raise(1, &mut one, Level::Exclusive).unwrap();
        locks.lower(1, &mut one, Level::Shared);
        locks.raise(3, &mut three, Level::Shared).unwrap();
        assert!(!locks.is_reserved());
    }
}
