// SPDX-License-Identifier: Apache-2.0

/// Names on the aggregate endpoint `/mcp`: `server__tool` on the wire, because widely used clients refuse dots;
/// `server.tool` in policy, records and on screens.
package enum AggregateName {
    /// The shortest limit that large clients put on a tool's name.
    package static let maxBytes = 64
    private static let separator = Array("__".utf8)

    /// The name under which a tool is offered, or nil if it does not fit and has no alias.
    package static func join(_ server: ServerName, _ local: [UInt8]) -> [UInt8]? {
        let joined = server.bytes + separator + local
        return fits(local) && joined.count <= maxBytes ? joined : nil
    }

    /// Server key and the rest. The first `__` separates: a key never holds `_`, so the mapping is one-to-one.
    package static func split(_ name: [UInt8]) -> (server: ServerName, local: [UInt8])? {
        guard let end = name.firstIndex(of: UInt8(ascii: "_")), name.count > end + 2,
            name[end + 1] == UInt8(ascii: "_"), let server = ServerName(Array(name[..<end]))
        else { return nil }
        return (server, Array(name[(end + 2)...]))
    }

    /// `[A-Za-z0-9_-]`, at least one.
    package static func fits(_ local: [UInt8]) -> Bool {
        !local.isEmpty && local.count <= maxBytes
            && local.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    /// As people read it: `server.tool`.
    package static func shown(_ server: ServerName, _ local: [UInt8]) -> [UInt8] {
        server.bytes + [UInt8(ascii: ".")] + local
    }
}
