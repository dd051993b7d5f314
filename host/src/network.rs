//! Clients, by their addresses.

use std::net::{IpAddr, Ipv6Addr};

/// The client at an address. An IPv6 client usually owns a /64 network, so it counts as one.
pub(crate) fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}
