// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux

/// A room that loads its filter and then does its work, or what it must not: `room-probe ROOM ACT`.
///
/// Exit 0: done. Exit 1: refused, the errno is printed. A killed process says nothing.
enum RoomProbe {
    static func run(_ arguments: [String]) -> Int32 {
        guard arguments.count == 3, let act = try? act(arguments[2]) else {
            print("usage: room-probe gate|broker|watch|egress|none ACT")
            return 2
        }
        do {
            if let program = program(arguments[1]) {
                try ThisProcess.gainNothing()
                try program.loadForAllThreads()
            }
            guard try act() else {
                print(errno)
                return 1
            }
            return 0
        } catch let error as SyscallError {
            print(error.code)
            return 1
        } catch {
            return 3
        }
    }

    private static func act(_ name: String) throws -> (() throws -> Bool)? {
        if let act = bareActs[name] { return act }
        guard let act = acts[name] else { return nil }
        // Before the filter: what a room works with is handed to it.
        let tools = try Tools()
        return { try act(tools) }
    }

    private static func program(_ name: String) -> SeccompProgram? {
        switch name {
        case "gate": .gate
        case "broker": .broker
        case "watch": .watch
        case "reaper": .reaper
        case "egress": .egress
        default: nil
        }
    }

    /// What a room is handed before it loads its filter.
    final class Tools {
        let pair: UnixSocket.Pair
        let listener: FileDescriptor
        let connection: FileDescriptor
        let client: Endpoint
        let server: Endpoint
        let directory: Int32
        var poller: Poller
        let diagnosis: SockDiag

        init() throws {
            pair = try UnixSocket.pair(.packet)
            listener = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 4)
            connection = try TCPSocket.connect(to: try TCPSocket.local(listener))
            client = try TCPSocket.local(connection)
            server = try TCPSocket.local(listener)
            directory = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            poller = try Poller()
            diagnosis = try SockDiag()
        }
    }

    /// What is done with what a room is handed.
    private static var acts: [String: (Tools) throws -> Bool] {
        [
            "work": { tools in
                try tools.poller.add(tools.pair.far, .readable, token: 1)
                var passed = PassedDescriptors()
                passed.append(try tools.connection.duplicate())
                let packet = Array("hello".utf8)
                guard try tools.pair.near.sendPacket(packet.span, passing: passed) == .moved(5) else { return false }
                var events: [Readiness] = []
                try tools.poller.wait(&events, milliseconds: 1000)
                var queue = ByteQueue()
                var received = PassedDescriptors()
                let outcome = try tools.pair.far.receivePacket(into: &queue, limit: 64, passed: &received)
                return events.count == 1 && outcome == .moved(5) && received.count == 1
            },
            "accept": { tools in try TCPSocket.accept(tools.listener) != nil },
            "no-delay": { tools in
                try TCPSocket.sendAtOnce(tools.connection)
                try TCPSocket.shutDown(tools.connection, .both)
                return true
            },
            "write-file": { tools in
                let name = "room-probe-\(getpid())"
                let file = openat(tools.directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
                guard file >= 0, write(file, "x", 1) == 1, fdatasync(file) == 0, ftruncate(file, 0) == 0 else {
                    return false
                }
                return renameat(tools.directory, name, tools.directory, name + "b") == 0
                    && unlinkat(tools.directory, name + "b", 0) == 0
            },
            "ask-kernel": { tools in
                try tools.diagnosis.find(local: tools.client, remote: tools.server) != nil
            },
            "connect": { tools in
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                return withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(tools.connection.number, $0, 16) == 0
                    }
                }
            },
            "create": { tools in
                let name = "room-probe-\(getpid())"
                return openat(tools.directory, name, O_RDONLY | O_CREAT, 0o600) >= 0
                    && unlinkat(tools.directory, name, 0) == 0
            },
            "listen": { tools in listen(tools.listener.number, 8) == 0 },
            "splice": { tools in
                let pipe = try SplicePipe()
                _ = pipe.grow(to: 131_072)
                return try pipe.fill(from: tools.connection, limit: 4096) == .wouldBlock
            },
            "raw-mode": { tools in
                var size = winsize()
                return ioctl(tools.connection.number, UInt(TIOCGWINSZ), &size) == 0
            },
        ]
    }

    /// What is done with nothing.
    private static var bareActs: [String: () throws -> Bool] {
        [
            "memory": {
                // Large enough that malloc maps, moves and returns it.
                var bytes = [UInt8](repeating: 1, count: 64 << 20)
                bytes.append(contentsOf: [UInt8](repeating: 2, count: 64 << 20))
                return bytes.count == 128 << 20 && Random.number() != Random.number()
                    && Instant.now > Instant(nanoseconds: 0)
            },
            "read-proc": {
                guard let process = try ProcessRecord(pid: ThisProcess.pid), let status = try process.status() else {
                    return false
                }
                return try status.parent > 0 && process.executable() != nil && !Proc.processes().isEmpty
            },
            "execute": {
                var arguments: [UnsafeMutablePointer<CChar>?] = [nil]
                return execve("/bin/true", &arguments, &arguments) == 0
            },
            "fork": { fork() >= 0 },
            "thread": {
                var thread = pthread_t()
                return pthread_create(&thread, nil, { _ in nil }, nil) == 0
            },
            "socket": { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) >= 0 },
            "unix-socket": { socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) >= 0 },
            "netlink-socket": { socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 0) >= 0 },
            "open": { open("/etc/passwd", O_RDONLY) >= 0 },
            "open-writing": { open("/dev/null", O_WRONLY) >= 0 },
            "map-executable": {
                mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
            },
            "make-executable": {
                let page = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                guard let page else { return false }
                return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0
            },
            "kill": { kill(getppid(), 0) == 0 },
            "unforeseen": {
                var usage = rusage()
                return getrusage(__rusage_who_t(0), &usage) == 0
            },
            "signals": {
                let signals = try SignalDescriptor(blocking: [Signal.terminate, Signal.hangUp])
                guard try signals.next() == nil else { return false }
                kill(getpid(), SIGTERM)
                return try signals.next() == SIGTERM && signals.next() == nil
            },
            "title": {
                try ThisProcess.setTitle(") R 1 (")
                guard let process = try ProcessRecord(pid: ThisProcess.pid), let status = try process.status() else {
                    return false
                }
                let line = try process.commandLine(limit: 64) ?? []
                return status.name == Array(") R 1 (".utf8) && status.parent == getppid()
                    && line.starts(with: Array(") R 1 (".utf8) + [0])
            },
            "key": { try Keyring.read("doorward-test", from: .session, limit: 8) == Array("sesame".utf8) },
            "no-key": {
                try Keyring.leaveSession()
                return try Keyring.read("doorward-test", from: .session, limit: 8) == nil
            },
            "inspection": {
                try ThisProcess.refuseInspection()
                return access("/proc/self/mem", R_OK) != 0 || getuid() == 0
            },
        ]
    }
}
