// SPDX-License-Identifier: Apache-2.0
import Control
import Crypto
import Glibc
import Linux
import Policy
import StrictJSON

/// Measures what a `tools/call` of class `reads` costs the broker, from the gate's frame to the gate's frame, with the
/// audit log on: the real program between doors and pipes that this one holds.
///
///     BrokerBench DOORWARDD DIRECTORY SECONDS SERVERS RULES IDLE-CONNECTIONS CALLS-IN-FLIGHT
enum BrokerBench {
    static func run(_ arguments: [String]) throws {
        guard arguments.count == 8, let seconds = UInt64(arguments[3]), let servers = Int(arguments[4]),
            let rules = Int(arguments[5]), let idle = Int(arguments[6]), let calls = Int(arguments[7])
        else {
            print("usage: BrokerBench DOORWARDD DIRECTORY SECONDS SERVERS RULES IDLE-CONNECTIONS CALLS-IN-FLIGHT")
            return
        }
        let stage = try Stage(program: arguments[1], directory: arguments[2], servers: servers, rules: rules)
        for _ in 0..<idle { _ = try stage.caller() }
        let caller = try stage.caller()
        for _ in 0..<calls { stage.call(caller) }
        try stage.run(milliseconds: 500)
        let (cpu, done) = (stage.cpu(), stage.answered)
        let start = Instant.now
        try stage.run(milliseconds: seconds * 1000)
        let spent = Double(stage.cpu() - cpu) / 1000
        let count = Double(stage.answered - done)
        let passed = Double(Instant.now.nanoseconds - start.nanoseconds) / 1_000_000_000
        let shape = "\(servers) servers, \(rules) rules, \(idle) idle connections, \(calls) in flight"
        print("\(shape): \(Int(count / passed)) calls/s, \(tenths(spent / count)) us of broker CPU per call")
        stage.end()
    }

    private static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}

struct BenchError: Error {
    let what: String
}

func need<Value>(_ value: Value?, _ what: String) throws -> Value {
    guard let value else { throw BenchError(what: what) }
    return value
}

/// Launcher, gate and server of one broker.
final class Stage {
    private let pid: pid_t
    private let launcher: Channel
    private let gate: Channel
    private let listener: Endpoint
    private let token: [UInt8]
    private var serverInput: FileDescriptor?
    private var serverOutput: FileDescriptor?
    private var received = ByteQueue()
    private var toServer = ByteQueue()
    private var kept: [Kept] = []
    private var known: [(connection: UInt32, caller: UInt32)] = []
    private var next: UInt32 = 0
    private(set) var answered = 0
    private var isServing = false

    private final class Kept {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    init(program: String, directory: String, servers: Int, rules: Int) throws {
        let state = try Directory(path: directory)
        let (near, far) = try Stage.door()
        launcher = Channel(near.descriptor.duplicated()) { _ in 1 << 20 }
        pid = try Stage.spawn(program, directory, door: far.descriptor.number)
        let (gateNear, gateFar) = try Stage.door()
        gate = Channel(gateNear.descriptor.duplicated()) { _ in 64 << 20 }
        let socket = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 1024)
        listener = try TCPSocket.local(socket)
        token = try Stage.writeToken(state)
        let registry = try Stage.registry(servers: servers, rules: rules)
        let bytes = SealedWriter.registry(registry)
        let digest = try need(Digest(SHA256.hash(bytes.bytes.span).bytes), "digest")
        try state.replace(FileName("sealed.json"), with: SealedWriter.file(bytes, digest: digest).span)
        let file = try state.open(FileName("sealed.json"))
        let report = ConfinementReport().encoded
        try send(.standUp(mode: .serve, isFullDemanded: false, report: report))
        try send(.seal(digest: digest), passing: file.descriptor.duplicate())
        try send(
            .listener(.main, .tcp, authority: Array("127.0.0.1:\(listener.port)".utf8)), passing: socket.duplicate())
        try send(.gate(.main, report: report), passing: gateFar.descriptor.duplicate())
        try send(.complete)
        try send(.ready(report: report))
        while !isServing { try turn() }
    }

    private static func door() throws -> (Kept, Kept) {
        var ends: [Kept] = []
        try UnixSocket.pair(.packet).part { near, far in ends = [Kept(near), Kept(far)] }
        return (ends[0], ends[1])
    }

    private static func spawn(_ program: String, _ directory: String, door: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, door, 3)
        var words = [strdup(program), strdup(directory), nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var pid: pid_t = 0
        guard posix_spawn(&pid, program, &actions, nil, &words, &environment) == 0 else {
            throw BenchError(what: "spawn")
        }
        return pid
    }

