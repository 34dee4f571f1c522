// SPDX-License-Identifier: Apache-2.0
internal import JSONReference
internal import StrictJSON
internal import Testing

/// Valid messages of each kind that passes through.
private let messages = [
    #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"0.1.0"}}}"#,
    #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    #"{"jsonrpc":"2.0","id":"a\u002d1","method":"tools/call","params":{"name":"add","arguments":{"a":-1.5e3,"b":[true,false,null,"\ud83d\ude00é"]},"_meta":{"progressToken":7}}}"#,
    #"{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"add","inputSchema":{"type":"object","properties":{"a":{"type":"number"}},"required":["a"]}}]}}"#,
    #"{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no such \"method\"\n","data":{}}}"#,
    #" [ 9007199254740991 , -0 , 0.10 , "\u0000\u001f\u007f\u2028" , [ ] , { } , [ [ [ ] ] ] ] "#,
]

/// The tree of a document; nil if the reader refuses it.
private func accepted(_ document: [UInt8]) -> JSONTree? {
    do throws(JSONError) {
        return try read(document)
    } catch {
        return nil
    }
}

/// Why a document that the reader accepted is not one and the same before and after a round trip; nil if it is.
private func brokenRoundTrip(_ document: [UInt8]) -> String? {
    guard let tree = accepted(document) else { return nil }
    let json = tree.canonical(.root)
    guard !json.bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
        return "control byte in \(string(json.bytes))"
    }
    do throws(JSONError) {
        let again = try read(json.bytes)
        guard again.canonical(.root) == json else { return "\(string(json.bytes)) changes when it is read again" }
        guard tree.same(.root, in: again, .root) else { return "\(string(json.bytes)) is another value" }
        return nil
    } catch {
        return "\(string(json.bytes)) is refused: \(error)"
    }
}

/// In what the reader and the reference differ about a document; nil if in nothing.
private func disagreement(_ document: [UInt8]) -> String? {
    let actual = accepted(document)?.canonical(.root).bytes
    let expected = referenceCanonical(document)
    guard actual != expected else { return nil }
    return "\(string(document)): \(actual.map(string) ?? "refused"), reference \(expected.map(string) ?? "refused")"
}

/// A document that uses everything the grammar has.
private func anyDocument(_ draw: inout Draw, depth: Int = 0) -> String {
    let space = ["", "", "", " ", "\n", "\t \r\n"][Int.random(in: 0..<6, using: &draw)]
    func text() -> String {
        let pieces = [
            "a", "key", " ", "\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\ud83d\\ude00", "é", "\u{2028}", "\u{7F}", "漢字",
            "😀", "\\u0085", "plain ascii text",
        ]
        return "\""
            + (0..<Int.random(in: 0..<6, using: &draw)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &draw)]
            }.joined() + "\""
    }
    let value: String
    switch Int.random(in: 0..<(depth > 5 ? 5 : 9), using: &draw) {
    case 0: value = ["true", "false", "null"][Int.random(in: 0..<3, using: &draw)]
    case 1: value = String(Int.random(in: -9_007_199_254_740_991...9_007_199_254_740_991, using: &draw))
    case 2:
        value =
            ["-0", "0.0", "1e10", "-1.50E-7", "1e-400", "1.7976931348623157e308"][Int.random(in: 0..<6, using: &draw)]
    case 3, 4: value = text()
    case 5, 6:
        value =
            "["
            + (0..<Int.random(in: 0..<5, using: &draw)).map { _ in anyDocument(&draw, depth: depth + 1) }.joined(
                separator: ",") + "]"
    default:
        let members = (0..<Int.random(in: 0..<24, using: &draw)).map { number in
            "\(space)\"\(number)" + text().dropFirst() + "\(space):" + anyDocument(&draw, depth: depth + 2)
        }
        value = "{" + members.shuffled(using: &draw).joined(separator: ",") + space + "}"
    }
    return space + value + space
}

@Suite("What is accepted means one thing")
struct PropertyTests {
    @Test("every prefix of a message is refused", arguments: messages)
    func prefixes(_ message: String) {
        let bytes = Array(message.utf8)
        #expect(refusal(of: bytes) == nil)
        let last = bytes.lastIndex { $0 != 0x20 } ?? 0
        for count in 0...last {
            #expect(refusal(of: Array(bytes[..<count])) != nil, "\(string(Array(bytes[..<count])))")
        }
    }

    @Test("a changed, missing or doubled byte in any place is judged as by the reference", arguments: messages)
    func mutations(_ message: String) {
        // Bytes that the grammar treats in a way of their own: the reference is slow.
        let telling = Array("\0\n \"\\{[,:-.0e".utf8) + [0x7F, 0x80, 0xC3, 0xED]
        let bytes = Array(message.utf8)
        for place in bytes.indices {
            var documents = telling.map { byte in
                var changed = bytes
                changed[place] = byte
                return changed
            }
            documents.append(Array(bytes[..<place]) + Array(bytes[(place + 1)...]))
            documents.append(Array(bytes[...place]) + Array(bytes[place...]))
            let faults = documents.compactMap(disagreement)
            #expect(faults.isEmpty)
        }
    }

    @Test("any byte in any place: refused, or read, written and read again as the same", arguments: messages.suffix(2))
    func bytes(_ message: String) {
        var changed = Array(message.utf8)
        for place in changed.indices {
            let kept = changed[place]
            for byte in UInt8.min...UInt8.max {
                changed[place] = byte
                #expect(brokenRoundTrip(changed) == nil)
            }
            changed[place] = kept
        }
    }

    @Test("documents of all shapes come back as themselves", arguments: 0..<8)
    func documents(_ seed: Int) throws {
        var draw = Draw(UInt64(seed))
        var longest = 0
        for _ in 0..<40 {
            let document = anyDocument(&draw)
            longest = max(longest, document.utf8.count)
            #expect(refusal(of: document) == nil, "\(document)")
            #expect(brokenRoundTrip(Array(document.utf8)) == nil)
            #expect(disagreement(Array(document.utf8)) == nil)
        }
        #expect(longest > 1000)
    }

    @Test("one tree for all documents gives what a new tree for each gives")
    func reuse() throws {
        var draw = Draw(99)
        var reader = JSONReader(limits: .message)
        var tree = JSONTree()
        var writer = JSONWriter()
        for number in 0..<300 {
            var document = Array(anyDocument(&draw).utf8)
            if number % 3 == 0 { document[Int.random(in: document.indices, using: &draw)] = 0x22 }
            let fresh = accepted(document)
            let outcome = Result { () throws(JSONError) in try reader.read(document.span, into: &tree) }
            switch (outcome, fresh) {
            case (.success, .some(let fresh)):
                writer.reset()
                writer.value(tree, .root)
                #expect(writer.bytes == fresh.canonical(.root).bytes)
            case (.failure, nil): #expect(tree.kind(.root) == .null)
            default: Issue.record("read once and refused once: \(string(document))")
            }
        }
    }

    @Test("an independent reader decides every vector in the same way", arguments: vectors(named: "grammar.txt"))
    func reference(_ vector: Vector) {
        #expect(disagreement(vector.document) == nil)
    }

    @Test("the round trip itself can fail")
    func meter() {
        #expect(brokenRoundTrip(Array("[1.0]".utf8)) == nil)
        // Another value, in a text that its own round trip keeps.
        guard let one = try? read("[1.0]"), let other = try? read("[1]") else { return #expect(Bool(false)) }
        #expect(!one.same(.root, in: other, .root) && one.canonical(.root) != other.canonical(.root))
    }
}
