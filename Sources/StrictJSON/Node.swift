// SPDX-License-Identifier: Apache-2.0

package enum JSONKind: UInt8, Sendable {
    case null, bool, number, string, array, object
}

/// One value or key of one ``JSONTree``: an index, worth nothing for another tree or after that tree was read into again.
package struct JSONNode: Hashable, Sendable {
    let index: UInt32

    @inline(__always)
    init(_ index: Int) { self.index = UInt32(truncatingIfNeeded: index) }

    /// The whole document.
    package static let root = JSONNode(0)
}

/// Sixteen bytes of the tape.
///
/// Values stand in document order, a container before its content, each member's key directly before its value.
struct TapeEntry: Sendable {
    /// Offset of the token's first byte in the source.
    var start: UInt32
    /// Strings: unescaped bytes, which begin at `start + 1`. Numbers: bytes as written. Containers: elements or members.
    var count: UInt32
    /// Containers: the index behind the last entry inside (while open: the enclosing container). Keys: ``fingerprint``.
    var link: UInt32
    var tag: Tag

    /// The kind in the low three bits, then what the reader learnt in passing.
    struct Tag: Sendable, Equatable {
        var bits: UInt32

        static let null = Tag(.null)
        static let string = Tag(.string)
        static let number = Tag(.number)
        static let array = Tag(.array)
        static let object = Tag(.object)
        static let no = Tag(.bool)
        static let yes = Tag(.bool, 8)
        /// Digits with an optional minus, not `-0`.
        static let integer = Tag(.number, 8)
        /// No byte needs an escape in canonical text.
        static let plainString = Tag(.string, 8)

        private init(_ kind: JSONKind, _ flag: UInt32 = 0) { bits = UInt32(kind.rawValue) | flag }

        @inline(__always)
        var kind: JSONKind { JSONKind(rawValue: UInt8(truncatingIfNeeded: bits & 7)) ?? .null }
    }

    @inline(__always)
    var isContainer: Bool { tag.bits & 7 >= UInt32(JSONKind.array.rawValue) }

    /// Where the bytes of a scalar lie in the tree's text; a string begins behind its quote.
    @inline(__always)
    var content: Range<Int> {
        let first = Int(start) &+ (tag.kind == .string ? 1 : 0)
        return first..<first &+ Int(count)
    }

    @inline(__always)
    init(_ tag: Tag, start: Int, count: Int = 0, link: Int = 0) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.count = UInt32(truncatingIfNeeded: count)
        self.link = UInt32(truncatingIfNeeded: link)
        self.tag = tag
    }
}