    /// As the broker itself would have issued it.
    private static func writeToken(_ state: borrowing Directory) throws -> [UInt8] {
        let token = Array("dwt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".utf8)
        let hash = String(decoding: Hex.encode(SHA256.hash(token.span).bytes), as: UTF8.self)
        let text =
            "{\"format\":1,\"tokens\":[{\"client\":\"bench\",\"expires\":4000000000,\"hash\":\"\(hash)\",\"id\":\"00000000\",\"issued\":1,\"listener\":\"main\"}]}\n"
        try state.replace(FileName("tokens.json"), with: Array(text.utf8).span)
        return token
    }

    private static func registry(servers: Int, rules: Int) throws -> SealedRegistry {
        let zero = try need(Digest([UInt8](repeating: 0, count: 32)), "digest")
        var limits = Limits.standard
        limits.connections = 100_000
        limits.connectionsPerCaller = 100_000
        limits.callsPerCaller = 100_000
        return SealedRegistry(
            sealedAt: 1, source: zero,
            listeners: [ListenerEntry(name: .main, address: ListenAddress(host: .v4(0, 0, 1), port: 1))], clients: [],
            policy: ToolPolicy(
                rules: try (0..<rules).map { number in
                    Rule(
                        id: try need(RuleID(Array("r\(number)".utf8)), "rule"),
                        clients: [try need(ClientName(Array("nobody-\(number)".utf8)), "client")], servers: nil,
                        tools: nil,
                        prompts: nil, resources: nil, verdict: .deny)
                }), audit: .standard, limits: limits, servers: try (0..<servers).map { try server("s\($0)", zero) })
    }

    private static let tool =
        #"{"description":"says it again","inputSchema":{"properties":{"n":{"type":"integer"},"text":{"type":"string"}},"required":["text"],"type":"object"},"name":"echo"}"#

    private static func server(_ name: String, _ digest: Digest) throws -> SealedServer {
        var tree = JSONTree()
        var reader = JSONReader(limits: .message)
        try reader.read(Array(tool.utf8).span, into: &tree)
        let object = tree.canonical(.root)
        let path = try need(AbsolutePath(Array("/usr/bin/true".utf8)), "path")
        let pinned = PinnedTool(
            name: try need(ToolName(Array("echo".utf8)), "name"), object: object,
            digest: try need(Digest(SHA256.hash(object.bytes.span).bytes), "digest"), risk: .reads)
        return SealedServer(
            name: try need(ServerName(Array(name.utf8)), "name"),
            executable: PinnedFile(path: path, digest: digest, size: 1), pins: [],
            arguments: [.fixed(Array("echo".utf8))],
            environment: [], directory: path, installation: [], reads: [], writes: [], traits: ServerTraits(),
            parameters: [], accepted: [],
            review: Review(
                reviewedAt: 1, revision: .y2026m07d28, capabilities: [.tools], instructions: nil, tools: [pinned],
                prompts: [], templates: [], set: digest))
    }

    // MARK: Doors

    private func send(_ report: LaunchReport) throws {
        launcher.send { report.write(to: &$0) }
        _ = try launcher.flush()
    }

    private func send(_ report: LaunchReport, passing descriptor: consuming FileDescriptor) throws {
        var passed = PassedDescriptors()
        passed.append(descriptor)
        launcher.send(passing: passed) { report.write(to: &$0) }
        _ = try launcher.flush()
    }

    private func send(_ request: GateRequest) throws { gate.send { request.write(to: &$0) } }

    func caller() throws -> (connection: UInt32, caller: UInt32) {
        let before = known.count
        kept.append(Kept(try TCPSocket.connect(to: listener)))
        while known.count == before { try turn() }
        return known[before]
    }

    func call(_ caller: (connection: UInt32, caller: UInt32)) {
        next += 1
        let request = GateRequest.decide(
            Decision(
                call: next, connection: caller.connection, caller: caller.caller, session: 0, method: .toolsCall,
                revision: .y2026m07d28, server: ServerName(Array("s0".utf8)), id: Array(String(next).utf8),
                parameters: Stage.parameters, mirrored: []))
        gate.send { request.write(to: &$0) }
    }

    private static let parameters = Array(
        #"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"arguments":{"n":7,"text":"the quick brown fox jumps over the lazy dog"},"name":"echo"}"#
            .utf8)

    func run(milliseconds: UInt64) throws {
        let end = Instant.now.adding(milliseconds: milliseconds)
        while Instant.now < end { try turn() }
    }

    /// One look at everything that may have arrived.
    private func turn() throws {
        _ = try gate.flush()
        var polled = [
            pollfd(fd: launcher.socket.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: gate.socket.number, events: Int16(POLLIN), revents: 0),
        ]
        if let number = serverInput?.number { polled.append(pollfd(fd: number, events: Int16(POLLIN), revents: 0)) }
        _ = poll(&polled, nfds_t(polled.count), 100)
        if polled[0].revents != 0 { try serveLauncher() }
        if polled.count > 2, polled[2].revents != 0 { try serveServer() }
        if polled[1].revents != 0 { try serveGate() }
    }

