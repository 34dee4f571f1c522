// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Linux

/// A program that a test started, with its output collected.
package struct Spawn: Sendable {
    /// 128 and the signal, if it was killed; 124 if it had to be killed because it took too long.
    package let status: Int32
    package let output: String
    package let errors: String

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - user: run as this user and group, which takes root; nil for the test's own.
    ///   - environment: all of it; nil for the test's own.
    ///   - keptDescriptor: a descriptor that the program gets under its own number.
    package static func run(
        _ program: String, _ arguments: [String], user: UInt32? = nil, environment: [String]? = nil,
        keptDescriptor: Int32? = nil, timeout seconds: Int32 = 30
    ) throws -> Spawn {
        let started = try Started(
            program, arguments, user: user, environment: environment, keptDescriptor: keptDescriptor)
        return try started.finish(timeout: seconds)
    }

    /// Where SwiftPM puts the programs of this build.
    package static var buildDirectory: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        let text = String(decoding: path[0..<max(count, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let exe = text.split(separator: "/").dropLast().joined(separator: "/")
        // The test bundle is run by a helper of the toolchain in some releases: then its path is an argument.
        if let at = CommandLine.arguments.firstIndex(of: "--test-bundle-path"), at + 1 < CommandLine.arguments.count {
            return CommandLine.arguments[at + 1].split(separator: "/", omittingEmptySubsequences: false).dropLast()
                .joined(separator: "/")
        }
        return "/" + exe
    }

    /// The root of the source tree.
    package static var sourceDirectory: String {
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
    }

    /// Where the libraries of a debug build lie.
    package static var toolchainDirectory: String {
        let maps = (try? HostSetting.text("/proc/self/maps", limit: 1_048_576)) ?? nil
        for line in String(decoding: maps ?? [], as: UTF8.self).split(separator: "\n")
        where line.hasSuffix("/libswiftCore.so") {
            let path = line.split(separator: " ").last ?? ""
            return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        }
        return "/usr/lib"
    }

    /// What a program of a debug build needs to find its libraries, unless `name` is that variable itself.
    package static func libraryPath(except name: String) -> [String] {
        guard name != "LD_LIBRARY_PATH", let path = getenv("LD_LIBRARY_PATH") else { return [] }
        return ["LD_LIBRARY_PATH=" + String(cString: path)]
    }

    package static var isRoot: Bool { geteuid() == 0 }
}

/// A program that runs.
package final class Started: Sendable {
    package let pid: Int32
    private let output: Int32
    private let errors: Int32

    package init(
        _ program: String, _ arguments: [String], user: UInt32? = nil, environment: [String]? = nil,
        keptDescriptor: Int32? = nil
    ) throws {
        var words = [program] + arguments
        if let user {
            words = ["/usr/bin/setpriv", "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups"] + words
        }
        // Close-on-exec: tests run side by side, and no other program may hold these open.
        let out = try Pipe()
        let err = try Pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, out.writing.number, 1)
        posix_spawn_file_actions_adddup2(&actions, err.writing.number, 2)
        if let keptDescriptor { posix_spawn_file_actions_adddup2(&actions, keptDescriptor, keptDescriptor) }
        // The threads that run tests block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        var none = sigset_t()
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var vector = words.map { strdup($0) } + [nil]
        var variables = (environment ?? Started.ownEnvironment).map { strdup($0) } + [nil]
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &actions, &attributes, &vector, &variables)
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
        for text in vector + variables { free(text) }
        output = out.keepReading().release()
        errors = err.keepReading().release()
        self.pid = pid
        guard code == 0 else { throw SpawnError(code: code) }
    }

    deinit {
        close(output)
        close(errors)
    }

    package func kill(_ signal: Int32) { Glibc.kill(pid, signal) }

    /// Reads standard output up to the first newline.
    package func readLine() -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    /// Whether standard output ends within this time, which takes that nobody holds it open any more.
    package func outputEnds(within milliseconds: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, milliseconds) == 1 else { return false }
            let count = read(output, &buffer, buffer.count)
            if count <= 0 { return true }
        }
    }

    /// Collects all output, then the status.
    package func finish(timeout seconds: Int32) throws -> Spawn {
        var texts: [[UInt8]] = [[], []]
        var open = [output, errors]
        var late = false
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while open.contains(where: { $0 >= 0 }) {
            var entries = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let ready = poll(&entries, 2, seconds * 1000)
            if ready == 0 {
                late = true
                kill(SIGKILL)
                break
            }
            for index in 0..<2 where open[index] >= 0 && entries[index].revents != 0 {
                let count = read(open[index], &buffer, buffer.count)
                if count > 0 { texts[index] += buffer[0..<count] } else { open[index] = -1 }
            }
        }
        let status = wait()
        return Spawn(
            status: late ? 124 : status, output: String(decoding: texts[0], as: UTF8.self),
            errors: String(decoding: texts[1], as: UTF8.self))
    }

    /// Waits for the end; 128 and the signal, if it was killed.
    @discardableResult
    package func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }

    private static var ownEnvironment: [String] {
        ["PATH", "HOME", "LD_LIBRARY_PATH"].compactMap { name in
            getenv(name).map { name + "=" + String(cString: $0) }
        }
    }
}

package struct SpawnError: Error {
    package let code: Int32
}
