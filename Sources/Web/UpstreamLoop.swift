// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Wire

/// Moves bytes between standard streams, a ``RemoteSession`` and libcurl.
struct UpstreamLoop: ~Copyable {
    /// Of output that has not been read, in bytes: above it the server has to wait.
    static let mostUnread = 8 << 20
    static let readBytes = 64 << 10
    /// Storage that is kept for the next message; what a larger one took is given back.
    static let keptBytes = 256 << 10

    private let input: FileDescriptor
    private let output: FileDescriptor
    private let signals: SignalDescriptor
    private let curl: Curl
    private let session: RemoteSession
    private var lines = LineReader(limit: RemoteSession.mostMessageBytes)
    private var incoming = ByteQueue()
    private var hasInputEnded = false
    /// Which transfer carries an exchange now, and the other way round.
    private var transfers: [Int: Int] = [:]
    private var exchanges: [Int: Int] = [:]

    init(
        input: consuming FileDescriptor, output: consuming FileDescriptor, signals: consuming SignalDescriptor,
        _ curl: Curl, _ session: RemoteSession
    ) throws(SyscallError) {
        if try output.isPipeOrSocket() { try output.setNonBlocking(true) }
        self.input = input
        self.output = output
        self.signals = signals
        self.curl = curl
        self.session = session
    }

    mutating func run() throws(LoopFault) {
        while true {
            try takeLines()
            try follow()
            if try send() == .closed { return }
            if session.ending != nil, session.output.isEmpty { return try end() }
            try wait()
            if !isCongested { try feed() }
            session.tick(.now)
            try follow()
        }
    }

    private var isCongested: Bool { session.output.count > Self.mostUnread }
    private var wantsInput: Bool { session.takesLines && !hasInputEnded && !isCongested }

    private func end() throws(LoopFault) {
        tell()
        switch session.ending {
        case .done, nil: return
        case .sessionLost: throw .sessionEnded
        case .badLine(let why): throw .line(why)
        }
    }

    /// Reads what there is, and hands over whole lines as long as they are taken.
    private mutating func takeLines() throws(LoopFault) {
        while wantsInput {
            if try takeLine() { continue }
            do throws(SyscallError) {
                guard try input.waitUntilReadable(milliseconds: 0) else { return }
                if incoming.isEmpty { incoming.reset(keeping: Self.keptBytes) }
                if try input.read(into: &incoming, limit: Self.readBytes) == .closed {
                    hasInputEnded = true
                    session.close(.now, waits: true)
                }
            } catch { throw .system(error) }
        }
    }

    /// False if no whole line has arrived. The storage is let go of before more is read into it.
    private mutating func takeLine() throws(LoopFault) -> Bool {
        let bytes = incoming.storage
        let waiting = bytes.span.extracting(incoming.range)
        do throws(WireError) {
            guard case .line(let line, let length) = try lines.next(waiting) else { return false }
            session.receive(line: waiting.extracting(line), now: .now)
            incoming.drop(length)
            return true
        } catch { throw .line(error.rule.rawValue) }
    }

    /// Starts and gives up exchanges as the session says.
    private mutating func follow() throws(LoopFault) {
        for order in session.takeOrders() {
            switch order {
            case .forget(let exchange):
                guard let transfer = transfers.removeValue(forKey: exchange) else { continue }
                exchanges[transfer] = nil
                curl.forget(transfer)
            case .start(let exchange, let request):
                do throws(CurlFault) {
                    let transfer = try curl.start(request)
                    transfers[exchange] = transfer
                    exchanges[transfer] = exchange
                } catch { throw .curl(error) }
            }
        }
        tell()
    }

    private func tell() {
        for note in session.takeNotes() { Console.complain(note) }
    }

    private mutating func feed() throws(LoopFault) {
        let news: [Transfer]
        do throws(CurlFault) { news = try curl.perform() } catch { throw .curl(error) }
        for transfer in news {
            transfer.look()
            guard let exchange = exchanges[transfer.number] else {
                curl.forget(transfer.number)
                continue
            }
            let bytes = transfer.incoming.storage
            let consumed = session.feed(
                exchange, transfer.head, bytes.span.extracting(transfer.incoming.range), hasBody: transfer.hasBody,
                end: transfer.end, now: .now)
            transfer.incoming.drop(consumed)
            if transfer.end != nil {
                exchanges[transfer.number] = nil
                if transfers[exchange] == transfer.number { transfers[exchange] = nil }
                curl.forget(transfer.number)
            }
            // Before the next one is looked at: what was given up here may not speak any more.
            try follow()
        }
    }

    private func send() throws(LoopFault) -> Transfer.Sent {
        do throws(SyscallError) {
            while !session.output.isEmpty {
                switch try output.write(from: &session.output) {
                case .moved: break
                case .wouldBlock: return .open
                case .closed: return .closed
                }
            }
        } catch { throw .system(error) }
        session.output.reset(keeping: Self.keptBytes)
        return .open
    }

    private mutating func wait() throws(LoopFault) {
        var descriptors = [Curl.Waited(number: signals.descriptor.number, isForWriting: false)]
        if wantsInput { descriptors.append(Curl.Waited(number: input.number, isForWriting: false)) }
        if !session.output.isEmpty { descriptors.append(Curl.Waited(number: output.number, isForWriting: true)) }
        let patience = session.deadline.map { Int32(clamping: $0.milliseconds(after: .now)) } ?? Int32.max
        do throws(CurlFault) {
            try curl.wait(descriptors, milliseconds: patience, transfers: !isCongested)
        } catch { throw .curl(error) }
        do throws(SyscallError) {
            if try signals.next() != nil { session.close(.now, waits: false) }
        } catch { throw .system(error) }
    }
}

extension Transfer {
    /// Whether somebody still reads what is written.
    enum Sent: Equatable {
        case open
        case closed
    }
}
