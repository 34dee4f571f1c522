// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// One HTTP request, complete.
struct WebRequest: Equatable {
    enum Method: Equatable {
        case get
        case post
        case delete
    }

    var method: Method
    var address: WebAddress
    /// Header lines, each `Name: value`.
    var lines: [[UInt8]] = []
    var body: [UInt8] = []
    /// From its start to the last byte of the answer; nil for streams without an end.
    var milliseconds: UInt64?
}

/// libcurl does not do what this program relies on.
enum CurlFault: Error, Equatable {
    case unusable(String)
}

enum CurlFailure: Equatable {
    /// There is nobody where the proxy should be.
    case noProxy
    case tls
    case timeout
    /// The head or what had not been read yet of the body.
    case tooLarge
    /// Refused, cut or broken on the way.
    case connection

    var word: String {
        switch self {
        case .noProxy: "there is no proxy to the outside"
        case .tls: "its certificate or its TLS is not acceptable"
        case .timeout: "it took too long"
        case .tooLarge: "its answer is too large"
        case .connection: "the connection failed"
        }
    }
}

enum TransferEnd: Equatable {
    case whole
    /// By the proxy, before there was a connection to the server.
    case refused(status: Int)
    case failed(CurlFailure)
}

/// One request under way: what has come of its answer.
final class Transfer {
    /// Of one read of libcurl.
    static let readBytes = 64 << 10
    /// Of all header lines of one head, in bytes.
    static let maxHeadBytes = 64 << 10
    /// Of a body that has arrived and is not consumed: the longest message, and room to see that it is longer.
    static let maxWaitingBytes = (4 << 20) + 2 * readBytes

    let number: Int
    private let body: [UInt8]
    private var sent = 0
    private(set) var head = ResponseHead()
    /// The last head was that of the answer, and not of the proxy or an interim one.
    private(set) var hasBody = false
    var incoming = ByteQueue()
    private var seen = 0
    private var received = 0
    var end: TransferEnd?

    init(number: Int, _ request: WebRequest) {
        self.number = number
        body = request.body
    }

    /// Something has arrived since the last look, or the transfer has ended.
    var isNews: Bool { end != nil || received != seen }

    func look() { seen = received }

    func receive(line: borrowing Span<UInt8>) -> Bool {
        // Behind a body come trailers, which mean nothing to anybody here.
        if hasBody { return true }
        return head.receive(line, limit: Self.maxHeadBytes)
    }

    func receive(body bytes: borrowing Span<UInt8>) -> Bool {
        hasBody = true
        received += bytes.count
        guard incoming.count + bytes.count <= Self.maxWaitingBytes else { return false }
        incoming.append(copying: bytes)
        return true
    }

    func takeBody(atMost count: Int) -> ArraySlice<UInt8> {
        let part = body[sent..<min(body.count, sent + count)]
        sent = part.endIndex
        return part
    }
}
