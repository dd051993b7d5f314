//! The protocol as a model: its parts, its bounds, its steps, and what must be true.

use crate::act::Step;
use crate::database::{ROWS, Stage};
use crate::node::Node;
use crate::state::number;
use crate::{Part, State};
use stateright::{Model, Property};

/// What must always be true.
pub const REVOKED: &str = "no node grants what a returned act has revoked";
/// What must be possible, so that the above is not true of a cluster that does nothing.
pub const ACKNOWLEDGED: &str = "all acts return, and all nodes decide";
/// What must be possible.
pub const CUT_OFF: &str = "all acts return, and a node is cut off";
/// What must be possible where there are more registrations than nodes.
pub const AGAIN: &str = "a node that was cut off decides again";
/// What must be possible where there are failovers.
pub const FAILED_OVER: &str = "after a failover all acts return, and all nodes decide";

/// How much happens. A tick has no length: only its ratio to the lease matters.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Servers.
    pub nodes: usize,
    /// Acts, one after the other. At most 4.
    pub acts: usize,
    /// The length of a lease, in ticks.
    pub lease: u8,
    /// What an act waits beyond a lease, in ticks.
    pub margin: u8,
    /// Registrations of all nodes together. At most 4.
    pub registrations: u8,
    /// Renewals under way, for each node.
    pub under_way: usize,
    /// Whether renewals and answers may arrive twice.
    pub doubled: bool,
    /// Whether the first node's clock may be slow: it stands still for one tick in `lease + 1`.
    pub slow: bool,
    /// Crashes of nodes.
    pub crashes: u8,
    /// Failovers of the database.
    pub failovers: u8,
}

/// The model: the protocol within bounds, whole or without one of its parts.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// How much happens.
    pub bounds: Bounds,
    /// The part that is taken out.
    pub without: Option<Part>,
}

/// A step. Nodes, acts and rows are counted from 0, renewals in the order of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their fields are told above")]
pub enum Action {
    /// Time passes. The first node's clock stands still if it is `slow`.
    Tick { slow: bool },
    /// A node sends a renewal, or registers.
    Renew(usize),
    /// The database answers a node's question for changes.
    Read(usize),
    /// That answer reaches the node's cache.
    Apply(usize),
    /// A node crashes, and starts again.
    Crash(usize),
    /// A renewal's transaction begins; `again` leaves a copy of the message.
    Begin { renewal: usize, again: bool },
    /// A renewal that took its snapshot first takes the lock.
    Lock(usize),
    /// A renewal's transaction commits.
    Commit(usize),
    /// A renewal's answer reaches the node; `again` leaves a copy of it.
    Deliver { renewal: usize, again: bool },
    /// A renewal or its answer is lost.
    Lose(usize),
    /// An act takes the lock.
    LockAct(usize),
    /// It commits.
    CommitAct(usize),
    /// The administrator learns of the commit, and notes the time.
    Acknowledge(usize),
    /// The act reads the table of leases, and returns if everybody has acknowledged.
    Poll(usize),
    /// It declares a row dead.
    DeclareDead { act: usize, row: usize },
    /// It returns because all leases are over.
    WaitIsOver(usize),
    /// A standby takes over, with the journal up to `kept`, and with all rows or none.
    FailOver { kept: u8, emptied: bool },
}

impl Protocol {
    fn steps_of_nodes(&self, state: &State, steps: &mut Vec<Action>) {
        for node in 0..state.nodes.len() {
            if state.under_way(node) < self.bounds.under_way {
                steps.push(Action::Renew(node));
            }
            steps.extend([Action::Read(node), Action::Apply(node)]);
            if state.crashes < self.bounds.crashes {
                steps.push(Action::Crash(node));
            }
        }
    }

