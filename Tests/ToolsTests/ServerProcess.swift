// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Spawn

/// The program itself, between pipes.
final class ServerProcess {
    let pid: Int32
    private var input: FileDescriptor?
    private let output: FileDescriptor
    private let errors: FileDescriptor
    private var received: [UInt8] = []
    /// So much of it holds no line feed.
    private var searched = 0

    init(_ arguments: [String]) throws {
        Signal.ignoreBrokenPipe()
        let toServer = try Pipe()
        let fromServer = try Pipe()
        let complaints = try Pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, toServer.reading.number, 0)
        posix_spawn_file_actions_adddup2(&actions, fromServer.writing.number, 1)
        posix_spawn_file_actions_adddup2(&actions, complaints.writing.number, 2)
        // The threads that run tests block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        var none = sigset_t()
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let program = Spawn.buildDirectory + "/doorward-tools"
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, &attributes, &words, &environment)
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
        for word in words { free(word) }
        guard code == 0 else { throw Broken("posix_spawn: \(code)") }
        self.pid = pid
        input = try toServer.writing.duplicate()
        output = fromServer.keepReading()
        errors = complaints.keepReading()
    }

    func send(_ line: String) throws { try send(bytes: text(line + "\n")) }

    func send(bytes: [UInt8]) throws {
        guard input != nil else { throw Broken("the input is closed") }
        try input?.writeAll(bytes)
    }

    /// Sends more than the server may want to read now; it may also close its input.
    func feed(_ bytes: [UInt8]) throws -> Thread {
        guard let copy = try input?.duplicate() else { throw Broken("the input is closed") }
        let number = copy.release()
        return try Thread(named: "feed") {
            let copy = FileDescriptor(owning: number)
            try? copy.writeAll(bytes)
        }
    }

    func closeInput() { input = nil }

    /// The next line, within a minute; nil at the end of the output.
    func next() throws -> Reply? {
        while true {
            if let end = received[searched...].firstIndex(of: 10) {
                let line = Array(received[..<end])
                received.removeFirst(end + 1)
                searched = 0
                return try Reply(line)
            }
            searched = received.count
            guard try output.waitUntilReadable(milliseconds: 60_000) else { throw Broken("no answer in time") }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = read(output.number, &buffer, buffer.count)
            guard count > 0 else { return nil }
            received += buffer[..<count]
        }
    }

    func answer() throws -> Reply {
        guard let reply = try next() else { throw Broken("the output has ended") }
        return reply
    }

    /// Whether something is to be read within this time.
    func speaks(within milliseconds: Int32) throws -> Bool {
        try !received.isEmpty || output.waitUntilReadable(milliseconds: milliseconds)
    }

    /// The exit status, or 128 and the signal; and what was complained of.
    func wait() -> (status: Int32, complaints: String) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(errors.number, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        return (code, String(decoding: bytes, as: UTF8.self))
    }

    /// Of its memory, in KiB.
    var residentKiB: Int {
        let status = String(decoding: Slurp.file("/proc/\(pid)/status"), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return line.split(separator: " ").compactMap { Int($0) }.first ?? 0
    }

    /// Number of open descriptors.
    var descriptors: Int {
        guard let directory = opendir("/proc/\(pid)/fd") else { return -1 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count - 2
    }
}

private enum Slurp {
    static func file(_ path: String) -> [UInt8] {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(number) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(number, &buffer, buffer.count)
        return Array(buffer[..<max(count, 0)])
    }
}
