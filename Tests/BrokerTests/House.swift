// SPDX-License-Identifier: Apache-2.0
import Audit
import Control
import Crypto
import Linux
import Policy
import Scratch
import StrictJSON

@testable import Broker

/// What the room takes for the time; it stands still until the test moves it.
final class ManualClock {
    private(set) var now = Instant.now
    /// Seconds since 1970.
    private(set) var seconds = WallClock.microseconds / 1_000_000

    func move(_ milliseconds: UInt64) {
        now = now.adding(milliseconds: milliseconds)
        seconds += milliseconds / 1000
    }
}

/// A broker with everything around it played by the test: launcher, gate, operator and servers, over the real doors.
///
/// The broker turns only when ``turn()`` is called, so a test sees each state that it wants to see.
final class House {
    let scratch: Scratch
    let clock = ManualClock()
    let room: BrokerRoom
    let launcher: Door
    private(set) var gate: Door
    private var watcher: WatchDoor?
    private(set) var egress: EgressLine?
    let listener: Endpoint
    private(set) var registry: SealedRegistry
    private(set) var digest: Digest
    var launched: [Launched] = []
    private var nextCall: UInt32 = 0

    /// What the broker asked the launcher to start.
    struct Launched: Equatable {
        let launch: UInt32
        let server: ServerName
        let seal: Digest
        let choices: [UInt8]
    }

