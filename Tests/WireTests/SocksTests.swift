// SPDX-License-Identifier: Apache-2.0
import Policy
import Testing

@testable import Wire

@Suite("A SOCKS5 client may ask for one connection, to a name or an address")
struct SocksTests {
    @Test("each message ends as it says", arguments: Vector.load("socks"))
    func vector(_ vector: Vector) {
        let outcome = SocksOutcome(vector, vector.bytes.count)
        if let asked = vector["asked"] { #expect(outcome.asked.text == asked) }
        if vector.expect == "accept" {
            #expect(outcome.refusal == nil)
            #expect(outcome.length.map(String.init) == vector["length"])
            #expect(outcome.target.map { $0.text } == vector.bytes("target").first)
        } else {
            #expect(outcome.refusal?.rule.rawValue == vector.expect)
            #expect(outcome.refusal?.egressReason.status != 403)
        }
        if let answer = vector["answer"] { #expect(hexadecimal(outcome.answer) == answer) }
    }

    @Test("a verdict comes with the byte that makes it certain, and stays", arguments: Vector.load("socks"))
    func earliest(_ vector: Vector) {
        let whole = SocksOutcome(vector, vector.bytes.count)
        let certain = whole.refusal.map { $0.offset + 1 } ?? whole.length ?? 0
        for count in 0...vector.bytes.count {
            let outcome = SocksOutcome(vector, count)
            #expect(outcome.refusal == (count < certain ? nil : whole.refusal))
            #expect(outcome.length == (count < certain ? nil : whole.length))
        }
    }

    @Test("replies are ten bytes and show no address of ours", arguments: SocksReply.allCases)
    func replies(_ reply: SocksReply) {
        var output: [UInt8] = []
        SocksWriter.append(reply, to: &output)
        #expect(output == [5, reply.rawValue, 0, 1, 0, 0, 0, 0, 0, 0])
    }

    @Test("no reason of the door is told as success", arguments: EgressReason.allCases)
    func reasons(_ reason: EgressReason) {
        #expect(SocksReply(reason) != .succeeded)
        // Who is refused by policy shall not believe that the network is at fault, and try again.
        if reason.status == 403 { #expect(SocksReply(reason) == .notAllowed) }
    }
}

private struct SocksOutcome {
    private(set) var length: Int?
    private(set) var target: EgressTarget?
    private(set) var refusal: WireError?
    private(set) var answer: [UInt8] = []
    let asked: [UInt8]

    init(_ vector: Vector, _ count: Int) {
        var reader = SocksReader()
        let bytes = vector.bytes.span.extracting(0..<count)
        do throws(WireError) {
            if vector["say"] == "greeting" {
                length = try reader.readGreeting(bytes)
                if length != nil { SocksWriter.appendMethod(to: &answer) }
            } else {
                let request = try reader.readRequest(bytes)
                length = request?.length
                target = request?.target
            }
        } catch {
            refusal = error
            SocksWriter.appendRefusal(of: error, to: &answer)
        }
        asked = reader.asked
    }
}

/// Two digits for each byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
