//! The protocol by which a revocation is in force on every node when the command returns
//! (acknowledgement or lease), as a model for the model checker stateright.
//!
//! **The property** (G1): once an act has returned, no node grants what it revoked to a request
//! that starts later. A request takes no time here: a server reads its clock after the request
//! has begun, and its cache after that.
//!
//! **What is modelled**: nodes that register, renew, read, crash and start again; renewals that
//! are lost, late or doubled; a database that runs renewals and acts as concurrent transactions,
//! with the advisory lock shared and exclusive, and that fails over to a standby which lacks
//! anything that was not acknowledged; acts that wait for acknowledgements or for the end of the
//! leases, and declare rows dead. A node's clock may be slow within the margin. Time is the
//! administrator's, and no rule compares two clocks.
//!
//! **What is simpler than in the engine**: each act revokes a token of its own, and its number is
//! its mark. Acts follow one another. All leases have the same length. A notification only makes
//! a renewal come earlier, and renewals come at any time here, so there are no notifications. A
//! partition is a node whose messages are all lost. A command that is killed is an act that takes
//! no further step. The lease table survives a failover whole or not at all.
//!
//! **Bounds**: [`Bounds`] limits nodes, acts, registrations, renewals under way, crashes and
//! failovers. Within them the checker visits every order of steps, for as long as time passes.
//! `tests/protocol.rs` states the bounds that are checked: up to two nodes, two acts, a lease of
//! four ticks with a margin of one, two renewals under way for a node, a crash, a failover. It
//! also takes out one [`Part`] after the other, and expects the checker to find a
//! counterexample.

mod act;
mod database;
mod journal;
mod node;
mod parts;
mod protocol;
mod state;

pub use parts::Part;
pub use protocol::{ACKNOWLEDGED, AGAIN, Action, Bounds, CUT_OFF, FAILED_OVER, Protocol, REVOKED};
pub use state::State;
