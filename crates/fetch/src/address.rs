//! Which addresses the server may be made to call: those of the public Internet, and no others.
//!
//! By IANA's registries of special-purpose addresses (RFC 6890, "IPv4 Special-Purpose Address Registry" and "IPv6
//! Special-Purpose Address Registry"): what is not globally reachable is refused. Forms that carry an IPv4 address
//! within an IPv6 address are judged by the address that they carry, or refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address of Azure's own services on every virtual machine: in nobody's registry, reachable from within only
/// (learn.microsoft.com, "What is IP address 168.63.129.16?").
const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Why the server must not be made to call that address; `None` for one of the public Internet.
pub fn forbidden(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => forbidden_v4(v4),
        IpAddr::V6(v6) => forbidden_v6(v6),
    }
}

fn forbidden_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (0, ..) => Some("it means this network"),
        (127, ..) => Some("it is the server itself"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("it lies in a private network"),
        (100, 64..=127, _) => Some("it lies in a provider's own network"),
        (169, 254, _) => Some("it is link-local, where clouds keep their metadata"),
        (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (198, 18 | 19, _) | (192, 88, 99) => {
            Some("it is reserved for protocols, tests or documentation")
        }
        (224..=239, ..) => Some("it is a multicast address"),
        (240.., ..) => Some("it is reserved"),
        _ if address == AZURE => Some("it belongs to the cloud that the server may run in"),
        _ => None,
    }
}

fn forbidden_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    if let Some(v4) = address.to_ipv4_mapped() {
        return forbidden_v4(v4);
    }
    match segments {
        // NAT64 (RFC 6052): networks without IPv4 reach all of it so.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            forbidden_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("it is the server itself"),
        [0xfe80..=0xfebf, ..] => Some("it is link-local"),
        [0xfc00..=0xfdff, ..] => Some("it lies in a private network"),
        [0xff00..=0xffff, ..] => Some("it is a multicast address"),
        [0x2002, ..] => Some("it is a 6to4 address, which hides another"),
        [0x2001, 0..=0x1ff, ..] => Some("it is reserved for protocols, Teredo among them"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("it is reserved for documentation"),
        // All that is given out of IPv6 lies here.
        [0x2000..=0x3fff, ..] => None,
        _ => Some("it is reserved"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_forbidden(text: &str) -> bool {
        forbidden(text.parse().unwrap()).is_some()
    }

    #[test]
    fn nothing_of_the_servers_own_networks_may_be_called() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.9",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(is_forbidden(address), "{address}");
        }
    }

    #[test]
    fn the_public_internet_may_be_called() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2001:4860:4860::8888",
            "2001:200::1",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "3ffe::1",
        ] {
            assert!(!is_forbidden(address), "{address}");
        }
    }
}
