// SPDX-License-Identifier: Apache-2.0

/// A server on the network, as an entry describes it: where it is, and what is sent along.
///
/// It is started like any other server: the program that is executed is ours, and speaks to this one address.
package struct RemoteEntry: Equatable, Sendable {
    /// A header of every request. Its value is a secret more often than not, and refers to one.
    package struct Header: Equatable, Sendable {
        package let name: [UInt8]
        package let value: EnvironmentValue

        package init(name: [UInt8], value: EnvironmentValue) {
            self.name = name
            self.value = value
        }
    }

    package let address: WebAddress
    package let headers: [Header]
    /// A file of certificates to believe instead of the system's.
    package let certificates: AbsolutePath?

    /// Nil for an address that would be reached in the clear and is not on this host's loopback.
    package init?(_ address: WebAddress, headers: [Header] = [], certificates: AbsolutePath? = nil) {
        guard address.scheme == .https || address.isOwnLoopback else { return nil }
        self.address = address
        self.headers = headers
        self.certificates = certificates
    }

    /// Where its sandbox may connect to: that host and port, or that hole in it, and nothing else.
    package func network(_ server: ServerName) -> EgressPolicy {
        let name = "mcpServers.\(server).url"
        if address.isOwnLoopback {
            return EgressPolicy(rules: [EgressRule(name: name, matter: .local(port: address.target.port))])
        }
        let pattern: HostPattern =
            switch address.target.host {
            case .address(let address): .address(address)
            case .name(let name): .exact(name)
            }
        return EgressPolicy(rules: [
            EgressRule(name: name, matter: .remote(EgressRule.Remote(host: pattern, ports: [address.target.port])))
        ])
    }

    /// What stands behind the program's name. The headers' values do not: arguments can be read by others.
    package func arguments(milliseconds: UInt64) -> [[UInt8]] {
        var words = [Array("upstream".utf8), address.text]
        for (index, header) in headers.enumerated() {
            words += [Array("--header".utf8), header.name + [UInt8(ascii: "=")] + Self.variable(index)]
        }
        words += [Array("--timeout".utf8), Array("\(milliseconds)".utf8)]
        if let certificates { words += [Array("--certificates".utf8), certificates.bytes] }
        return words
    }

    /// The headers' values, by the names that ``arguments(milliseconds:)`` refers to.
    package var environment: [EnvironmentEntry] {
        headers.enumerated().map { EnvironmentEntry(name: Self.variable($0.offset), value: $0.element.value) }
    }

    private static func variable(_ index: Int) -> [UInt8] { Array("HEADER_\(index + 1)".utf8) }
}
