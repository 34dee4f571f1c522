// SPDX-License-Identifier: Apache-2.0

extension JSONTree {
    /// A value of this tree in canonical form.
    package func canonical(_ node: JSONNode) -> CanonicalJSON {
        var writer = JSONWriter()
        writer.value(self, node)
        return writer.finish()
    }
}

/// Values that stand alone, for edits and answers.
extension CanonicalJSON {
    package static let null = make { $0.null() }
    package static let emptyObject = make {
        $0.beginObject()
        $0.endObject()
    }
    package static let emptyArray = make {
        $0.beginArray()
        $0.endArray()
    }

    package static func bool(_ value: Bool) -> CanonicalJSON { make { $0.bool(value) } }
    package static func integer(_ number: Int64) -> CanonicalJSON { make { $0.integer(number) } }
    package static func string(_ text: [UInt8]) -> CanonicalJSON { make { $0.string(text) } }
    package static func string(_ text: String) -> CanonicalJSON { make { $0.string(text) } }

    private static func make(_ write: (inout JSONWriter) -> Void) -> CanonicalJSON {
        var writer = JSONWriter()
        write(&writer)
        return writer.finish()
    }

    /// The same value in ASCII alone, every other character as `\u` escapes: for logs and terminals, where a character
    /// that looks like another or turns the reading direction could mislead. No longer canonical.
    package var ascii: [UInt8] {
        let source = bytes.span
        // At worst two bytes become six.
        var result = [UInt8](repeating: 0, count: 3 * source.count)
        var target = result.mutableSpan
        var from = 0
        var at = 0
        while from < source.count {
            let next = source[from]
            guard next >= 0x80 else {
                put(next, in: &target, at: &at)
                from += 1
                continue
            }
            let found = sequence(in: word(source, from))
            if found.scalar < 0x1_0000 {
                putHexEscape(found.scalar, in: &target, at: &at)
            } else {
                putHexEscape(0xD800 + (found.scalar - 0x1_0000) >> 10, in: &target, at: &at)
                putHexEscape(0xDC00 + found.scalar & 0x3FF, in: &target, at: &at)
            }
            from += found.length
        }
        result.removeLast(result.count - at)
        return result
    }
}
