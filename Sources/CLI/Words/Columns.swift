// SPDX-License-Identifier: Apache-2.0

/// A table that fits the terminal: the widest columns are wrapped, nothing is cut off.
struct Columns {
    private let head: [String]
    private var rows: [[Cell]] = []

    struct Cell {
        let text: String
        let style: Console.Style?

        init(_ text: String, _ style: Console.Style? = nil) {
            self.text = text
            self.style = style
        }
    }

    init(_ head: String...) { self.head = head }

    var isEmpty: Bool { rows.isEmpty }

    /// - Precondition: as many cells as there are in the head.
    mutating func add(_ cells: Cell...) {
        precondition(cells.count == head.count, "a row has as many cells as the head")
        rows.append(cells)
    }

    mutating func add(cells: [Cell]) {
        precondition(cells.count == head.count, "a row has as many cells as the head")
        rows.append(cells)
    }

    func print(to console: Console, indent: Int = 0) {
        let widths = fitted(to: (console.output.columns ?? Int.max / 2) - indent)
        let margin = String(repeating: " ", count: indent)
        for line in lines(head.map { Cell($0, .dim) }, widths, console.output) { console.print(margin + line) }
        for row in rows {
            for line in lines(row, widths, console.output) { console.print(margin + line) }
        }
    }

    private static let gap = 2
    /// No column is made narrower: a line of a few letters each is not readable.
    private static let leastWidth = 12

    private func fitted(to room: Int) -> [Int] {
        var widths = head.indices.map { column in
            max(TextWidth.of(head[column]), rows.map { TextWidth.of($0[column].text) }.max() ?? 0)
        }
        var over = widths.reduce(0, +) + (widths.count - 1) * Self.gap - room
        while over > 0 {
            guard let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > Self.leastWidth
            else {
                break
            }
            // Down to the next widest, or as far as is needed.
            let next = widths.filter { $0 < widths[widest] }.max() ?? Self.leastWidth
            let step = min(over, max(1, widths[widest] - max(next, Self.leastWidth)))
            widths[widest] -= step
            over -= step
        }
        return widths
    }

    private func lines(_ cells: [Cell], _ widths: [Int], _ sink: Console.Sink) -> [String] {
        let wrapped = cells.indices.map { Wrapping.lines(cells[$0].text, width: widths[$0]) }
        let count = wrapped.map(\.count).max() ?? 0
        return (0..<count).map { line in
            var text = ""
            // Spaces behind the last text of a line are never written.
            var owed = 0
            for column in cells.indices {
                let part = line < wrapped[column].count ? wrapped[column][line] : ""
                if !part.isEmpty {
                    text += String(repeating: " ", count: owed)
                    text += cells[column].style.map { sink.styled(part, $0) } ?? part
                    owed = 0
                }
                owed += widths[column] - TextWidth.of(part) + Self.gap
            }
            return text
        }
    }
}

/// Breaks text into lines at spaces, and inside words that are longer than a line.
enum Wrapping {
    static func lines(_ text: String, width: Int) -> [String] {
        guard TextWidth.of(text) > width, width > 0 else { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            var word = String(word)
            if !line.isEmpty, TextWidth.of(line) + 1 + TextWidth.of(word) <= width {
                line += " " + word
                continue
            }
            if !line.isEmpty { lines.append(line) }
            while TextWidth.of(word) > width {
                let (front, rest) = cut(word, width)
                lines.append(front)
                word = rest
            }
            line = word
        }
        lines.append(line)
        return lines
    }

    private static func cut(_ word: String, _ width: Int) -> (String, String) {
        var front = ""
        var used = 0
        var rest = Substring(word)
        while let next = rest.first {
            let size = TextWidth.of(String(next))
            // At least one character goes, however wide it is.
            if used + size > width, !front.isEmpty { break }
            front.append(next)
            used += size
            rest = rest.dropFirst()
        }
        return (front, String(rest))
    }
}

/// How many columns text takes. An estimate: terminals differ about rare characters.
enum TextWidth {
    static func of(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
