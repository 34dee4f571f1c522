// SPDX-License-Identifier: Apache-2.0

// A reader that ignores letter case (Go's, many of .NET and Java) sees a protocol key where a strict one sees another
// key. Such keys are refused, so the question is which keys somebody's reader may fold onto one of ours.

/// Whether `key` is not `protocolKey`, yet becomes it when letter case is ignored. `protocolKey` is ASCII.
package func foldsOnto(_ key: [UInt8], _ protocolKey: StaticString) -> Bool {
    foldsOnto(key.span, protocolKey.description.utf8.span)
}

/// As the variant above, for literals.
package func foldsOnto(_ key: [UInt8], _ protocolKey: String) -> Bool { foldsOnto(key.span, protocolKey.utf8.span) }

package func foldsOnto(_ key: borrowing Span<UInt8>, _ protocolKey: StaticString) -> Bool {
    foldsOnto(key, protocolKey.description.utf8.span)
}

/// As the variant above, for literals.
package func foldsOnto(_ key: borrowing Span<UInt8>, _ protocolKey: String) -> Bool {
    foldsOnto(key, protocolKey.utf8.span)
}

private func foldsOnto(_ key: borrowing Span<UInt8>, _ protocolKey: borrowing Span<UInt8>) -> Bool {
    // Folding makes a key shorter or leaves its length.
    guard key.count >= protocolKey.count && !equalBytes(key, protocolKey) else { return false }
    var at = 0
    for place in protocolKey.indices {
        let folded = foldedByte(key, &at)
        guard folded == lowered(protocolKey[place]) else { return false }
    }
    return at == key.count
}

/// The ASCII byte that the character at `at` folds onto, or 0; steps over the character.
///
/// These are all characters outside ASCII whose simple case folding (Unicode 16, CaseFolding.txt, C and S) is an ASCII
/// letter: U+017F and U+212A. U+0130 and U+0131 fold onto themselves, but their simple lower and upper case mappings
/// are i and I, which is what Java's `equalsIgnoreCase` compares, so they count as well.
func foldedByte(_ key: borrowing Span<UInt8>, _ at: inout Int) -> UInt8 {
    let first = byte(key, at)
    guard first >= 0x80 else {
        at += 1
        return lowered(first)
    }
    let found = sequence(in: word(key, at))
    at += max(found.length, 1)
    switch found.scalar {
    case 0x017F: return 0x73
    case 0x212A: return 0x6B
    case 0x0130, 0x0131: return 0x69
    default: return 0
    }
}

private func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
