// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Wire

/// Moves bytes between standard streams, bridge and gate until one of them ends.
struct BridgeLoop: ~Copyable {
    private static let blockBytes = 65_536
    /// PIPE_BUF: what a pipe that is writable takes without waiting. The other side's flags are not ours to change.
    private static let outputBytes = 4096

    private let socket: FileDescriptor
    private var bridge = StdioBridge { UInt32(truncatingIfNeeded: Random.number()) }
    private var poller: Poller
    private var ready: [Readiness] = []
    private var input = Watched(token: 0)
    private var output = Watched(token: 1)
    private var gate = Watched(token: 2)

    init(_ connection: consuming GateConnection) throws(SyscallError) {
        let made = try Poller(batch: 4)
        let own = try connection.socket.duplicate()
        poller = made
        socket = own
        bridge.takeAnswers(connection.first.span, .now)
    }

    consuming func run() throws(SyscallError) -> BridgeEnd {
        while true {
            if let end = bridge.end, bridge.toOutput.isEmpty {
                try sayGoodbye()
                return end
            }
            try wait()
            let now = Instant.now
            if gate.isReady { try moveAnswers(now) }
            if output.isReady { try moveOutput() }
            if input.isReady { try moveInput(now) }
            try flush()
            bridge.tick(now)
        }
    }

    private mutating func wait() throws(SyscallError) {
        let wantsInput = bridge.wantsInput
        let wantsOutput = !bridge.toOutput.isEmpty
        var interest: Interest = []
        if bridge.wantsAnswers { interest.insert(.readable) }
        if !bridge.toGate.isEmpty { interest.insert(.writable) }
        try StandardStream.input.lend { stream throws(SyscallError) in
            try input.watch(stream, wantsInput ? .readable : [], poller)
        }
        try StandardStream.output.lend { stream throws(SyscallError) in
            try output.watch(stream, wantsOutput ? .writable : [], poller)
        }
        try gate.watch(socket, interest, poller)
        // What the poller cannot watch is always ready: a file, or /dev/null.
        let isReadyNow = (wantsInput && input.isUnwatchable) || (wantsOutput && output.isUnwatchable)
        let left = bridge.deadline.map { Int32(clamping: $0.milliseconds(after: .now)) }
        try poller.wait(&ready, milliseconds: isReadyNow ? 0 : left)
        input.take(ready)
        output.take(ready)
        gate.take(ready)
    }

    private mutating func moveInput(_ now: Instant) throws(SyscallError) {
        guard bridge.wantsInput else { return }
        var block = ByteQueue()
        switch try StandardStream.input.read(into: &block, limit: Self.blockBytes) {
        case .moved:
            let bytes = block.storage
            bridge.takeInput(bytes.span.extracting(block.range))
        case .closed: bridge.endInput(now)
        case .wouldBlock: break
        }
    }

    private mutating func moveAnswers(_ now: Instant) throws(SyscallError) {
        guard bridge.wantsAnswers else { return }
        var block = ByteQueue()
        switch try socket.read(into: &block, limit: Self.blockBytes) {
        case .moved:
            let bytes = block.storage
            bridge.takeAnswers(bytes.span.extracting(block.range), now)
        case .closed: bridge.endAnswers()
        case .wouldBlock: break
        }
    }

    private mutating func moveOutput() throws(SyscallError) {
        guard !bridge.toOutput.isEmpty else { return }
        let limit = output.isUnwatchable ? Self.blockBytes : Self.outputBytes
        if try StandardStream.output.write(from: &bridge.toOutput, atMost: limit) == .closed {
            bridge.toOutput.removeAll()
            bridge.loseOutput()
        }
    }

    private mutating func flush() throws(SyscallError) {
        guard !bridge.toGate.isEmpty else { return }
        if try socket.write(from: &bridge.toGate) == .closed {
            bridge.toGate.removeAll()
            bridge.endAnswers()
        }
    }

    /// The last frame, if the socket takes it; nobody waits for it.
    private mutating func sayGoodbye() throws(SyscallError) {
        if !bridge.toGate.isEmpty { _ = try socket.write(from: &bridge.toGate) }
    }
}

/// One descriptor in the poller, there only while something is wanted of it: a hang-up would wake us for ever.
private struct Watched {
    let token: UInt64
    private var watched: Interest = []
    private(set) var isUnwatchable = false
    private(set) var isReady = false

    init(token: UInt64) { self.token = token }

    mutating func watch(_ descriptor: borrowing FileDescriptor, _ wanted: Interest, _ poller: borrowing Poller)
        throws(SyscallError)
    {
        guard wanted != watched, !isUnwatchable else {
            isReady = isUnwatchable && !wanted.isEmpty
            return
        }
        if wanted.isEmpty {
            try poller.remove(descriptor)
        } else if watched.isEmpty {
            do throws(SyscallError) { try poller.add(descriptor, wanted, token: token) } catch {
                guard error.isForbidden else { throw error }
                isUnwatchable = true
                isReady = true
                return
            }
        } else {
            try poller.change(descriptor, wanted, token: token)
        }
        watched = wanted
    }

    /// Notes whether the poller has found it ready.
    mutating func take(_ ready: [Readiness]) {
        if !isUnwatchable { isReady = ready.contains { $0.token == token } }
    }
}
