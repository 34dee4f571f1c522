// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@Suite("No rule is only written down")
struct RuleTests {
    @Test("some vector breaks each rule", arguments: WireRule.allCases)
    func covered(_ rule: WireRule) {
        #expect(RuleTests.broken.contains(rule.rawValue))
    }

    private static let broken: Set<String> = {
        let files = [
            "request-head", "chunked-body", "host", "browser", "handshake", "handshake-answer", "frames", "mirrored",
            "media-types", "lines", "events", "proxy-head", "proxy-answer", "socks", "dns",
        ]
        let words = files.flatMap { Vector.load($0) }.compactMap { $0.expect.split(separator: " ").first }
        return Set(words.map(String.init))
    }()

    @Test("each name of a header is read as that name, in any letter case", arguments: HeaderName.allCases)
    func headerNames(_ name: HeaderName) throws {
        let isFamily = name.text.hasSuffix("-")
        for text in [name.text, name.text.uppercased()] {
            let line = name == .other ? "x-unknown" : text + (isFamily ? "zzz" : "")
            let value = ["upgrade": "websocket", "expect": "100-continue", "content-length": "1"][name.text]
            let bytes = Array("GET / HTTP/1.1\r\n\(line): \(value ?? "chunked")\r\nHost: a\r\n\r\n".utf8)
            var reader = RequestHeadReader()
            let refused = refusal { () throws(WireError) in _ = try reader.read(bytes.span) }
            // The second Host is refused, all others are found under their name.
            if name == .host {
                #expect(refused == "header-repeated 400")
            } else {
                #expect(refused == nil)
                #expect(reader.head.fields.first?.name == name)
                #expect(reader.head.field(name) != nil)
            }
        }
    }
}
