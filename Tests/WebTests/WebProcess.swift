// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Spawn
import StrictJSON

/// A program between pipes: ours, or the peer that it talks to.
final class WebProcess {
    let pid: Int32
    private var input: FileDescriptor?
    private let output: FileDescriptor
    private let errors: FileDescriptor
    private var received: [UInt8] = []
    private var isCollected = false

    init(_ program: String, _ arguments: [String], environment: [String] = []) throws {
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
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, &attributes, &words, &variables)
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
        for word in words + variables { free(word) }
        guard code == 0 else { throw Broken("posix_spawn: \(code)") }
        self.pid = pid
        input = try toServer.writing.duplicate()
        output = fromServer.keepReading()
        errors = complaints.keepReading()
    }

    deinit {
        guard !isCollected else { return }
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    static func web(_ arguments: [String], environment: [String] = []) throws -> WebProcess {
        try WebProcess(Spawn.buildDirectory + "/doorward-web", arguments, environment: environment)
    }

    func send(_ line: String) throws { try input?.writeAll(Array((line + "\n").utf8)) }

    func closeInput() { input = nil }

    /// The next line, within half a minute; nil at the end of the output.
    func next() throws -> JSONTree? {
        while true {
            if let end = received.firstIndex(of: 10) {
                let line = Array(received[..<end])
                received.removeFirst(end + 1)
                var tree = JSONTree()
                var reader = JSONReader(limits: .message)
                try reader.read(line.span, into: &tree)
                return tree
            }
            guard try output.waitUntilReadable(milliseconds: 30_000) else { throw Broken("no line in time") }
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            let count = read(output.number, &buffer, buffer.count)
            guard count > 0 else { return nil }
            received += buffer[..<count]
        }
    }

    func answer() throws -> JSONTree {
        guard let line = try next() else { throw Broken("the output has ended: \(wait().complaints)") }
        return line
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
        isCollected = true
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        return (code, String(decoding: bytes, as: UTF8.self))
    }
}

struct Broken: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The scripted server and the proxy in front of it.
final class ScriptedPeer {
    private let process: WebProcess
    let proxyPort: Int
    let httpPort: Int

    init() throws {
        process = try WebProcess("/usr/bin/env", ["python3", Self.directory + "/peer.py"], environment: Self.path)
        let ports = try process.answer()
        proxyPort = ports.integer("proxy") ?? 0
        httpPort = ports.integer("http") ?? 0
    }

    private static var path: [String] {
        getenv("PATH").map { ["PATH=" + String(cString: $0)] } ?? []
    }

    static var directory: String {
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/peer"
    }

    var options: [String] {
        ["--proxy-port", "\(proxyPort)", "--certificates", Self.directory + "/ca.pem"]
    }

    /// The next thing that happened here which has this member; what happened before is passed over.
    func next(_ member: String) throws -> JSONTree {
        while true {
            let fact = try process.answer()
            if fact.member(.root, Array(member.utf8)) != nil { return fact }
        }
    }

    /// Everything that has happened so far, without waiting.
    func rest() throws -> [JSONTree] {
        var all: [JSONTree] = []
        while try process.speaks(within: 300) { all.append(try process.answer()) }
        return all
    }
}

extension JSONTree {
    func node(_ path: String) -> JSONNode? {
        var node = JSONNode.root
        for key in path.split(separator: ".") {
            guard let inner = member(node, Array(key.utf8)) else { return nil }
            node = inner
        }
        return node
    }

    func text(at path: String) -> String? { node(path).flatMap(text).map { String(decoding: $0, as: UTF8.self) } }
    func integer(_ path: String) -> Int? { node(path).flatMap(integer).map { Int($0) } }
    func flag(_ path: String) -> Bool? { node(path).flatMap(bool) }
    func elements(at path: String) -> [JSONNode] { node(path).map { Array(elements($0)) } ?? [] }
}
