// SPDX-License-Identifier: Apache-2.0

/// Public resolvers that answer over HTTPS. Through one of them a program can look up any name behind the back of the
/// egress room, and send text out in the names that it asks for. So `*` does not mean them: they are reached where a rule
/// names them, and nowhere else.
///
/// A list of the known ones closes no channel for good. It keeps programs that try them by themselves, browsers above
/// all, at the one resolver that decides.
enum KnownResolvers {
    static func holds(_ host: TargetHost) -> Bool {
        switch host {
        case .address(let address): holds(address)
        case .name(let name): names.contains { name == $0 || name.isBelow($0) }
        }
    }

    static func holds(_ address: NetworkAddress) -> Bool {
        switch address {
        case .v4(let number): four.contains(number)
        case .v6: six.contains { $0.contains(address) }
        }
    }

    /// Each with everything below it.
    private static let names: [HostName] = [
        "dns.google", "dns.google.com", "8888.google", "cloudflare-dns.com", "one.one.one.one",
        "cloudflare-gateway.com", "dns.quad9.net", "dns9.quad9.net", "dns10.quad9.net", "dns11.quad9.net",
        "doh.opendns.com",
        "dns.opendns.com", "doh.familyshield.opendns.com", "doh.umbrella.com", "dns.umbrella.com", "dns.nextdns.io",
        "dns.adguard.com",
        "adguard-dns.com", "dns.controld.com", "freedns.controld.com", "doh.cleanbrowsing.org", "doh.dns.sb", "doh.sb",
        "dns.mullvad.net", "dns0.eu", "dns.alidns.com",
        "doh.pub", "dns.pub", "doh.360.cn", "doh.xfinity.com", "doh.libredns.gr", "dns.switch.ch",
        "doh.applied-privacy.net", "dns.digitale-gesellschaft.ch", "doh.dnslify.com", "doh.tiar.app", "dns.njal.la",
    ].compactMap { HostName(Array($0.utf8)) }

    private static let four: [UInt32] = [
        // Cloudflare, with its filtering variants.
        0x0101_0101, 0x0100_0001, 0x0101_0102, 0x0100_0002, 0x0101_0103, 0x0100_0003,
        // Google.
        0x0808_0808, 0x0808_0404,
        // Quad9.
        0x0909_0909, 0x0909_090A, 0x0909_090B, 0x0909_090C, 0x9570_7070, 0x9570_700A, 0x9570_700B, 0x9570_700C,
        // OpenDNS.
        0xD043_DEDE, 0xD043_DCDC, 0xD043_DE7B, 0xD043_DC7B,
        // AdGuard.
        0x5E8C_0E0E, 0x5E8C_0F0F, 0x5E8C_0E0F, 0x5E8C_0F10,
    ]

    private static let six: [AddressBlock] = [
        "2606:4700:4700::/48", "2001:4860:4860::/48", "2620:fe::/48", "2620:119:35::/48", "2620:119:53::/48",
        "2a10:50c0::/48",
    ].compactMap { AddressBlock(Array($0.utf8)) }
}
