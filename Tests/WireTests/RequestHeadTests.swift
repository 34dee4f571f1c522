// SPDX-License-Identifier: Apache-2.0
import Policy
import Testing
import Wire

@Suite("A request head is read in one way or not at all")
struct RequestHeadTests {
    @Test("each vector ends as it says", arguments: Vector.load("request-head"))
    func vector(_ vector: Vector) throws {
        let outcome = HeadOutcome(vector.bytes)
        guard vector.expect == "accept" else {
            #expect(outcome.refusal.map(refusalText) == vector.expect)
            return
        }
        #expect(outcome.refusal == nil)
        let head = outcome.head
        let rest = Int(vector["rest"] ?? "0")
        #expect(outcome.length == vector.bytes.count - (rest ?? 0))
        if let method = vector["method"] { #expect(head.method.rawValue == method) }
        if let path = vector["path"] { #expect(head.copy(head.path).text == path) }
        if let framing = vector["framing"] { #expect(framingText(head.framing) == framing) }
        #expect(head.hasQuery == (vector["query"] == "yes"))
        #expect(head.closesConnection == (vector["closes"] == "yes"))
        #expect(head.expectsContinue == (vector["continue"] == "yes"))
        #expect(head.asksForWebSocket == (vector["upgrade"] == "yes"))
        for line in vector.all("header") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            let name = try #require(HeaderName.allCases.first { $0.text == parts[0] })
            let value = try #require(head.value(name))
            #expect(head.copy(value).text == parts[1])
        }
        for line in vector.all("param") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            let found = head.fields.first { $0.name == .mcpParam && head.copy($0.nameRange).text == parts[0] }
            let field = try #require(found)
            #expect(head.copy(field.value).text == parts[1])
        }
    }

    @Test("how the bytes are cut makes no difference", arguments: Vector.load("request-head"))
    func cuts(_ vector: Vector) {
        let whole = HeadOutcome(vector.bytes)
        #expect(HeadOutcome(vector.bytes, cuts: Array(0...vector.bytes.count).prefix(40_000)) == whole)
        if vector.bytes.count > 2000 { return }
        for cut in 0..<vector.bytes.count { #expect(HeadOutcome(vector.bytes, cuts: [cut]) == whole) }
    }

    @Test("a refusal comes with the byte that makes it certain, and stays", arguments: Vector.load("request-head"))
    func earliest(_ vector: Vector) {
        let whole = HeadOutcome(vector.bytes)
        guard let refusal = whole.refusal else { return }
        #expect(whole.again == refusal)
        let judgedWhole: [WireRule] = [
            .hostMissing, .hostMalformed, .contentLengthMalformed, .contentLengthHuge, .transferEncodingMalformed,
            .framingConflict, .connectionMalformed, .upgradeUnknown, .expectationUnknown,
        ]
        var certain = refusal.offset + 1
        if judgedWhole.contains(refusal.rule) {
            // A value is judged when its line has ended, and the whole when there is no more to come.
            let end = vector.bytes[refusal.offset...].firstIndex(of: 10)
            certain = (end ?? vector.bytes.count - 1) + 1
        }
        // Until the head has ended, another line may turn an honest wish into an attack.
        if refusal.rule == .transferEncodingUnknown { certain = vector.bytes.count }
        #expect(HeadOutcome(Array(vector.bytes.prefix(certain))).refusal == refusal)
        // A limit is reached with its last allowed byte; any other refusal needs the byte that it names.
        let isLimit = refusal.rule.denial == .headTooLarge || refusal.rule == .requestLineTooLong
        #expect(isLimit || HeadOutcome(Array(vector.bytes.prefix(certain - 1))).refusal == nil)
    }

    @Test("an accepted head means the same when it is written anew", arguments: Vector.load("request-head"))
    func rewritten(_ vector: Vector) {
        let first = HeadOutcome(vector.bytes)
        if first.refusal != nil || first.head.method == .other || first.head.hasQuery { return }
        let second = HeadOutcome(compose(first.head))
        #expect(second.refusal == nil)
        #expect(meaning(second.head) == meaning(first.head))
    }

    @Test("a reader is as new after each head, and keeps its storage")
    func reuse() throws {
        var reader = RequestHeadReader()
        let heads = Vector.load("request-head").filter { $0.expect == "accept" }
        for vector in heads + heads {
            reader.reset()
            _ = try reader.read(vector.bytes.span)
            #expect(meaning(reader.head) == meaning(HeadOutcome(vector.bytes).head))
        }
    }

    @Test("method and path of a refused head are there for the record, once they were accepted")
    func record() {
        let late = HeadOutcome(Array("POST /mcp HTTP/1.1\r\nHost : a\r\n".utf8))
        #expect(late.refusal?.rule == .headerName)
        #expect(late.head.method == .post)
        #expect(late.head.copy(late.head.path).text == "/mcp")
        let early = HeadOutcome(Array("POST /mcp%00 HTTP/1.1\r\n".utf8))
        #expect(early.refusal?.rule == .pathByte)
        #expect(early.head.path.isEmpty)
    }

    @Test("parameters are found by name in any letter case, values by bytes")
    func parameters() throws {
        let lines = "MCP-PARAM-Region: eu\r\nMcp-Param-Reg: x\r\nMcp-Param-: empty\r\nMcp-Method: tools/call\r\n"
        let head = try head(with: Array(lines.utf8))
        func value(_ name: String) -> String? { head.parameter(Array(name.utf8)).map { head.copy($0).text } }
        #expect(value("region") == "eu")
        #expect(value("REGION") == "eu")
        #expect(value("reg") == "x")
        #expect(value("") == "empty")
        #expect(value("zone") == nil)
        #expect(head.holds(Array("tools/call".utf8), in: .mcpMethod))
        #expect(!head.holds(Array("Tools/call".utf8), in: .mcpMethod))
        #expect(!head.holds([], in: .mcpName))
        #expect(head.holds("tools/call", in: .mcpMethod))
    }

    @Test("two requests on one connection are two heads")
    func pipelined() throws {
        let bytes = Array("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n".utf8)
        var reader = RequestHeadReader()
        #expect(try reader.read(bytes.span) == .complete(length: 28))
        #expect(try reader.read(bytes.span) == .complete(length: 28))
        reader.reset()
        #expect(try reader.read(bytes.span.extracting(28..<bytes.count)) == .complete(length: 28))
        #expect(reader.head.copy(reader.head.path).text == "/b")
    }

    @Test("any single changed byte of a head is read the same way however it is cut")
    func mutations() {
        let seed = Array(
            "POST /mcp/a HTTP/1.1\r\nHost: a:1\r\nContent-Length: 5\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n"
                .utf8)
        var accepted = 0
        for place in 0..<seed.count {
            for byte in [0, 9, 10, 13, 32, 34, 43, 44, 45, 46, 47, 48, 58, 63, 65, 97, 127, 128, 255] as [UInt8] {
                var bytes = seed
                bytes[place] = byte
                let whole = HeadOutcome(bytes)
                #expect(HeadOutcome(bytes, cuts: Array(0...bytes.count)[...]) == whole)
                if whole.refusal == nil && whole.length != nil { accepted += 1 }
            }
        }
        // The meter: some changes must be harmless and some must not.
        #expect(accepted > 100 && accepted < seed.count * 19 / 2)
    }
}

/// How a reader ended when it was fed in pieces.
struct HeadOutcome: Equatable {
    let head: RequestHead
    private(set) var length: Int?
    private(set) var refusal: WireError?
    private(set) var again: WireError?

    init(_ bytes: [UInt8], cuts: ArraySlice<Int> = []) {
        var reader = RequestHeadReader()
        for end in cuts + [bytes.count] {
            do throws(WireError) {
                if case .complete(let length) = try reader.read(bytes.span.extracting(0..<end)) {
                    self.length = length
                    break
                }
            } catch {
                refusal = error
                break
            }
        }
        head = reader.head
        if refusal != nil {
            do throws(WireError) { _ = try reader.read(bytes.span) } catch { again = error }
        }
    }

    static func == (left: HeadOutcome, right: HeadOutcome) -> Bool {
        left.length == right.length && left.refusal == right.refusal && meaning(left.head) == meaning(right.head)
    }
}

/// All that a head says, independent of where its bytes lie.
func meaning(_ head: RequestHead) -> [String] {
    var lines = [head.method.rawValue, head.path.isEmpty ? "" : head.copy(head.path).text, framingText(head.framing)]
    lines.append("\(head.hasQuery) \(head.expectsContinue) \(head.asksForWebSocket) \(head.closesConnection)")
    if head.bytes.isEmpty || head.bytes.count == head.path.upperBound { return lines }
    for field in head.fields {
        let name = head.copy(field.nameRange).text
        lines.append("\(field.name) \(name): \(head.copy(field.value))")
    }
    return lines
}

/// The head as we would write it: one blank behind each colon and none behind a value.
func compose(_ head: RequestHead) -> [UInt8] {
    var bytes = Array(head.method.rawValue.utf8) + [32] + head.copy(head.path) + Array(" HTTP/1.1\r\n".utf8)
    for field in head.fields {
        bytes += head.copy(field.nameRange) + [58, 32] + head.copy(field.value) + [13, 10]
    }
    return bytes + [13, 10]
}
