import Linux
import Testing

// SPDX-License-Identifier: Apache-2.0
@testable import Audit

@Suite("A line is a record in one form only")
struct LineFormTests {
    private static let time = "2026-11-21T15:29:31.123456Z"

    private func isRecord(
        seq: String = "7", time: String = time, kind: String = "call.intent", data: String = "{}",
        hash: String = String(repeating: "0a", count: 32)
    ) -> Bool {
        let line = #"{"seq":\#(seq),"time":"\#(time)","kind":"\#(kind)","data":\#(data),"hash":"\#(hash)"}"#
        return parses(Array(line.utf8))
    }

    private func parses(_ line: [UInt8]) -> Bool { LineForm.record(line.span) != nil }

    @Test("the meter: a record is one")
    func record() {
        #expect(isRecord())
    }

    @Test("numbers have no leading zeros and stay below 2^53")
    func numbers() {
        for seq in ["0", "1", "9007199254740991"] { #expect(isRecord(seq: seq)) }
        for seq in ["", "00", "07", "+7", "-7", "7.0", "7e0", " 7", "9007199254740992", "90071992547409910"] {
            #expect(!isRecord(seq: seq))
        }
    }

    @Test("kinds are words joined by single dots, at most 40 bytes")
    func kinds() {
        for kind in ["a", "a.b", "refused", "call.intent", "a-b.c1", String(repeating: "a", count: 40)] {
            #expect(isRecord(kind: kind))
        }
        for kind in [
            "", ".", ".a", "a.", "a..b", "A", "1a", "a.-b", "a.1", "a_b", "a b", String(repeating: "a", count: 41),
        ] {
            #expect(!isRecord(kind: kind))
        }
        for kind in EntryKind.allCases { #expect(isRecord(kind: "\(kind.word)")) }
        #expect(Set(EntryKind.allCases.map { "\($0.word)" }).count == EntryKind.allCases.count)
    }

    @Test("data is an object in printable ASCII, of at most 16,384 bytes")
    func data() {
        #expect(isRecord(data: "{" + String(repeating: "x", count: Layout.maxDataBytes - 2) + "}"))
        #expect(!isRecord(data: "{" + String(repeating: "x", count: Layout.maxDataBytes - 1) + "}"))
        for data in ["", "{", "}", "[]", "1", "{\u{7f}}", "{\t}", "{é}", "{\u{0}}"] { #expect(!isRecord(data: data)) }
    }

    @Test("a hash has 64 lower-case digits, and is found from the end, whatever the data says")
    func hashes() {
        #expect(!isRecord(hash: String(repeating: "0A", count: 32)))
        #expect(!isRecord(hash: String(repeating: "0a", count: 31)))
        #expect(!isRecord(hash: String(repeating: "0a", count: 33)))
        let fake = #","hash":"\#(String(repeating: "0b", count: 32))"}"#
        #expect(isRecord(data: "{\(fake)"))
    }

    @Test("a line one byte longer than any record is told apart from one that is only no record")
    func lineLength() throws {
        for (length, flaw) in [(Layout.maxLineBytes - 1, Flaw.lineForm), (Layout.maxLineBytes, .lineTooLong)] {
            var log = try Golden.log()
            log[3] += [UInt8](repeating: 0x61, count: length) + [10]
            #expect(verify(log).faults.first?.flaw == flaw)
        }
    }

    @Test("names of segments have eight digits, and none is 0")
    func segmentNames() {
        #expect("\(Layout.segmentName(1))" == "00000001.jsonl")
        #expect("\(Layout.segmentName(99_999_999))" == "99999999.jsonl")
        for number: UInt32 in [1, 12_345_678, 99_999_999] {
            #expect(Layout.segmentNumber(Layout.segmentName(number)) == number)
        }
        for name: StaticString in [
            "00000000.jsonl", "0000001.jsonl", "000000001.jsonl", "0000000a.jsonl", "00000001.json",
        ] { #expect(Layout.segmentNumber(FileName(name)) == nil) }
        #expect(Layout.segmentNumber(Layout.unfinishedSegmentName(1)) == nil)
    }
}
