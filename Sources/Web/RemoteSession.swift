// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON
internal import Wire

/// A server of the network as a server on standard streams: lines on one side, HTTP exchanges on the other (MCP
/// 2025-06-18 to 2026-07-28, Streamable HTTP, as a client).
///
/// Does no I/O: it is given lines and pieces of answers, and says which exchanges to start and to give up. The only
/// credential that it knows is the one of its own entry; what callers showed to Doorward ends in the gate, and no message
/// has a place for it.
final class RemoteSession {
    /// One message either way, in bytes: the limit of every transport here.
    static let mostMessageBytes = JSONLimits.message.bytes
    /// Of the body of a refusal, in bytes: an error object is short.
    static let mostRefusalBytes = 64 << 10
    /// Redirects of one request, all within the server's own origin.
    static let mostRedirects = 3
    /// Connections in a row on which a stream said nothing, before it is given up.
    static let mostAttempts = 6
    /// A stream that was open for so long has not failed, whoever closed it.
    static let lastingMilliseconds: UInt64 = 30_000
    /// Before a stream is taken up again; doubled with each attempt.
    static let firstPause: UInt64 = 1_000
    static let longestPause: UInt64 = 30_000
    /// For a server to close a stream on which it has answered.
    static let closingMilliseconds: UInt64 = 1_000
    /// For what was asked before the input ended.
    static let graceMilliseconds: UInt64 = 1_000
    /// For the end of the session to be told.
    static let goodbyeMilliseconds: UInt64 = 1_500

    enum Order: Equatable {
        case start(exchange: Int, WebRequest)
        case forget(exchange: Int)
    }

    enum Ending: Equatable {
        case done
        case sessionLost
        case badLine(String)
    }

    private let address: WebAddress
    private let headers: [[UInt8]]
    private let milliseconds: UInt64
    private var exchanges: [Int: Exchange] = [:]
    private var lastNumber = 0
    private var messageHeaders = MessageHeaders()
    /// Of the legacy era, once agreed.
    private var revision: [UInt8]?
    private var sessionID: [UInt8]?
    /// Nothing else is sent before this exchange is over: the server must hear it first.
    private var barrier: Int?
    private var closesAt: Instant?
    private var isSayingGoodbye = false
    private var reader = JSONReader(limits: .message)
    private var tree = JSONTree()

    /// Lines for standard output.
    var output = ByteQueue()
    private(set) var orders: [Order] = []
    /// What a person should know, for standard error. Never what a server wrote, never a credential.
    private(set) var notes: [String] = []
    private(set) var ending: Ending?

    init(_ arguments: Arguments.Upstream) {
        address = arguments.address
        headers = arguments.headers
        milliseconds = arguments.milliseconds
    }

    func takeOrders() -> [Order] {
        defer { orders = [] }
        return orders
    }

    func takeNotes() -> [String] {
        defer { notes = [] }
        return notes
    }

    /// Whether the next line may be read.
    var takesLines: Bool { barrier == nil && closesAt == nil && ending == nil }

    /// When ``tick(_:)`` has something to do.
    var deadline: Instant? {
        var earliest = closesAt
        for exchange in exchanges.values {
            for moment in [exchange.deadline, exchange.resumesAt].compactMap({ $0 }) {
                earliest = earliest.map { min($0, moment) } ?? moment
            }
        }
        return earliest
    }

    func tick(_ now: Instant) {
        for exchange in exchanges.values.sorted(by: { $0.number < $1.number }) {
            if let moment = exchange.deadline, moment <= now {
                drop(exchange)
            } else if let moment = exchange.resumesAt, moment <= now {
                resume(exchange)
            }
        }
        if let closesAt, closesAt <= now, !isSayingGoodbye { sayGoodbye() }
    }
}

// MARK: From the broker

extension RemoteSession {
    /// One line of input.
    func receive(line: borrowing Span<UInt8>, now: Instant) {
        if line.isEmpty { return }
        let message: ClientMessage
        do throws(JSONError) { try reader.read(line, into: &tree) } catch {
            return end(.badLine("\(error.rule.rawValue) at byte \(error.offset)"))
        }
        do throws(EnvelopeFault) { message = try Envelope.fromClient(tree) } catch {
            return end(.badLine(error.word.description))
        }
        let body = tree.canonical(.root).bytes
        switch message {
        case .request(let id, let method, let parameters): send(id, method, parameters, body)
        case .notification(let method, let parameters): send(notification: method, parameters, body)
        case .response: post(.aside, .legacy, .nothing, body, lines: legacyLines)
        }
    }

