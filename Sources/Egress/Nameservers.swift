// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Whom to ask for names: `nameserver` lines of resolv.conf(5), read once, before the room gives up its files.
enum Nameservers {
    static let path: SystemString = "/etc/resolv.conf"
    /// More of the file than this is not looked at.
    static let maxBytes = 65_536

    /// None, if the file is missing or cannot be read: then no name resolves, and addresses still work.
    static func ofHost() -> [Endpoint] {
        do throws(SyscallError) {
            return read(try HostSetting.text(path, limit: maxBytes) ?? [])
        } catch { return [] }
    }

    /// The first ``Bounds/servers`` that are named by an address without a zone.
    static func read(_ text: [UInt8]) -> [Endpoint] {
        var servers: [Endpoint] = []
        for line in text.split(separator: UInt8(ascii: "\n")) where servers.count < Bounds.servers {
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
            guard words.count >= 2, words[0].elementsEqual("nameserver".utf8),
                let address = NetworkAddress(text: Array(words[1]))
            else { continue }
            servers.append(Endpoint(address: InternetAddress(address), port: 53))
        }
        return servers
    }
}
