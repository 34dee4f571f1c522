// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON
internal import Testing

/// One line of a file in `vectors`, with the `expect:` it stands under.
struct Vector: CustomTestStringConvertible {
    var expectation: String
    var line: Int
    /// The line as it stands in the file.
    var source: String
    var document: [UInt8]
    /// Behind ` => `, where the expectation has such.
    var result: [UInt8]?

    var testDescription: String { "\(line): \(source)" }
}

/// The vectors in `text`. An empty line directly under an `expect:` is a document without bytes.
func vectors(in text: [UInt8]) -> [Vector] {
    var expectation = ""
    var isFirst = false
    var found: [Vector] = []
    for (index, bytes) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
        let line = string(Array(bytes))
        if line.hasPrefix("expect: ") {
            expectation = String(line.dropFirst("expect: ".count))
            isFirst = true
            continue
        }
        defer { isFirst = false }
        if line.hasPrefix("#") && line.hasPrefix("# ") || (line.isEmpty && !(isFirst && expectation == "empty")) {
            continue
        }
        let parts = split(Array(bytes), at: Array(" => ".utf8))
        found.append(
            Vector(
                expectation: expectation, line: index + 1, source: line, document: decoded(parts.0),
                result: parts.1.map(decoded)))
    }
    return found
}

func vectors(named name: String) -> [Vector] {
    vectors(in: contents(of: Place.tests + "/vectors/" + name) ?? [])
}

/// Replaces `%NN` by the byte.
private func decoded(_ text: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    var at = 0
    while at < text.count {
        if text[at] == 0x25, at + 2 < text.count, let byte = UInt8(string(Array(text[(at + 1)...(at + 2)])), radix: 16)
        {
            bytes.append(byte)
            at += 3
        } else {
            bytes.append(text[at])
            at += 1
        }
    }
    return bytes
}

private func split(_ text: [UInt8], at separator: [UInt8]) -> ([UInt8], [UInt8]?) {
    guard text.count >= separator.count else { return (text, nil) }
    for at in 0...(text.count - separator.count) where Array(text[at..<(at + separator.count)]) == separator {
        return (Array(text[..<at]), Array(text[(at + separator.count)...]))
    }
    return (text, nil)
}