    private func send(_ id: RequestID, _ method: JSONNode, _ parameters: JSONNode?, _ body: [UInt8]) {
        if let revision = MessageHeaders.modernRevision(tree, parameters) {
            let lines = messageHeaders.modern(tree, method: method, parameters, revision: revision)
            let interest = tree.equals(method, "tools/list") ? Exchange.Interest.tools : .nothing
            // A subscription stays open as long as its client wants it.
            let isEndless = tree.equals(method, "subscriptions/listen")
            post(.request(id), .modern, interest, body, lines: lines, milliseconds: isEndless ? nil : milliseconds)
        } else if tree.equals(method, "initialize") {
            revision = nil
            sessionID = nil
            barrier = post(.request(id), .legacy, .initialize, body, lines: [], milliseconds: milliseconds)
        } else {
            post(.request(id), .legacy, .nothing, body, lines: legacyLines, milliseconds: milliseconds)
        }
    }

    private func send(notification method: JSONNode, _ parameters: JSONNode?, _ body: [UInt8]) {
        if revision == nil {
            // Over HTTP the modern era has no notifications from clients: a call is withdrawn by closing its stream.
            guard tree.equals(method, "notifications/cancelled"),
                let id = parameters.flatMap({ tree.member($0, "requestId") }).flatMap({ RequestID(tree, $0) }),
                let exchange = exchanges.values.first(where: { $0.unanswered == id && $0.era == .modern })
            else { return }
            return drop(exchange)
        }
        if tree.equals(method, "notifications/initialized") {
            barrier = post(.initialized, .legacy, .nothing, body, lines: legacyLines)
        } else {
            post(.aside, .legacy, .nothing, body, lines: legacyLines)
        }
    }

    private var legacyLines: [[UInt8]] {
        var lines: [[UInt8]] = []
        if let revision { lines.append(HeaderLine.make(Array("MCP-Protocol-Version".utf8), revision)) }
        if let sessionID { lines.append(HeaderLine.make(Array("Mcp-Session-Id".utf8), sessionID)) }
        return lines
    }

    @discardableResult
    private func post(
        _ kind: Exchange.Kind, _ era: Era, _ interest: Exchange.Interest, _ body: [UInt8], lines: [[UInt8]],
        milliseconds: UInt64? = 30_000
    ) -> Int {
        let own = ["Content-Type: application/json", "Accept: application/json, text/event-stream", "Expect:"]
        return start(
            kind, era, interest,
            WebRequest(
                method: .post, address: address, lines: own.map { Array($0.utf8) } + common + lines, body: body,
                milliseconds: milliseconds))
    }

    private var common: [[UInt8]] { [Array("User-Agent: \(Product.name)-web/\(Product.version)".utf8)] + headers }

    @discardableResult
    private func start(
        _ kind: Exchange.Kind, _ era: Era, _ interest: Exchange.Interest, _ request: WebRequest
    ) -> Int {
        lastNumber += 1
        let exchange = Exchange(
            lastNumber, kind, era, interest, request,
            isOfSession: era == .legacy && interest != .initialize && sessionID != nil)
        exchanges[lastNumber] = exchange
        orders.append(.start(exchange: lastNumber, request))
        return lastNumber
    }

    private func listen() {
        start(.stream, .legacy, .nothing, listening(behind: nil))
    }

    private func listening(behind lastID: [UInt8]?) -> WebRequest {
        var lines = [Array("Accept: text/event-stream".utf8)] + common + legacyLines
        if let lastID { lines.append(HeaderLine.make(Array("Last-Event-ID".utf8), lastID)) }
        return WebRequest(method: .get, address: address, lines: lines)
    }
}

// MARK: From the server

extension RemoteSession {
    /// What has come of an exchange.
    ///
    /// - Parameter bytes: of the body, all that was not consumed before.
    /// - Returns: how many of them are consumed.
    func feed(
        _ number: Int, _ head: ResponseHead, _ bytes: borrowing Span<UInt8>, hasBody: Bool, end: TransferEnd?,
        now: Instant
    ) -> Int {
        guard let exchange = exchanges[number] else { return bytes.count }
        if exchange.reader == .undecided, hasBody || end == .whole {
            exchange.acceptedAt = now
            guard decide(exchange, head) else { return bytes.count }
        }
        var consumed = 0
        switch exchange.reader {
        case .undecided: break
        case .events: consumed = read(events: exchange, bytes, now)
        case .message:
            if bytes.count > Self.mostMessageBytes {
                fail(exchange, .tooLarge)
                return bytes.count
            }
        case .refusal:
            if bytes.count > Self.mostRefusalBytes {
                refused(exchange, head.status, bytes.extracting(first: 0))
                return bytes.count
            }
        case .ignored: consumed = bytes.count
        }
        // What was read may have ended it, or everything.
        if let end, exchanges[number] === exchange { finish(exchange, bytes.extracting(consumed...), head, end, now) }
        return end == nil ? consumed : bytes.count
    }

