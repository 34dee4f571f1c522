// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Scratch
import Spawn
import StrictJSON
import Testing

@testable import Tools

@Suite("The program speaks on its standard streams, and ends when it should")
struct ProcessTests {
    private let scratch = Scratch()

    private func start() throws -> ServerProcess { try ServerProcess(["--label", "notes=\(scratch.path)"]) }

    private func request(_ id: Int, _ method: String, _ members: String = "", token: Int? = nil) -> String {
        let meta = modernMeta.dropLast() + (token.map { #","progressToken":\#($0)}"# } ?? "}")
        return #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{"_meta":\#(meta)\#(members)}}"#
    }

    private func call(_ id: Int, _ tool: String, _ arguments: String, token: Int? = nil) -> String {
        request(id, "tools/call", #","name":"\#(tool)","arguments":\#(arguments)"#, token: token)
    }

    /// Enough to search for a while.
    private func fill() {
        scratch.shell(
            "for d in a b c d e f; do mkdir $d; for i in $(seq 10); do head -c 400000 /dev/zero | tr '\\0' 'x' >$d/$i; done; done"
        )
    }

    @Test("the end of the input ends it with status 0, after what was asked")
    func endOfInput() throws {
        scratch.put("f", text("needle"))
        let server = try start()
        for id in 1...20 { try server.send(call(id, "files_search", #"{"query":"needle"}"#)) }
        server.closeInput()
        for id in 1...20 { #expect(try server.answer().integer("id") == id) }
        #expect(try server.next() == nil)
        #expect(server.wait() == (0, ""))
    }

    @Test("half a line at the end of the input is no message")
    func halfLine() throws {
        let server = try start()
        try server.send(bytes: text(request(1, "tools/list")))
        server.closeInput()
        #expect(try server.next() == nil)
        #expect(server.wait().status == 0)
    }

    @Test("work that takes long does not keep it alive once its client has gone")
    func longWork() throws {
        fill()
        let server = try start()
        for id in 1...30 { try server.send(call(id, "files_search", #"{"query":"needle","ignore_case":true}"#)) }
        server.closeInput()
        let before = Instant.now
        let ended = server.wait()
        #expect(ended.status == 0)
        #expect(Instant.now.milliseconds(after: before) < 8000)
    }

    @Test("signals end it with status 0, at work or not", arguments: [SIGTERM, SIGINT, SIGHUP], [false, true])
    func signals(_ signal: Int32, _ isWorking: Bool) throws {
        if isWorking { fill() }
        let server = try start()
        try server.send(request(1, "server/discover"))
        #expect(try server.answer().integer("id") == 1)
        if isWorking { for id in 2...20 { try server.send(call(id, "files_search", #"{"query":"needle"}"#)) } }
        kill(server.pid, signal)
        #expect(server.wait() == (0, ""))
    }

    @Test("a client that has stopped reading ends it")
    func closedOutput() throws {
        var server: ServerProcess? = try start()
        let pid = try #require(server).pid
        try server?.send(request(1, "server/discover"))
        #expect(try server?.answer().integer("id") == 1)
        server = nil
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        #expect(status == 0)
    }

    @Test("a line that is not JSON is answered, and ends it with status 1 and a reason; what follows is never read")
    func badLine() throws {
        let server = try start()
        // The first line is whole JSON only together with the next ones.
        try server.send(#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"x":"#)
        try server.send(request(666, "tools/list"))
        try server.send("}}}")
        #expect(try server.answer().integer("error.code") == -32700)
        #expect(try server.next() == nil)
        let ended = server.wait()
        #expect(ended.status == 1)
        #expect(ended.complaints.hasPrefix("doorward-tools: error: a line of input is not JSON: truncated"))
        #expect(ended.complaints.contains("\ndoorward-tools: hint: "))
    }

    @Test("4 MiB are a line, one byte more is refused before its end is seen")
    func longLines() throws {
        let limit = JSONLimits.message.bytes
        for (padding, code) in [(0, nil), (1, -32700)] as [(Int, Int?)] {
            let server = try start()
            let line = text(request(1, "tools/list"))
            let bytes = line + [UInt8](repeating: 0x20, count: limit - line.count + padding)
            let feed = try server.feed(bytes + (padding == 0 ? [10] : []))
            #expect(try server.answer().integer("error.code") == code)
            feed.join()
            server.closeInput()
            #expect(server.wait().status == (padding == 0 ? 0 : 1))
        }
    }

    @Test("many requests at once are all answered, though the client reads late")
    func lateReader() throws {
        scratch.put("f", [UInt8](repeating: 97, count: 1 << 20))
        let server = try start()
        let lines =
            (1...300).map { request($0, "tools/list") }
            + (301...303).map { call($0, "files_read", #"{"path":"notes/f","length":1048576}"#) }
        let feed = try server.feed(text(lines.joined(separator: "\n") + "\n"))
        // It stops working when nobody reads, and stays small.
        while try !server.speaks(within: 10) {}
        var ids: Set<Int> = []
        for _ in 1...303 { ids.insert(try server.answer().integer("id") ?? -1) }
        feed.join()
        #expect(ids == Set(1...303))
        server.closeInput()
        #expect(server.wait().status == 0)
    }

    @Test("a search is heard of while it runs, and stops when it is cancelled")
    func cancellation() throws {
        fill()
        let server = try start()
        try server.send(request(1, "server/discover"))
        #expect(try server.answer().integer("id") == 1)
        let before = server.descriptors
        for round in 0..<5 {
            let id = 10 * round + 10
            try server.send(call(id + 1, "files_search", #"{"query":"needle","context":3}"#, token: id))
            // It listens while it works.
            try server.send(request(id + 2, "tools/list"))
            let first = try server.answer()
            #expect(first.integer("id") == id + 2)
            try server.send(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(id + 1)}}"#)
            try server.send(request(id + 3, "tools/list"))
            while true {
                let reply = try server.answer()
                #expect(reply.integer("id") != id + 1)
                if reply.integer("id") == id + 3 { break }
            }
        }
        #expect(server.descriptors == before)
        server.closeInput()
        #expect(server.wait().status == 0)
    }

    @Test("files as standard input and output work like pipes")
    func files() throws {
        scratch.put("f", text("needle"))
        scratch.put(
            "requests",
            text(request(1, "server/discover") + "\n" + call(2, "files_search", #"{"query":"needle"}"#) + "\n"))
        let command =
            "cd '\(scratch.path)' && '\(Spawn.buildDirectory)/doorward-tools' --label notes=. <requests >answers"
        #expect(Shell.run(command) == 0)
        let lines = (scratch.contents("answers") ?? []).split(separator: 10)
        #expect(try lines.map { try Reply(Array($0)).integer("id") } == [1, 2])
        #expect(
            Shell.run("cd '\(scratch.path)' && '\(Spawn.buildDirectory)/doorward-tools' </dev/null >/dev/null") == 0)
    }

    @Test("a wrong command line ends it with status 2, a directory that cannot be opened with status 1")
    func commandLine() throws {
        let program = Spawn.buildDirectory + "/doorward-tools"
        let wrong = try Spawn.run(program, ["--write", "/tmp"])
        #expect(wrong.status == 2 && wrong.output.isEmpty)
        #expect(wrong.errors.hasPrefix("doorward-tools: error: unknown argument --write\ndoorward-tools: hint: "))
        for path in ["/nonexistent", "/proc", "/etc/passwd"] {
            let missing = try Spawn.run(program, ["--label", "a=\(path)"])
            #expect(missing.status == 1 && missing.errors.contains("cannot open a directory"))
        }
        let help = try Spawn.run(program, ["--help"])
        #expect(help.status == 0 && help.output.contains("--label NAME=DIR"))
        let version = try Spawn.run(program, ["--version"])
        #expect(version.output == "doorward-tools 0.1.0\n")
    }

    @Test("memory stays small however much is searched and listed")
    func memory() throws {
        fill()
        scratch.shell("mkdir many && cd many && seq -f n%06g 1 6000 | xargs touch")
        let server = try start()
        for (id, arguments) in [#"{"query":"needle"}"#, #"{"query":"x","context":10,"limit":500}"#].enumerated() {
            try server.send(call(id, "files_search", arguments))
            #expect(try server.answer().bool("result.isError") == false)
        }
        try server.send(call(9, "files_list", #"{"path":"notes","depth":5,"limit":1000}"#))
        #expect(try server.answer().bool("result.isError") == false)
        // A debug build of a program whose standard library alone takes 10 MiB.
        #expect(server.residentKiB < 48 << 10)
        server.closeInput()
        #expect(server.wait().status == 0)
    }
}
