// SPDX-License-Identifier: Apache-2.0

extension Span where Element == UInt8 {
    /// Whether these are exactly the UTF-8 bytes of a text of ours.
    @inline(__always)
    package borrowing func matches(_ text: String) -> Bool {
        let wanted = text.utf8.span
        guard count == wanted.count else { return false }
        for index in wanted.indices where self[index] != wanted[index] { return false }
        return true
    }
}