    /// What kind of answer this is, by its head; false if nothing more of it is wanted.
    private func decide(_ exchange: Exchange, _ head: ResponseHead) -> Bool {
        if head.isRedirect {
            redirect(exchange, head)
            return false
        }
        if head.status == 404, exchange.isOfSession, exchange.kind != .goodbye {
            loseSession()
            return false
        }
        guard (200...299).contains(head.status) else {
            exchange.reader = .refusal(status: head.status)
            return true
        }
        let type = head.mediaType?.type ?? []
        switch exchange.kind {
        case .request:
            if exchange.interest == .initialize, !takeSession(head, exchange) { return false }
            if type.elementsEqual("text/event-stream".utf8) {
                exchange.reader = .events
            } else if type.elementsEqual("application/json".utf8) {
                exchange.reader = .message
            } else {
                exchange.reader = .refusal(status: head.status)
            }
        case .stream:
            guard type.elementsEqual("text/event-stream".utf8) else {
                notes.append("the server answers a request for its stream with something else")
                drop(exchange)
                return false
            }
            exchange.reader = .events
        case .initialized, .aside, .goodbye: exchange.reader = .ignored
        }
        return true
    }

    /// False if the server's id is not one that can be sent back.
    private func takeSession(_ head: ResponseHead, _ exchange: Exchange) -> Bool {
        guard head.count(of: "mcp-session-id") > 0 else { return true }
        guard let id = head.value("mcp-session-id"), HeaderLine.isValue(id) else {
            fail(exchange, text: "the server's session id is malformed", code: 502)
            return false
        }
        sessionID = id
        return true
    }

    /// The same request again, but only at the server's own origin: elsewhere neither the message nor the credential
    /// has any business.
    private func redirect(_ exchange: Exchange, _ head: ResponseHead) {
        let isSame = head.status == 307 || head.status == 308
        let next: WebAddress?
        do throws(AddressFault) { next = try head.value("location").map(exchange.request.address.resolving) } catch {
            next = nil
        }
        guard isSame, let next, next.hasSameOrigin(as: address), exchange.redirects < Self.mostRedirects else {
            return fail(exchange, text: "the server sends to another place (\(head.status))", code: 502)
        }
        exchange.redirects += 1
        exchange.request.address = next
        orders.append(.forget(exchange: exchange.number))
        exchange.restart()
        orders.append(.start(exchange: exchange.number, exchange.request))
    }

    private func read(events exchange: Exchange, _ bytes: borrowing Span<UInt8>, _ now: Instant) -> Int {
        var consumed = 0
        while exchanges[exchange.number] === exchange {
            let step: (consumed: Int, isEvent: Bool)
            do throws(WireError) { step = try exchange.events.read(bytes.extracting(consumed...)) } catch {
                fail(exchange, .tooLarge)
                return bytes.count
            }
            consumed += step.consumed
            if let id = exchange.events.lastID { exchange.lastID = id }
            if let retry = exchange.events.retry { exchange.retry = retry }
            guard step.isEvent else { break }
            exchange.attempts = 0
            // An event without text says how far the stream has come, and nothing else.
            if exchange.events.isMessage, !exchange.events.data.isEmpty {
                let data = exchange.events.data
                take(message: data.span, of: exchange, now)
            }
        }
        return consumed
    }

    /// One message of the server, in an event or as a whole body.
    private func take(message bytes: borrowing Span<UInt8>, of exchange: Exchange, _ now: Instant) {
        let message: ServerMessage
        do throws(JSONError) { try reader.read(bytes, into: &tree) } catch {
            return refuse(messageOf: exchange, "json-\(error.rule.rawValue)")
        }
        do throws(EnvelopeFault) { message = try Envelope.fromServer(tree) } catch {
            return refuse(messageOf: exchange, "envelope-\(error.word)")
        }
        switch message {
        case .request, .notification:
            if !pass() { notes.append("a message of the server is too long in canonical form") }
        case .result(let id, let result):
            guard exchange.unanswered == id else { return refuse(messageOf: exchange, "unasked-answer") }
            learn(exchange.interest, result)
            conclude(exchange, now)
        case .error(let id, _):
            guard exchange.unanswered == id else { return refuse(messageOf: exchange, "unasked-answer") }
            conclude(exchange, now)
        }
    }

