// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import Wire

/// Resolves names for all sandboxes: A and AAAA at once, over UDP, over TCP where an answer did not fit.
///
/// It does not wait: sockets are looked at when the room's poller says so, time passes by ``tick(now:)``, and what is
/// done is in ``finished``.
final class Resolver {
    /// Where queries are sent, in their order.
    private let servers: [Endpoint]
    private(set) var cache = ResolverCache()
    private var lookups: [HostName: Lookup] = [:]
    private var questions: [Question?] = []
    private var freeSlots: [Int] = []
    /// Slots of this turn's finished questions: an event that is still to be served may name them.
    private var leavingSlots: [Int] = []
    /// Look-ups that have come to their end, each with what came of it.
    var finished: [(Lookup, Lookup.Outcome)] = []
    private var input = ByteQueue()

    init(servers: [Endpoint]) { self.servers = servers }

    /// An answer that is still good.
    func remembered(_ name: HostName, now: Instant) -> Resolution? {
        guard let addresses = cache.answer(name, now: now) else { return nil }
        return Resolution(addresses: addresses, wasAccepted: cache.wasAccepted(name))
    }

    func accept(_ name: HostName) { cache.accept(name) }

    /// Starts to resolve, or joins who has started. False: too many are at it, or there is nobody to ask.
    func resolve(_ name: HostName, for client: Client, _ poller: borrowing Poller, now: Instant) -> Bool {
        if let running = lookups[name] {
            running.waiting.append(Lookup.Waiter(client: client))
            return true
        }
        guard lookups.count < Bounds.lookups, !servers.isEmpty else { return false }
        let lookup = Lookup(name, until: now.adding(milliseconds: Times.lookup))
        lookup.waiting.append(Lookup.Waiter(client: client))
        lookups[name] = lookup
        ask(lookup, poller, now: now)
        return true
    }

    /// Both questions of one round.
    private func ask(_ lookup: Lookup, _ poller: borrowing Poller, now: Instant) {
        for question in lookup.questions { release(question) }
        lookup.questions = DNSType.allCases.map { type in
            let slot = freeSlots.popLast() ?? questions.count
            let question = Question(lookup.name, type, slot: slot)
            if slot == questions.count { questions.append(question) } else { questions[slot] = question }
            return question
        }
        for question in lookup.questions { attempt(question, poller, now: now) }
        settle(lookup, poller, now: now)
    }

    private func release(_ question: Question) {
        question.socket = nil
        guard questions[question.slot] === question else { return }
        questions[question.slot] = nil
        leavingSlots.append(question.slot)
    }

    /// Asks the next server; `failed` when every server has had its turn.
    private func attempt(_ question: Question, _ poller: borrowing Poller, now: Instant) {
        question.socket = nil
        question.input = ByteQueue()
        question.output = ByteQueue()
        // Each server once, but nobody only once.
        while question.tries < max(servers.count, 2) {
            let server = servers[question.tries % servers.count]
            question.tries += 1
            question.tryUntil = now.adding(milliseconds: Times.lookupTry)
            question.isStream = false
            do throws(SyscallError) {
                try send(question, to: server, poller)
                return
            } catch { question.socket = nil }
        }
        question.state = .failed
    }

    private func send(_ question: Question, to server: Endpoint, _ poller: borrowing Poller) throws(SyscallError) {
        let message = compose(question)
        let socket = FileDescriptorBox(try DatagramSocket.connect(to: server))
        _ = try socket.descriptor.write(message.span)
        try poller.add(socket.descriptor, .readable, token: Token(.question, question.slot).value)
        question.socket = socket
    }

    /// The same server again, over TCP.
    private func sendByStream(_ question: Question, _ poller: borrowing Poller) throws(SyscallError) {
        let server = servers[(question.tries - 1) % servers.count]
        let message = compose(question)
        let socket = FileDescriptorBox(try TCPSocket.connect(to: server))
        question.output.append([
            UInt8(truncatingIfNeeded: message.count >> 8), UInt8(truncatingIfNeeded: message.count),
        ])
        question.output.append(message)
        try poller.add(socket.descriptor, .both, token: Token(.question, question.slot).value)
        question.isStream = true
        question.socket = socket
    }

    private func compose(_ question: Question) -> [UInt8] {
        question.id = UInt16(truncatingIfNeeded: Random.number())
        var message: [UInt8] = []
        DNSQuery.append(id: question.id, name: question.name, type: question.type, to: &message)
        return message
    }

    // MARK: Answers

    func serve(_ event: Readiness, slot: Int, _ poller: borrowing Poller, now: Instant) {
        guard slot < questions.count, let question = questions[slot], let socket = question.socket,
            question.state == .asking
        else { return }
        do throws(SyscallError) {
            if question.isStream {
                try readStream(question, socket, event, poller)
            } else {
                try readDatagrams(question, socket, poller)
            }
        } catch { attempt(question, poller, now: now) }
        guard question.state != .asking, let lookup = lookups[question.name] else { return }
        question.socket = nil
        settle(lookup, poller, now: now)
    }

    private func readDatagrams(_ question: Question, _ socket: FileDescriptorBox, _ poller: borrowing Poller)
        throws(SyscallError)
    {
        while question.state == .asking && !question.isStream {
            input.removeAll()
            guard try DatagramSocket.receive(socket.descriptor, into: &input, limit: Bounds.datagram) else { return }
            let bytes = input.storage
            try take(question, bytes.span.extracting(input.range), poller)
        }
    }

