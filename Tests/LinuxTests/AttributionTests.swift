// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Spawn
import Testing

@Suite("A connection leads to the process that made it")
struct AttributionTests {
    @Test("the client end of a loopback connection is found by its two ends", arguments: [4, 6])
    func client(family: Int) throws {
        let address: InternetAddress = family == 4 ? .loopback4 : .loopback6
        let listener = try TCPSocket.listen(on: Endpoint(address: address, port: 0), backlog: 8)
        let client = try TCPSocket.connect(to: try TCPSocket.local(listener))
        let server = try owned(waitForConnection(listener))

        let diagnosis = try SockDiag()
        let near = try TCPSocket.local(server)
        let far = try TCPSocket.peer(server)
        let found = try #require(try diagnosis.find(local: far, remote: near))
        #expect(found.uid == geteuid())
        #expect(found.inode == inode(client.number))
        let accepted = try #require(try diagnosis.find(local: near, remote: far))
        #expect(accepted.inode == inode(server.number))
        #expect(try Proc.holder(ofSocket: found.inode, uid: found.uid, descriptorLimit: 4096) == getpid())

        // The listener itself is never taken for a connection.
        let nobody = Endpoint(address: address, port: 1)
        #expect(try diagnosis.find(local: near, remote: nobody) == nil)
    }

    @Test("an IPv6 socket that speaks IPv4 is found under the IPv4 ends")
    func mapped() throws {
        let listener = try TCPSocket.listen(on: Endpoint(address: .loopback4, port: 0), backlog: 8)
        let port = try TCPSocket.local(listener).port
        let client = try TCPSocket.connect(to: Endpoint(address: .v6(0, 0xffff_7f00_0001), port: port))
        let server = try owned(waitForConnection(listener))
        let found = try SockDiag().find(local: try TCPSocket.peer(server), remote: try TCPSocket.local(server))
        #expect(found?.inode == inode(client.number))
    }

    private func inode(_ number: Int32) -> UInt32 {
        var status = Glibc.stat()
        return fstat(number, &status) == 0 ? UInt32(truncatingIfNeeded: status.st_ino) : 0
    }
}

@Suite("What /proc says is read as bytes that somebody else chose")
struct ProcTests {
    @Test("a name may hold anything", arguments: ["a b", ")", "((", ") R 1 (", "x\n1 (y) S 2", "", "a\u{0}b"])
    func hostileNames(name: String) throws {
        let tail = " S 17 " + (5...21).map(String.init).joined(separator: " ") + " 987654 23 24\n"
        let status = try #require(ProcessStatus(parsing: Array("42 (\(name))\(tail)".utf8)))
        #expect(status.name == Array(name.utf8))
        #expect(status.parent == 17 && status.state == UInt8(ascii: "S") && status.startTime == 987_654)
    }

    @Test(
        "what is no status line is refused",
        arguments: [
            "", "42", "42 (x)", "42 (x) S", "42 (x) S 1 2 3", "42 )x( S 1",
            "42 (x) SS 1 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22",
            "42 (x) S 1 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22x",
            "42 (x) S 1 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 99999999999999999999",
        ])
    func broken(line: String) {
        #expect(ProcessStatus(parsing: Array(line.utf8)) == nil)
    }

    @Test("this process is described as it is")
    func own() throws {
        let process = try owned(ProcessRecord(pid: getpid()))
        #expect(try process.owner() == geteuid())
        let status = try #require(try process.status())
        #expect(status.parent == getppid() && status.startTime > 0)
        let executable = try #require(try process.executable())
        #expect(executable.starts(with: Array(Spawn.buildDirectory.utf8)) || executable.contains(UInt8(ascii: "/")))
        #expect(try process.commandLine(limit: 3)?.count == 3)
        #expect(try process.cgroup()?.first == UInt8(ascii: "/"))
    }

    @Test("processes are listed newest first, and a gone one is nil")
    func list() throws {
        let child = try Started(Spawn.buildDirectory + "/SandboxProbe", ["hang"])
        #expect(child.readLine() == "ready")
        let all = try Proc.processes()
        #expect(all.contains(child.pid) && all.contains(getpid()))
        #expect(all == all.sorted(by: >))
        let record = try owned(ProcessRecord(pid: child.pid))
        child.kill(SIGKILL)
        child.wait()
        // The record keeps meaning the dead process, whoever gets its number.
        #expect(try record.status() == nil)
        #expect(try record.executable() == nil)
        #expect(try record.holds(socket: 1, descriptorLimit: 16) == nil)
        #expect(try isNone(ProcessRecord(pid: child.pid)))
    }

    @Test("a process can rename itself, and what it was called before is gone")
    func title() throws {
        #expect(try Spawn.run(Spawn.buildDirectory + "/RoomProbe", ["none", "title"]).status == 0)
    }

    @Test("the descriptor limit holds")
    func descriptorLimit() throws {
        let pair = try UnixSocket.pair(.stream)
        var status = Glibc.stat()
        try #require(fstat(pair.far.number, &status) == 0)
        let inode = UInt32(truncatingIfNeeded: status.st_ino)
        let process = try owned(ProcessRecord(pid: getpid()))
        #expect(try process.holds(socket: inode, descriptorLimit: 4096) == true)
        #expect(try process.holds(socket: inode, descriptorLimit: 1) == false)
    }

    @Test(
        "kernel versions compare as numbers",
        arguments: [("6.1.0-13-amd64", 6, 1), ("6.14", 6, 14), ("10.0.0\n", 10, 0), ("6.18.44-fc-v595", 6, 18)])
    func version(text: String, major: Int, minor: Int) {
        #expect(KernelVersion(parsing: Array(text.utf8)) == KernelVersion(major, minor))
        #expect(KernelVersion(6, 9) < KernelVersion(6, 14) && KernelVersion(5, 20) < KernelVersion(6, 0))
        #expect(KernelVersion(parsing: Array("six.one".utf8)) == nil && KernelVersion(parsing: []) == nil)
    }
}