    /// - Parameters:
    ///   - watched: a watcher says who connects, see ``peer``; without it every peer is unknown.
    ///   - attended: there is an operator's door, see ``OperatorLine``.
    ///   - outgoing: there is an egress room, see ``egress``; without one nothing is let out.
    init(
        _ servers: [SealedServer] = [House.echo()], rules: [Rule] = [], limits: Limits = .standard,
        audit: AuditSettings = .standard, clients: [ClientEntry] = [], watched: Bool = false, attended: Bool = false,
        outgoing: Bool = false, mode: LaunchReport.Mode = .serve, in scratch: Scratch = Scratch()
    ) throws {
        Signal.ignoreBrokenPipe()
        self.scratch = scratch
        let doors = try Door.pair()
        launcher = doors.near
        let clock = clock
        room = try BrokerRoom(
            door: try doors.far.take(), statePath: scratch.path, confinesItself: false, clock: { clock.now },
            wall: { clock.seconds })
        registry = SealedRegistry(
            sealedAt: 1, source: try House.zero(),
            listeners: [ListenerEntry(name: .main, address: ListenAddress(host: .v4(0, 0, 1), port: 1))],
            clients: clients,
            policy: ToolPolicy(rules: rules), audit: audit, limits: limits, servers: servers)
        digest = try House.zero()
        let socket = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 256)
        listener = try TCPSocket.local(socket)
        gate = try Door.pair().near
        try standUp(socket, mode, watched: watched, attended: attended, outgoing: outgoing)
    }

    static func zero() throws -> Digest { try unwrap(Digest([UInt8](repeating: 0, count: 32))) }

    private func standUp(
        _ socket: consuming FileDescriptor, _ mode: LaunchReport.Mode, watched: Bool, attended: Bool, outgoing: Bool
    ) throws {
        launcher.send(.standUp(mode: mode, isFullDemanded: false, report: ConfinementReport().encoded))
        try handSeal()
        if attended {
            let directory = try scratch.directory()
            let listening = try UnixSocket.listen(
                .packet, in: directory.descriptor, name: OperatorLine.socketName, backlog: 8)
            launcher.send(.operatorSocket, passing: [Owned(listening)])
        }
        if watched {
            let doors = try Door.pair()
            watcher = WatchDoor(doors.near)
            launcher.send(.watch(report: ConfinementReport().encoded), passing: [doors.far])
        }
        if outgoing { try bringEgress() }
        if mode == .serve {
            launcher.send(
                .listener(.main, .tcp, authority: Array("127.0.0.1:\(listener.port)".utf8)), passing: [Owned(socket)])
            try bringGate()
        }
        launcher.send(.complete)
        try turn()
        watcher?.ready()
        egress?.ready()
        if mode == .serve { gate.send(.ready(report: ConfinementReport().encoded)) }
        try turn()
    }

    /// An egress room, as the launcher brings it; it is not ready yet.
    func bringEgress() throws {
        let doors = try Door.pair()
        egress = EgressLine(doors.near)
        launcher.send(.egress(report: ConfinementReport().encoded), passing: [doors.far])
    }

    /// A gate for the listener, as the launcher brings it; it is not ready yet.
    private func bringGate() throws {
        let doors = try Door.pair()
        gate = doors.near
        launcher.send(.gate(.main, report: ConfinementReport().encoded), passing: [doors.far])
    }

    func bringSilentGate() throws {
        try bringGate()
        try turn()
    }

    /// The gate that the broker asked for after the loss of the first.
    func replaceGate() throws {
        try bringGate()
        try turn()
        gate.send(.ready(report: ConfinementReport().encoded))
        try turn()
    }

    /// Whom the watcher finds at the other end of a connection.
    var peer = Peer.unknown(uid: nil)

    /// Seals the registry as it is now and hands it to the broker.
    func handSeal() throws {
        let bytes = SealedWriter.registry(registry)
        digest = try unwrap(Digest(SHA256.hash(bytes.bytes.span).bytes))
        scratch.put("sealed.json", SealedWriter.file(bytes, digest: digest))
        let file = try scratch.directory().open(FileName("sealed.json"))
        launcher.send(.seal(digest: digest), passing: [Owned(try file.descriptor.duplicate())])
    }

    func change(_ edit: (inout SealedRegistry) throws -> Void) throws {
        try edit(&registry)
        try handSeal()
        try turn()
    }

    /// Lets the broker do what there is to do, until nothing is left to do at once.
    func turn(_ times: Int = 6) throws {
        for _ in 0..<times {
            try room.turn(patience: 0)
            try collect()
        }
    }

    /// Turns until the condition holds; the bound is for broken code, not for slow machines.
    func turn(until condition: () throws -> Bool) throws {
        let end = Instant.now.adding(milliseconds: 10_000)
        while try !condition() {
            guard Instant.now < end else { throw HouseError.nothingHappened }
            try room.turn(patience: 10)
            try collect()
        }
    }

    private func collect() throws {
        while let (request, _) = try launcher.nextRequest() {
            switch request {
            case .start(let launch, let server, let seal, let choices):
                launched.append(Launched(launch: launch, server: server, seal: seal, choices: choices))
            case .ready, .serving, .stop, .startGate, .reload, .finished, .fatal: requests.append(request)
            }
        }
        if !isGateDeaf { try gate.collectOrders() }
        try watcher?.answer(peer)
        try egress?.collect()
    }

    /// The gate takes nothing from its door.
    var isGateDeaf = false

    /// Lets time pass, and the broker see it.
    func pass(_ milliseconds: UInt64) throws {
        clock.move(milliseconds)
        try turn()
    }

    /// What the broker asked of the launcher beside starting servers.
    var requests: [LaunchRequest] = []

    // MARK: Callers

    /// A token for a client, made the way the operator makes it.
    func token(_ client: String = "tester", servers: [String]? = nil, life: UInt64 = 86_400) throws -> [UInt8] {
        let made = room.tokens.make(
            client: try unwrap(ClientName(Array(client.utf8))),
            servers: try servers?.map { try unwrap(ServerName(Array($0.utf8))) }, listener: .main, life: life,
            now: clock.seconds)
        room.tokens.add(made.record)
        return made.text
    }

    /// A connection as the gate gets it.
    func connect() throws -> GateConnection {
        let client = try TCPSocket.connect(to: listener)
        try turn(until: { !gate.connections.isEmpty })
        let (handle, socket) = gate.connections.removeFirst()
        return GateConnection(handle: handle, client: Owned(client), gateEnd: socket)
    }

    /// A connection that shows a token and is known by it.
    func caller(_ client: String = "tester", servers: [String]? = nil, life: UInt64 = 86_400) throws -> GateCaller {
        try caller(showing: try token(client, servers: servers, life: life))
    }

    func caller(showing token: [UInt8]) throws -> GateCaller {
        let connection = try connect()
        gate.send(.authenticate(connection: connection.handle, credential: token))
        try turn()
        var order = gate.takeOrder()
        // Of others that end meanwhile.
        while let other = order, other.kind == .callerEnded || other.kind == .sessionEnded { order = gate.takeOrder() }
        guard case .known(connection.handle, let caller, let principal) = order else { throw HouseError.notKnown }
        return GateCaller(connection: connection, caller: caller, principal: principal)
    }

    /// Sends one request of the modern era and gives its number.
    func ask(
        _ caller: GateCaller, _ method: Method, _ parameters: String = "{}", server: String? = "echo",
        revision: Revision = .y2026m07d28, session: UInt32 = 0, id: String = "1", mirrored: [MirroredHeader] = []
    ) throws -> UInt32 {
        let call = try post(
            caller, method, parameters, server: server, revision: revision, session: session, id: id, mirrored: mirrored
        )
        try turn()
        return call
    }

    /// The same, without letting the broker turn.
    func post(
        _ caller: GateCaller, _ method: Method, _ parameters: String = "{}", server: String? = "echo",
        revision: Revision = .y2026m07d28, session: UInt32 = 0, id: String = "1", mirrored: [MirroredHeader] = []
    ) throws -> UInt32 {
        nextCall += 1
        gate.send(
            .decide(
                Decision(
                    call: nextCall, connection: caller.connection.handle, caller: caller.caller, session: session,
                    method: method, revision: revision,
                    server: try server.map { try unwrap(ServerName(Array($0.utf8))) }, id: Array(id.utf8),
                    parameters: Array(parameters.utf8), mirrored: mirrored)))
        return nextCall
    }

    /// A legacy client: a session that `initialize` opened.
    func session(
        _ caller: GateCaller, server: String? = "echo", capabilities: String = "{}", meta: String? = nil
    ) throws -> UInt32 {
        let extra = meta.map { ",\"_meta\":\($0)" } ?? ""
        let call = try ask(
            caller, .initialize, "{\"capabilities\":\(capabilities),\"protocolVersion\":\"2025-11-25\"\(extra)}",
            server: server, revision: .y2025m11d25)
        let opened = try answer(call).session
        guard opened != 0 else { throw HouseError.missing }
        return opened
    }

    /// A request inside a session.
    func ask(
        _ caller: GateCaller, in session: UInt32, _ method: Method, _ parameters: String = "{}",
        server: String? = "echo", id: String = "1"
    ) throws -> UInt32 {
        try ask(caller, method, parameters, server: server, revision: .y2025m11d25, session: session, id: id)
    }

    /// Calls the one tool of ``echo(_:risk:revision:era:tools:edit:)``.
    func callEcho(_ caller: GateCaller, _ text: String = "hi", session: UInt32 = 0, server: String? = "echo") throws
        -> UInt32
    {
        try ask(
            caller, .toolsCall,
            "{\"arguments\":{\"text\":\"\(text)\"},\"name\":\"\(server == nil ? "echo__echo" : "echo")\"}",
            server: server, revision: session == 0 ? .y2026m07d28 : .y2025m11d25, session: session)
    }

    /// A caller, and a ready server that has answered its first call.
    func running(_ era: Era = .modern, _ client: String = "tester") throws -> (GateCaller, ScriptedServer) {
        let caller = try caller(client)
        let call = try callEcho(caller)
        let server = try startServer()
        if era == .modern { try server.greetModern() } else { try server.greetLegacy() }
        try server.answer(try server.hear(), House.hi)
        _ = try answer(call)
        return (caller, server)
    }

    static let hi = #"{"content":[{"text":"hi","type":"text"}]}"#

    /// The answer to a call, which must have come.
    func answer(_ call: UInt32) throws -> Reply {
        try turn(until: { gate.answers[call] != nil })
        return try Reply(try unwrap(gate.answers.removeValue(forKey: call)))
    }

    // MARK: Servers

    /// Plays the launcher's part: the server that was asked for runs, and the test holds its other ends.
    func startServer() throws -> ScriptedServer {
        try turn(until: { !launched.isEmpty })
        let launch = launched.removeFirst()
        return try ScriptedServer(launch.launch, self)
    }

    /// All records of the audit log so far, as trees.
    func records(_ kind: String) throws -> [Record] { try records().filter { $0.kind == kind } }

    func records() throws -> [Record] {
        room.journal?.flush()
        let log = scratch.contents("audit/00000001.jsonl") ?? []
        return try log.split(separator: 0x0A).map { try Record(Array($0)) }
    }

    /// A server with one tool, as it would be sealed and reviewed.
    static func echo(
        _ name: String = "echo", risk: RiskClass = .reads, revision: Revision = .y2026m07d28, era: Era = .modern,
        tools: [String] = [House.echoTool], edit: (inout SealedServer) -> Void = { _ in }
    ) -> SealedServer {
        guard let server = ServerName(Array(name.utf8)), let digest = Digest([UInt8](repeating: 7, count: 32)),
            let path = AbsolutePath(Array("/usr/bin/true".utf8)), let home = AbsolutePath(Array("/home/sandbox".utf8))
        else { preconditionFailure("fixed names") }
        let pinned = tools.map { text -> PinnedTool in
            let object = House.canonical(text)
            guard let name = ToolName(House.member(text, "name")) else { preconditionFailure("a tool has a name") }
            return PinnedTool(name: name, object: object, digest: Digest(SHA256.hash(object.bytes.span)), risk: risk)
        }
        var sealed = SealedServer(
            name: server, executable: PinnedFile(path: path, digest: digest, size: 1), pins: [],
            arguments: [.fixed(Array("echo".utf8))], environment: [], directory: home, installation: [], reads: [],
            writes: [], traits: ServerTraits(), parameters: [], accepted: [],
            review: Review(
                reviewedAt: 1, revision: era == .legacy ? .y2025m11d25 : revision, capabilities: [.tools],
                instructions: nil, tools: pinned, prompts: [], templates: [], set: digest))
        edit(&sealed)
        return sealed
    }

    static let echoTool = """
        {"name":"echo","description":"says it again","inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}}
        """

    static func canonical(_ text: String) -> CanonicalJSON {
        let tree = fixed(text)
        return tree.canonical(.root)
    }

    private static func member(_ text: String, _ key: String) -> [UInt8] {
        let tree = fixed(text)
        return tree.member(.root, key).flatMap(tree.text) ?? []
    }

    private static func fixed(_ text: String) -> JSONTree {
        do { return try parsed(Array(text.utf8)) } catch { preconditionFailure("\(text): \(error)") }
    }
}

