// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Testing

@Suite("An address is public, or it is refused by its kind")
struct AddressTests {
    private let judge = AddressJudge(own: [], nat64: false)
    private let blocks: [SpecialBlock]

    init() throws { blocks = try EgressVectors.blocks() }

    private func word(_ bytes: [UInt8]) throws -> String {
        judge.classify(try #require(NetworkAddress(bytes: bytes))).word
    }

    private func word(_ text: String) throws -> String {
        judge.classify(try #require(NetworkAddress(text: Array(text.utf8)), "\(text)")).word
    }

    @Test("Every row of the table, at its first, its last and at other addresses")
    func rows() throws {
        var dice = Dice(1)
        var count = 0
        #expect(blocks.count > 50)
        for block in blocks where block.isV4 {
            for address in block.samples(&dice, 40) {
                count += 1
                #expect(try word(address) == EgressVectors.word4(address, blocks), "\(block.text) \(address)")
            }
        }
        for block in blocks where !block.isV4 && block.word != "transition" {
            for address in block.samples(&dice, 40) {
                let inner = blocks.filter { $0.holds(address) }.max { $0.prefix < $1.prefix }
                guard let inner, inner.word != "transition" else { continue }
                // The dissolved prefix of compatible addresses carries IPv4 addresses as well.
                let isCompatible = inner.text == "::/96"
                let wanted =
                    EgressVectors.word4(Array(address[12...]), blocks) == "public" ? inner.word : "embedded-ipv4"
                count += 1
                #expect(try word(address) == (isCompatible ? wanted : inner.word), "\(block.text) \(address)")
            }
        }
        #expect(count > 1500)
    }

    @Test("Beside every row lies what lies there")
    func edges() throws {
        func step(_ bytes: [UInt8], _ up: Bool) -> [UInt8]? {
            var bytes = bytes
            for index in bytes.indices.reversed() {
                bytes[index] = up ? bytes[index] &+ 1 : bytes[index] &- 1
                if bytes[index] != (up ? 0 : 255) { return bytes }
            }
            return nil
        }
        var dice = Dice(2)
        for block in blocks where block.isV4 {
            for (edge, up) in zip(block.samples(&dice, 0), [false, true]) {
                guard let beside = step(edge, up) else { continue }
                #expect(try word(beside) == EgressVectors.word4(beside, blocks), "\(block.text) \(beside)")
            }
        }
    }

    @Test("IPv6 outside 2000::/3 is never public, whatever the table has")
    func outside() throws {
        var dice = Dice(3)
        for _ in 0..<4000 {
            var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &dice) }
            if bytes[0] >> 5 == 1 { bytes[0] ^= 0x80 }
            #expect(try word(bytes) != "public", "\(bytes)")
        }
        for text in ["8000::1", "4000::", "1fff:ffff::1", "101::1", "::1:0:0", "fe00::1", "1::"] {
            #expect(try word(text) == "unassigned", "\(text)")
        }
    }

    @Test("What is simply public is public")
    func publicAddresses() throws {
        for text in [
            "1.1.1.1", "8.8.8.8", "93.184.216.34", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
            "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
            "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
            "168.63.129.15", "168.63.129.17", "2606:4700::1111", "2a00:1450:4001:80b::200e", "2001:4860:4860::8888",
            "2001:200::1", "2003::1", "3ffd:ffff::", "3fff:1000::", "2620:4f:7fff:ffff::", "2620:4f:8001::",
            "2000::", "2600:1:2:3:0:5eff:0:1", "2600:1:2:3:100:5efe:a00:1",
        ] {
            #expect(try word(text) == "public", "\(text)")
        }
    }