    private func readStream(
        _ question: Question, _ socket: FileDescriptorBox, _ event: Readiness, _ poller: borrowing Poller
    ) throws(SyscallError) {
        if let error = try TCPSocket.error(of: socket.descriptor) { throw error }
        if !question.output.isEmpty && event.writable {
            _ = try socket.descriptor.write(from: &question.output)
            if question.output.isEmpty {
                try poller.change(socket.descriptor, .readable, token: Token(.question, question.slot).value)
            }
        }
        guard event.readable || event.hungUp else { return }
        if try socket.descriptor.read(into: &question.input, limit: 65_537) == .closed {
            throw SyscallError("read", "name server", code: ErrorCode.reset)
        }
        let bytes = question.input.storage
        let range = question.input.range
        guard range.count >= 2 else { return }
        let length = Int(bytes[range.lowerBound]) << 8 | Int(bytes[range.lowerBound + 1])
        guard range.count >= 2 + length else { return }
        let start = range.lowerBound + 2
        try take(question, bytes.span.extracting(start..<(start + length)), poller)
        // Over a stream nobody else can have said it: there is nothing to wait for behind nonsense.
        if question.state == .asking { question.state = .failed }
    }

    private func take(_ question: Question, _ bytes: borrowing Span<UInt8>, _ poller: borrowing Poller)
        throws(SyscallError)
    {
        let answer: DNSAnswer
        do throws(WireError) {
            answer = try DNSAnswer.parse(bytes, id: question.id, name: question.name, type: question.type)
        } catch {
            // Nobody's answer, or one that nobody could read: the right one may still come.
            if error.rule != .dnsForeign { question.state = .failed }
            return
        }
        switch answer {
        case .addresses(let addresses, let timeToLive): question.state = .answered(addresses, timeToLive: timeToLive)
        case .noName: question.state = .noName
        case .truncated:
            if question.isStream { question.state = .failed } else { try sendByStream(question, poller) }
        case .failed(let failure):
            switch failure {
            // What another server may know better.
            case .serverFailure, .refused, .notImplemented, .formatError, .otherCode:
                throw SyscallError("DNS", failure.rawValue, code: ErrorCode.failed)
            case .aliasLoop, .tooManyAliases, .tooManyAddresses, .tooManyRecords: question.state = .failed
            }
        }
    }

    // MARK: Ends

    /// Looks whether both questions are answered, and what that makes.
    private func settle(_ lookup: Lookup, _ poller: borrowing Poller, now: Instant) {
        guard !lookup.isAsking else { return }
        var addresses: [NetworkAddress] = []
        var timeToLive = UInt32.max
        var hasTimedOut = false
        for question in lookup.questions {
            switch question.state {
            case .answered(let found, let life):
                if found.isEmpty { continue }
                addresses += found
                timeToLive = min(timeToLive, life)
            case .timedOut: hasTimedOut = true
            case .asking, .noName, .failed: continue
            }
        }
        if let first = lookup.first {
            // Nothing at all the second time is no contradiction; what was checked is dialled.
            let resolution = Resolution(
                addresses: first, again: addresses, wasAccepted: cache.wasAccepted(lookup.name))
            return finish(lookup, .resolved(resolution))
        }
        if addresses.isEmpty { return finish(lookup, hasTimedOut ? .timedOut : .failed) }
        if timeToLive == 0 {
            // An answer that may not be remembered may be another one next time: look at once whether it is.
            lookup.first = addresses
            return ask(lookup, poller, now: now)
        }
        cache.keep(lookup.name, addresses, timeToLive: timeToLive, now: now)
        finish(lookup, .resolved(Resolution(addresses: addresses, wasAccepted: cache.wasAccepted(lookup.name))))
    }

    private func finish(_ lookup: Lookup, _ outcome: Lookup.Outcome) {
        for question in lookup.questions { release(question) }
        lookups[lookup.name] = nil
        finished.append((lookup, outcome))
    }

    /// Nothing that this turn's events name is left: their places can be taken.
    func endTurn() {
        guard !leavingSlots.isEmpty else { return }
        freeSlots += leavingSlots
        leavingSlots.removeAll(keepingCapacity: true)
    }

    // MARK: Time

    /// When ``tick(_:now:)`` has something to do; nil for never.
    var due: Instant? {
        var due: Instant?
        for lookup in lookups.values {
            due = due.map { min($0, lookup.until) } ?? lookup.until
            for question in lookup.questions where question.state == .asking {
                due = due.map { min($0, question.tryUntil) } ?? question.tryUntil
            }
        }
        return due
    }

    func tick(_ poller: borrowing Poller, now: Instant) {
        for lookup in Array(lookups.values) {
            for question in lookup.questions where question.state == .asking {
                if now >= lookup.until {
                    question.state = .timedOut
                } else if now >= question.tryUntil {
                    attempt(question, poller, now: now)
                    // Whoever runs out of servers by waiting has had no answer, rather than a bad one.
                    if question.state == .failed { question.state = .timedOut }
                }
            }
            if !lookup.isAsking { settle(lookup, poller, now: now) }
        }
    }
}
