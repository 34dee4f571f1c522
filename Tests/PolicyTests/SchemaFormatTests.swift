// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Testing

/// Texts as JSON documents.
private func quoted(_ text: String) -> String {
    var writer = JSONWriter()
    writer.string(text)
    return String(decoding: writer.finish().bytes, as: UTF8.self)
}

@Suite("A format is an annotation until somebody asks for more")
struct SchemaFormatTests {
    @Test("who asserts what")
    func options() throws {
        let standard = #"{"format":"ipv4"}"#
        let ours = #"{"format":"public-host"}"#
        #expect(try fits(#""x""#, schema(standard)))
        #expect(try !fits(#""x""#, schema(standard, options: SchemaOptions(assertFormats: true))))
        #expect(try fits(#""x""#, schema(standard, options: SchemaOptions(assertOurFormats: true))))
        #expect(try fits(#""x""#, schema(ours, options: SchemaOptions(assertFormats: true))))
        #expect(try !fits(#""x""#, schema(ours, options: SchemaOptions(assertOurFormats: true))))
        #expect(try fits("1", schema(ours, options: SchemaOptions(assertOurFormats: true))))
        let unknown = try schema(
            #"{"format":"path-within"}"#, options: SchemaOptions(assertFormats: true, assertOurFormats: true))
        #expect(try fits(#""x""#, unknown))
    }

    @Test(
        "a public host is no way back to this machine or its network",
        arguments: [
            ("example.com", true), ("EXAMPLE.com.", true), ("a.b-c.d", true), ("93.184.216.34", true),
            ("8.8.8.8", true),
            ("2606:2800:220:1::", true), ("[2606:2800:220:1:248:1893:25c8:1946]", true),
            ("xn--bcher-kva.example", true),
            ("2600:1f18::5efe:808:808", true), ("198.17.255.255", true), ("198.20.0.0", true), ("100.63.255.255", true),
            ("localhost", false), ("LOCALHOST.", false), ("a.localhost", false), ("intranet", false), ("", false),
            (".", false), ("a..b", false), ("example.com..", false), ("-a.com", false), ("a_b.com", false),
            ("127.0.0.1", false), ("127.1", false), ("127.0.0.1.", false), ("2130706433", false), ("0x7f000001", false),
            ("0x7f.1", false), ("0177.0.0.1", false), ("0", false), ("1.2.3", false), ("1.2.3.4.5", false),
            ("a.0x", false), ("a.0x7F", false), ("a.b.1", false), ("256.1.1.1", false), ("01.2.3.4", false),
            ("10.0.0.1", false), ("172.16.0.1", false), ("172.31.255.255", false), ("192.168.1.1", false),
            ("169.254.169.254", false), ("100.100.100.200", false), ("0.0.0.0", false), ("224.0.0.1", false),
            ("255.255.255.255", false), ("240.0.0.1", false), ("192.0.2.1", false), ("198.18.0.1", false),
            ("198.19.255.255", false), ("198.51.100.1", false), ("203.0.113.9", false), ("192.88.99.1", false),
            ("[::1]", false), ("::1", false), ("::", false), ("[::ffff:127.0.0.1]", false), ("::ffff:8.8.8.8", false),
            ("::8.8.8.8", false), ("64:ff9b::8.8.8.8", false), ("fe80::1", false), ("[fe80::1%25lo]", false),
            ("fd00:ec2::254", false), ("ff02::1", false), ("2002:7f00:1::", false), ("2001:0:1::", false),
            ("2001:db8::1", false), ("3fff::1", false), ("2600:1f18::5efe:7f00:1", false), ("[::1", false),
            ("2600:1f18::200:5efe:a00:1", false), ("1::2::3", false), ("2606:2800:220:1:248:1893:25c8", false),
            ("metadata.google.internal", false), ("kubernetes.default.svc", false), ("printer.local", false),
            ("wpad.example.com", false), ("a.home.arpa", false), ("x.onion", false), ("user@example.com", false),
            ("example.com:80", false), ("http://example.com", false), ("127。0。0。1", false), ("ｌｏｃａｌｈｏｓｔ", false),
            ("①②⑦.0.0.1", false), ("example.com\n", false), ("127.0.0.1%00.example.com", false),
            ("bücher.example", false),
        ])
    func publicHost(_ host: String, _ isPublic: Bool) throws {
        let schema = try schema(#"{"format":"public-host"}"#, options: SchemaOptions(assertOurFormats: true))
        #expect(try fits(quoted(host), schema) == isPublic)
    }

    @Test("a word without shell metacharacters is one word to a shell")
    func shell() throws {
        let schema = try schema(
            #"{"format":"no-shell-metacharacters"}"#, options: SchemaOptions(assertOurFormats: true))
        for word in [
            "", "a", "main.swift", "/usr/lib/x86_64-linux-gnu/libc.so.6", "a,b:c@d+e-f_g", "-rf", "naïve", "日本",
        ] {
            #expect(try fits(quoted(word), schema), "\(word)")
        }
        for character
            in "|&;<>()$`\\\"'*?[]#~=%!{}^ \t\n\r\u{0}\u{1b}\u{7f}\u{85}\u{a0}\u{2028}\u{3000}\u{202e}\u{200b}"
        {
            #expect(try !fits(quoted("a\(character)b"), schema), "\(character)")
        }
    }
}
