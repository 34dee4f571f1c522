// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON
internal import Wire

/// A connection to the gate behind `run/connect.sock`, upgraded to WebSocket for one server.
struct GateConnection: ~Copyable {
    let socket: FileDescriptor
    /// What came behind the answer's head: the first frames.
    let first: [UInt8]

    /// - Throws: ``Failure`` with status 5 where nothing is serving, and with the gate's own words where it refuses.
    init(_ server: ServerName, _ places: Places) throws(Failure) {
        guard let state = try PrivateFiles.existingDirectory(places.state) else { throw Failure.nothingServing(places) }
        do throws(GateFault) {
            let made = try Self.connect(state)
            first = try GateUpgrade(made).run(server)
            socket = made
        } catch { throw Self.failure(error, server, places) }
    }

    private static func connect(_ state: borrowing Directory) throws(GateFault) -> FileDescriptor {
        do throws(SyscallError) {
            let run = try state.openSubdirectory(FileName("run"))
            let socket = try UnixSocket.connect(.stream, in: run.descriptor, name: "connect.sock")
            // The name lies where only we can write; asked all the same.
            let peer = try UnixSocket.peer(of: socket)
            if peer.uid == ThisProcess.uid || peer.uid == 0 { return socket }
        } catch {
            if !error.isNotFound, !error.isConnectionRefused { throw .system(error) }
        }
        throw .nobody
    }

    private static func failure(_ fault: GateFault, _ server: ServerName, _ places: Places) -> Failure {
        switch fault {
        case .nobody: Failure.nothingServing(places)
        case .system(let error): Failure("the gate", error, hint: "doorward status")
        case .cut: Failure("the gate closed the connection without an answer", hint: "doorward status")
        case .late: Failure("the gate did not answer in time", hint: "doorward status")
        case .garbled(let rule): Failure("the gate's answer makes no sense (\(rule))", hint: "restart doorward")
        case .refused(let status, let text):
            Failure(
                "the gate refused \(server) with status \(status)" + (text.isEmpty ? "" : ": \(text)"),
                hint: status == 404 ? "doorward registry list" : "doorward audit tail")
        }
    }
}

/// Why there is no connection to the gate.
private enum GateFault: Error {
    case nobody
    case system(SyscallError)
    case cut
    case late
    case garbled(String)
    case refused(UInt16, String)
}

/// The opening handshake of RFC 6455 on a connected socket.
private struct GateUpgrade: ~Copyable {
    /// The gate is on this machine.
    private static let answersWithinMilliseconds: UInt64 = 10_000
    /// Of an answer with a refusal's words.
    private static let mostAnswerBytes = 65_536

    private let socket: FileDescriptor
    private var poller: Poller
    private let deadline = Instant.now.adding(milliseconds: answersWithinMilliseconds)
    private var answer = ByteQueue()
    private var isOver = false

    init(_ socket: borrowing FileDescriptor) throws(GateFault) {
        do throws(SyscallError) {
            let own = try socket.duplicate()
            let made = try Poller(batch: 1)
            try made.add(own, .readable, token: 0)
            self.socket = own
            poller = made
        } catch { throw .system(error) }
    }

    /// - Returns: what came behind the head of the answer.
    consuming func run(_ server: ServerName) throws(GateFault) -> [UInt8] {
        guard let handshake = ClientHandshake(nonce: Random.bytes(16)), let path = FieldValue("/ws/\(server)"),
            let host = FieldValue("localhost")
        else { throw .garbled("no request can be made") }
        var request: [UInt8] = []
        handshake.appendRequest(path: path, host: host, authorization: nil, to: &request)
        try send(request)
        var reader = ResponseHeadReader()
        let length = try head(&reader)
        let head = reader.head
        guard head.status == HTTPStatus.switchingProtocols.rawValue else {
            throw .refused(head.status, Visible.text(try body(head, behind: length)))
        }
        do throws(WireError) { try handshake.check(head) } catch { throw .garbled(error.rule.rawValue) }
        return Array(answer.storage[answer.range].dropFirst(length))
    }

    /// A request fits any socket's buffer: what is not taken at once is a socket that does not work.
    private func send(_ request: [UInt8]) throws(GateFault) {
        var queue = ByteQueue()
        queue.append(request)
        do throws(SyscallError) {
            _ = try socket.write(from: &queue)
        } catch { throw .system(error) }
        guard queue.isEmpty else { throw .cut }
    }

    private mutating func head(_ reader: inout ResponseHeadReader) throws(GateFault) -> Int {
        while true {
            let bytes = answer.storage
            do throws(WireError) {
                if case .complete(let length) = try reader.read(bytes.span.extracting(answer.range)) { return length }
            } catch { throw .garbled(error.rule.rawValue) }
            guard !isOver else { throw .cut }
            try receive()
        }
    }

    /// The words of a refusal: the message of a JSON-RPC error, or the text as it is.
    private mutating func body(_ head: ResponseHead, behind length: Int) throws(GateFault) -> [UInt8] {
        let wanted: Int
        switch head.framing {
        case .none, .chunked: return []
        case .length(let count): wanted = min(count, Self.mostAnswerBytes)
        }
        while answer.count < length + wanted, !isOver { try receive() }
        let text = Array(answer.storage[answer.range].dropFirst(length).prefix(wanted))
        var tree = JSONTree()
        var reader = JSONReader(limits: .message)
        do throws(JSONError) { try reader.read(text.span, into: &tree) } catch { return text }
        return tree.member(.root, "error").flatMap { tree.member($0, "message") }.flatMap(tree.text) ?? text
    }

    private mutating func receive() throws(GateFault) {
        guard answer.count <= 2 * Self.mostAnswerBytes else { throw .garbled("too long") }
        do throws(SyscallError) {
            switch try socket.read(into: &answer, limit: 16_384) {
            case .moved: return
            case .closed: isOver = true
            case .wouldBlock:
                let left = deadline.milliseconds(after: .now)
                if left == 0 { throw SyscallError.timedOut("poll") }
                var ready: [Readiness] = []
                try poller.wait(&ready, milliseconds: Int32(clamping: left))
            }
        } catch {
            if error == SyscallError.timedOut("poll") { throw .late }
            throw .system(error)
        }
    }
}
