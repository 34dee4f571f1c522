// SPDX-License-Identifier: Apache-2.0
import Audit
import Crypto
import Testing

@Suite("Nothing from outside brings a credential, or the whole of itself, into a record")
struct RedactionTests {
    private let token = "dwt_Qm9iJ3Mgc2VjcmV0-tokenWith_everyKind0123456"

    private func text(_ text: String, limit: Int = 1000) -> String {
        String(decoding: Redaction.text(Array(text.utf8), limit: limit), as: UTF8.self)
    }

    private func path(_ text: String, limit: Int = 1000) -> String {
        String(decoding: Redaction.path(Array(text.utf8), limit: limit), as: UTF8.self)
    }

    @Test("the meter: the token in these tests has the shape, and text without one stays as it is")
    func meter() {
        #expect(token.utf8.count == 47)
        for harmless in [
            "", "dwt_", "dwt_short", "a dwt_ b", "/mcp/files", "Mozilla/5.0 (X11; Linux x86_64)", "ZHd0X3",
        ] {
            #expect(text(harmless) == harmless)
        }
    }

    @Test(
        "a credential is replaced wherever it stands, with whatever is stuck to it",
        arguments: [
            ("T", "<redacted>"), ("Bearer T", "Bearer <redacted>"), ("?token=T&x=1", "?token=<redacted>&x=1"),
            ("T T", "<redacted> <redacted>"), ("xT.y", "x<redacted>.y"), ("TAAAA", "<redacted>"),
            ("dwt_T", "<redacted>"), ("\u{1b}[31mT", "\u{1b}[31m<redacted>"),
        ])
    func plain(_ template: String, _ expected: String) {
        #expect(
            text(template.split(separator: "T", omittingEmptySubsequences: false).joined(separator: token)) == expected)
    }

    @Test("one character fewer is none, and one more is one")
    func length() {
        #expect(text(String(token.dropLast())) == String(token.dropLast()))
        #expect(text(token + "x") == "<redacted>")
    }

    @Test("percent-encoded, whole or in part, in hexadecimal, and in base64 behind any prefix")
    func spellings() {
        let bytes = Array(token.utf8)
        let percent = bytes.map { "%" + hex($0, uppercase: true) }.joined()
        #expect(text(percent) == "<redacted>")
        #expect(text("dwt%5f" + token.dropFirst(4)) == "<redacted>")
        #expect(text(String(token.dropLast()) + "%36") == "<redacted>")
        #expect(text(bytes.map { hex($0, uppercase: false) }.joined()) == "<redacted>")
        #expect(text("x " + bytes.map { hex($0, uppercase: true) }.joined() + " y") == "x <redacted> y")
        for before in ["", "a", "ab", "abc", "user:", "Bearer "] {
            for after in ["", "z", "zz"] {
                for alphabet in [standard, urlSafe] {
                    let encoded = base64(Array((before + token + after).utf8), alphabet)
                    let found = text("Basic \(encoded)")
                    #expect(found.contains("<redacted>"), "\(before)|\(after)")
                    // What is left is what stood before the credential, and less than a group of it.
                    #expect(found.utf8.count <= "Basic <redacted>".utf8.count + (before.utf8.count + 2) / 3 * 4 + 4)
                }
            }
        }
    }

    @Test("text is cut between characters, and says how much is missing")
    func cut() {
        #expect(text("abcdef", limit: 6) == "abcdef")
        #expect(text("abcdef", limit: 5) == "abcde... (1 bytes more)")
        #expect(text("aé", limit: 2) == "a... (2 bytes more)")
        #expect(text("😀😀", limit: 7) == "😀... (4 bytes more)")
        // Not through a credential, which would leave most of it.
        #expect(text("abc " + token, limit: 30) == "abc <redacted>")
    }

    @Test("what is no UTF-8 becomes replacement characters")
    func invalid() {
        let broken: [([UInt8], String)] = [
            ([0x61, 0xff, 0x62], "a\u{fffd}b"), ([0xc0, 0xaf], "\u{fffd}\u{fffd}"), ([0xe2, 0x82], "\u{fffd}\u{fffd}"),
            ([0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"), ([0xef, 0xbf, 0xbd], "\u{fffd}"),
            ([0xf4, 0x90, 0x80, 0x80], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"), ([0xf0, 0x9f, 0x98, 0x80], "😀"),
        ]
        for (bytes, expected) in broken {
            #expect(String(decoding: Redaction.text(bytes, limit: 100), as: UTF8.self) == expected)
        }
    }

    @Test("a long segment of a path becomes a digest")
    func paths() {
        let long = String(repeating: "a", count: 65)
        let digest = Hex.encode(SHA256.hash(Array(long.utf8).span).bytes)[..<16]
        let replaced = "sha256:" + String(decoding: digest, as: UTF8.self)
        #expect(path("/mcp/\(long.dropLast())/x") == "/mcp/\(long.dropLast())/x")
        #expect(path("/mcp/\(long)/x") == "/mcp/\(replaced)/x")
        #expect(path("/mcp/\(token)") == "/mcp/<redacted>")
        #expect(path("//") == "//")
        #expect(path("") == "")
    }

    private func hex(_ byte: UInt8, uppercase: Bool) -> String {
        let text = String(byte, radix: 16, uppercase: uppercase)
        return text.utf8.count == 1 ? "0" + text : text
    }

    private let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    private let urlSafe = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    private func base64(_ bytes: [UInt8], _ alphabet: [Character]) -> String {
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0...group.count { text.append(alphabet[bits >> (18 - 6 * place) & 63]) }
        }
        return text
    }
}