    private func learn(_ interest: Exchange.Interest, _ result: JSONNode) {
        switch interest {
        case .nothing: break
        case .initialize:
            // Only a revision that there is becomes a header; the broker ends a server that names another.
            revision = tree.member(result, "protocolVersion").flatMap(tree.text).flatMap(Revision.init(word:)).map {
                Array($0.word.description.utf8)
            }
        case .tools: messageHeaders.learn(tree, result: result)
        }
    }

    private func conclude(_ exchange: Exchange, _ now: Instant) {
        if !pass() { answerError(exchange, 502, "the server's answer is too long in canonical form") }
        answered(exchange, now)
    }

    /// Writes the message that was read, anew and on one line; false if escapes that canonical text wants make it longer
    /// than a message may be.
    private func pass() -> Bool {
        let line = tree.canonical(.root).bytes
        guard line.count <= Self.mostMessageBytes else { return false }
        output.append(copying: line.span)
        output.append(0x0A)
        return true
    }

    private func answered(_ exchange: Exchange, _ now: Instant) {
        exchange.isAnswered = true
        if barrier == exchange.number { barrier = nil }
        // The server closes the stream now; a connection that ends properly can be used again.
        exchange.deadline = now.adding(milliseconds: Self.closingMilliseconds)
    }

    /// A message that may not be. As the only content of an answer it fails the request; in a stream it is left out.
    private func refuse(messageOf exchange: Exchange, _ why: String) {
        notes.append("a message of the server is refused: \(why)")
        if exchange.reader == .message { answerError(exchange, 502, "the server's answer is refused: \(why)") }
    }
}

// MARK: Ends

extension RemoteSession {
    private func finish(
        _ exchange: Exchange, _ rest: borrowing Span<UInt8>, _ head: ResponseHead, _ end: TransferEnd, _ now: Instant
    ) {
        switch (end, exchange.reader) {
        case (.whole, .message): take(message: rest, of: exchange, now)
        case (.whole, .refusal(let status)): return refused(exchange, status, rest)
        case (.whole, .ignored): break
        case (.whole, .undecided), (.whole, .events), (.failed, _), (.refused, _):
            if mayResume(exchange, now) { return }
        }
        switch end {
        case .whole:
            if exchange.unanswered != nil {
                answerError(exchange, 502, "the server ended its stream without an answer")
            }
            over(exchange)
        case .refused(let status):
            let word = DoorRefusal.word(head) ?? "status \(status)"
            fail(exchange, text: "the way out is refused: \(word)", code: 403)
        case .failed(let failure): fail(exchange, failure)
        }
    }

    /// A stream that broke is taken up again where that loses nothing: behind an event that has an id, or where nobody
    /// waits for an answer. A request is never sent twice.
    private func mayResume(_ exchange: Exchange, _ now: Instant) -> Bool {
        if let start = exchange.acceptedAt, now >= start.adding(milliseconds: Self.lastingMilliseconds) {
            exchange.attempts = 0
        }
        guard exchange.era == .legacy, exchange.attempts < Self.mostAttempts, closesAt == nil else { return false }
        switch exchange.kind {
        case .request where exchange.unanswered != nil && exchange.lastID != nil: break
        case .stream: break
        case .request, .initialized, .aside, .goodbye: return false
        }
        exchange.attempts += 1
        let growing = min(Self.firstPause << UInt64(exchange.attempts - 1), Self.longestPause)
        let pause = exchange.attempts == 1 ? UInt64(exchange.retry ?? Int(growing)) : growing
        exchange.resumesAt = now.adding(milliseconds: max(pause, UInt64(exchange.retry ?? 0)))
        return true
    }

    private func resume(_ exchange: Exchange) {
        exchange.restart()
        exchange.request = listening(behind: exchange.lastID)
        exchange.isOfSession = sessionID != nil
        orders.append(.start(exchange: exchange.number, exchange.request))
    }

