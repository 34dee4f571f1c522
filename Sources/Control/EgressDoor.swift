// SPDX-License-Identifier: Apache-2.0

/// What the broker tells the egress room.
package enum EgressOrder: Equatable, Sendable {
    /// What holds for every sandbox; the first frame, once.
    ///
    /// - Parameters:
    ///   - nat64: the network translates addresses below 64:ff9b::/96, so those follow the one inside.
    ///   - ownPorts: TCP ports on which this installation listens, refused under every address of the host.
    case configure(nat64: Bool, ownPorts: [UInt16])
    /// Serve this sandbox from here on; two descriptors travel along, the listener for HTTP and then that for SOCKS.
    ///
    /// - Parameter policy: canonical JSON. Empty: nothing is allowed until an `amend` says what is, which is how a
    ///   policy comes that does not fit one packet.
    case serve(sandbox: UInt32, label: [UInt8], policy: [UInt8])
    /// Judge by this policy from here on; what is open and would not be allowed any more is cut.
    case amend(sandbox: UInt32, policy: [UInt8])
    /// Close this sandbox's listeners and cut what it has open; answered by `released`.
    case release(sandbox: UInt32)
    /// Every decision up to and including this number is on the disk.
    case recorded(upTo: UInt64)

    package enum Kind: UInt8, CaseIterable, Sendable {
        case configure = 1
        case serve
        case amend
        case release
        case recorded
    }

    package var kind: Kind {
        switch self {
        case .configure: .configure
        case .serve: .serve
        case .amend: .amend
        case .release: .release
        case .recorded: .recorded
        }
    }
}

/// What the egress room tells the broker. Nothing here asks for anything.
package enum EgressReport: Equatable, Sendable {
    /// Confined, and waiting for `configure`; the first frame, once.
    case ready(report: [UInt8])
    /// One connection or request was judged. Sent before a byte of it flows.
    case decided(EgressDecision)
    /// What was opened by an allowed decision is closed.
    case ended(EgressEnding)
    /// The last frame about this sandbox.
    case released(sandbox: UInt32)

    package enum Kind: UInt8, CaseIterable, Sendable {
        case ready = 1
        case decided
        case ended
        case released
    }

    package var kind: Kind {
        switch self {
        case .ready: .ready
        case .decided: .decided
        case .ended: .ended
        case .released: .released
        }
    }
}

/// One judgement of the egress room, whole: what was asked, what it meant, what was answered.
package struct EgressDecision: Equatable, Sendable {
    /// How the target was named.
    package enum Form: UInt8, CaseIterable, Sendable {
        /// `CONNECT host:port`
        case connect = 1
        /// `GET http://host/…`
        case absolute
        case socks
        /// Nothing that names a target.
        case unparsed

        package var word: StaticString {
            switch self {
            case .connect: "connect"
            case .absolute: "absolute"
            case .socks: "socks"
            case .unparsed: "unparsed"
            }
        }
    }

    package enum Verdict: UInt8, CaseIterable, Sendable {
        /// A connection to `address` was attempted; `status` says whether it came about.
        case allow = 1
        /// Would be asked of a person; refused as long as nobody can be.
        case ask
        /// Nothing was sent to the target.
        case deny

        package var word: StaticString {
            switch self {
            case .allow: "allow"
            case .ask: "ask"
            case .deny: "deny"
            }
        }
    }

    /// Rises by one with every decision of the room, from 1.
    package var number: UInt64
    package var sandbox: UInt32
    /// The host as it was written, at most ``Caps/host`` bytes of it; empty where none could be found.
    package var asked: [UInt8]
    /// 0 where none could be read.
    package var port: UInt16
    package var form: Form
    /// The HTTP method; empty for SOCKS and where none could be read.
    package var method: [UInt8]
    /// The address that was dialled, or the one that spoiled the set: 4 bytes, 16, or none.
    package var address: [UInt8]
    /// Raw value of Policy's `AddressClass`, where an address or a special name was classified.
    package var addressClass: UInt8?
    /// Where the rule stands that decided; empty where none did.
    package var rule: [UInt8]
    package var verdict: Verdict
    /// Raw value of Policy's `EgressReason`; nil for what was opened.
    package var reason: UInt8?
    /// What the client was answered; for SOCKS the HTTP status that says the same.
    package var status: UInt16

    package init(
        number: UInt64, sandbox: UInt32, asked: [UInt8], port: UInt16, form: Form, method: [UInt8], address: [UInt8],
        addressClass: UInt8?, rule: [UInt8], verdict: Verdict, reason: UInt8?, status: UInt16
    ) {
        self.number = number
        self.sandbox = sandbox
        self.asked = asked
        self.port = port
        self.form = form
        self.method = method
        self.address = address
        self.addressClass = addressClass
        self.rule = rule
        self.verdict = verdict
        self.reason = reason
        self.status = status
    }
}

/// The end of what an allowed decision opened.
package struct EgressEnding: Equatable, Sendable {
    package enum Cause: UInt8, CaseIterable, Sendable {
        /// Both sides have said all that they had to say.
        case finished = 1
        /// One side broke off.
        case reset
        /// Nothing moved for too long.
        case idle
        /// A policy that came later does not allow it.
        case policy
        /// The sandbox has ended.
        case released
        /// The TLS server name is not the host that was asked for, and the rule demands that it be.
        case serverName
        /// One side does not keep to HTTP.
        case protocolFault

        package var word: StaticString {
            switch self {
            case .finished: "finished"
            case .reset: "reset"
            case .idle: "idle"
            case .policy: "policy"
            case .released: "released"
            case .serverName: "server-name"
            case .protocolFault: "protocol"
            }
        }
    }

    /// What the first bytes of a tunnel said about whom they are for.
    package enum NameFinding: UInt8, CaseIterable, Sendable {
        /// Not looked at: no tunnel to the port of HTTPS, or nothing was said.
        case unseen = 0
        /// The host that was asked for.
        case same
        case different
        /// A TLS greeting without a name.
        case absent
        /// The name that counts is encrypted; `serverName` is the outer one.
        case encrypted
        /// Not TLS.
        case notTLS

        package var word: StaticString {
            switch self {
            case .unseen: "unseen"
            case .same: "same"
            case .different: "different"
            case .absent: "absent"
            case .encrypted: "encrypted"
            case .notTLS: "not-tls"
            }
        }
    }

    package var decision: UInt64
    package var bytesUp: UInt64
    package var bytesDown: UInt64
    package var milliseconds: UInt64
    package var cause: Cause
    package var nameFinding: NameFinding
    /// As the client sent it, at most ``Caps/host`` bytes; the decision was made before it was known.
    package var serverName: [UInt8]

    package init(
        decision: UInt64, bytesUp: UInt64, bytesDown: UInt64, milliseconds: UInt64, cause: Cause,
        nameFinding: NameFinding = .unseen, serverName: [UInt8] = []
    ) {
        self.decision = decision
        self.bytesUp = bytesUp
        self.bytesDown = bytesDown
        self.milliseconds = milliseconds
        self.cause = cause
        self.nameFinding = nameFinding
        self.serverName = serverName
    }
}
