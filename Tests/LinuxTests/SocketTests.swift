// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Testing

@Suite("A listener is exactly what was asked for")
struct SocketTests {
    private struct Place: ~Copyable {
        let path: String
        let descriptor: FileDescriptor
    }

    private func temporaryDirectory() throws -> Place {
        // Longer than the 108 bytes of a socket address.
        let base = "/tmp/doorward-" + String(Random.number(), radix: 16) + "-" + String(repeating: "x", count: 120)
        try #require(mkdir(base, 0o700) == 0)
        let number = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try #require(number >= 0)
        return Place(path: base, descriptor: FileDescriptor(owning: number))
    }

    @Test("a unix listener in a directory with a long path is reached by name, and is the owner's alone")
    func unixListener() throws {
        let place = try temporaryDirectory()
        let listener = try UnixSocket.listen(.stream, in: place.descriptor, name: "operator", backlog: 8)
        var status = Glibc.stat()
        try #require(stat(place.path + "/operator", &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        #expect(status.st_mode & S_IFMT == S_IFSOCK)

        let client = try UnixSocket.connect(.stream, in: place.descriptor, name: "operator")
        let server = try owned(TCPSocket.accept(listener))
        let peer = try UnixSocket.peer(of: server)
        #expect(peer.pid == getpid() && peer.uid == geteuid() && peer.gid == getegid())
        #expect(try UnixSocket.peer(of: client).pid == getpid())
        #expect(throws: SyscallError("bind", code: EADDRINUSE)) {
            _ = try UnixSocket.listen(.stream, in: place.descriptor, name: "operator", backlog: 8)
        }
        unlink(place.path + "/operator")
        rmdir(place.path)
    }

    @Test("the mode does not depend on the umask of the process")
    func mode() throws {
        let place = try temporaryDirectory()
        for (mask, name) in [(UInt32(0), "a"), (0o777, "b")] as [(UInt32, String)] {
            let before = umask(mask)
            defer { umask(before) }
            let text = try #require(SystemString(Array(name.utf8)))
            let listener = try UnixSocket.listen(.packet, in: place.descriptor, name: text, backlog: 1)
            var status = Glibc.stat()
            try #require(stat(place.path + "/" + name, &status) == 0)
            #expect(status.st_mode & 0o7777 == (mask == 0 ? 0o600 : 0))
            _ = listener.number
            unlink(place.path + "/" + name)
        }
        rmdir(place.path)
    }

    @Test("a name longer than the address holds is refused")
    func longName() throws {
        let place = try temporaryDirectory()
        let name = try #require(SystemString([UInt8](repeating: 0x61, count: 81)))
        #expect(throws: SyscallError("bind", code: ENAMETOOLONG)) {
            _ = try UnixSocket.listen(.stream, in: place.descriptor, name: name, backlog: 1)
        }
        rmdir(place.path)
    }

    @Test("a TCP listener has the address that was named, and no other family", arguments: [4, 6])
    func tcp(family: Int) throws {
        let address: InternetAddress = family == 4 ? .loopback4 : .loopback6
        let listener = try TCPSocket.listen(on: Endpoint(address: address, port: 0), backlog: 8)
        let local = try TCPSocket.local(listener)
        #expect(local.address == address && local.port != 0)
        #expect(try isNone(TCPSocket.accept(listener)))

        let client = try TCPSocket.connect(to: local)
        let server = try owned(waitForConnection(listener))
        #expect(try TCPSocket.peer(server) == TCPSocket.local(client))
        #expect(try TCPSocket.local(server) == local)
        #expect(fcntl(server.number, F_GETFD) == FD_CLOEXEC)
        #expect(fcntl(server.number, F_GETFL) & O_NONBLOCK != 0)
        try TCPSocket.sendAtOnce(server)
        try TCPSocket.shutDown(server, .both)
        #expect(throws: SyscallError("bind", code: EADDRINUSE)) {
            _ = try TCPSocket.listen(on: local, backlog: 8)
        }
        // The same port of the other family is free: nothing was taken besides.
        let other: InternetAddress = family == 4 ? .loopback6 : .loopback4
        _ = try TCPSocket.listen(on: Endpoint(address: other, port: local.port), backlog: 8).number
    }

    @Test("a port where nobody listens is refused when the connection is tried")
    func refused() throws {
        let listener = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 1)
        let gone = try TCPSocket.local(listener)
        try listener.close()
        let client: FileDescriptor
        do {
            client = try TCPSocket.connect(to: gone)
        } catch {
            #expect(error.code == ECONNREFUSED)
            return
        }
        var poller = try Poller()
        try poller.add(client, .writable, token: 1)
        var events: [Readiness] = []
        try poller.wait(&events, milliseconds: 1000)
        #expect(try TCPSocket.error(of: client)?.code == ECONNREFUSED)
    }

    @Test("the end of what was written is told, and reading goes on")
    func halfClose() throws {
        let listener = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 1)
        let client = try TCPSocket.connect(to: try TCPSocket.local(listener))
        let server = try owned(waitForConnection(listener))
        try TCPSocket.shutDown(client, .write)
        var queue = ByteQueue()
        #expect(try server.waitUntilReadable(milliseconds: 1000))
        #expect(try server.read(into: &queue, limit: 16) == .closed)
        var out = ByteQueue()
        out.append("late")
        #expect(try server.write(from: &out) == .moved(4))
        #expect(try client.waitUntilReadable(milliseconds: 1000))
        #expect(try client.read(into: &queue, limit: 16) == .moved(4))
    }

    @Test("endpoints are written as in a URL")
    func text() {
        #expect(Endpoint(address: .loopback4, port: 80).text == "127.0.0.1:80")
        #expect(Endpoint(address: .loopback6, port: 80).text == "[::1]:80")
        #expect(
            Endpoint(address: .v6(0x2001_0db8_0000_0000, 0xff), port: 1).text == "[2001:db8:0:0:0:0:0:ff]:1")
    }

    @Test("loopback is 127.0.0.0/8, ::1 and the mapped form")
    func loopback() {
        #expect(InternetAddress.v4(0x7fff_ffff).isLoopback && InternetAddress.v6(0, 0xffff_7f00_0001).isLoopback)
        #expect(!InternetAddress.v4(0x8000_0000).isLoopback && !InternetAddress.v4(0).isLoopback)
        #expect(!InternetAddress.v6(0, 0xffff_0a00_0001).isLoopback && !InternetAddress.v6(1, 1).isLoopback)
        #expect(!InternetAddress.v6(0, 0x7f00_0001).isLoopback)
    }
}

func waitForConnection(_ listener: borrowing FileDescriptor) throws -> FileDescriptor? {
    guard try listener.waitUntilReadable(milliseconds: 1000) else { return nil }
    return try TCPSocket.accept(listener)
}
