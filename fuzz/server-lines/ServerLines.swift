// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Control
internal import Crypto
internal import Linux
internal import Policy
internal import Scratch
internal import StrictJSON

@testable internal import Broker

/// Input: what a server writes while three calls wait for it. The bytes 1, 2 and 3 stand for the ids of those calls, 4 for
/// the progress token that the first one carries.
///
/// Whatever comes, the room goes on; a call is answered once at most, by a line that strictly read answers its id, or by
/// a refusal of ours; and only the first call hears anything else.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call, and calls from one thread.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do {
        let stage = try unsafe current ?? Stage()
        unsafe current = stage
        try stage.play(input)
        // The log grows with every input: begin anew before it is large.
        if stage.plays >= 1000 { unsafe current = nil }
    } catch {
        print(error)
        preconditionFailure("the stage failed")
    }
    return 0
}

nonisolated(unsafe) private var current: Stage?

private struct Missing: Error {}

private final class Clock {
    var now = Instant(nanoseconds: 1_000_000_000_000)
}

private final class Stage {
    private let scratch = Scratch()
    private let clock = Clock()
    private let room: BrokerRoom
    private let launcher: Channel
    private let gate: Channel
    private let client: FileDescriptor
    private var gateEnd: FileDescriptor?
    private var caller: (connection: UInt32, handle: UInt32)?
    /// The server's ends of its pipes.
    private var reading: FileDescriptor?
    private var writing: FileDescriptor?
    private var launches: [UInt32] = []
    private var answers: [UInt32: Answer] = [:]
    private var events: [Event] = []
    private var number: UInt32 = 0
    private(set) var plays = 0