    fn steps_of_renewals(&self, state: &State, steps: &mut Vec<Action>) {
        for (renewal, it) in state.renewals.iter().enumerate() {
            let twice = self.bounds.doubled && state.under_way(it.node.into()) < self.bounds.under_way;
            match it.stage {
                Stage::Sent => {
                    steps.push(Action::Begin { renewal, again: false });
                    if twice {
                        steps.push(Action::Begin { renewal, again: true });
                    }
                }
                Stage::Begun { locked, .. } => {
                    let locks = self.has(Part::SharedLock) && !locked;
                    steps.push(if locks { Action::Lock(renewal) } else { Action::Commit(renewal) });
                }
                Stage::Answered(_) => {
                    steps.push(Action::Deliver { renewal, again: false });
                    if self.bounds.doubled {
                        steps.push(Action::Deliver { renewal, again: true });
                    }
                }
            }
            if !matches!(it.stage, Stage::Begun { .. }) {
                steps.push(Action::Lose(renewal));
            }
        }
    }

    fn steps_of_acts(&self, state: &State, steps: &mut Vec<Action>) {
        let Some(index) = state.acts.iter().position(|it| !it.is_over()) else { return };
        match state.acts[index].step {
            Step::Planned if state.database.exclusive.is_none() && !state.is_shared() => {
                steps.push(Action::LockAct(index));
            }
            Step::Locked => steps.push(Action::CommitAct(index)),
            Step::Committed => steps.push(Action::Acknowledge(index)),
            Step::Waiting(ticks) => {
                steps.push(Action::Poll(index));
                if ticks >= self.wait() {
                    steps.push(Action::WaitIsOver(index));
                    steps.extend((0..ROWS).map(|row| Action::DeclareDead { act: index, row }));
                }
            }
            _ => {}
        }
    }

    fn perform(&self, state: &mut State, action: &Action) -> Option<()> {
        match *action {
            Action::Tick { slow } => state.tick(slow.then_some(0), self),
            Action::Renew(node) => return state.renew(node, self),
            Action::Read(node) => state.nodes[node].read(state.database.journal, self),
            Action::Apply(node) => return state.nodes[node].apply(self).then_some(()),
            Action::Crash(node) => {
                state.nodes[node] = Node::start(self);
                state.crashes += 1;
            }
            Action::Begin { renewal, again } => return state.begin(renewal, again, self),
            Action::Lock(renewal) => return state.lock(renewal),
            Action::Commit(renewal) => return state.commit(renewal, self),
            Action::Deliver { renewal, again } => return state.deliver(renewal, again, self),
            Action::Lose(renewal) => drop(state.renewals.remove(renewal)),
            Action::LockAct(act) => {
                state.acts[act].step = Step::Locked;
                state.database.exclusive = Some(number(act));
            }
            Action::CommitAct(act) => state.commit_act(act),
            Action::Acknowledge(act) => state.acts[act].step = Step::Waiting(0),
            Action::Poll(act) => return state.poll(act, self),
            Action::DeclareDead { act, row } => return state.declare_dead(act, row, self),
            Action::WaitIsOver(act) => state.wait_is_over(act, self),
            Action::FailOver { kept, emptied } => state.fail_over(kept, emptied),
        }
        Some(())
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::start(self)]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Action>) {
        steps.push(Action::Tick { slow: false });
        if self.bounds.slow && state.nodes[0].may_stand_still(self) {
            steps.push(Action::Tick { slow: true });
        }
        self.steps_of_nodes(state, steps);
        self.steps_of_renewals(state, steps);
        self.steps_of_acts(state, steps);
        if state.database.timeline < self.bounds.failovers {
            for kept in state.must_survive()..=state.database.journal.revision() {
                steps.extend([false, true].map(|emptied| Action::FailOver { kept, emptied }));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        self.perform(&mut state, &action)?;
        state.renewals.sort_unstable();
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = vec![
            Property::always(REVOKED, |_, state: &State| state.wrong() == 0),
            Property::sometimes(ACKNOWLEDGED, |_, state: &State| state.acts_are_over() && state.all_decide()),
            Property::sometimes(CUT_OFF, |_, state: &State| state.acts_are_over() && state.has_dead_row()),
        ];
        if self.bounds.registrations as usize > self.bounds.nodes {
            all.push(Property::sometimes(AGAIN, |_, state: &State| state.has_dead_row() && state.all_decide()));
        }
        if self.bounds.failovers > 0 {
            all.push(Property::sometimes(FAILED_OVER, |_, state: &State| {
                state.acts_are_over() && state.database.is_settled_anew() && state.all_decide()
            }));
        }
        all
    }
}
