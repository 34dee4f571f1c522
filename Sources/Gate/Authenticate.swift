// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Policy
internal import Wire

/// A caller whom the broker knows: handles for the credential on this connection, and for the client behind it.
struct KnownCaller: Equatable {
    let handle: UInt32
    let principal: UInt32

    fileprivate init(handle: UInt32, principal: UInt32) {
        self.handle = handle
        self.principal = principal
    }
}

/// What one connection has shown as its credential, and what the broker said of it: step 4 of the order of refusal.
///
/// The last accepted value is kept, so that only the first request of a connection waits for the broker.
struct CredentialMemory {
    enum Step: Equatable {
        case known(KnownCaller)
        /// Ask the broker; nil: the connection itself is the credential.
        case ask([UInt8]?)
        case refuse(Refusal)
    }

    /// The token that was accepted, empty where the connection was the credential.
    private var accepted: [UInt8] = []
    private(set) var caller: KnownCaller?
    private var asked: [UInt8] = []
    private var asks = 0

    /// The next credential would be one too many: the connection ends with this answer.
    var isExhausted: Bool { asks >= Bounds.credentials }

    mutating func present(_ head: borrowing RequestHead, _ kind: GateConfiguration.Kind) -> Step {
        switch (Bearer(head), kind) {
        case (.token(let range), _):
            let bytes = head.bytes
            if let caller, isAccepted(bytes.span.extracting(range)) { return .known(caller) }
            // Longer than any token of ours, and than the door takes.
            if range.count > Caps.credential {
                return .refuse(Refusal(.credentialMalformed, rule: "token-too-long", field: "authorization"))
            }
            return ask(head.copy(range))
        // Whoever could open the unix socket is known by that; a header of no use there changes nothing.
        case (.missing, .local), (.malformed, .local):
            if let caller, accepted.isEmpty { return .known(caller) }
            return ask(nil)
        case (.missing, .tcp): return .refuse(Refusal(.credentialMissing, field: "authorization"))
        case (.malformed, .tcp): return .refuse(Refusal(.credentialMalformed, field: "authorization"))
        }
    }

    private mutating func ask(_ credential: [UInt8]?) -> Step {
        asks += 1
        asked = credential ?? []
        return .ask(credential)
    }

    /// The broker knows the credential that it was last asked for.
    mutating func accept(handle: UInt32, principal: UInt32) -> KnownCaller {
        accepted = asked
        asked = []
        let known = KnownCaller(handle: handle, principal: principal)
        caller = known
        return known
    }

    /// The credential has ended: the next request has to ask again.
    mutating func forget() {
        caller = nil
        accepted = []
    }

    /// Looks at every byte whatever the first ones say, so that the time tells nothing about a token.
    private func isAccepted(_ shown: borrowing Span<UInt8>) -> Bool {
        guard shown.count == accepted.count else { return false }
        var difference: UInt8 = 0
        for index in 0..<accepted.count { difference |= shown[index] ^ accepted[index] }
        return difference == 0
    }
}
