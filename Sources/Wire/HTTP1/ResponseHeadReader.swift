// SPDX-License-Identifier: Apache-2.0

/// One response head that kept every rule of the grammar; ranges are offsets into ``bytes``.
package struct ResponseHead: Sendable {
    package private(set) var bytes: [UInt8] = []
    package fileprivate(set) var status: UInt16 = 0
    package fileprivate(set) var framing = BodyFraming.none
    /// The server speaks HTTP/1.0.
    package fileprivate(set) var isOld = false
    fileprivate var connection: ConnectionOptions = []
    fileprivate var table = FieldTable()

    package init() {}

    package var fields: [HeaderField] { table.fields }
    package var closesConnection: Bool { connection.contains(.close) }
    package var connectsUpgrade: Bool { connection.contains(.upgrade) }

    package func field(_ name: HeaderName) -> HeaderField? { table[name] }

    /// Where the value of that header stands.
    package func value(_ name: HeaderName) -> Range<Int>? { table[name]?.value }

    fileprivate mutating func adopt(_ source: borrowing Span<UInt8>, length: Int) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(0..<length, of: source)
    }

    fileprivate mutating func take(_ field: HeaderField, of source: borrowing Span<UInt8>) throws(WireError) {
        switch field.name {
        case .contentLength: try framing.take(contentLength: field.value, of: source)
        case .transferEncoding: try framing.take(transferEncoding: field.value, of: source)
        case .connection: try connection.take(field.value, of: source)
        default: break
        }
        table.append(field)
    }
}

/// Reads the response head that a client of ours gets from its gate, or a proxy from a server of the web: the same
/// header grammar, the same limits.
package struct ResponseHeadReader: Sendable {
    /// The longest status line without its line end, in bytes; the phrase in it is for people and is not kept.
    static let maxStatusLine = 256
    /// `HTTP/1.1`, one space, three digits.
    private static let statusPrefix = 12

    package private(set) var head = ResponseHead()
    private var position = 0
    private var scanner: FieldScanner?
    private var isComplete = false
    private let admitsWeb: Bool

    /// - Parameter admitsWeb: whether that passes which servers of the web send and our gate does not, and which no two
    ///   readers understand in two ways: HTTP/1.0, no blank behind a status, bytes beyond ASCII in phrases and values.
    package init(admitsWeb: Bool = false) { self.admitsWeb = admitsWeb }

    /// Goes on where the last call stopped.
    ///
    /// - Parameter bytes: everything that has arrived since the head began.
    /// - Throws: `status-line` or a rule of header lines.
    package mutating func read(_ bytes: borrowing Span<UInt8>) throws(WireError) -> HeadProgress {
        if isComplete { return .complete(length: position) }
        if scanner == nil { try readStatusLine(bytes) }
        while true {
            switch try scanner?.next(bytes) {
            case nil, .needMore: return .needMore
            case .named(let name, let range): try head.table.refuseRepetition(of: name, range, in: bytes)
            case .field(let field): try head.take(field, of: bytes)
            case .end(let length):
                head.adopt(bytes, length: length)
                position = length
                isComplete = true
                return .complete(length: length)
            }
        }
    }

    private mutating func readStatusLine(_ bytes: borrowing Span<UInt8>) throws(WireError) {
        while position < bytes.count {
            let byte = bytes[position]
            if position > ResponseHeadReader.statusPrefix && bytes[position - 1] == ASCII.carriageReturn {
                guard byte == ASCII.lineFeed else { throw WireError(.lineEnding, at: position) }
                position += 1
                scanner = FieldScanner(at: position, admitsOpaque: admitsWeb)
                return
            }
            guard position <= ResponseHeadReader.maxStatusLine && allows(byte) else {
                throw WireError(.statusLine, at: position)
            }
            if position == 7 { head.isOld = byte == ASCII.zero }
            if (9..<12).contains(position) { head.status = head.status * 10 + UInt16(byte - ASCII.zero) }
            position += 1
        }
    }

    private func allows(_ byte: UInt8) -> Bool {
        switch position {
        case 7 where admitsWeb && byte == ASCII.zero: true
        case 0..<8: byte == UInt8(truncatingIfNeeded: 0x4854_5450_2F31_2E31 as UInt64 >> UInt64(56 - 8 * position))
        case 8: byte == ASCII.space
        case 12: byte == ASCII.space || (admitsWeb && byte == ASCII.carriageReturn)
        case 9: (ASCII.zero + 1...ASCII.zero + 5).contains(byte)
        case 10, 11: byte.isDigit
        default:
            byte.isVisible || byte == ASCII.space || byte == ASCII.carriageReturn
                || (admitsWeb && (byte >= 0x80 || byte == ASCII.tab))
        }
    }
}
