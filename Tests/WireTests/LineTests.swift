// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@Suite("A line ends at its line feed and nowhere else")
struct LineTests {
    @Test("each stream ends as it says, however it is cut", arguments: Vector.load("lines"))
    func streams(_ vector: Vector) throws {
        for step in [vector.bytes.count, 1, 3] {
            var reader = LineReader(limit: 8)
            var lines: [[UInt8]] = []
            var start = 0
            var end = 0
            let refused = refusal { () throws(WireError) in
                while true {
                    switch try reader.next(vector.bytes.span.extracting(0..<end), from: start) {
                    case .line(let line, let length):
                        lines.append(Array(vector.bytes[line]))
                        start += length
                    case .needMore:
                        if end == vector.bytes.count { return }
                        end = min(end + step, vector.bytes.count)
                    }
                }
            }
            #expect(refused ?? "open" == vector.expect)
            if refused != nil { continue }
            #expect(lines == vector.bytes("line"))
            #expect(vector.bytes.count - start == Int(vector["rest"] ?? "0"))
        }
    }

    @Test("a line that arrives in pieces is searched once")
    func searchedOnce() throws {
        // 4 MiB in pieces of 1 KiB: searched anew each time this would look at 8 GiB.
        let limit = 4 << 20
        let bytes = [UInt8](repeating: 97, count: limit) + [10]
        var reader = LineReader(limit: limit)
        for end in stride(from: 1024, through: limit, by: 1024) {
            #expect(try reader.next(bytes.span.extracting(0..<end)) == .needMore)
        }
        #expect(try reader.next(bytes.span) == .line(0..<limit, length: limit + 1))
    }
}

@Suite("An event stream carries one message an event")
struct EventTests {
    @Test("each stream ends as it says, however it is cut", arguments: Vector.load("events"))
    func streams(_ vector: Vector) {
        for step in [vector.bytes.count, 1, 3] {
            var reader = EventReader(limit: 32)
            var events: [[UInt8]] = []
            var start = 0
            var end = 0
            let refused = refusal { () throws(WireError) in
                while true {
                    let (consumed, isEvent) = try reader.read(vector.bytes.span.extracting(start..<end))
                    start += consumed
                    if isEvent {
                        events.append(reader.data)
                    } else if end == vector.bytes.count {
                        return
                    } else {
                        end = min(end + step, vector.bytes.count)
                    }
                }
            }
            #expect(refused ?? "open" == vector.expect)
            if refused == nil { #expect(events == vector.bytes("data")) }
        }
    }

    @Test("what we write is one event, whatever line ends stand in it")
    func written() throws {
        var stream: [UInt8] = []
        EventWriter.append(message: Array("{\"a\":1}".utf8).span, to: &stream)
        EventWriter.appendKeepAlive(to: &stream)
        EventWriter.append(message: Array("x\n\nevent: evil\rdata: y".utf8).span, to: &stream)
        #expect(stream.text.hasPrefix("event: message\ndata: {\"a\":1}\n\n:\n\n"))
        var reader = EventReader(limit: 100)
        let first = try reader.read(stream.span)
        #expect(first.isEvent && reader.data.text == "{\"a\":1}")
        let second = try reader.read(stream.span.extracting(first.consumed..<stream.count))
        #expect(second.isEvent && reader.data.text == "x\n\nevent: evil\ndata: y")
        #expect(first.consumed + second.consumed == stream.count)
    }
}
