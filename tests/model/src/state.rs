//! A state of the whole cluster, and what each step makes of it.

use crate::act::{Act, Step};
use crate::database::{Answer, Database, Renewal, Stage};
use crate::node::Node;
use crate::{Part, Protocol};

/// The whole cluster at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) nodes: Vec<Node>,
    pub(crate) acts: Vec<Act>,
    pub(crate) database: Database,
    /// In no order that matters, so sorted.
    pub(crate) renewals: Vec<Renewal>,
    pub(crate) registrations: u8,
    pub(crate) crashes: u8,
}

impl State {
    pub(crate) fn start(protocol: &Protocol) -> Self {
        Self {
            nodes: vec![Node::start(protocol); protocol.bounds.nodes],
            acts: vec![Act::default(); protocol.bounds.acts],
            database: Database::default(),
            renewals: Vec::new(),
            registrations: 0,
            crashes: 0,
        }
    }

    /// The nodes that grant what an act has revoked.
    pub(crate) fn wrong(&self) -> usize {
        let returned = (0..self.acts.len()).filter(|it| self.acts[*it].has_returned());
        returned.flat_map(|act| self.nodes.iter().filter(move |it| it.grants(number(act)))).count()
    }

    pub(crate) fn acts_are_over(&self) -> bool {
        self.acts.iter().all(Act::has_returned)
    }

    pub(crate) fn all_decide(&self) -> bool {
        self.nodes.iter().all(Node::decides)
    }

    pub(crate) fn has_dead_row(&self) -> bool {
        self.database.rows.iter().flatten().any(|it| it.dead)
    }

