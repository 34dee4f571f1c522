// SPDX-License-Identifier: Apache-2.0
import Control
import Linux
import Policy
import StrictJSON

/// An MCP server whose lines the test writes and reads itself.
final class ScriptedServer {
    let launch: UInt32
    private let house: House
    private let reader: FileDescriptor
    private var writer: FileDescriptor?
    private var errors: FileDescriptor?
    private var received = ByteQueue()
    private var lines: [JSONTree] = []

    /// - Parameter doors: the listeners inside its sandbox, none where it has no network.
    init(_ launch: UInt32, _ house: House, doors: [Owned] = []) throws {
        self.launch = launch
        self.house = house
        let (inputReading, inputWriting) = try ends()
        let (outputReading, outputWriting) = try ends()
        let (errorsReading, errorsWriting) = try ends()
        for end in [inputReading, inputWriting, outputReading, errorsReading] { try end.nonBlocking() }
        reader = try inputReading.take()
        writer = try outputWriting.take()
        errors = try errorsWriting.take()
        house.launcher.send(
            .started(launch: launch, pid: 4711, hasNetwork: !doors.isEmpty, report: ConfinementReport().encoded),
            passing: [inputWriting, outputReading, errorsReading] + doors)
        try house.turn()
    }

    /// Writes one line as it is.
    func say(_ line: String) throws { try write(Array((line + "\n").utf8)) }

    /// Writes bytes, a pipe's worth at a time, so that the broker can read what there is no room for.
    func write(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            let end = min(start + 32_768, bytes.count)
            // Where the broker has closed its end there is nobody left to write to.
            do throws(SyscallError) { try writer?.writeAll(Array(bytes[start..<end])) } catch { writer = nil }
            start = end
            try house.turn(2)
        }
        try house.turn()
    }

    func complain(_ text: String) throws {
        try errors?.writeAll(Array(text.utf8))
        try house.turn()
    }

    /// The next line that the broker wrote.
    func hear() throws -> JSONTree {
        try house.turn(until: { try take() })
        return lines.removeFirst()
    }

    /// True if the broker has written nothing.
    func hearsNothing() throws -> Bool {
        try house.turn()
        return try !take()
    }

    private func take() throws -> Bool {
        if !lines.isEmpty { return true }
        _ = try reader.read(into: &received, limit: 65_536)
        let bytes = received.storage
        let range = received.range
        let whole = Array(bytes[range])
        var start = 0
        for (index, byte) in whole.enumerated() where byte == 0x0A {
            lines.append(try parsed(Array(whole[start..<index])))
            start = index + 1
        }
        received.drop(start)
        return !lines.isEmpty
    }

    /// Plays a modern server's greeting and list.
    func greetModern(tools: [String] = [House.echoTool]) throws {
        let discover = try hear()
        try answer(
            discover,
            """
            {"capabilities":{"tools":{}},"supportedVersions":["2026-07-28"],"resultType":"complete","ttlMs":0,"cacheScope":"private"}
            """)
        try list(tools)
    }

    /// Plays a legacy server's handshake and list.
    func greetLegacy(tools: [String] = [House.echoTool]) throws {
        let initialize = try hear()
        try answer(
            initialize,
            """
            {"capabilities":{"tools":{}},"protocolVersion":"2025-11-25","serverInfo":{"name":"old","version":"1"}}
            """)
        _ = try hear()
        try list(tools)
    }

    func list(_ tools: [String]) throws {
        let list = try hear()
        try answer(list, "{\"tools\":[\(tools.joined(separator: ","))]}")
    }

    func answer(_ request: JSONTree, _ result: String) throws {
        let id = try unwrap(request.member(.root, "id").flatMap(request.integer))
        try say("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":\(result)}")
    }

    /// True when the broker has closed the server's input. Wait for it: a process that another test starts at the same
    /// moment may hold a copy for an instant.
    func isInputClosed() throws -> Bool {
        while true {
            switch try reader.read(into: &received, limit: 65_536) {
            case .moved: received.removeAll()
            case .wouldBlock: return false
            case .closed: return true
            }
        }
    }

    /// Writes a last line and is gone before the broker looks.
    func sayAndEnd(_ line: String) throws {
        try writer?.writeAll(Array((line + "\n").utf8))
        writer = nil
        house.launcher.send(.exited(launch: launch, status: 0))
        try house.turn()
    }

    func end(status: UInt32 = 0) throws {
        writer = nil
        house.launcher.send(.exited(launch: launch, status: status))
        try house.turn()
    }
}

extension Owned {
    func nonBlocking() throws {
        let descriptor = try take()
        try descriptor.setNonBlocking(true)
        put(descriptor)
    }
}

private func ends() throws -> (reading: Owned, writing: Owned) {
    let pipe = try Pipe()
    return (Owned(try pipe.reading.duplicate()), Owned(try pipe.writing.duplicate()))
}
