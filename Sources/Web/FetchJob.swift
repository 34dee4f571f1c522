// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// What was fetched.
struct FetchedPage: Equatable, Sendable {
    let status: Int
    let address: WebAddress
    let hops: [FetchHop]
    let type: [UInt8]
    let charset: [UInt8]?
    let body: [UInt8]
    /// There was more than the request wanted.
    let isTruncated: Bool
}

/// An address that led elsewhere.
struct FetchHop: Equatable, Sendable {
    let address: WebAddress
    let status: Int
}

/// One fetch with its redirects: each is a new request, so the egress room decides on each anew (E7).
struct FetchJob {
    /// Redirects in all.
    static let maxHops = 5
    /// Of a text that a server chose and that is repeated in an answer, in bytes.
    private static let maxDetailBytes = 200

    enum Step: Equatable {
        case wait
        /// Instead of the request before.
        case ask(WebRequest)
        case done(FetchedPage)
        case failed(FetchFault)
    }

    private let request: FetchRequest
    private let deadline: Instant
    private var address: WebAddress
    private var hops: [FetchHop] = []

    init(_ request: FetchRequest, now: Instant) {
        self.request = request
        address = request.address
        deadline = now.adding(milliseconds: request.milliseconds)
    }

    func ask(now: Instant) -> WebRequest {
        var accepted = request.types.map { String(decoding: $0, as: UTF8.self) }
        if accepted.isEmpty { accepted = ["*/*"] }
        return WebRequest(
            method: .get, address: address,
            lines: [
                Array("Accept: \(accepted.joined(separator: ", "))".utf8),
                Array("User-Agent: \(Product.name)-web/\(Product.version)".utf8),
            ], milliseconds: max(deadline.milliseconds(after: now), 1))
    }

    /// What the answer so far means.
    ///
    /// - Parameter body: all of it that has arrived; the head counts as soon as there is any, or the transfer has ended.
    mutating func look(
        _ head: ResponseHead, _ body: borrowing Span<UInt8>, hasBody: Bool, end: TransferEnd?, now: Instant
    ) -> Step {
        switch end {
        case .refused(let status): return .failed(Self.refusal(head, status))
        // More than anybody may ask for has arrived before it was looked at: that is cut below like any other.
        case .failed(.tooLarge) where body.count > request.maxBytes: break
        case .failed(let failure): return .failed(Self.fault(failure))
        case .whole, nil: break
        }
        guard hasBody || end != nil else { return .wait }
        do throws(FetchFault) { return try read(head, body, end: end, now: now) } catch { return .failed(error) }
    }

    private mutating func read(
        _ head: ResponseHead, _ body: borrowing Span<UInt8>, end: TransferEnd?, now: Instant
    ) throws(FetchFault) -> Step {
        // Of a request in the clear the proxy answers in the server's place.
        if address.scheme == .http, head.status >= 400, head.value(DoorRefusal.header) != nil {
            throw Self.refusal(head, head.status)
        }
        if head.isRedirect {
            try follow(head)
            return .ask(ask(now: now))
        }
        guard (200...299).contains(head.status) else { throw FetchFault(.httpError, "\(head.status)") }
        let type = try checkedType(head)
        guard end != nil || body.count > request.maxBytes else { return .wait }
        let kept = min(body.count, request.maxBytes)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(kept)
        for index in 0..<kept { bytes.append(body[index]) }
        return .done(
            FetchedPage(
                status: head.status, address: address, hops: hops, type: type, charset: head.mediaType?.charset,
                body: bytes, isTruncated: body.count > request.maxBytes))
    }

    private mutating func follow(_ head: ResponseHead) throws(FetchFault) {
        guard hops.count < Self.maxHops else {
            throw FetchFault(.tooManyRedirects, "more than \(Self.maxHops) redirects")
        }
        guard let location = head.value("location") else {
            throw FetchFault(.httpError, "\(head.status) without one Location")
        }
        let next: WebAddress
        do throws(AddressFault) { next = try address.resolving(location) } catch {
            let fault = FetchFault(error)
            throw FetchFault(fault.reason, "redirect to \(Self.shown(location)): \(fault.detail)")
        }
        if address.scheme == .https, next.scheme == .http, !request.mayLeaveTLS {
            throw FetchFault(.scheme, "redirect from https to \(Self.shown(next.origin))")
        }
        hops.append(FetchHop(address: address, status: head.status))
        address = next
    }

    private func checkedType(_ head: ResponseHead) throws(FetchFault) -> [UInt8] {
        if let encoding = head.value("content-encoding"), !encoding.elementsEqual("identity".utf8) {
            throw FetchFault(.type, "encoded as \(Self.shown(encoding)), which was not asked for")
        }
        let type = head.mediaType?.type ?? []
        guard request.takes(type) else {
            throw FetchFault(.type, type.isEmpty ? "the server names no type" : Self.shown(type))
        }
        return type
    }

    private static func refusal(_ head: ResponseHead, _ status: Int) -> FetchFault {
        FetchFault(.refusedByEgress, DoorRefusal.word(head) ?? "status \(status)")
    }

    private static func fault(_ failure: CurlFailure) -> FetchFault {
        switch failure {
        case .tls: FetchFault(.tls, failure.word)
        case .timeout: FetchFault(.timeout, failure.word)
        case .noProxy, .tooLarge, .connection: FetchFault(.connectFailed, failure.word)
        }
    }

    /// A server's text, in visible ASCII.
    private static func shown(_ text: [UInt8]) -> String {
        String(
            decoding: text.prefix(maxDetailBytes).map { $0 > 0x20 && $0 < 0x7F ? $0 : UInt8(ascii: "?") }, as: UTF8.self
        )
    }
}

/// How the egress room says why it refused a request.
enum DoorRefusal {
    /// Holds the reason's word. Not believed from anybody else for what it means, only repeated to people.
    static let header = "x-doorward-reason"
    private static let maxBytes = 64

    /// The word, if it is one.
    static func word(_ head: ResponseHead) -> String? {
        guard let value = head.value(header), (1...maxBytes).contains(value.count),
            value.allSatisfy({ ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D })
        else { return nil }
        return String(decoding: value, as: UTF8.self)
    }
}
