// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@Suite("The server name is found in whatever a client says first, or what was said has a name of its own")
struct ClientHelloTests {
    @Test("each beginning ends as it says", arguments: Vector.load("client-hello"))
    func vector(_ vector: Vector) {
        #expect(text(vector.bytes, []) == vector.expect)
    }

    @Test("how the bytes are cut makes no difference", arguments: Vector.load("client-hello"))
    func cuts(_ vector: Vector) {
        #expect(text(vector.bytes, Array(0..<vector.bytes.count)) == vector.expect)
        if vector.bytes.count > 2500 { return }
        for cut in 0..<vector.bytes.count { #expect(text(vector.bytes, [cut]) == vector.expect) }
    }

    @Test("nothing is known of a hello before it has ended", arguments: Vector.load("client-hello"))
    func early(_ vector: Vector) {
        if vector.expect.hasPrefix("malformed") || vector.expect == "not-tls" || vector.bytes.count > 2500 { return }
        var known = false
        for count in 0...vector.bytes.count {
            let verdict = text(Array(vector.bytes.prefix(count)), [])
            known = known || verdict != "need-more"
            #expect(verdict == (known ? vector.expect : "need-more"))
        }
        #expect(known == (vector.expect != "need-more"))
    }

    @Test("a hello in two segments, as those with post-quantum keys come")
    func segments() throws {
        let hello = try #require(Vector.load("client-hello").first { $0.bytes.count > 1700 })
        #expect(text(hello.bytes, [1460]) == "encrypted www.example.com")
        #expect(text(Array(hello.bytes.prefix(1460)), []) == "need-more")
    }

    @Test("no single changed byte of a hello traps or is read in two ways", arguments: Vector.load("client-hello"))
    func mutations(_ vector: Vector) {
        if vector.bytes.count > 700 { return }
        var verdicts: Set<String> = []
        for place in 0..<vector.bytes.count {
            for byte in [0, 1, 3, 22, 32, 64, 128, 255] as [UInt8] {
                var bytes = vector.bytes
                bytes[place] = byte
                let whole = text(bytes, [])
                #expect(text(bytes, [place, place + 1]) == whole)
                verdicts.insert(whole)
            }
        }
        // The meter: of what is TLS, some bytes matter.
        #expect(verdicts.count > 1 || vector.bytes.isEmpty || vector.expect == "not-tls")
    }
}

/// What a reader says in the end, fed in pieces.
private func text(_ bytes: [UInt8], _ cuts: [Int]) -> String {
    var reader = ClientHelloReader()
    var verdict = ServerNameVerdict.needMore
    for end in cuts + [bytes.count] {
        let next = reader.read(bytes.span.extracting(0..<end))
        #expect(verdict == .needMore || next == verdict)
        verdict = next
    }
    switch verdict {
    case .needMore: return "need-more"
    case .name(let name): return "name " + name.text
    case .none: return "none"
    case .encrypted(let outer): return outer.map { "encrypted " + $0.text } ?? "encrypted"
    case .notTLS: return "not-tls"
    case .malformed: return "malformed"
    }
}
