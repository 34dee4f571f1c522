// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Testing

private func target(_ text: String, defaultPort: UInt16? = nil) throws(TargetFault) -> EgressTarget {
    // Something on both sides, so that a reader that looks beyond its range is seen.
    let bytes = Array("1:2.".utf8) + Array(text.utf8) + Array("5:6".utf8)
    return try EgressTarget.read(authority: bytes.span, 4..<(bytes.count - 3), defaultPort: defaultPort)
}

private func fault(_ text: String, defaultPort: UInt16? = nil) -> TargetFault? {
    do throws(TargetFault) {
        _ = try target(text, defaultPort: defaultPort)
        return nil
    } catch { return error }
}

@Suite("A target is a host and a port, and each has one spelling")
struct TargetTests {
    @Test("Every probe that needs no resolver gets its class and its status")
    func probes() throws {
        var decided = 0
        let judge = AddressJudge(own: [], nat64: false)
        for (host, word, statuses) in try EgressVectors.probes() {
            for (text, port) in [("\(host):9999", UInt16?.none), (host, 80), ("\(host):9999", 80)] {
                let found: (word: String, status: Int)?
                do throws(TargetFault) {
                    let target = try target(text, defaultPort: port)
                    switch target.host {
                    case .address(let address):
                        let kind = judge.classify(address)
                        found = kind.reason.map { (kind.word, $0.status) }
                    case .name(let name):
                        found = name.special.flatMap { kind in kind.reason.map { (kind.word, $0.status) } }
                        // What only a resolver can tell; that is tested where there is one.
                        if found == nil { #expect(host.hasSuffix(".test"), "\(host)") }
                    }
                } catch { found = (error.word, error.reason.status) }
                guard let found else { continue }
                decided += 1
                #expect(found.word == word && "\(found.status)" == statuses, "\(text): \(found)")
            }
        }
        #expect(decided == 3 * 43)
    }

    @Test("Names as DNS has them, in small letters and without the dot of the root")
    func names() throws {
        let label = String(repeating: "a", count: 63)
        let longest = "\(label).\(label).\(label).\(String(repeating: "b", count: 61))"
        #expect(longest.utf8.count == 253)
        for (text, name) in [
            ("example.com", "example.com"), ("EXAMPLE.Com.", "example.com"), ("a", "a"), ("a.", "a"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("1.example", "1.example"),
            ("127.0.0.1.example", "127.0.0.1.example"),
            ("0x7f.example", "0x7f.example"), ("a.0xg", "a.0xg"), ("a.1a", "a.1a"), ("a.0x1-2", "a.0x1-2"),
            ("a--b.c", "a--b.c"),
            (longest, longest), (longest + ".", longest), (label, label),
        ] {
            let read = try target(text + ":1")
            #expect(read.host.text == Array(name.utf8), "\(text)")
        }
        for text in [
            "", ".", "..", ".a", "a..", "a..b", "-a", "a-", "a.-b", "a-.b", "a_b.example", "_dmarc.example", "a b",
            "a\tb", "a\u{0}b",
            "é.example", "ａ.example", "a。b", "a%62.example", "a@b", "a:b", "a/b", "a\\b", "a?b", "a#b", "a,b", "*",
            "*.example",
            "[a]", "[]", "[", "]", "[::1", "::1]", "::1", "1", "a.1", "a.1.", "a.0x", "a.0x1f", "a.0X1F", "a.00",
            "0x7f000001",
            "1.2.3.4.5", "256.1.1.1", "1.2.3.4.", "1.2.3", "[1.2.3.4]", "[v1.a]", "[::1]a", "a[::1]", "[[::1]]",
            "[::1 ]",
            label + "a", longest + "b", longest + "..",
        ] {
            #expect(fault(text + ":1") == .notAHost, "\(text)")
            if !text.contains(":") { #expect(fault(text, defaultPort: 80) == .notAHost, "\(text)") }
        }
    }

    @Test("A zone is a fault of its own, where the rest is an address")
    func zones() {
        for text in ["[fe80::1%25lo]", "[fe80::1%lo]", "[::1%]", "[::ffff:127.0.0.1%25eth0]"] {
            #expect(fault(text + ":1") == .zone, "\(text)")
        }
        for text in ["[%25lo]", "[a%25lo]", "fe80::1%25lo", "[::1]%25lo"] {
            #expect(fault(text + ":1") == .notAHost, "\(text)")
        }
    }

    @Test("Ports from 1 to 65535, in plain digits")
    func ports() throws {
        for (text, port) in [("a:1", 1), ("a:65535", 65_535), ("[::1]:443", 443), ("1.2.3.4:80", 80)]
            as [(String, UInt16)]
        {
            #expect(try target(text).port == port)
            #expect(try target(text).text == Array(text.utf8))
        }
        for text in [
            "a:", "a:0", "a:65536", "a:99999", "a:100000", "a:01", "a:+1", "a:-1", "a: 1", "a:1 ", "a:0x1", "a:1a",
            "a:１", "a",
            "[::1]", "[::1]:", "[::1]:0",
        ] {
            #expect(fault(text) == .port, "\(text)")
        }
        #expect(try target("a", defaultPort: 80).port == 80 && target("[::1]", defaultPort: 80).port == 80)
        #expect(fault("a:", defaultPort: 80) == .port && fault("[::1]:", defaultPort: 80) == .port)
        #expect(TargetFault.port.word == "port-malformed")
    }

    @Test("Special names, and what only looks like one")
    func special() throws {
        for (text, word) in [
            ("localhost", "loopback"), ("a.b.localhost", "loopback"), ("localhost.localdomain", "loopback"),
            ("metadata.google.internal", "metadata-name"), ("x.metadata.google.internal", "metadata-name"),
            ("metadata", "metadata-name"), ("instance-data", "metadata-name"),
            ("kubernetes.default.svc", "metadata-name"),
            ("kubernetes.default.svc.cluster.local", "metadata-name"), ("host.docker.internal", "metadata-name"),
            ("gateway.docker.internal", "metadata-name"), ("host.containers.internal", "metadata-name"),
            ("wpad", "proxy-discovery"), ("WPAD.example.com", "proxy-discovery"),
        ] {
            #expect(try #require(HostName(Array(text.utf8))).special?.word == word, "\(text)")
        }
        for text in [
            "localhost.example.com", "notlocalhost", "xlocalhost", "metadata.example.com", "google.internal",
            "wpadx.example", "a.wpad.example",
            "example.com", "svc.example", "internal",
        ] {
            #expect(try #require(HostName(Array(text.utf8))).special == nil, "\(text)")
        }
    }

    @Test("Below a name is what ends in a dot and that name")
    func below() throws {
        func name(_ text: String) throws -> HostName { try #require(HostName(Array(text.utf8))) }
        #expect(try name("a.b.example").isBelow(name("example")) && name("b.example").isBelow(name("example")))
        #expect(try !name("example").isBelow(name("example")) && !name("bexample").isBelow(name("example")))
        #expect(try !name("example").isBelow(name("b.example")))
    }
}
