// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Testing

private func read(_ text: String) -> String {
    do throws(AddressFault) {
        return String(decoding: try WebAddress(Array(text.utf8)).text, as: UTF8.self)
    } catch { return error.word }
}

@Suite("An address is read in one way, and sent as it was read")
struct WebAddressTests {
    @Test(
        "what is taken has one spelling",
        arguments: [
            ("https://example.com", "https://example.com/"), ("HTTPS://EXAMPLE.com:443/A", "https://example.com/A"),
            ("http://example.com:80/", "http://example.com/"), ("https://example.com:80/", "https://example.com:80/"),
            ("https://example.com.?q#f", "https://example.com/?q"), ("https://example.com#f", "https://example.com/"),
            ("https://[2606:4700:0::1111]:8443/x", "https://[2606:4700::1111]:8443/x"),
            ("https://192.0.2.1/a/../b", "https://192.0.2.1/a/../b"), ("https://x/a b", "https://x/a%20b"),
            ("https://x/\u{fc}?\u{fc}", "https://x/%C3%BC?%C3%BC"), ("https://x/a|b[c]", "https://x/a%7Cb%5Bc%5D"),
            ("https://x/%41%zz", "malformed"), ("https://x/%4", "malformed"), ("https://x/a\\b", "malformed"),
            ("https://x/\n", "malformed"), ("https://x/#\r", "malformed"), ("https://x/\u{7f}", "malformed"),
            ("ftp://x/", "scheme"), ("file:///etc/passwd", "scheme"), ("javascript:alert(1)", "scheme"),
            ("data:text/html,x", "scheme"), ("//x/", "malformed"), ("/x", "malformed"), ("", "malformed"),
            ("https:x", "malformed"), ("https:/x", "malformed"), ("https://", "not-a-host"),
            ("https:///x", "not-a-host"), ("https://u@x/", "not-a-host"), ("https://u:p@x/", "not-a-host"),
            ("https://127.1/", "not-a-host"), ("https://0x7f.0.0.1/", "not-a-host"),
            ("https://2130706433/", "not-a-host"),
            ("https://x%2ecom/", "not-a-host"), ("https://x_y/", "not-a-host"), ("https://\u{fc}.test/", "not-a-host"),
            ("https://x:/", "port-malformed"), ("https://x:0/", "port-malformed"),
            ("https://x:65536/", "port-malformed"),
            ("https://x:8a/", "port-malformed"), ("https://[fe80::1%25eth0]/", "zone"),
            ("https://a\\@b/", "not-a-host"),
            (" https://x/", "malformed"), ("https://x /", "not-a-host"), ("https://x\t/", "not-a-host"),
        ])
    func spelling(_ text: String, _ expected: String) { #expect(read(text) == expected) }

    @Test("what was read is read again as the same")
    func again() throws {
        for text in ["https://example.com/a?b", "https://x/%C3%BC", "http://[2001:db8::1]:8080/"] {
            let address = try WebAddress(Array(text.utf8))
            #expect(try WebAddress(address.text) == address)
        }
    }

    /// RFC 3986 section 5.4, with the host written out, and what no client may follow.
    @Test(
        "a part of an address is completed as the standard says",
        arguments: [
            ("http://g", "http://g/"), ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"), ("//g", "http://g/"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"), ("g#s", "http://a/b/c/g"), ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"), ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"), ("./", "http://a/b/c/"),
            ("..", "http://a/b/"), ("../", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"),
            ("../../", "http://a/"), ("../../g", "http://a/g"), ("../../../g", "http://a/g"),
            ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"), ("/../g", "http://a/g"), ("g.", "http://a/b/c/g."), (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."), ("..g", "http://a/b/c/..g"), ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"), ("g/../h", "http://a/b/c/h"), ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/../x", "http://a/b/c/g?y/../x"), ("%2e%2E/g", "http://a/b/g"), ("https://g/h", "https://g/h"),
        ])
    func reference(_ reference: String, _ expected: String) throws {
        let base = try WebAddress(Array("http://a/b/c/d;p?q".utf8))
        #expect(String(decoding: try base.resolving(Array(reference.utf8)).text, as: UTF8.self) == expected)
    }

    @Test("the length is limited, once everything is written out")
    func length() throws {
        let most = WebAddress.maxBytes - "https://x/".utf8.count
        #expect(read("https://x/" + String(repeating: "a", count: most)).utf8.count == WebAddress.maxBytes)
        #expect(read("https://x/" + String(repeating: "a", count: most + 1)) == "too-long")
        #expect(read("https://x/" + String(repeating: " ", count: most / 2)) == "too-long")
        let base = try WebAddress(Array(("https://x/" + String(repeating: "a", count: 5000) + "/").utf8))
        #expect(throws: AddressFault.tooLong) { try base.resolving(Array(String(repeating: "b", count: 4000).utf8)) }
    }

    @Test("an origin is scheme, host and port")
    func origin() throws {
        let one = try WebAddress(Array("https://x/a".utf8))
        #expect(one.hasSameOrigin(as: try WebAddress(Array("https://X.:443/b?c".utf8))))
        for other in ["http://x/a", "https://x:8443/a", "https://y/a", "https://x.y/a"] {
            #expect(!one.hasSameOrigin(as: try WebAddress(Array(other.utf8))))
        }
    }
}
