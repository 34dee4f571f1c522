// SPDX-License-Identifier: Apache-2.0
package import Control
package import Linux
package import Policy

/// The other side of a gate's door, scripted: it answers as the broker would, and remembers everything it was asked.
///
/// It keeps the permit table: a request outside its row is a failure that the test must see.
package final class FakeBroker {
    /// What the credential of a test stands for.
    package enum Standing: Equatable, Sendable {
        case client(principal: UInt32)
        case refused(Denial)
    }

    private let channel: Channel
    /// Everything that was asked, in order.
    package private(set) var requests: [GateRequest] = []
    /// Frames that broke the protocol or the permit table.
    package private(set) var violations: [String] = []
    package private(set) var isDoorClosed = false

    package var credentials: [String: Standing] = [
        "good": .client(principal: 1), "second": .client(principal: 1), "other": .client(principal: 2),
        "expired": .refused(.credentialExpired), "revoked": .refused(.credentialRevoked),
        "elsewhere": .refused(.scopeInsufficient),
    ]
    package var servers: Set<String> = ["files", "git"]
    /// Calls are kept for the test to answer, instead of being answered with an empty result at once.
    package var holdsCalls = false
    /// Authentication waits for the test.
    package var holdsCallers = false

    /// Nothing is read from the door.
    package var isDeaf = false

    private var duplicates: [UInt32: Duplicate] = [:]
    private var states: [UInt32: ConnectionState] = [:]
    private var callers: [UInt32: UInt32] = [:]
    private var next: UInt32 = 0

    package init(door: consuming FileDescriptor) {
        channel = Channel(door) { GateRequest.Kind(rawValue: $0)?.permit.maxBytes }
    }

    private func number() -> UInt32 {
        next += 1
        return next
    }

    // MARK: What the broker does by itself

    package func configure(
        kind: GateConfiguration.Kind = .tcp, authorities: [String] = ["127.0.0.1:8742"],
        origin: String = "http://127.0.0.1:8742", connectionsPerCaller: UInt32 = 64, sessionsPerCaller: UInt32 = 64
    ) {
        order(
            .configure(
                GateConfiguration(
                    kind: kind, listener: kind == .tcp ? .main : .local,
                    authorities: authorities.map { Array($0.utf8) },
                    origin: Array(origin.utf8),
                    limits: GateLimits(
                        connectionsPerCaller: connectionsPerCaller, sessionsPerCaller: sessionsPerCaller))))
    }

    /// One connection: its number, and the client's end of it.
    package struct Handed: ~Copyable {
        package let handle: UInt32
        package let client: FileDescriptor
    }

    /// The broker's own duplicate of a connection, which lives until the gate says that it is gone.
    private final class Duplicate {
        let socket: FileDescriptor

        init(_ socket: consuming FileDescriptor) { self.socket = socket }
    }

    /// Hands over one end of a fresh connection; the other one is the client's.
    package func connect() throws(SyscallError) -> Handed {
        let pair = try UnixSocket.pair(.stream)
        let handle = number()
        states[handle] = .admitted
        duplicates[handle] = Duplicate(try pair.near.duplicate())
        var passed = PassedDescriptors()
        passed.append(try pair.near.duplicate())
        let order = GateOrder.connection(handle: handle)
        channel.send(passing: passed) { order.write(to: &$0) }
        return Handed(handle: handle, client: try pair.far.duplicate())
    }

    package func order(_ order: GateOrder) { channel.send { order.write(to: &$0) } }

    /// Sends bytes as they are: what no honest broker would.
    package func orderRaw(_ compose: (inout FrameWriter) -> Void) { channel.send(compose) }

    /// Everything is out of the door that it has room for.
    ///
    /// - Returns: whether something still waits.
    @discardableResult
    package func flush() throws(ChannelError) -> Bool {
        let moved = try channel.flush()
        if moved == .closed { isDoorClosed = true }
        return moved == .wouldBlock
    }

    package func isReadable(milliseconds: Int32) throws(SyscallError) -> Bool {
        try channel.socket.waitUntilReadable(milliseconds: milliseconds)
    }

    /// Takes what has arrived, answers what the script answers.
    ///
    /// - Returns: whether anything had arrived, or is still to go out.
    @discardableResult
    package func serve() throws(ChannelError) -> Bool {
        if isDeaf { return false }
        var didWork = false
        while case .moved = try receive() {
            didWork = true
            while var frame = try channel.next() {
                do throws(FrameError) { take(try GateRequest.read(frame.kind, &frame.fields)) } catch {
                    violations.append("\(error)")
                }
            }
        }
        if try flush() { didWork = true }
        return didWork
    }

    private func receive() throws(ChannelError) -> Transfer {
        let moved = try channel.receive()
        if moved == .closed { isDoorClosed = true }
        return moved
    }

    private func take(_ request: GateRequest) {
        requests.append(request)
        check(request)
        switch request {
        case .ready, .reply, .cancel, .endSession, .refused: break
        case .authenticate(let connection, let credential): if !holdsCallers { judge(connection, credential) }
        case .select(let connection, _, let server):
            order(.selected(connection: connection, isKnown: servers.contains(server.description)))
        case .decide(let decision): if !holdsCalls { answer(decision) }
        case .gone(let connection):
            states[connection] = .gone
            duplicates[connection] = nil
        }
    }

    private func check(_ request: GateRequest) {
        guard let connection = request.connection else { return }
        let state = states[connection] ?? .gone
        if !request.kind.isPermitted(in: state) { violations.append("\(request.kind) in \(state)") }
        if case .decide(let decision) = request, callers[decision.caller] != connection {
            violations.append("decide for a caller that is not known on the connection")
        }
    }

    /// Says who the credential's owner is.
    package func judge(_ connection: UInt32, _ credential: [UInt8]?) {
        let standing: Standing
        if let credential {
            standing = credentials[String(decoding: credential, as: UTF8.self)] ?? .refused(.credentialUnknown)
        } else {
            standing = .client(principal: 9)
        }
        switch standing {
        case .client(let principal):
            let caller = number()
            callers[caller] = connection
            states[connection] = .known
            order(.known(connection: connection, caller: caller, principal: principal))
        case .refused(let denial): order(.unknown(connection: connection, denial: denial))
        }
    }

    /// An empty result, or what opens a session.
    package func answer(_ decision: Decision) {
        let isOpening = decision.method == .initialize
        answer(
            decision, result: "{}", session: isOpening ? number() : 0, revision: isOpening ? .y2025m11d25 : nil)
    }

    package func answer(
        _ decision: Decision, result: String, status: UInt16 = 200, session: UInt32 = 0, revision: Revision? = nil
    ) {
        let id = String(decoding: decision.id, as: UTF8.self)
        let message = Array("{\"id\":\(id),\"jsonrpc\":\"2.0\",\"result\":\(result)}".utf8)
        order(
            .answer(
                Answer(call: decision.call, status: status, message: message, session: session, revision: revision)))
    }

    // MARK: What a test asks about

    package var decisions: [Decision] {
        requests.compactMap { if case .decide(let decision) = $0 { decision } else { nil } }
    }

    package var refusals: [RefusalNote] {
        requests.compactMap { if case .refused(let note) = $0 { note } else { nil } }
    }

    /// Whatever was asked so far is forgotten.
    package func forget() { requests = [] }

    package func caller(on connection: UInt32) -> UInt32? { callers.first { $0.value == connection }?.key }
}
