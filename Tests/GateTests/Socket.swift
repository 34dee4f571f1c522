// SPDX-License-Identifier: Apache-2.0
import Control
import FakeBroker
import Policy
import Testing

@testable import Gate

/// A WebSocket as a client speaks it, from the bytes up.
final class SocketClient {
    let client: Client
    private var arrived: [UInt8] = []

    /// What came in one frame.
    enum Frame: Equatable {
        case text(String)
        case close(UInt16?)
        case ping([UInt8])
        case pong([UInt8])
        case other(UInt8)
    }

    init(_ rig: Rig, at target: String = "/ws/files", as credential: String = "good") throws {
        client = try rig.connect()
        let answer = try #require(try client.exchange(.upgrade(to: target, bearer: credential)))
        #expect(answer.status == 101)
        #expect(answer["sec-websocket-protocol"] == "mcp")
        #expect(answer["sec-websocket-accept"] == "C/0nmHhBztSRGR1CwL6Tf4ZjwpY=")
        rig.broker.forget()
    }

    /// One masked frame.
    static func frame(_ first: UInt8, _ payload: [UInt8], mask: [UInt8] = [1, 2, 3, 4]) -> [UInt8] {
        var bytes = [first]
        switch payload.count {
        case ..<126: bytes.append(0x80 | UInt8(payload.count))
        case ..<65_536: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            bytes.append(0x80 | 127)
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(payload.count >> shift & 0xFF)) }
        }
        bytes += mask
        for (index, byte) in payload.enumerated() { bytes.append(byte ^ mask[index % 4]) }
        return bytes
    }

    func send(_ text: String) throws { try client.send(Self.frame(0x81, Array(text.utf8))) }
    func send(raw: [UInt8]) throws { try client.send(raw) }

    /// The next frame, if a whole one has come.
    func next() throws -> Frame? {
        arrived += try client.takeBytes()
        guard arrived.count >= 2 else { return nil }
        var start = 2
        var length = Int(arrived[1])
        if length == 126 {
            length = Int(arrived[2]) << 8 | Int(arrived[3])
            start = 4
        } else if length == 127 {
            length = arrived[2..<10].reduce(0) { $0 << 8 | Int($1) }
            start = 10
        }
        guard arrived.count >= start + length else { return nil }
        let payload = Array(arrived[start..<(start + length)])
        let first = arrived[0]
        arrived.removeFirst(start + length)
        switch first {
        case 0x81: return .text(String(decoding: payload, as: UTF8.self))
        case 0x88: return .close(payload.count < 2 ? nil : UInt16(payload[0]) << 8 | UInt16(payload[1]))
        case 0x89: return .ping(payload)
        case 0x8A: return .pong(payload)
        default: return .other(first)
        }
    }

    func exchange(_ text: String) throws -> String? {
        try send(text)
        guard case .text(let answer)? = try next() else { return nil }
        return answer
    }

    /// The close code with which the gate ends this socket; nil if it stays.
    func closeCode() throws -> UInt16? {
        guard case .close(let code)? = try next() else { return nil }
        return code
    }

    static let initialize = Request.legacyBody("initialize", params: Request.initializeParams)
}

func reason(_ message: String?) -> String? {
    message.flatMap { $0.tail(behind: "\"reason\":\"") }.map { String($0.prefix { $0 != "\"" }) }
}

func code(_ message: String?) -> Int? {
    message.flatMap { $0.tail(behind: "\"code\":") }.flatMap { Int($0.prefix { $0 != "," }) }
}
