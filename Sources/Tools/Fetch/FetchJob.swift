// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON

/// `web_fetch`: hands the address to the program that fetches, and makes text of what it brings.
///
/// Bytes of strangers' servers are parsed over there. Here arrives one line of JSON, which is read strictly.
final class FetchJob {
    static let maxAddressBytes = 4096
    static let defaultBytes = 256 << 10
    /// Between two looks at what the client says, in milliseconds.
    private static let patience: Int32 = 5
    /// Over the time of the transfer, for the program to say how it went.
    private static let graceMilliseconds = 2000

    private let house: FetchHouse
    private let address: [UInt8]
    private let isRaw: Bool
    private let maxBytes: Int
    private var child: ChildProgram?
    private var started = Instant(nanoseconds: 0)
    private var received = ByteQueue()
    private var isLate = false

    init(_ arguments: ToolArguments, _ house: FetchHouse) throws(ToolFault) {
        var arguments = arguments
        guard let address = try arguments.text("url", maxBytes: Self.maxAddressBytes) else {
            throw ToolFault(.argumentMissing, "url", detail: "give an address, such as https://example.org/page")
        }
        let most = house.settings.maxBytes
        maxBytes = try arguments.integer("max_bytes", 1...most) ?? min(Self.defaultBytes, most)
        isRaw = try Self.isRaw(arguments.text("format", maxBytes: 16))
        try arguments.finish()
        self.address = address
        self.house = house
    }

    private static func isRaw(_ format: [UInt8]?) throws(ToolFault) -> Bool {
        guard let format, format != Array("text".utf8) else { return false }
        guard format == Array("raw".utf8) else { throw ToolFault(.argumentKind, "format", detail: "text or raw") }
        return true
    }

    var progress: JobProgress? { nil }

    func step(_ now: Instant) throws(ToolFault) -> JobStep {
        do throws(SyscallError) {
            guard let child else {
                started = now
                try start()
                return .working
            }
            try child.wait(milliseconds: Self.patience)
            while received.count <= JSONLimits.message.bytes, try child.read(into: &received, limit: 65_536) {}
            guard received.count <= JSONLimits.message.bytes else {
                try child.kill()
                throw SyscallError("read", "the answer", code: SyscallError.forbidden)
            }
            isLate =
                now.milliseconds(after: started) > UInt64(house.settings.seconds * 1000 + Self.graceMilliseconds)
            guard child.hasOutputEnded || isLate else { return .working }
            try child.kill()
        } catch {
            throw ToolFault(.fetchFailed, address, detail: Array("\(error)".utf8))
        }
        return .done(.tool(try answer()))
    }

    /// Nobody wants the answer.
    func cancel() {
        // Where it cannot be killed it ends by its own time limit.
        do throws(SyscallError) { try child?.kill() } catch {}
    }

    private func start() throws(SyscallError) {
        guard let program = SystemString(Array(house.client.utf8)) else {
            throw SyscallError("execve", house.client, code: SyscallError.forbidden)
        }
        var arguments: [SystemString] = ["fetch"]
        if let path = house.settings.certificates.flatMap({ SystemString(Array($0.utf8)) }) {
            arguments += ["--certificates", path]
        }
        let pipe = try Pipe()
        // Far less than a pipe holds, so this never waits.
        try pipe.writing.writeAll(FetchExchange.request(address, maxBytes: maxBytes, seconds: house.settings.seconds))
        child = try ChildProgram(
            ChildProgram.Plan(
                program: program, arguments: arguments, environment: ["LANG=C.UTF-8"], directory: "/", limits: nil,
                joinsErrors: false),
            input: pipe.keepReading())
    }

    private func answer() throws(ToolFault) -> ToolAnswer {
        let bytes = received.storage
        let line = bytes[received.range].prefix { $0 != lineFeed }
        guard !line.isEmpty else {
            guard !isLate else { throw ToolFault(.timeout, address) }
            throw ToolFault(.fetchFailed, address, detail: Array("no answer".utf8))
        }
        return try FetchExchange.page(Array(line), asked: address).answer(isRaw: isRaw)
    }
}
