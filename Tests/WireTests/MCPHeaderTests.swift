// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@Suite("A mirrored header can only contradict the body")
struct MirroredValueTests {
    @Test("each value ends as it says", arguments: Vector.load("mirrored"))
    func values(_ vector: Vector) {
        let bytes = vector.bytes
        var outcome = "same"
        do throws(WireError) {
            var isSame = true
            if let text = vector["text"] {
                isSame = try MirroredValue.matches(bytes.span, 0..<bytes.count, text: Array(text.utf8))
            }
            if let number = vector.bytes("number").first {
                isSame = try MirroredValue.matches(bytes.span, 0..<bytes.count, number: number)
            }
            if !isSame { outcome = "differs" }
        } catch {
            outcome = refusalText(error)
        }
        #expect(outcome == vector.expect)
    }

    @Test("a declared parameter name is a token of bounded length")
    func names() {
        for good in ["a", "Region", "x-1", "a.b_c~", String(repeating: "n", count: 128)] {
            let bytes = Array(good.utf8)
            let isName = MirroredValue.isParameterName(bytes.span)
            #expect(isName)
        }
        for bad in ["", "a b", "a:b", "ä", "a\n", "(a)", String(repeating: "n", count: 129)] {
            let bytes = Array(bad.utf8)
            let isName = MirroredValue.isParameterName(bytes.span)
            #expect(!isName)
        }
    }
}

@Suite("A body is JSON by name or not at all")
struct MediaTypeTests {
    @Test("each head ends as it says", arguments: Vector.load("media-types"))
    func types(_ vector: Vector) throws {
        let head = try head(with: vector.bytes)
        let refused = refusal { () throws(WireError) in
            try MediaTypes.checkJSON(head)
            try MediaTypes.checkAccept(head)
        }
        #expect(refused ?? "accept" == vector.expect)
    }

    @Test("a stream alone can be asked for")
    func stream() throws {
        let head = try head(with: Array("Accept: text/event-stream\r\n".utf8))
        #expect(MediaTypes.accepted(head) == .eventStream)
        #expect(refusal { () throws(WireError) in try MediaTypes.checkAccept(head, .eventStream) } == nil)
    }
}
