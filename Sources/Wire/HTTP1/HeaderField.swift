// SPDX-License-Identifier: Apache-2.0

/// One header line, as offsets into the head that it stands in.
package struct HeaderField: Equatable, Sendable {
    package let name: HeaderName
    // A head has at most 16 KiB, so 16 bits hold every offset.
    private let nameStart: UInt16
    private let nameEnd: UInt16
    private let valueStart: UInt16
    private let valueEnd: UInt16
    private let lineEnd: UInt16

    init(_ name: HeaderName, named: Range<Int>, value: Range<Int>, lineEnd: Int) {
        self.name = name
        nameStart = UInt16(named.lowerBound)
        nameEnd = UInt16(named.upperBound)
        valueStart = UInt16(value.lowerBound)
        valueEnd = UInt16(value.upperBound)
        self.lineEnd = UInt16(lineEnd)
    }

    /// Where the name stands as it was written.
    package var nameRange: Range<Int> { Int(nameStart)..<Int(nameEnd) }

    /// Where the value stands, without the spaces and tabs around it.
    package var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }

    /// Whether spaces or tabs stood behind the value.
    package var hasTrailingBlank: Bool { lineEnd != valueEnd }
}

/// The header lines of one head in their order, with an index by name.
struct FieldTable: Sendable {
    private(set) var fields: [HeaderField] = []
    /// By name, one more than the place of its first line in ``fields``; 0 where there is none.
    private var first = InlineArray<32, UInt8>(repeating: 0)

    mutating func removeAll() {
        fields.removeAll(keepingCapacity: true)
        first = InlineArray(repeating: 0)
    }

    mutating func append(_ field: HeaderField) {
        fields.append(field)
        let name = Int(field.name.rawValue)
        if first[name] == 0 { first[name] = UInt8(fields.count) }
    }

    subscript(name: HeaderName) -> HeaderField? {
        let place = first[Int(name.rawValue)]
        return place == 0 ? nil : fields[Int(place) - 1]
    }

    /// Refuses a name that may stand once and has stood already, before its value is looked at.
    func refuseRepetition(
        of name: HeaderName, _ range: Range<Int>, in bytes: borrowing Span<UInt8>
    ) throws(WireError) {
        switch name.repetition {
        case .allowed: return
        case .never:
            if first[Int(name.rawValue)] == 0 { return }
        case .neverByFullName:
            if !holdsSameName(name, range, in: bytes) { return }
        }
        throw WireError(.headerRepeated, at: range.upperBound, in: name)
    }

    private func holdsSameName(_ name: HeaderName, _ range: Range<Int>, in bytes: borrowing Span<UInt8>) -> Bool {
        if first[Int(name.rawValue)] == 0 { return false }
        for field in fields where field.name == name && field.nameRange.count == range.count {
            let earlier = field.nameRange.lowerBound
            var same = true
            for index in 0..<range.count
            where bytes[earlier + index].lowercasedASCII != bytes[range.lowerBound + index].lowercasedASCII {
                same = false
                break
            }
            if same { return true }
        }
        return false
    }
}