    init() throws {
        Signal.ignoreBrokenPipe()
        let door = try UnixSocket.pair(.packet)
        launcher = Channel(try door.near.duplicate()) { _ in 1 << 20 }
        let clock = clock
        room = try BrokerRoom(
            door: try door.far.duplicate(), statePath: scratch.path, confinesItself: false, clock: { clock.now })
        let gateDoor = try UnixSocket.pair(.packet)
        gate = Channel(try gateDoor.near.duplicate()) { _ in 64 << 20 }
        let listener = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 4)
        let registry = try Stage.registry()
        let bytes = SealedWriter.registry(registry)
        let digest = try Stage.need(Digest(SHA256.hash(bytes.bytes.span).bytes))
        scratch.put("sealed.json", SealedWriter.file(bytes, digest: digest))
        let file = try scratch.directory().open(FileName("sealed.json"))
        client = try TCPSocket.connect(to: try TCPSocket.local(listener))
        let report = ConfinementReport().encoded
        try tell(.standUp(mode: .serve, isFullDemanded: false, report: report))
        try tell(.seal(digest: digest), passing: try file.descriptor.duplicate())
        try tell(.listener(.main, .tcp, authority: Array("127.0.0.1:1".utf8)), passing: listener)
        try tell(.gate(.main, report: report), passing: try gateDoor.far.duplicate())
        try tell(.complete)
        try turn()
        ask(.ready(report: report))
        for _ in 0..<1000 where caller == nil { try turn(patience: 10) }
    }

    private static func need<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw Missing() }
        return value
    }

    private static let tool = #"{"inputSchema":{"type":"object"},"name":"echo"}"#

    private static func registry() throws -> SealedRegistry {
        let zero = try need(Digest([UInt8](repeating: 0, count: 32)))
        let path = try need(AbsolutePath(Array("/usr/bin/true".utf8)))
        var tree = JSONTree()
        var reader = JSONReader(limits: .message)
        try reader.read(Array(tool.utf8).span, into: &tree)
        let object = tree.canonical(.root)
        let pinned = PinnedTool(
            name: try need(ToolName(Array("echo".utf8))), object: object,
            digest: try need(Digest(SHA256.hash(object.bytes.span).bytes)), risk: .reads)
        let server = SealedServer(
            name: try need(ServerName(Array("s".utf8))), executable: PinnedFile(path: path, digest: zero, size: 1),
            pins: [],
            arguments: [.fixed(Array("s".utf8))], environment: [], directory: path, installation: [], reads: [],
            writes: [],
            traits: ServerTraits(grants: [.sampling, .elicitation, .roots]), parameters: [], accepted: [],
            review: Review(
                reviewedAt: 1, revision: .y2025m11d25, capabilities: [.tools, .logging, .resources], instructions: nil,
                tools: [pinned], prompts: [], templates: [], set: zero))
        return SealedRegistry(
            sealedAt: 1, source: zero,
            listeners: [ListenerEntry(name: .main, address: ListenAddress(host: .v4(0, 0, 1), port: 1))], clients: [],
            policy: ToolPolicy(rules: []), audit: .standard, limits: .standard, servers: [server])
    }

    // MARK: One input

    func play(_ input: [UInt8]) throws {
        plays += 1
        if room.upstreams.isEmpty { try start() }
        let calls = [try call(0), try call(1), try call(2)]
        let waiting = room.upstreams.values.flatMap { $0.liveCalls }
        let ids = try calls.map { number in try Stage.need(waiting.first { $0.number == number }).upstreamID }
        let token = try Stage.need(waiting.first { $0.number == calls[0] }).progressNumber
        events = []
        var text: [UInt8] = []
        for byte in input {
            switch byte {
            case 1, 2, 3: text += Array(String(ids[Int(byte) - 1]).utf8)
            case 4: text += Array(String(token).utf8)
            default: text.append(byte)
            }
        }
        text.append(0x0A)
        try write(text)
        try check(calls, ids, text)
        // Nobody waits any more, so that the next input begins like this one.
        for number in calls { ask(.cancel(call: number, connection: try Stage.need(caller).connection)) }
        try turn()
        clock.now = clock.now.adding(milliseconds: 130_000)
        try turn()
    }

    private func check(_ calls: [UInt32], _ ids: [Int64], _ text: [UInt8]) throws {
        for (number, id) in zip(calls, ids) {
            guard let answer = answers.removeValue(forKey: number) else { continue }
            var tree = JSONTree()
            var reader = JSONReader(limits: .message)
            try reader.read(answer.message.span, into: &tree)
            let isOurs = String(decoding: answer.message, as: UTF8.self).contains("dev.doorward/denial")
            precondition(isOurs || Stage.answers(id, text), "call \(id) was answered by nothing")
        }
        precondition(answers.isEmpty, "somebody was answered who asked nothing")
        for event in events {
            guard case .call(let number) = event.scope else { continue }
            precondition(number == calls[0], "a call that asked for no news heard some")
        }
    }

    /// Whether some line, strictly read, is a response with this id.
    private static func answers(_ id: Int64, _ text: [UInt8]) -> Bool {
        var tree = JSONTree()
        var reader = JSONReader(limits: .message)
        for line in text.split(separator: 0x0A) {
            var line = Array(line)
            if line.last == 0x0D { line.removeLast() }
            do {
                try reader.read(line.span, into: &tree)
                switch try Envelope.fromServer(tree) {
                case .result(.integer(id), _), .error(.integer(id), _): return true
                case .result, .error, .request, .notification: continue
                }
            } catch { continue }
        }
        return false
    }

    /// The first call wants progress.
    private func call(_ index: Int) throws -> UInt32 {
        number += 1
        let meta = index == 0 ? "\"progressToken\":\"p\"" : ""
        let caller = try Stage.need(caller)
        ask(
            .decide(
                Decision(
                    call: number, connection: caller.connection, caller: caller.handle, session: 0, method: .toolsCall,
                    revision: .y2026m07d28, server: ServerName(Array("s".utf8)), id: Array("1".utf8),
                    parameters: Array("{\"_meta\":{\(meta)},\"name\":\"echo\"}".utf8), mirrored: [])))
        try turn()
        return number
    }

    private func start() throws {
        clock.now = clock.now.adding(milliseconds: 120_000)
        let first = try call(1)
        // The disk takes its time to have the intent.
        for _ in 0..<1000 where launches.isEmpty { try turn(patience: 10) }
        let launch = try Stage.need(launches.popLast())
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        try input.writing.setNonBlocking(true)
        try input.reading.setNonBlocking(true)
        try output.reading.setNonBlocking(true)
        try errors.reading.setNonBlocking(true)
        var passed = PassedDescriptors()
        passed.append(try input.writing.duplicate())
        passed.append(try output.reading.duplicate())
        passed.append(try errors.reading.duplicate())
        launcher.send(passing: passed) {
            LaunchReport.started(launch: launch, pid: 4711, report: ConfinementReport().encoded).write(to: &$0)
        }
        _ = try launcher.flush()
        reading = try input.reading.duplicate()
        writing = try output.writing.duplicate()
        try turn()
        // Our requests to a fresh process are numbered from 1: the handshake, the list, and then the call.
        try write(
            Array(
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"capabilities\":{\"tools\":{}},\"protocolVersion\":\"2025-11-25\"}}\n"
                    .utf8))
        try write(Array("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[\(Stage.tool)]}}\n".utf8))
        try write(Array("{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}\n".utf8))
        guard answers.removeValue(forKey: first) != nil else { throw Missing() }
    }

    private func write(_ bytes: [UInt8]) throws {
        try writing?.writeAll(bytes)
        try turn()
    }

    // MARK: Doors

    private func tell(_ report: LaunchReport) throws {
        launcher.send { report.write(to: &$0) }
        _ = try launcher.flush()
    }

    private func tell(_ report: LaunchReport, passing descriptor: consuming FileDescriptor) throws {
        var passed = PassedDescriptors()
        passed.append(descriptor)
        launcher.send(passing: passed) { report.write(to: &$0) }
        _ = try launcher.flush()
    }

    private func ask(_ request: GateRequest) { gate.send { request.write(to: &$0) } }

    private func turn(patience: Int32 = 0) throws {
        _ = try gate.flush()
        if patience > 0 { try room.turn(patience: patience) }
        for _ in 0..<4 { try room.turn(patience: 0) }
        var drained = ByteQueue()
        _ = try reading?.read(into: &drained, limit: 65_536)
        while case .moved = try launcher.receive() {
            while var frame = try launcher.next() {
                switch try LaunchRequest.read(frame.kind, &frame.fields) {
                case .start(let launch, _, _, _): launches.append(launch)
                case .stop(let launch, _): try tell(.exited(launch: launch, status: 9))
                case .ready, .serving, .startGate, .reload, .finished, .fatal: break
                }
            }
        }
        while case .moved = try gate.receive() {
            while var frame = try gate.next() { try obey(try GateOrder.read(frame.kind, &frame.fields)) }
        }
        _ = try gate.flush()
    }

    private func obey(_ order: GateOrder) throws {
        switch order {
        case .connection(let handle):
            gateEnd = gate.takeDescriptor()
            let made = room.tokens.make(
                client: try Stage.need(ClientName(Array("fuzzer".utf8))), servers: nil, listener: .main, life: 86_400,
                now: room.wallSeconds)
            room.tokens.add(made.record)
            ask(.authenticate(connection: handle, credential: made.text))
        case .known(let connection, let handle, _): caller = (connection, handle)
        case .answer(let answer):
            precondition(answers.updateValue(answer, forKey: answer.call) == nil, "a call was answered twice")
        case .event(let event): events.append(event)
        case .configure, .unknown, .selected, .cut, .callerEnded, .sessionEnded, .drain: break
        }
    }
}
