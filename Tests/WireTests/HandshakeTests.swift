// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Wire

@Suite("A handshake is accepted or refused as a whole")
struct HandshakeTests {
    @Test("each handshake ends as it says", arguments: Vector.load("handshake"))
    func server(_ vector: Vector) throws {
        var reader = RequestHeadReader()
        _ = try reader.read(vector.bytes.span)
        var output: [UInt8] = []
        let refused = refusal { () throws(WireError) in
            let key = try Handshake.check(reader.head)
            Handshake.appendAcceptance(of: key, in: reader.head, to: &output)
        }
        if let refused {
            #expect(refused == vector.expect)
        } else {
            let expected = try #require(vector.expect.split(separator: " ").last)
            #expect(vector.expect.hasPrefix("accept"))
            #expect(
                output.text == """
                    HTTP/1.1 101 Switching Protocols\r
                    Cache-Control: no-store\r
                    X-Content-Type-Options: nosniff\r
                    Upgrade: websocket\r
                    Connection: Upgrade\r
                    Sec-WebSocket-Protocol: mcp\r
                    Sec-WebSocket-Accept: \(expected)\r
                    \r

                    """)
        }
    }

    @Test("each answer ends as it says, however it is cut", arguments: Vector.load("handshake-answer"))
    func client(_ vector: Vector) throws {
        let handshake = try #require(ClientHandshake(nonce: Array("the sample nonce".utf8)))
        for step in [1, 7, vector.bytes.count] {
            var reader = ResponseHeadReader()
            let refused = refusal { () throws(WireError) in
                var end = 0
                while end < vector.bytes.count {
                    end = min(end + step, vector.bytes.count)
                    if case .complete(let length) = try reader.read(vector.bytes.span.extracting(0..<end)) {
                        #expect(length == vector.bytes.count)
                    }
                }
                try handshake.check(reader.head)
            }
            #expect(refused ?? "accept" == vector.expect)
        }
    }

    @Test("our client and our server agree")
    func both() throws {
        let handshake = try #require(ClientHandshake(nonce: (0..<16).map { $0 &* 31 }))
        var request: [UInt8] = []
        handshake.appendRequest(
            path: try #require(FieldValue("/ws/files")), host: try #require(FieldValue("localhost")),
            authorization: FieldValue("Bearer abc"), to: &request)
        var reader = RequestHeadReader()
        #expect(try reader.read(request.span) == .complete(length: request.count))
        #expect(reader.head.copy(reader.head.path).text == "/ws/files")
        #expect(Bearer(reader.head) != .missing)
        var answer: [UInt8] = []
        Handshake.appendAcceptance(of: try Handshake.check(reader.head), in: reader.head, to: &answer)
        var answers = ResponseHeadReader()
        #expect(try answers.read(answer.span) == .complete(length: answer.count))
        try handshake.check(answers.head)
        #expect(ClientHandshake(nonce: [1]) == nil)
    }

    @Test("the arithmetic is SHA-1 and base64, by the examples of their RFCs")
    func arithmetic() {
        func digest(_ text: String) -> String {
            SHA1.digest(Array(text.utf8)).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
        }
        #expect(digest("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        #expect(digest("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        #expect(digest(String(repeating: "a", count: 1_000_000)) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
        for (plain, encoded) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            var output: [UInt8] = []
            Base64.append(Array(plain.utf8).span, to: &output)
            #expect(output.text == encoded)
            #expect(Base64.decode(output.span, 0..<output.count) == Array(plain.utf8))
        }
    }

    @Test("every byte survives base64, and only one text means it")
    func canonical() {
        for count in 0...5 {
            for byte in UInt8.min...UInt8.max {
                let plain = [UInt8](repeating: byte, count: count)
                var text: [UInt8] = []
                Base64.append(plain.span, to: &text)
                #expect(Base64.decode(text.span, 0..<text.count) == plain)
                for place in text.indices {
                    var other = text
                    other[place] = other[place] == 65 ? 66 : 65
                    #expect(Base64.decode(other.span, 0..<other.count) != plain)
                }
            }
        }
    }
}
