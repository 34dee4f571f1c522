// SPDX-License-Identifier: Apache-2.0

/// A frame that does not say what its kind must say. Never negotiated: the receiver ends the room that sent it.
package enum FrameError: Error, Equatable, Sendable {
    case versionUnknown(UInt8)
    case kindUnknown(UInt8)
    /// The frame ends inside a field.
    case truncated
    /// Bytes are left behind the last field.
    case trailing
    /// A field holds a value that its type does not have.
    case invalid(StaticString)
    /// The frame, or the sum of its parts, is larger than its kind may be.
    case tooLarge(kind: UInt8, bytes: Int)
    /// Descriptors came with a frame that may not carry them, or in another number.
    case descriptors(kind: UInt8, count: Int)
    /// A part of a long frame that does not continue the part before it.
    case partMisplaced

    package static func == (left: FrameError, right: FrameError) -> Bool {
        switch (left, right) {
        case (.versionUnknown(let a), .versionUnknown(let b)), (.kindUnknown(let a), .kindUnknown(let b)): a == b
        case (.truncated, .truncated), (.trailing, .trailing), (.partMisplaced, .partMisplaced): true
        case (.invalid(let a), .invalid(let b)): a.description == b.description
        case (.tooLarge(let a, let m), .tooLarge(let b, let n)): a == b && m == n
        case (.descriptors(let a, let m), .descriptors(let b, let n)): a == b && m == n
        case (.versionUnknown, _), (.kindUnknown, _), (.truncated, _), (.trailing, _), (.invalid, _), (.tooLarge, _),
            (.descriptors, _), (.partMisplaced, _):
            false
        }
    }
}

/// The form of every frame on every door.
///
/// `version u8 · kind u8 · part u8 (1: more parts follow) · 0 u8 · length u32 · fields`, integers little-endian.
/// A packet holds one or more whole frames; a frame with descriptors travels alone.
package enum FrameForm {
    package static let version: UInt8 = 1
    package static let headerBytes = 8
    /// A packet on a SOCK_SEQPACKET pair: small enough to fit any socket buffer, large enough to batch (house A7).
    package static let maxPacketBytes = 65_536
    /// Fields of one part.
    package static let maxPartBytes = maxPacketBytes - headerBytes
    /// Descriptors with one frame.
    package static let maxDescriptors = 8
}

/// Composes frames one behind the other.
package struct FrameWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var start = 0

    package init() {}

    package mutating func begin(_ kind: UInt8) {
        start = bytes.count
        bytes.append(FrameForm.version)
        bytes.append(kind)
        bytes.append(0)
        bytes.append(0)
        u32(0)
    }

    package mutating func end() {
        let length = UInt32(bytes.count - start - FrameForm.headerBytes)
        for index in 0..<4 { bytes[start + 4 + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))) }
    }

    package mutating func u8(_ value: UInt8) { bytes.append(value) }
    package mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    package mutating func u16(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    }

    package mutating func u32(_ value: UInt32) {
        u16(UInt16(truncatingIfNeeded: value))
        u16(UInt16(truncatingIfNeeded: value >> 16))
    }

    package mutating func u64(_ value: UInt64) {
        u32(UInt32(truncatingIfNeeded: value))
        u32(UInt32(truncatingIfNeeded: value >> 32))
    }

    package mutating func data(_ value: [UInt8]) {
        u32(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func list<Element>(_ values: [Element], _ write: (inout FrameWriter, Element) -> Void) {
        u32(UInt32(values.count))
        for value in values { write(&self, value) }
    }

    /// What a packet or two need; the room that a large message took is given back.
    private static let keptBytes = 2 * FrameForm.maxPacketBytes

    /// Takes what was composed and keeps the allocation for the next packet.
    package mutating func removeAll() {
        if bytes.capacity > Self.keptBytes { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
    }
}

/// Reads the fields of one frame, front to back.
package struct FrameReader: Sendable {
    private let bytes: [UInt8]
    private var next: Int
    private let end: Int

    package init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        next = range.lowerBound
        end = range.upperBound
    }

    package mutating func u8() throws(FrameError) -> UInt8 {
        guard next < end else { throw .truncated }
        defer { next += 1 }
        return bytes[next]
    }

    package mutating func flag(_ name: StaticString) throws(FrameError) -> Bool {
        let value = try u8()
        guard value <= 1 else { throw .invalid(name) }
        return value == 1
    }

    package mutating func u16() throws(FrameError) -> UInt16 { UInt16(try u8()) | UInt16(try u8()) << 8 }
    package mutating func u32() throws(FrameError) -> UInt32 { UInt32(try u16()) | UInt32(try u16()) << 16 }
    package mutating func u64() throws(FrameError) -> UInt64 { UInt64(try u32()) | UInt64(try u32()) << 32 }

    /// - Parameter limit: bytes that this field may hold at most.
    package mutating func data(atMost limit: Int, _ name: StaticString) throws(FrameError) -> [UInt8] {
        let count = Int(try u32())
        guard count <= limit else { throw .invalid(name) }
        guard count <= end - next else { throw .truncated }
        defer { next += count }
        return Array(bytes[next..<(next + count)])
    }

    package mutating func list<Element>(
        atMost limit: Int, _ name: StaticString, _ read: (inout FrameReader) throws(FrameError) -> Element
    ) throws(FrameError) -> [Element] {
        let count = Int(try u32())
        guard count <= limit else { throw .invalid(name) }
        var values: [Element] = []
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }

    /// Nothing may be left.
    package func finish() throws(FrameError) {
        guard next == end else { throw .trailing }
    }
}
