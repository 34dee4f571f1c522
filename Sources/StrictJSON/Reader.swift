// SPDX-License-Identifier: Apache-2.0

/// Reads one JSON document at a time, whole or not at all.
///
/// Every byte is checked before anything can be asked of the tree, also in members that nobody will look at. The work
/// is linear in the input and nothing recurses: what is open is linked through the tape itself.
package struct JSONReader: Sendable {
    /// Offsets take 32 bits in the tree, whatever the limit says.
    private static let mostBytes = 1 << 30

    private let limits: JSONLimits
    private let dialect: JSONDialect
    private var keys: KeyCheck

    package init(limits: JSONLimits, dialect: JSONDialect = .strict) {
        self.init(limits: limits, dialect: dialect, hash: KeyHash())
    }

    init(limits: JSONLimits, dialect: JSONDialect, hash: KeyHash) {
        self.limits = limits
        self.dialect = dialect
        keys = KeyCheck(hash: hash)
    }

    /// Reads `source`: one value, nothing after it. After an error the tree holds a single null.
    ///
    /// The tree keeps its own copy of the bytes, in storage that it reuses.
    package mutating func read(_ source: borrowing Span<UInt8>, into tree: inout JSONTree) throws(JSONError) {
        do throws(JSONError) {
            let most = min(limits.bytes, Self.mostBytes)
            guard source.count <= most else { throw JSONError(rule: .bytes, offset: most) }
            switch dialect {
            case .strict:
                tree.escapeGrowth = try fill(&tree.text, &tree.tape, from: source)
            case .commented:
                let blanked = try withoutComments(source)
                tree.escapeGrowth = try fill(&tree.text, &tree.tape, from: blanked.span)
            }
        } catch {
            tree.clear()
            throw error
        }
    }

    /// Fills the storage of a tree and returns its ``JSONTree/escapeGrowth``.
    private mutating func fill(
        _ text: inout [UInt8], _ tape: inout [TapeEntry], from source: borrowing Span<UInt8>
    ) throws(JSONError) -> Int {
        text.removeAll(keepingCapacity: true)
        text.append(addingCapacity: source.count) { copy in
            for at in source.indices { copy.append(source[at]) }
        }
        // A value or key has a byte of its own and one before it (bracket, comma or colon). The root has none before it,
        // and the bracket of a container may be counted for its first child until its end is there instead: one byte
        // less for each level that can be open. Room that stays empty is never touched: addresses, not memory.
        let open = min(limits.depth, source.count)
        let most = min((source.count + open) / 2 + 1, 2 * min(limits.values, source.count))
        var growth = 0
        tape.removeAll(keepingCapacity: true)
        try tape.append(addingCapacity: most) { (entries: inout OutputSpan<TapeEntry>) throws(JSONError) in
            var unescaped = text.mutableSpan
            growth = try parse(source, &unescaped, &entries)
        }
        return growth
    }

    private mutating func parse(
        _ source: borrowing Span<UInt8>, _ text: inout MutableSpan<UInt8>, _ tape: inout OutputSpan<TapeEntry>
    ) throws(JSONError) -> Int {
        var at = 0
        /// The innermost open object or array, -1 outside.
        var container = -1
        var isObject = false
        /// Values in it so far.
        var count = 0
        var depth = 0
        var values = 0
        var growth = 0

        var next = skipSpace(source, &at)
        value: while true {
            // `next` is the first byte of a value, at `at`.
            values &+= 1
            guard values <= limits.values else { throw JSONError(rule: .values, offset: at) }
            count &+= 1
            let start = at
            switch next {
            case 0x22:
                let scanned = try scanText(source, from: at &+ 1, unescapingInto: &text, growth: &growth)
                guard scanned.count <= limits.stringBytes else { throw JSONError(rule: .stringBytes, offset: start) }
                at = scanned.end
                tape.append(
                    TapeEntry(scanned.isPlain ? .plainString : .string, start: start, count: scanned.count))
            case 0x2D, 0x30...0x39:
                let scanned = try scanNumber(source, from: at, limit: limits.numberBytes)
                at = scanned.end
                tape.append(TapeEntry(scanned.isInteger ? .integer : .number, start: start, count: at &- start))
            case 0x7B, 0x5B:
                depth &+= 1
                guard depth <= limits.depth else { throw JSONError(rule: .depth, offset: at) }
                if container >= 0 { tape[container].count = UInt32(truncatingIfNeeded: count) }
                isObject = next == 0x7B
                tape.append(TapeEntry(isObject ? .object : .array, start: at, link: container))
                container = tape.count &- 1
                count = 0
                at &+= 1
                next = skipSpace(source, &at)
                if isObject {
                    if next != 0x7D {
                        next = try parseKey(source, &at, next, &text, &tape, &growth)
                        continue value
                    }
                } else if next != 0x5D {
                    continue value
                }
            // An empty container: its end is dealt with below.
            case 0x74:
                at = try scanLiteral(source, from: at, 0x65_7572, count: 4)
                tape.append(TapeEntry(.yes, start: start, count: 4))
            case 0x66:
                at = try scanLiteral(source, from: at, 0x6573_6C61, count: 5)
                tape.append(TapeEntry(.no, start: start, count: 5))
            case 0x6E:
                at = try scanLiteral(source, from: at, 0x6C_6C75, count: 4)
                tape.append(TapeEntry(.null, start: start, count: 4))
            default:
                throw unexpected(source, at, atStart: tape.isEmpty)
            }
            // Behind a value: a comma, or the end of what it stands in.
            while container >= 0 {
                next = skipSpace(source, &at)
                if next == 0x2C {
                    at &+= 1
                    next = skipSpace(source, &at)
                    guard isObject else { continue value }
                    guard count < limits.members else { throw JSONError(rule: .members, offset: at) }
                    next = try parseKey(source, &at, next, &text, &tape, &growth)
                    continue value
                }
                guard next == (isObject ? 0x7D : 0x5D) else { throw unexpected(source, at, atStart: false) }
                at &+= 1
                let parent = Int(Int32(bitPattern: tape[container].link))
                tape[container].count = UInt32(truncatingIfNeeded: count)
                tape[container].link = UInt32(truncatingIfNeeded: tape.count)
                if isObject, let key = keys.duplicate(inObject: container, tape: tape.span, text: text.span) {
                    throw JSONError(rule: .duplicateKey, offset: Int(tape[key].start))
                }
                depth &-= 1
                container = parent
                guard container >= 0 else { break }
                count = Int(tape[container].count)
                isObject = tape[container].tag == .object
            }
            break
        }
        _ = skipSpace(source, &at)
        guard at == source.count else { throw JSONError(rule: .trailingBytes, offset: at) }
        return growth
    }

    /// Reads a member's key and colon, and returns the first byte of its value.
    @inline(__always)
    private func parseKey(
        _ source: borrowing Span<UInt8>, _ at: inout Int, _ first: UInt8, _ text: inout MutableSpan<UInt8>,
        _ tape: inout OutputSpan<TapeEntry>, _ growth: inout Int
    ) throws(JSONError) -> UInt8 {
        guard first == 0x22 else { throw unexpected(source, at, atStart: false) }
        let start = at
        let scanned = try scanText(source, from: start &+ 1, unescapingInto: &text, growth: &growth)
        guard scanned.count <= limits.keyBytes else { throw JSONError(rule: .keyBytes, offset: start) }
        tape.append(
            TapeEntry(
                scanned.isPlain ? .plainString : .string, start: start, count: scanned.count,
                link: fingerprint(text.span, at: start &+ 1, count: scanned.count)))
        at = scanned.end
        guard skipSpace(source, &at) == 0x3A else { throw unexpected(source, at, atStart: false) }
        at &+= 1
        return skipSpace(source, &at)
    }
}

