// SPDX-License-Identifier: Apache-2.0

/// Where a byte stands for somebody who has the text open in an editor. Both numbers begin at 1.
package struct TextPosition: Equatable, Sendable {
    package let line: Int
    /// In bytes, not characters: the same in every editor that can go to a byte, whatever the text is made of.
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// The position of `offset`; an offset behind the last byte counts as the place just behind it.
///
/// A line ends with LF, or with a CR that no LF follows.
package func position(of offset: Int, in source: borrowing Span<UInt8>) -> TextPosition {
    let end = min(max(offset, 0), source.count)
    var line = 1
    var start = 0
    for at in 0..<end where source[at] == 0x0A || (source[at] == 0x0D && byte(source, at + 1) != 0x0A) {
        line += 1
        start = at + 1
    }
    return TextPosition(line: line, column: end - start + 1)
}