enum HouseError: Error {
    case nothingHappened
    case notKnown
    case missing
}

func unwrap<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw HouseError.missing }
    return value
}

/// A descriptor in a place that arrays can hold.
final class Owned {
    private var descriptor: FileDescriptor?

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = consume descriptor }

    func put(_ descriptor: consuming FileDescriptor) { self.descriptor = consume descriptor }

    func take() throws -> FileDescriptor {
        guard let taken = descriptor.take() else { throw HouseError.missing }
        return taken
    }
}

/// A refusal as a client reads it, in whichever of its two forms.
struct Refusal: Equatable, CustomStringConvertible {
    let status: UInt16
    let code: Int64?
    let reason: String

    var description: String { "\(status) \(code.map(String.init) ?? "-") \(reason)" }

    /// As the table of denials promises it for this method.
    init(_ denial: Denial, _ method: Method, _ era: Era = .modern) {
        let meaning = denial.meaning
        let isResult = meaning.step > 10 && method == .toolsCall
        code = isResult ? nil : meaning.code
        reason = "\(meaning.word)"
        let isPlain = era == .legacy && denial != .serverUnknown && denial != .tooFast
        status = meaning.step > 10 || isPlain ? 200 : meaning.status
    }

    init?(_ reply: Reply) {
        status = reply.status
        if let reason = reply.text("error", "data", "reason") {
            self.reason = reason
            code = reply.text("error", "code").flatMap { Int64($0) }
        } else if let reason = reply.text("result", "_meta", "dev.doorward/denial", "reason") {
            guard reply.text("result", "isError") == "true" else { return nil }
            self.reason = reason
            code = nil
        } else {
            return nil
        }
    }
}