/// Steps over space, tab, LF and CR, and returns the byte behind them.
@inline(__always)
private func skipSpace(_ source: borrowing Span<UInt8>, _ at: inout Int) -> UInt8 {
    let next = byte(source, at)
    return next > 0x20 ? next : skipMoreSpace(source, &at)
}

@inline(never)
private func skipMoreSpace(_ source: borrowing Span<UInt8>, _ at: inout Int) -> UInt8 {
    while true {
        let bytes = word(source, at)
        let flags = solids(bytes)
        if flags != 0 {
            let place = firstPlace(flags)
            at &+= place
            return UInt8(truncatingIfNeeded: bytes &>> UInt64(8 &* place))
        }
        at &+= 8
    }
}

/// Checks that the bytes behind the first one of a literal are those of `rest`, lowest first.
@inline(__always)
private func scanLiteral(
    _ source: borrowing Span<UInt8>, from start: Int, _ rest: UInt64, count: Int
) throws(JSONError) -> Int {
    let mask: UInt64 = 1 &<< UInt64(8 &* (count &- 1)) &- 1
    guard word(source, start &+ 1) & mask == rest else { throw brokenLiteral(source, start, rest) }
    return start &+ count
}

@inline(never)
private func brokenLiteral(_ source: borrowing Span<UInt8>, _ start: Int, _ rest: UInt64) -> JSONError {
    let wrong = start + 1 + firstPlace(word(source, start + 1) ^ rest)
    return unexpected(source, wrong, atStart: false)
}

@inline(never)
private func unexpected(_ source: borrowing Span<UInt8>, _ at: Int, atStart: Bool) -> JSONError {
    if at >= source.count { return JSONError(rule: atStart ? .empty : .truncated, offset: source.count) }
    if at == 0 && word(source, 0) & 0xFF_FFFF == 0xBF_BBEF { return JSONError(rule: .byteOrderMark, offset: 0) }
    return JSONError(rule: .unexpectedByte, offset: at)
}
