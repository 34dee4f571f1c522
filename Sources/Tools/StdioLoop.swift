// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON
internal import Wire

/// How a server's life ended.
enum Ending: Equatable, Sendable {
    /// The client has closed our input, which is how it says goodbye.
    case inputEnded
    /// The client reads no more.
    case abandoned
    /// A signal asked for it.
    case terminated
    case refusedLine(JSONError)
}

/// Moves bytes between two descriptors and a ``ToolServer``, and lets it work when nothing is to be moved.
struct StdioLoop: ~Copyable {
    /// Of output that the client has not read, in bytes. Above it nothing more is read or worked on.
    static let mostUnread = 1 << 20
    /// Of one read.
    static let readBytes = 64 << 10
    /// How long work goes on between two looks at the descriptors.
    static let sliceMilliseconds: UInt64 = 5
    /// For what was asked before the input ended. Less than the two seconds after which common clients send a signal.
    static let graceMilliseconds: UInt64 = 1000

    private enum Token {
        static let input: UInt64 = 0
        static let output: UInt64 = 1
        static let signals: UInt64 = 2
    }

    private let input: FileDescriptor
    private let output: FileDescriptor
    private let signals: SignalDescriptor
    private let server: ToolServer
    private var poller: Poller
    private var events: [Readiness] = []
    private var incoming = ByteQueue()
    private var lines = LineReader(limit: JSONLimits.message.bytes)
    /// Of a file, which is always ready, and which epoll does not take.
    private let isInputFile: Bool
    private var isInputWatched: Bool
    private let isOutputFile: Bool
    private var isOutputBlocked = false
    private var hasInputEnded = false
    /// When patience ends, once nothing more will be read.
    private var deadline: Instant?

    init(
        input: consuming FileDescriptor, output: consuming FileDescriptor, signals: consuming SignalDescriptor,
        _ server: ToolServer
    ) throws(SyscallError) {
        let poller = try Poller(batch: 4)
        try poller.add(signals.descriptor, .readable, token: Token.signals)
        let watchesInput = try Self.watch(poller, input, .readable, Token.input)
        // Without any interest it still tells that the other end is gone.
        let watchesOutput = try Self.watch(poller, output, [], Token.output)
        if try output.isPipeOrSocket() { try output.setNonBlocking(true) }
        self.input = input
        self.output = output
        self.signals = signals
        self.server = server
        self.poller = poller
        isInputFile = !watchesInput
        isInputWatched = watchesInput
        isOutputFile = !watchesOutput
    }

    private static func watch(
        _ poller: borrowing Poller, _ descriptor: borrowing FileDescriptor, _ interest: Interest, _ token: UInt64
    ) throws(SyscallError) -> Bool {
        do throws(SyscallError) {
            try poller.add(descriptor, interest, token: token)
            return true
        } catch  where error.isNotPermitted {
            return false
        }
    }

    mutating func run() throws(SyscallError) -> Ending {
        while true {
            let hasMoreLines = receive()
            if !isCongested { server.work(milliseconds: Self.sliceMilliseconds) { Instant.now } }
            if try send() == .closed { return .abandoned }
            if let ending = ending(hasMoreLines: hasMoreLines) { return ending }
            let isBusy = !isCongested && (server.hasWork || hasMoreLines || (isInputFile && wantsInput))
            try watchInput()
            try poller.wait(&events, milliseconds: isBusy ? 0 : patience())
            if isInputFile && wantsInput { try read() }
            for event in events {
                switch event.token {
                case Token.input where event.readable || event.hungUp: try read()
                case Token.output where event.hungUp: return .abandoned
                case Token.signals: if try signals.next() != nil { return .terminated }
                default: break
                }
            }
        }
    }

    private var isCongested: Bool { server.output.count > Self.mostUnread }
    private var wantsInput: Bool { !hasInputEnded && server.refusedLine == nil && !isCongested }

    /// Hands over whole lines; true if some are left because the client does not read its answers.
    private mutating func receive() -> Bool {
        while server.refusedLine == nil {
            if isCongested { return true }
            let bytes = incoming.storage
            let waiting = bytes.span.extracting(incoming.range)
            do throws(WireError) {
                switch try lines.next(waiting) {
                case .needMore: return false
                case .line(let line, let length):
                    server.receive(waiting.extracting(line), seconds: Int64(WallClock.microseconds / 1_000_000))
                    incoming.drop(length)
                }
            } catch {
                server.refuseLongLine()
            }
        }
        return false
    }

    private mutating func read() throws(SyscallError) {
        guard wantsInput else { return }
        if incoming.isEmpty { incoming.reset(keeping: ToolServer.keptBytes) }
        switch try input.read(into: &incoming, limit: Self.readBytes) {
        case .moved, .wouldBlock: break
        case .closed: hasInputEnded = true
        }
    }

    private mutating func send() throws(SyscallError) -> Transfer {
        var result = Transfer.wouldBlock
        while !server.output.isEmpty {
            result = try output.write(from: &server.output)
            guard case .moved = result else { break }
        }
        if server.output.isEmpty { server.output.reset(keeping: ToolServer.keptBytes) }
        let isBlocked = !server.output.isEmpty
        if isBlocked != isOutputBlocked && !isOutputFile {
            try poller.change(output, isBlocked ? .writable : [], token: Token.output)
        }
        isOutputBlocked = isBlocked
        return result
    }

    /// What is not wanted is not watched, or the poller would report it all the time.
    private mutating func watchInput() throws(SyscallError) {
        guard !isInputFile, isInputWatched != wantsInput else { return }
        if isInputWatched {
            try poller.remove(input)
        } else {
            try poller.add(input, .readable, token: Token.input)
        }
        isInputWatched = !isInputWatched
    }

    /// What was asked before the end is answered if it does not take long.
    private mutating func ending(hasMoreLines: Bool) -> Ending? {
        guard hasInputEnded || server.refusedLine != nil else { return nil }
        let end = deadline ?? Instant.now.adding(milliseconds: Self.graceMilliseconds)
        deadline = end
        let isIdle = server.output.isEmpty && !hasMoreLines && (!server.hasWork || server.refusedLine != nil)
        guard isIdle || Instant.now >= end else { return nil }
        return server.refusedLine.map { .refusedLine($0) } ?? .inputEnded
    }

    private func patience() -> Int32? {
        deadline.map { Int32(clamping: $0.milliseconds(after: .now)) }
    }
}
