// SPDX-License-Identifier: Apache-2.0
import Policy
import Testing

@testable import Wire

@Suite("A resolver's answer is ours, whole and without contradiction, or no answer")
struct DNSTests {
    @Test("each answer ends as it says", arguments: Vector.load("dns"))
    func vector(_ vector: Vector) throws {
        #expect(try DNSQuestion(vector).read(vector.bytes) == vector.expect)
    }

    @Test("no answer can be cut short and mean something else", arguments: Vector.load("dns"))
    func cuts(_ vector: Vector) throws {
        let question = try DNSQuestion(vector)
        // Only a truncated answer, and what stands behind the answers, need not be there.
        for count in 0..<vector.bytes.count {
            let text = question.read(Array(vector.bytes.prefix(count)))
            #expect(text == "dns-foreign" || text == "dns-malformed" || text == vector.expect)
        }
    }

    @Test("no single changed byte traps, and every answer keeps its bounds", arguments: Vector.load("dns"))
    func mutations(_ vector: Vector) throws {
        let question = try DNSQuestion(vector)
        for place in 0..<vector.bytes.count {
            for byte in [0, 1, 2, 4, 5, 12, 24, 63, 64, 65, 127, 128, 192, 255] as [UInt8] {
                var bytes = vector.bytes
                bytes[place] = byte
                let text = question.read(bytes)
                #expect(place > 1 || bytes == vector.bytes || text == "dns-foreign")
            }
        }
    }

    @Test("a query is the question that its answer must echo")
    func query() throws {
        var output: [UInt8] = []
        let name = try #require(HostName(Array("a.TEST.".utf8)))
        DNSQuery.append(id: 0x1234, name: name, type: .aaaa, to: &output)
        #expect(hexadecimal(output) == "12340100000100000000000001610474657374" + "00001c0001")
        output[2] |= 0x80
        #expect(try DNSAnswer.parse(output.span, id: 0x1234, name: name, type: .aaaa) == .addresses([], timeToLive: 0))
        let longest = try #require(HostName(Array(String(repeating: "a.", count: 126).utf8) + [97]))
        output = []
        DNSQuery.append(id: 1, name: longest, type: .a, to: &output)
        #expect(output.count == 271)
    }

    @Test("eight aliases are followed, nine are not", arguments: [0, 1, 8, 9, 20])
    func chain(_ links: Int) throws {
        var bytes = DNSQuestion.head(records: links + 1)
        for link in 0..<links {
            bytes += alias(link) + [0, 5, 0, 1, 0, 0, 1, 0, 0, 5] + alias(link + 1)
        }
        bytes += alias(links) + [0, 1, 0, 1, 0, 0, 2, 0, 0, 4, 1, 2, 3, 4]
        let lifetime = links == 0 ? 512 : 256
        let expected = links > 8 ? "failed cname-too-long" : "addresses 1.2.3.4 ttl \(lifetime)"
        #expect(try DNSQuestion(nil).read(bytes) == expected)
    }

    /// A name of its own for each link; the first is the one that was asked for.
    private func alias(_ link: Int) -> [UInt8] {
        link == 0 ? [1, 97, 0xC0, 14] : [2, 98, UInt8(97 + link), 0xC0, 14]
    }

    @Test("sixty-four addresses are held, sixty-five are not", arguments: [64, 65])
    func many(_ count: Int) throws {
        var bytes = DNSQuestion.head(records: count)
        for number in 0..<count { bytes += [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 1, 1, UInt8(number)] }
        let text = try DNSQuestion(nil).read(bytes)
        #expect(text == "failed too-many-addresses" ? count == 65 : text.split(separator: " ").count == count + 3)
    }

    @Test("sixteen pointers are followed in a name, seventeen are not", arguments: [16, 17])
    func pointers(_ count: Int) throws {
        // A record whose data is a chain of pointers, each to the one before; then one whose name is at its end.
        var bytes = DNSQuestion.head(records: 2)
        let start = bytes.count + 12
        bytes += [0xC0, 12, 0, 99, 0, 1, 0, 0, 0, 9, 0, UInt8(2 * count - 2), 0xC0, 12]
        for link in 1..<(count - 1) { bytes += [0xC0, UInt8(start + 2 * link - 2)] }
        bytes += [0xC0, UInt8(start + 2 * count - 4), 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4]
        #expect(try DNSQuestion(nil).read(bytes) == (count > 16 ? "dns-malformed" : "addresses 1.2.3.4 ttl 9"))
    }

    @Test("two hundred and fifty-six records are read")
    func records() throws {
        var bytes = DNSQuestion.head(records: 256)
        for _ in 0..<256 { bytes += [1, 98, 0xC0, 14, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 1, 1, 1] }
        #expect(try DNSQuestion(nil).read(bytes) == "addresses ttl 0")
    }
}

private struct DNSQuestion {
    let name: HostName
    let type: DNSType

    init(_ vector: Vector?) throws {
        name = try #require(HostName(vector?.bytes("name").first ?? Array("a.test".utf8)))
        type = vector?["type"] == "aaaa" ? .aaaa : .a
    }

    /// An answer to a.test up to its records.
    static func head(records: Int) -> [UInt8] {
        [0x12, 0x34, 0x81, 0x80, 0, 1, UInt8(records >> 8), UInt8(records & 255), 0, 0, 0, 0]
            + [1, 97, 4, 116, 101, 115, 116, 0, 0, 1, 0, 1]
    }

    func read(_ bytes: [UInt8]) -> String {
        do throws(WireError) {
            switch try DNSAnswer.parse(bytes.span, id: 0x1234, name: name, type: type) {
            case .addresses(let addresses, let lifetime):
                #expect(addresses.count <= 64 && (!addresses.isEmpty || lifetime == 0))
                let texts = addresses.map { " " + TargetHost.address($0).text.text }
                return "addresses" + texts.joined() + " ttl \(lifetime)"
            case .noName: return "no-name"
            case .truncated: return "truncated"
            case .failed(let failure): return "failed " + failure.rawValue
            }
        } catch {
            #expect(error.rule == .dnsForeign || error.rule == .dnsMalformed)
            #expect(error.offset <= bytes.count)
            return error.rule.rawValue
        }
    }
}