    private func serveLauncher() throws {
        guard case .moved = try launcher.receive() else { throw BenchError(what: "the broker has ended") }
        while var frame = try launcher.next() {
            switch try LaunchRequest.read(frame.kind, &frame.fields) {
            case .serving: isServing = true
            case .start(let launch, _, _, _): try start(launch)
            case .fatal(let error, _): throw BenchError(what: String(decoding: error, as: UTF8.self))
            case .ready, .stop, .startGate, .reload, .finished: break
            }
        }
    }

    private func start(_ launch: UInt32) throws {
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        try input.reading.setNonBlocking(true)
        try input.writing.setNonBlocking(true)
        try output.reading.setNonBlocking(true)
        try errors.reading.setNonBlocking(true)
        var passed = PassedDescriptors()
        passed.append(try input.writing.duplicate())
        passed.append(try output.reading.duplicate())
        passed.append(try errors.reading.duplicate())
        kept.append(Kept(try errors.writing.duplicate()))
        serverInput = try input.reading.duplicate()
        serverOutput = try output.writing.duplicate()
        let report = LaunchReport.started(launch: launch, pid: 4711, report: ConfinementReport().encoded)
        launcher.send(passing: passed) { report.write(to: &$0) }
        _ = try launcher.flush()
    }

    private func serveServer() throws {
        _ = try serverInput?.read(into: &received, limit: 65_536)
        let bytes = received.storage
        let range = received.range
        var start = range.lowerBound
        for index in range where bytes[index] == 0x0A {
            answer(bytes[start..<index])
            start = index + 1
        }
        received.drop(start - range.lowerBound)
        while !toServer.isEmpty { _ = try serverOutput?.write(from: &toServer) }
    }

    private static let result =
        Array(
            #","jsonrpc":"2.0","result":{"content":[{"text":"the quick brown fox jumps over the lazy dog","type":"text"}],"isError":false,"resultType":"complete"}}"#
                .utf8) + [0x0A]
    private static let discovered =
        Array(
            #","jsonrpc":"2.0","result":{"capabilities":{"tools":{}},"resultType":"complete","supportedVersions":["2026-07-28"]}}"#
                .utf8) + [0x0A]
    private static let listed = Array(",\"jsonrpc\":\"2.0\",\"result\":{\"tools\":[\(tool)]}}\n".utf8)

    /// Canonical requests begin with their id.
    private func answer(_ line: ArraySlice<UInt8>) {
        let id = line.dropFirst(6).prefix { $0 != 0x2C }
        let method = line.dropFirst(6 + id.count + 27)
        toServer.append(Array("{\"id\":".utf8) + id)
        if method.starts(with: "tools/call".utf8) {
            toServer.append(Self.result)
        } else if method.starts(with: "tools/list".utf8) {
            toServer.append(Self.listed)
        } else {
            toServer.append(Self.discovered)
        }
    }

    private func serveGate() throws {
        guard case .moved = try gate.receive() else { throw BenchError(what: "the door has closed") }
        while var frame = try gate.next() {
            switch try GateOrder.read(frame.kind, &frame.fields) {
            case .configure: break
            case .connection(let handle):
                if let socket = gate.takeDescriptor() { kept.append(Kept(socket)) }
                try send(.authenticate(connection: handle, credential: token))
            case .known(let connection, let caller, _): known.append((connection, caller))
            case .answer(let answer):
                guard answer.status == 200, answer.message.count > 100 else { throw BenchError(what: "refused") }
                answered += 1
                if let last = known.last { call(last) }
            case .unknown, .selected, .event, .cut, .callerEnded, .sessionEnded, .drain:
                throw BenchError(what: "unasked")
            }
        }
    }

    // MARK: Measures

    /// Nanoseconds that all threads of the broker have run.
    func cpu() -> UInt64 {
        var sum: UInt64 = 0
        guard let tasks = opendir("/proc/\(pid)/task") else { return 0 }
        defer { closedir(tasks) }
        while let entry = readdir(tasks) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { place in
                place.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let file = fopen("/proc/\(pid)/task/\(name)/schedstat", "r") else { continue }
            var text = [CChar](repeating: 0, count: 128)
            if fgets(&text, 128, file) != nil {
                sum += text.prefix { $0 != 0x20 }.reduce(0) { $0 * 10 + UInt64(truncatingIfNeeded: $1 - 0x30) }
            }
            fclose(file)
        }
        return sum
    }

    func end() {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}

extension FileDescriptor {
    fileprivate borrowing func duplicated() -> FileDescriptor {
        do { return try duplicate() } catch { fatalError("\(error)") }
    }
}