    @Test("A wrapped address is as bad as the one inside, in every wrapping and every spelling")
    func wrapped() throws {
        var dice = Dice(4)
        var count = 0
        for block in blocks where block.isV4 {
            for four in block.samples(&dice, 1) {
                for (carrier, bytes) in EgressVectors.embeddings(four) {
                    let address = try #require(NetworkAddress(bytes: bytes))
                    // :: and ::1 are themselves.
                    let exception = [("unspecified", [0, 0, 0, 0]), ("loopback", [0, 0, 0, 1])].first {
                        carrier == "compatible" && $0.1 == four
                    }
                    let wanted = exception?.0 ?? "embedded-ipv4"
                    for nat64 in [false, true] {
                        #expect(
                            AddressJudge(own: [], nat64: nat64).classify(address).word == wanted, "\(carrier) \(four)")
                    }
                    for spelling in try EgressVectors.spellings(bytes) {
                        count += 1
                        let text = Array("[\(spelling)]".utf8)
                        #expect(
                            try TargetHost.read(text.span, 0..<text.count) == .address(address),
                            "\(carrier) \(spelling)")
                    }
                }
            }
        }
        #expect(count > 4000)
    }

    @Test("A wrapping around a public address is refused as such, but for NAT64 where the network needs it")
    func carriers() throws {
        let nat64 = AddressJudge(own: [], nat64: true)
        for (carrier, bytes) in EgressVectors.embeddings([93, 184, 216, 34]) {
            let address = try #require(NetworkAddress(bytes: bytes))
            let word: String =
                switch carrier {
                case "compatible": "deprecated"
                case "ISATAP, link-local": "link-local"
                // Read as if the whole block were the prefix, it holds 0.7.0.0.
                case "local nat64, longer prefix": "embedded-ipv4"
                default: "transition"
                }
            #expect(judge.classify(address).word == word, "\(carrier)")
            #expect(nat64.classify(address).word == (carrier == "nat64" ? "public" : word), "\(carrier)")
        }
    }

    @Test("An address of this host is its own under every wrapping, and keeps its word where it has a better one")
    func own() throws {
        func address(_ text: String) throws -> NetworkAddress { try #require(NetworkAddress(text: Array(text.utf8))) }
        let own = try ["192.168.1.5", "93.184.216.34", "2606:4700::5", "fe80::5", "127.0.0.1", "::1"].map(address)
        let judge = AddressJudge(
            own: own, onLoopback: try [address("10.9.9.1"), address("8.8.4.4"), address("2606:4700::6")], nat64: true)
        for (text, word) in [
            ("192.168.1.5", "own-address"), ("93.184.216.34", "own-address"), ("2606:4700::5", "own-address"),
            ("fe80::5", "own-address"), ("127.0.0.1", "loopback"), ("::1", "loopback"), ("192.168.1.6", "private"),
            ("2606:4700::4", "public"), ("10.9.9.1", "private"), ("8.8.4.4", "own-address"),
            ("2606:4700::6", "own-address"), ("::ffff:93.184.216.34", "embedded-ipv4"),
            ("64:ff9b::93.184.216.34", "embedded-ipv4"), ("64:ff9b::93.184.216.35", "public"),
            ("64:ff9b::8.8.4.4", "embedded-ipv4"),
        ] {
            #expect(judge.classify(try address(text)).word == word, "\(text)")
        }
    }

    @Test("A name of this host is its own, with and without its domain, and under multicast DNS")
    func ownNames() throws {
        func name(_ text: String) throws -> HostName { try #require(HostName(Array(text.utf8))) }
        let judge = AddressJudge(own: [], names: [try name("desk.home.example"), try name("box")], nat64: false)
        for text in ["desk.home.example", "DESK", "desk.local", "desk.home.example.local", "box", "box.local."] {
            #expect(try judge.classify(name(text)) == .ownAddress, "\(text)")
        }
        for text in [
            "home.example", "other.home.example", "a.desk.home.example", "box.example", "other.local", "local",
        ] {
            #expect(try judge.classify(name(text)) == nil, "\(text)")
        }
        #expect(try judge.classify(name("localhost")) == .loopback)
    }

    @Test("A name that leads to loopback has a word of its own")
    func answers() throws {
        for (text, word) in [
            ("127.0.0.1", "name-to-loopback"), ("127.255.255.255", "name-to-loopback"), ("::1", "name-to-loopback"),
            ("::ffff:127.0.0.1", "name-to-loopback"), ("64:ff9b::7f00:1", "name-to-loopback"),
            ("2002:7f00:1::", "name-to-loopback"), ("10.0.0.1", "private"), ("::ffff:10.0.0.1", "embedded-ipv4"),
            ("93.184.216.34", "public"), ("0.0.0.0", "unspecified"),
        ] {
            let address = try #require(NetworkAddress(text: Array(text.utf8)))
            #expect(judge.classify(answer: address).word == word, "\(text)")
        }
    }

    @Test("Words are distinct, and all but one are reasons to refuse")
    func words() {
        #expect(Set(AddressClass.allCases.map(\.word)).count == AddressClass.allCases.count)
        #expect(AddressClass.allCases.filter { $0.reason == nil } == [.publicAddress])
        #expect(AddressClass.allCases.allSatisfy { $0.reason?.status ?? 403 == 403 })
        #expect(!AddressClass.publicAddress.isInward && AddressClass.loopback.isInward)
    }
}

@Suite("An address has one text, and few spellings are read")
struct AddressTextTests {
    @Test("The text of RFC 5952")
    func texts() throws {
        for (spelling, text) in [
            ("0:0:0:0:0:0:0:0", "::"), ("0:0:0:0:0:0:0:1", "::1"), ("2001:DB8::0:1", "2001:db8::1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:0:0:0:0:0:0:0", "1::"),
            ("::ffff:c000:201", "::ffff:192.0.2.1"),
            ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"), ("::1.2.3.4", "::102:304"),
            ("1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("192.0.2.1", "192.0.2.1"),
            ("ABCD:EF01:2345:6789:abcd:ef01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"),
        ] {
            #expect(try #require(NetworkAddress(text: Array(spelling.utf8)), "\(spelling)").text == text)
        }
        var dice = Dice(5)
        for _ in 0..<1000 {
            // Sparse, so that there are zeros to shorten.
            let bytes = (0..<16).map { _ in Bool.random(using: &dice) ? UInt8.random(in: 0...255, using: &dice) : 0 }
            let address = try #require(NetworkAddress(bytes: bytes))
            #expect(address.bytes == bytes && NetworkAddress(text: Array(address.text.utf8)) == address)
            let four = try #require(NetworkAddress(bytes: Array(bytes[..<4])))
            #expect(four.bytes == Array(bytes[..<4]) && NetworkAddress(text: Array(four.text.utf8)) == four)
        }
        #expect(NetworkAddress(bytes: []) == nil && NetworkAddress(bytes: [1, 2, 3, 4, 5]) == nil)
    }

    @Test("What no address looks like")
    func faults() {
        for text in [
            "", ":", ":::", "::1::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8",
            "12345::", "g::", "1:2", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::1.2.3", "::1.2.3.4.5", "::1.2.3.256",
            "::01.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::%lo", "::1 ", " ::1", "[::1]",
            "::1/128",
            "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1..2.3", ".1.2.3", "1.2.3.", "1.2.3.4.",
            "+1.2.3.4",
            "1.2.3.4 ", "0x1.2.3.4", "1.2.3.0377", "00.0.0.0", "1234.1.1.1", "::00001", "::fffff",
            "0000:0000:0000:0000:0000:ffff:255.255.255.2555",
        ] {
            #expect(NetworkAddress(text: Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test("Blocks have nothing set behind their prefix")
    func blocks() throws {
        func block(_ text: String) -> AddressBlock? { AddressBlock(Array(text.utf8)) }
        for text in [
            "0.0.0.0/0", "10.0.0.0/8", "1.2.3.4/32", "::/0", "2001:db8::/32", "::1/128", "8000::/1", "0:0:0:1::/64",
        ] {
            #expect(block(text)?.text == text, "\(text)")
        }
        for text in [
            "1.2.3.4", "1.2.3.4/", "1.2.3.4/33", "1.2.3.5/31", "1.2.3.4/032", "::1/127", "::/129", "::/-1", "/8",
            "::/999",
            "1.2.3.4/32 ",
        ] {
            #expect(block(text) == nil, "\(text)")
        }
        let ten = try #require(block("10.0.0.0/8"))
        #expect(ten.contains(.v4(0x0AFF_FFFF)) && !ten.contains(.v4(0x0B00_0000)) && !ten.contains(.v6(0, 0x0A00_0000)))
        let six = try #require(block("2001:db8:0:0:8000::/65"))
        #expect(six.contains(.v6(0x2001_0DB8_0000_0000, 0x8000_0000_0000_0001)))
        #expect(!six.contains(.v6(0x2001_0DB8_0000_0000, 0x7FFF_FFFF_FFFF_FFFF)))
    }
}
