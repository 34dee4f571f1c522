// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON

@testable internal import Web

/// Input: answers, separated by a byte 0xFF; of each the first byte says which open exchange it is for and whether it
/// ends, then come a status, header lines and behind an empty line the body.
///
/// Whatever a server answers: each line for the broker is one canonical message on one line, no question of ours is
/// answered twice, and nothing that is sent to the server holds a byte that could end a header line or leads to another
/// origin.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let address = address("https://peer.test/mcp") else { return 0 }
    var table = Table(session: RemoteSession(Arguments.Upstream(address: address)), address: address)
    let isModern = input.first.map { $0 & 0x80 == 0 } ?? true
    let meta = #""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"#
    let asked =
        isModern
        ? [#"{"id":1,"jsonrpc":"2.0","method":"tools/list","params":{\#(meta)"cursor":"x"}}"#]
        : [#"{"id":1,"jsonrpc":"2.0","method":"initialize","params":{}}"#]
    table.send(asked)
    for (place, answer) in input.split(separator: 0xFF, omittingEmptySubsequences: false).enumerated() {
        table.answer(Array(answer))
        let id = place + 2
        table.send([
            isModern
                ? #"{"id":\#(id),"jsonrpc":"2.0","method":"tools/call","params":{\#(meta)"arguments":{"a":"\\n"},"name":"t"}}"#
                : #"{"id":\#(id),"jsonrpc":"2.0","method":"tools/call","params":{"name":"t"}}"#
        ])
    }
    table.session.close(table.now, waits: false)
    table.follow()
    return 0
}

private func address(_ text: String) -> WebAddress? {
    do throws(AddressFault) { return try WebAddress(Array(text.utf8)) } catch { return nil }
}

private struct Table {
    let session: RemoteSession
    let address: WebAddress
    var open: [Int] = []
    var answered: Set<[UInt8]> = []
    var now = Instant(nanoseconds: 1)

    mutating func send(_ lines: [String]) {
        for line in lines where session.takesLines { session.receive(line: Array(line.utf8).span, now: now) }
        follow()
    }

    mutating func follow() {
        for order in session.takeOrders() {
            switch order {
            case .forget(let number): open.removeAll { $0 == number }
            case .start(let number, let request):
                precondition(request.address.hasSameOrigin(as: address), "another origin is asked")
                for line in request.lines {
                    precondition(line.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a header line that is two")
                }
                open.append(number)
            }
        }
        let bytes = session.output.storage[session.output.range]
        session.output.removeAll()
        for line in bytes.split(separator: 0x0A) { check(Array(line)) }
        _ = session.takeNotes()
        // Time passes, so that streams are taken up again.
        now = now.adding(milliseconds: 40_000)
        session.tick(now)
    }

    private mutating func check(_ line: [UInt8]) {
        var tree = JSONTree()
        var reader = JSONReader(limits: .message)
        do throws(JSONError) { try reader.read(line.span, into: &tree) } catch {
            preconditionFailure("a line that is no JSON")
        }
        precondition(tree.canonical(.root).bytes == line, "a line that is not canonical")
        do throws(EnvelopeFault) { _ = try Envelope.fromServer(tree) } catch {
            preconditionFailure("a line that is no message")
        }
        guard tree.member(.root, "method") == nil, let id = tree.member(.root, "id") else { return }
        precondition(answered.insert(tree.canonical(id).bytes).inserted, "an answer that was given before")
    }

    mutating func answer(_ bytes: [UInt8]) {
        guard let choice = bytes.first, !open.isEmpty else { return }
        let number = open[Int(choice & 0x0F) % open.count]
        var head = ResponseHead()
        var body: [UInt8] = []
        var lines = bytes.dropFirst()
        var isFirst = true
        while let end = lines.firstIndex(of: 0x0A) {
            let line = Array(lines[..<end])
            lines = lines[(end + 1)...]
            let text = isFirst ? Array("HTTP/1.1 ".utf8) + line : line
            isFirst = false
            guard head.receive((text + [0x0D, 0x0A]).span, limit: Transfer.maxHeadBytes) else { return }
            if line.isEmpty { break }
        }
        body = Array(lines)
        let end: TransferEnd? = choice & 0x10 == 0 ? .whole : choice & 0x20 == 0 ? nil : .failed(.connection)
        let half = body.count / 2
        let consumed = session.feed(
            number, head, body.span.extracting(0..<half), hasBody: half > 0, end: nil, now: now)
        follow()
        guard open.contains(number) else { return }
        _ = session.feed(
            number, head, body.span.extracting(consumed..<body.count), hasBody: !body.isEmpty, end: end, now: now)
        if end != nil { open.removeAll { $0 == number } }
        follow()
    }
}