struct GateConnection {
    let handle: UInt32
    let client: Owned
    let gateEnd: Owned
}

struct GateCaller {
    let connection: GateConnection
    let caller: UInt32
    let principal: UInt32
}

/// An answer as a client would read it.
struct Reply {
    let status: UInt16
    let session: UInt32
    let tree: JSONTree

    var whole: String { String(decoding: tree.canonical(.root).bytes, as: UTF8.self) }

    init(_ answer: Answer) throws {
        status = answer.status
        session = answer.session
        tree = try parsed(answer.message)
    }

    func text(_ path: String...) -> String? {
        var node: JSONNode? = .root
        for key in path { node = node.flatMap { tree.member($0, key) } }
        return node.map { node in
            tree.text(node).map { String(decoding: $0, as: UTF8.self) }
                ?? String(decoding: tree.canonical(node).bytes, as: UTF8.self)
        }
    }
}

/// One line of the audit log.
struct Record {
    let tree: JSONTree
    let line: [UInt8]

    init(_ line: [UInt8]) throws {
        self.line = line
        tree = try parsed(line)
    }

    /// Everything it says, in canonical form.
    var text: String { String(decoding: line, as: UTF8.self) }

    var sequence: UInt64 {
        tree.member(.root, "seq").flatMap(tree.integer).map { UInt64($0) } ?? 0
    }

    var kind: String { tree.member(.root, "kind").flatMap(tree.text).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    func data(_ key: String) -> String? {
        guard let data = tree.member(.root, "data"), let node = tree.member(data, key) else { return nil }
        return tree.text(node).map { String(decoding: $0, as: UTF8.self) }
            ?? String(decoding: tree.canonical(node).bytes, as: UTF8.self)
    }
}

func parsed(_ bytes: [UInt8]) throws -> JSONTree {
    var tree = JSONTree()
    var reader = JSONReader(limits: .message)
    try reader.read(bytes.span, into: &tree)
    return tree
}
