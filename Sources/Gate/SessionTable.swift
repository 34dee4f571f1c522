// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// What one client holds here, whatever connections and credentials it comes with.
struct Holdings {
    var connections = 0
    /// Sessions with an id, in the order in which they were opened.
    var sessions: [MCPSession] = []
    /// `initialize` requests that are with the broker.
    var opening = 0

    var isEmpty: Bool { connections == 0 && sessions.isEmpty && opening == 0 }
}

/// The legacy sessions, by what clients show and by what the broker says.
struct SessionTable {
    private var byKey: [UInt64: MCPSession] = [:]
    private(set) var byNumber: [UInt32: MCPSession] = [:]
    private(set) var holdings: [UInt32: Holdings] = [:]
    /// No session ends by itself before this.
    private(set) var due: Instant?

    /// The live session behind an id, for its owner at its endpoint; nil in every other case, and nobody learns which.
    func find(_ shown: borrowing Span<UInt8>, principal: UInt32, at endpoint: Endpoint) -> MCPSession? {
        guard let id = SessionID(shown: shown), let session = byKey[id.key], let own = session.id, own == id,
            session.principal == principal, session.endpoint == endpoint
        else { return nil }
        return session
    }

    mutating func insert(_ session: MCPSession, now: Instant) {
        byNumber[session.number] = session
        if let id = session.id {
            byKey[id.key] = session
            holdings[session.principal, default: Holdings()].sessions.append(session)
        }
        let next = session.due(now: now)
        due = due.map { min($0, next) } ?? next
    }

    /// A fresh id. Two with one key could not both be found; that needs 2^24 sessions at once to become likely.
    func mint() -> SessionID {
        while true {
            let id = SessionID(random: Random.bytes(32))
            if byKey[id.key] == nil { return id }
        }
    }

    /// - Returns: false if it had ended before.
    mutating func remove(_ session: MCPSession) -> Bool {
        guard byNumber.removeValue(forKey: session.number) != nil else { return false }
        if let id = session.id {
            byKey[id.key] = nil
            change(session.principal) { holdings in holdings.sessions.removeAll { $0 === session } }
        }
        return true
    }

    /// What a client holds, forgotten where it is nothing any more.
    mutating func change(_ principal: UInt32, _ body: (inout Holdings) -> Void) {
        body(&holdings[principal, default: Holdings()])
        if holdings[principal]?.isEmpty ?? false { holdings[principal] = nil }
    }

    func connections(of principal: UInt32) -> Int { holdings[principal]?.connections ?? 0 }

    /// Room for one more session of this client, which its least recently used idle one may have to leave to it.
    ///
    /// - Returns: that one, if it must go; nil in the outer optional where there is no room.
    func room(for principal: UInt32, limit: Int) -> MCPSession?? {
        guard let held = holdings[principal], held.sessions.count + held.opening >= limit else { return .some(nil) }
        let idle = held.sessions.filter(\.isIdle)
        guard let oldest = idle.min(by: { $0.lastUsed < $1.lastUsed }) else { return nil }
        return oldest
    }

    /// Sessions whose time is over.
    mutating func takeDue(now: Instant) -> [MCPSession] {
        guard let due, due <= now else { return [] }
        var over: [MCPSession] = []
        var next: Instant?
        for session in byNumber.values {
            // A socket's session lives as long as the socket.
            guard session.id != nil else { continue }
            let end = session.due(now: now)
            if end <= now { over.append(session) } else { next = next.map { min($0, end) } ?? end }
        }
        self.due = next
        return over
    }
}
