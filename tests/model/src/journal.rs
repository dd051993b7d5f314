//! The journal of changes: which act made each revision. An act's number stands for the mark of
//! its entry.

/// At most this many entries.
const LONGEST: usize = 4;

/// Acts in the order of their revisions. Numbers begin with 1; 0 is no entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Journal([u8; LONGEST]);

/// An entry as a node remembers it. The default is that of an empty journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position {
    pub(crate) revision: u8,
    pub(crate) mark: u8,
}

impl Journal {
    pub(crate) fn revision(self) -> u8 {
        self.0.iter().take_while(|it| **it != 0).count() as u8
    }

    pub(crate) fn head(self) -> Position {
        self.at(self.revision())
    }

    /// The revision of an act, if it is here.
    pub(crate) fn revision_of(self, act: u8) -> Option<u8> {
        self.0.iter().position(|it| *it == act).map(|it| it as u8 + 1)
    }

    /// Whether this is a position of this journal, mark included.
    pub(crate) fn holds(self, position: Position) -> bool {
        position.revision <= self.revision() && self.at(position.revision) == position
    }

    pub(crate) fn push(&mut self, act: u8) {
        self.0[usize::from(self.revision())] = act;
    }

    /// Without the entries after `revision`.
    pub(crate) fn cut(mut self, revision: u8) -> Self {
        self.0[usize::from(revision)..].fill(0);
        self
    }

    /// With the entries of `other` after our revision, whatever came before them.
    pub(crate) fn followed_by(mut self, other: Self) -> Self {
        for revision in usize::from(self.revision())..usize::from(other.revision()) {
            self.0[revision] = other.0[revision];
        }
        self
    }

    fn at(self, revision: u8) -> Position {
        let mark = if revision == 0 { 0 } else { self.0[usize::from(revision) - 1] };
        Position { revision, mark }
    }
}
