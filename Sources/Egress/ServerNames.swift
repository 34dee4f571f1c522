// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Wire

/// The port on which a tunnel's first bytes are looked at.
enum ServerNames {
    static let port: UInt16 = 443

    /// What a greeting means for the host that was asked for.
    static func compare(_ verdict: ServerNameVerdict, _ host: TargetHost) -> (
        finding: EgressEnding.NameFinding, name: [UInt8]
    ) {
        switch verdict {
        case .needMore, .malformed, .notTLS: (.notTLS, [])
        case .none: (.absent, [])
        case .encrypted(let outer): (.encrypted, outer ?? [])
        case .name(let name): (isSame(name, host) ? .same : .different, name)
        }
    }

    private static func isSame(_ name: [UInt8], _ host: TargetHost) -> Bool {
        do throws(TargetFault) { return try TargetHost.read(name.span, 0..<name.count) == host } catch { return false }
    }
}

/// The first bytes of a tunnel, until they have said whom they are for.
final class Greeting {
    var reader = ClientHelloReader()
    let demand: SNIDemand

    init(_ demand: SNIDemand) { self.demand = demand }
}

extension EgressRoom {
    /// Reads the client's first bytes until they name a server, or cannot any more. Nothing goes up before that; what
    /// the server says first goes down.
    ///
    /// - Returns: whether the tunnel may go on.
    func readGreeting(_ client: Client, _ opened: Opened, _ greeting: Greeting) -> Bool {
        var hasEnded = false
        while true {
            let verdict = greeting.read(opened.up.held)
            if verdict != .needMore || hasEnded {
                // Whoever ends without a word has named nobody; that is no fault unless a name is demanded.
                if hasEnded && opened.up.held.isEmpty { break }
                (opened.nameFinding, opened.serverName) = ServerNames.compare(verdict, opened.target.host)
                break
            }
            switch client.isReadable ? receive(client, into: &opened.up.held, limit: Bounds.copy) : .wouldBlock {
            case .moved: opened.active = now
            case .wouldBlock:
                passDown(client, opened)
                return false
            case .closed: hasEnded = true
            }
        }
        opened.greeting = nil
        if hasEnded { opened.up.hasEnded = true }
        if greeting.demand == .strict && opened.nameFinding != .same {
            end(client, .serverName)
            return false
        }
        return true
    }
}

extension Greeting {
    fileprivate func read(_ held: ByteQueue) -> ServerNameVerdict {
        let bytes = held.storage
        return reader.read(bytes.span.extracting(held.range))
    }
}
