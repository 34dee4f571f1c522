// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Wire

@Suite("Frames are read by the letter of RFC 6455")
struct FrameTests {
    @Test("each vector ends as it says, however it is cut", arguments: Vector.load("frames"))
    func vector(_ vector: Vector) throws {
        let role: WebSocketRole = vector["role"] == "client" ? .client : .server
        let limit = try #require(Int(vector["limit"] ?? "64"))
        let whole = Session(vector.bytes, role, limit, vector["binary"] == "yes")
        #expect(whole.events == vector.bytes("event"))
        #expect(whole.end == vector.expect)
        for step in [1, 2, 3, 5, 1000] {
            #expect(Session(vector.bytes, role, limit, vector["binary"] == "yes", step: step) == whole)
        }
    }

    @Test("what we write reads as what we wrote, whole and byte by byte, in both roles")
    func roundTrip() {
        for count in [0, 1, 7, 8, 9, 125, 126, 127, 65_535, 65_536, 70_000] {
            let text = (0..<count).map { UInt8(0x21 + $0 % 90) }
            for mask in [nil, 0, 0x1234_5678, UInt32.max] {
                var bytes: [UInt8] = []
                FrameWriter.append(.text, text.span, mask: mask, to: &bytes)
                if count <= FrameLimits.controlPayload {
                    FrameWriter.append(.ping, text.span, mask: mask, to: &bytes)
                    FrameWriter.append(.pong, text.span, mask: mask, to: &bytes)
                }
                FrameWriter.append(.binary, text.span, mask: mask, to: &bytes)
                FrameWriter.appendClose(.goingAway, mask: mask, to: &bytes)
                var expected = [Array("text ".utf8) + text]
                if count <= FrameLimits.controlPayload {
                    expected += [Array("ping ".utf8) + text, Array("pong ".utf8) + text]
                }
                expected += [Array("binary ".utf8) + text, Array("close 1001".utf8)]
                for step in [bytes.count, 1, 13] {
                    let session = Session(bytes, mask == nil ? .client : .server, count, true, step: step)
                    #expect(session.events == expected.map { $0.last == 32 ? $0.dropLast() : $0 })
                    #expect(session.end == "closed")
                }
            }
        }
    }

    @Test("a mask turns with the payload, wherever the payload is cut")
    func maskPhase() {
        let text = Array("The quick brown fox jumps over the lazy dog".utf8)
        var bytes: [UInt8] = []
        FrameWriter.append(.text, text.span, mask: 0xA1B2_C3D4, to: &bytes)
        for cut in 0...bytes.count {
            for second in cut...bytes.count {
                var reader = FrameReader(role: .server, limit: 100, takesBinary: false)
                var messages: [[UInt8]] = []
                for range in [0..<cut, cut..<second, second..<bytes.count] {
                    do throws(WireError) {
                        let event = try reader.read(bytes.span.extracting(range)).event
                        if event == .text { messages.append(reader.message) }
                    } catch {
                        Issue.record("\(error)")
                    }
                }
                #expect(messages == [text])
            }
        }
    }

    @Test("a declared length makes us hold nothing")
    func declaredLength() throws {
        var reader = FrameReader(role: .server, limit: FrameLimits.message, takesBinary: false)
        // 4 MiB declared, nothing sent.
        let bytes: [UInt8] = [0x81, 0xFF, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0]
        #expect(try reader.read(bytes.span).event == nil)
        #expect(reader.message.capacity < 1024)
        var over = bytes
        over[9] = 1
        var second = FrameReader(role: .server, limit: FrameLimits.message, takesBinary: false)
        #expect(refusal { () throws(WireError) in _ = try second.read(over.span) } == "message-too-large 1009")
    }

    @Test("the memory of a large message is given back")
    func trimmed() throws {
        var reader = FrameReader(role: .client, limit: 1 << 20, takesBinary: false)
        var bytes: [UInt8] = []
        FrameWriter.append(.text, [UInt8](repeating: 97, count: 1 << 20).span, to: &bytes)
        #expect(try reader.read(bytes.span).event == .text)
        reader.trim(keeping: 4096)
        #expect(reader.message.isEmpty)
        #expect(try reader.read([0x81, 1, 97].span).event == .text)
        #expect(reader.message == [97])
    }

    @Test("every two-byte start of a UTF-8 text is judged like the standard library does")
    func utf8() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                for tail in [[], [0x80], [0x80, 0x80], [0xBF, 0xBF], [0x41]] as [[UInt8]] {
                    let bytes = [first, second] + tail
                    let isValid = String(validating: bytes, as: UTF8.self) != nil
                    #expect(UTF8Check.isText(bytes.span, 0..<bytes.count) == isValid)
                }
            }
        }
    }
}

/// What a reader reports of some bytes, fed in pieces.
private struct Session: Equatable {
    var events: [[UInt8]] = []
    var end = "open"

    init(_ bytes: [UInt8], _ role: WebSocketRole, _ limit: Int, _ takesBinary: Bool, step: Int? = nil) {
        var reader = FrameReader(role: role, limit: limit, takesBinary: takesBinary)
        var start = 0
        do throws(WireError) {
            while start < bytes.count {
                let stop = min(bytes.count, start + (step ?? bytes.count))
                let progress = try reader.read(bytes.span.extracting(start..<stop))
                start += progress.consumed
                if let event = progress.event { take(event, reader) }
            }
        } catch {
            end = refusalText(error)
            // A reader that refused once refuses for ever.
            if refusal({ () throws(WireError) in _ = try reader.read([0x81].span) }) != end { end = "forgot" }
        }
    }

    private mutating func take(_ event: FrameEvent, _ reader: FrameReader) {
        let (name, payload): (String, [UInt8]) =
            switch event {
            case .text: ("text", reader.message)
            case .binary: ("binary", reader.message)
            case .ping: ("ping", reader.control)
            case .pong: ("pong", reader.control)
            case .close(let code):
                ("close", (code.map { Array("\($0.rawValue)".utf8) } ?? []) + reasonText(reader.control))
            }
        events.append(Array(name.utf8) + (payload.isEmpty ? [] : [32] + payload))
        if name == "close" { end = "closed" }
    }

    private func reasonText(_ control: [UInt8]) -> [UInt8] {
        control.count > 2 ? [32] + control.dropFirst(2) : []
    }
}
