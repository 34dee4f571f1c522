// SPDX-License-Identifier: Apache-2.0
internal import Testing

@testable internal import StrictJSON

@Suite("A key that becomes a protocol key when letter case is ignored is known as such")
struct FoldingTests {
    @Test(
        "it folds",
        arguments: [
            ("Method", "method"), ("METHOD", "method"), ("methoD", "method"), ("ID", "id"), ("iD", "id"),
            ("jsonRPC", "jsonrpc"),
            ("param\u{17F}", "params"), ("\u{17F}", "s"), ("progressTo\u{212A}en", "progressToken"), ("\u{212A}", "k"),
            ("\u{130}d", "id"), ("\u{131}d", "id"), ("progresstoken", "progressToken"), ("PARAM\u{17F}", "params"),
            ("\u{17F}\u{212A}\u{17F}", "sks"),
        ])
    func folds(_ key: String, _ protocolKey: String) {
        #expect(foldsOnto(Array(key.utf8), protocolKey))
        let fromSpan = foldsOnto(key.utf8.span, protocolKey)
        #expect(fromSpan)
    }

    @Test(
        "it does not",
        arguments: [
            ("method", "method"), ("methods", "method"), ("metho", "method"), ("", "id"), ("id ", "id"),
            ("\u{FF29}d", "id"),
            ("\u{456}d", "id"), ("i\u{307}d", "id"), ("id\u{301}", "id"), ("\u{DF}", "ss"), ("\u{FB06}", "st"),
            ("_Meta", "meta"), ("@", "`"),
            ("[", "{"), ("a\u{17F}", "as2"), ("\u{17F}", "k"), ("\u{212A}", "s"),
        ])
    func doesNotFold(_ key: String, _ protocolKey: String) {
        #expect(!foldsOnto(Array(key.utf8), protocolKey))
    }

    @Test("bytes that are not UTF-8 fold onto nothing")
    func bytes() {
        let name: StaticString = "ab"
        #expect(foldsOnto([0x41, 0x62], name))
        for bytes in [[0x41, 0xFF], [0xC5], [0xC5, 0xBF, 0x80], [0x41, 0x62, 0xC5]] as [[UInt8]] {
            #expect(!foldsOnto(bytes, name) && !foldsOnto(bytes, "s"))
        }
    }

    @Test("of all characters outside ASCII, exactly four fold onto an ASCII letter")
    func complete() {
        var found: [UInt32] = []
        for value in (0x80 as UInt32)...0x10_FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            var end = 0
            let letter = foldedByte(Array(String(scalar).utf8).span, &end)
            let isFolded = letter >= 0x61 && letter <= 0x7A
            if isFolded { found.append(value) }
            // An oracle that shares nothing with us: the standard library's own mappings, one scalar to one scalar.
            let mappings = [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping]
            let mapsToASCII = mappings.contains { $0.unicodeScalars.count == 1 && $0.utf8.count == 1 }
            if mapsToASCII { #expect(isFolded, "\(value)") }
        }
        #expect(found == [0x130, 0x131, 0x17F, 0x212A])
    }
}
