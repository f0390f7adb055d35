//! Which addresses a plugin's request may go to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The metadata services of clouds that lie where nothing else of these lists catches them: they hand out
/// credentials to whoever can send them a request.
const METADATA_V4: [Ipv4Addr; 2] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
];
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254),
    Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254),
];

/// What only a grant of private addresses opens: private use, shared (carrier-grade NAT), loopback,
/// benchmarks.
const PRIVATE_V4: [([u8; 4], u8); 6] = [
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
];

/// What nothing opens: this network, link-local with the metadata services, protocol assignments,
/// documentation, relays to IPv6, multicast, reserved and broadcast.
const NEVER_V4: [([u8; 4], u8); 9] = [
    ([0, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// The addresses in public use, and nothing else, begin with it.
const GLOBAL_V6: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What only a grant of private addresses opens: unique local, loopback.
const PRIVATE_V6: [([u16; 8], u8); 2] = [
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128),
];

/// Within the addresses in public use: protocol assignments with Teredo, documentation, 6to4. Teredo and
/// 6to4 carry an IPv4 address in them. All other forms of that (mapped, compatible, translated) lie
/// outside of public use.
const NEVER_V6: [([u16; 8], u8); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// Whether a connection may be opened to an address, with or without a grant of private ones.
pub(crate) fn may_reach(address: IpAddr, private: bool) -> bool {
    match address {
        IpAddr::V4(address) => {
            let within = |&(octets, length): &([u8; 4], u8)| {
                let mask = u32::MAX << (32 - u32::from(length));
                (address.to_bits() ^ u32::from_be_bytes(octets)) & mask == 0
            };
            let never = METADATA_V4.contains(&address) || NEVER_V4.iter().any(within);
            !never && (private || !PRIVATE_V4.iter().any(within))
        }
        IpAddr::V6(address) => {
            let within = |&(parts, length): &([u16; 8], u8)| {
                let mask = u128::MAX << (128 - u32::from(length));
                (address.to_bits() ^ Ipv6Addr::from(parts).to_bits()) & mask == 0
            };
            if PRIVATE_V6.iter().any(within) {
                return private && !METADATA_V6.contains(&address);
            }
            within(&GLOBAL_V6) && !NEVER_V6.iter().any(within)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::may_reach;

    #[test]
    #[allow(clippy::too_many_lines, reason = "cases are data")]
    fn every_kind_of_address_is_told_apart() {
        // Whether it may be reached without and with a grant of private addresses.
        let check = |expected: (bool, bool), addresses: &[&str]| {
            for text in addresses {
                let address = text.parse().unwrap();
                let got = (may_reach(address, false), may_reach(address, true));
                assert_eq!(got, expected, "{text}");
            }
        };
        check(
            (true, true),
            &[
                "1.1.1.1",
                "8.8.8.8",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "192.167.255.255",
                "192.169.0.0",
                "198.17.255.255",
                "198.20.0.0",
                "223.255.255.255",
                "2606:4700:4700::1111",
                "2001:4860:4860::8888",
                "2001:200::",
                "3ffe::1",
            ],
        );
        check(
            (false, true),
            &[
                "10.0.0.0",
                "10.255.255.255",
                "100.64.0.1",
                "100.127.255.255",
                "127.0.0.1",
                "127.255.255.255",
                "172.16.0.0",
                "172.31.255.255",
                "192.168.0.1",
                "198.18.0.1",
                "198.19.255.255",
                "::1",
                "fc00::1",
                "fdff:ffff::1",
            ],
        );
        check(
            (false, false),
            &[
                // Unspecified, link-local, multicast, broadcast, reserved, documentation.
                "0.0.0.0",
                "0.1.2.3",
                "169.254.0.1",
                "224.0.0.1",
                "239.255.255.255",
                "240.0.0.1",
                "255.255.255.255",
                "192.0.0.8",
                "192.0.2.1",
                "198.51.100.1",
                "203.0.113.1",
                "192.88.99.1",
                "::",
                "fe80::1",
                "fec0::1",
                "ff02::1",
                "2001:db8::1",
                "3fff::1",
                "4000::1",
                "100::1",
                // Metadata services.
                "169.254.169.254",
                "169.254.170.2",
                "192.0.0.192",
                "100.100.100.200",
                "168.63.129.16",
                "fd00:ec2::254",
                "fd20:ce::254",
                "fe80::a9fe:a9fe",
                // IPv4 within IPv6: mapped, compatible, translated (three prefixes), 6to4, Teredo, ISATAP.
                "::ffff:127.0.0.1",
                "::ffff:8.8.8.8",
                "::127.0.0.1",
                "::ffff:0:127.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b:1::a9fe:a9fe",
                "2002:7f00:1::1",
                "2001:0:7f00:1::1",
                "fe80::5efe:7f00:1",
            ],
        );
    }
}