    /// An answer whose status says no. An error object in it is the server's own word about the request.
    private func refused(_ exchange: Exchange, _ status: Int, _ body: borrowing Span<UInt8>) {
        if case .stream = exchange.kind, status == 405 {
            // It has nothing to say but in answers.
            return over(exchange)
        }
        if let id = exchange.unanswered, passError(body, id) {
            exchange.isAnswered = true
            return over(exchange)
        }
        let what =
            switch status {
            case 401, 403: "the server refuses the credential of its entry (\(status))"
            case 429: "the server asks for fewer requests (429)"
            case 200...299: "the server answers with something else than JSON or an event stream"
            default: "the server answers with status \(status)"
            }
        fail(exchange, text: what, code: status >= 400 ? Int64(status) : 502)
    }

    /// Writes the error in a refusal as the answer to `id`; false if there is none.
    private func passError(_ body: borrowing Span<UInt8>, _ id: RequestID) -> Bool {
        do throws(JSONError) { try reader.read(body, into: &tree) } catch { return false }
        // Refusals often have no id, or null: which request they are about, their exchange says.
        guard tree.equals(tree.member(.root, "jsonrpc") ?? .root, "2.0"), let error = tree.member(.root, "error"),
            let code = tree.member(error, "code").flatMap(tree.integer),
            let message = tree.member(error, "message").flatMap(tree.text)
        else { return false }
        if let given = tree.member(.root, "id"), tree.kind(given) != .null, RequestID(tree, given) != id {
            return false
        }
        let data = tree.member(error, "data").map(tree.canonical)
        writeError(id, code, message, data)
        return true
    }

    private func fail(_ exchange: Exchange, _ failure: CurlFailure) {
        fail(exchange, text: "the server cannot be used: \(failure.word)", code: failure == .timeout ? 504 : 502)
    }

    private func fail(_ exchange: Exchange, text: String, code: Int64) {
        if exchange.unanswered != nil {
            answerError(exchange, code, text)
        } else if exchange.kind != .goodbye {
            notes.append(text)
        }
        drop(exchange)
    }

    private func answerError(_ exchange: Exchange, _ code: Int64, _ text: String) {
        guard let id = exchange.unanswered else { return }
        exchange.isAnswered = true
        notes.append(text)
        writeError(id, code, Array(text.utf8), nil)
    }

    private func writeError(_ id: RequestID, _ code: Int64, _ message: [UInt8], _ data: CanonicalJSON?) {
        var json = JSONWriter()
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.key("code")
        json.integer(code)
        if let data {
            json.key("data")
            json.value(data)
        }
        json.key("message")
        json.string(message)
        json.endObject()
        json.key("id")
        id.write(to: &json)
        json.key("jsonrpc")
        json.string("2.0")
        json.endObject()
        output.append(json.take())
        output.append(0x0A)
    }

    /// The exchange is not waited for any more, whatever its transfer does.
    private func drop(_ exchange: Exchange) {
        orders.append(.forget(exchange: exchange.number))
        over(exchange)
    }

    private func over(_ exchange: Exchange) {
        exchanges[exchange.number] = nil
        if barrier == exchange.number { barrier = nil }
        switch exchange.kind {
        case .initialized where ending == nil && closesAt == nil: listen()
        case .goodbye: end(.done)
        case .request, .initialized, .aside, .stream: break
        }
        if closesAt != nil, !isSayingGoodbye, !exchanges.values.contains(where: { $0.unanswered != nil }) {
            sayGoodbye()
        }
    }

    private func loseSession() {
        sessionID = nil
        for exchange in exchanges.values.sorted(by: { $0.number < $1.number }) {
            answerError(exchange, 404, "the server has ended the session")
        }
        end(.sessionLost)
    }

    private func end(_ ending: Ending) {
        if self.ending == nil { self.ending = ending }
        for number in exchanges.keys.sorted() { orders.append(.forget(exchange: number)) }
        exchanges = [:]
    }

    /// The input has ended, or a signal asks for the end.
    func close(_ now: Instant, waits: Bool) {
        guard closesAt == nil else { return }
        closesAt = now.adding(milliseconds: waits ? Self.graceMilliseconds : 0)
        if !waits || !exchanges.values.contains(where: { $0.unanswered != nil }) { sayGoodbye() }
    }

    private func sayGoodbye() {
        isSayingGoodbye = true
        for number in exchanges.keys.sorted() { orders.append(.forget(exchange: number)) }
        exchanges = [:]
        guard sessionID != nil else { return end(.done) }
        start(
            .goodbye, .legacy, .nothing,
            WebRequest(
                method: .delete, address: address, lines: common + legacyLines,
                milliseconds: Self.goodbyeMilliseconds))
    }
}