    pub(crate) fn tick(&mut self, still: Option<usize>, protocol: &Protocol) {
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if still == Some(index) { node.stand_still() } else { node.tick(protocol) }
        }
        for renewal in self.renewals.iter_mut().filter(|it| still != Some(it.node.into())) {
            renewal.age = (renewal.age + 1).min(protocol.bounds.lease);
        }
        self.acts.iter_mut().for_each(|it| it.tick(protocol.bounds.lease + protocol.bounds.margin));
    }

    /// How many renewals of a node are on their way.
    pub(crate) fn under_way(&self, node: usize) -> usize {
        self.renewals.iter().filter(|it| usize::from(it.node) == node).count()
    }

    /// A node sends a renewal, or registers. None: it may not register once more.
    pub(crate) fn renew(&mut self, index: usize, protocol: &Protocol) -> Option<()> {
        let node = &mut self.nodes[index];
        let registers = node.row.is_none();
        if registers {
            if self.registrations == protocol.bounds.registrations {
                return None;
            }
            // Without random ids, all nodes have one name: a node and the one that replaces it.
            node.row = Some(if protocol.has(Part::RandomId) { self.registrations } else { 0 });
            self.registrations += 1;
        }
        let (node, row, at) = (index as u8, node.row?, node.position());
        self.renewals.push(Renewal { node, row, registers, at, age: 0, stage: Stage::Sent });
        Some(())
    }

    /// A renewal begins its transaction; `again` if it was sent twice. None: it waits.
    pub(crate) fn begin(&mut self, index: usize, again: bool, protocol: &Protocol) -> Option<()> {
        let mut renewal = self.renewals[index];
        if self.holds_row(renewal.row) {
            return None;
        }
        if renewal.registers && protocol.has(Part::RandomId) && self.database.rows[usize::from(renewal.row)].is_some() {
            self.renewals.remove(index); // its second copy: there is such a row already
            return (!again).then_some(());
        }
        renewal.stage = self.database.begin(renewal, protocol)?;
        if again {
            self.renewals.push(renewal);
        } else {
            self.renewals[index] = renewal;
        }
        Some(())
    }

    pub(crate) fn commit(&mut self, index: usize, protocol: &Protocol) -> Option<()> {
        let renewal = &mut self.renewals[index];
        let Stage::Begun { head, .. } = renewal.stage else { return None };
        self.database.commit(*renewal, protocol);
        renewal.stage = Stage::Answered(Answer::Head(head));
        let row = usize::from(renewal.row);
        self.acts.iter_mut().for_each(|it| it.still[row] = None);
        Some(())
    }

    /// A renewal's answer reaches its node.
    pub(crate) fn deliver(&mut self, index: usize, again: bool, protocol: &Protocol) -> Option<()> {
        let renewal = self.renewals[index];
        let Stage::Answered(answer) = renewal.stage else { return None };
        if !again {
            self.renewals.remove(index);
        }
        let node = &mut self.nodes[usize::from(renewal.node)];
        if node.row != Some(renewal.row) {
            return (!again).then_some(()); // from before it crashed or registered anew
        }
        match answer {
            Answer::Head(head) => node.renewed(head, renewal.age, protocol),
            Answer::Refused => node.refused(),
        }
        Some(())
    }

    /// A renewal that took its snapshot first locks. None: it waits.
    pub(crate) fn lock(&mut self, index: usize) -> Option<()> {
        let free = self.database.exclusive.is_none();
        let Stage::Begun { locked, .. } = &mut self.renewals[index].stage else { return None };
        *locked = free;
        free.then_some(())
    }

    /// An act takes its revision, commits, and lets go of the lock.
    pub(crate) fn commit_act(&mut self, index: usize) {
        self.database.journal.push(number(index));
        self.database.exclusive = None;
        self.acts[index].step = Step::Committed;
        self.acts[index].timeline = self.database.timeline;
    }

    /// An act reads the table of leases, and returns if all have acknowledged it.
    pub(crate) fn poll(&mut self, index: usize, protocol: &Protocol) -> Option<()> {
        let revision = self.database.journal.revision_of(number(index))?;
        let act = &mut self.acts[index];
        let settled = self.database.is_settled() || !protocol.has(Part::SettledTimeline);
        if settled && self.database.all_know(revision) {
            act.end(Step::Returned);
            return Some(());
        }
        let rows = self.database.rows.iter().zip(&mut act.still);
        rows.filter(|(row, _)| row.is_some_and(|it| !it.dead)).for_each(|(_, still)| *still = still.or(Some(0)));
        Some(())
    }

    /// An act that has waited for long enough declares a row dead.
    pub(crate) fn declare_dead(&mut self, act: usize, row: usize, protocol: &Protocol) -> Option<()> {
        let still = self.acts[act].still[row].is_some_and(|it| it >= protocol.wait());
        let revision = self.database.journal.revision_of(number(act))?;
        if self.holds_row(row as u8) || (!still && protocol.has(Part::Stillness)) {
            return None;
        }
        let row = self.database.rows[row].as_mut().filter(|it| !it.dead && it.revision < revision)?;
        row.dead = true;
        Some(())
    }

    /// An act has waited until all leases are over.
    pub(crate) fn wait_is_over(&mut self, act: usize, protocol: &Protocol) {
        let own = self.acts[act].timeline == self.database.timeline;
        if own || !protocol.has(Part::OwnTimeline) {
            self.database.settled = self.database.timeline;
        }
        self.acts[act].end(Step::Returned);
    }

    /// A standby takes over, and the old database is fenced: only its answers still arrive.
    pub(crate) fn fail_over(&mut self, kept: u8, emptied: bool) {
        self.database.fail_over(kept, emptied);
        self.renewals.retain(|it| matches!(it.stage, Stage::Answered(_)));
        for act in &mut self.acts {
            act.still = Default::default(); // it reads on a new connection
            if matches!(act.step, Step::Locked | Step::Committed) {
                act.end(Step::Failed);
            }
        }
    }

    /// The revision up to which a standby has everything.
    pub(crate) fn must_survive(&self) -> u8 {
        let acts = (0..self.acts.len()).filter(|it| self.acts[*it].must_survive());
        acts.filter_map(|it| self.database.journal.revision_of(number(it))).max().unwrap_or(0)
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.renewals.iter().any(|it| matches!(it.stage, Stage::Begun { locked: true, .. }))
    }

    /// Whether a transaction has locked this row.
    fn holds_row(&self, row: u8) -> bool {
        self.renewals.iter().any(|it| it.row == row && matches!(it.stage, Stage::Begun { .. }))
    }
}

/// An act's number in the journal.
pub(crate) fn number(act: usize) -> u8 {
    act as u8 + 1
}
