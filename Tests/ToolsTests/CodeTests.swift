// SPDX-License-Identifier: Apache-2.0
import Linux
import Policy
import Scratch
import StrictJSON
import Testing

@testable import Tools

@Suite("Code that a caller writes runs within limits, and its result says what happened")
struct CodeTests {
    /// A server that runs code outside of any sandbox, below a directory of the test's.
    private func channel(_ scratch: Scratch, _ words: [String] = [], network: Bool = false) throws -> ScriptedChannel {
        let settings = try CodeSettings(words[...])
        return ScriptedChannel(
            .code(
                CodeHouse(settings, reach: .group, scratch: scratch.path) { name in
                    network && name == "https_proxy" ? text("http://127.0.0.1:3128") : nil
                }), keeping: scratch)
    }

    private func run(_ code: String, _ members: String = "", _ words: [String] = [], language: String = "shell")
        throws -> Reply
    {
        try channel(Scratch(), words).call("code_run", Self.arguments(code, members, language))
    }

    private static func arguments(_ code: String, _ members: String = "", _ language: String = "shell") -> String {
        let code = String(decoding: CanonicalJSON.string(code).bytes, as: UTF8.self)
        return #"{"language":"\#(language)","code":\#(code)\#(members.isEmpty ? "" : ",")\#(members)}"#
    }

    private func structured(_ path: String) -> String { "result.structuredContent." + path }

    @Test("Output of both streams comes in the order in which it was written, with the exit status")
    func output() throws {
        let reply = try run("echo one; echo two >&2; echo three")
        #expect(reply.bool("result.isError") == false)
        #expect(reply.string(structured("output")) == "one\ntwo\nthree\n")
        #expect(reply.integer(structured("exit_status")) == 0)
        #expect(reply.integer(structured("output_bytes")) == 14)
        #expect(reply.bool(structured("output_truncated")) == false && reply.node(structured("limit")) == nil)
        #expect(reply.string("result.content.0.text")?.hasPrefix("one\ntwo\nthree\n[exit status 0 after") == true)
        #expect(reply.node("result._meta.dev.doorward/untrusted") == nil)
    }

    @Test("Python runs, reads standard input and the files that came with the call")
    func python() throws {
        let reply = try run(
            "import sys, helper\nprint(helper.twice(open('data/in.txt').read()) + sys.stdin.read())",
            #""stdin":"!","files":[{"path":"helper.py","text":"twice = lambda x: x * 2"},{"path":"data/in.txt","base64":"aGk="}]"#,
            language: "python")
        #expect(reply.string(structured("output")) == "hihi!\n", "\(reply)")
        // What was given and not changed does not come back.
        #expect(reply.count(structured("files")) == 0)
        #expect(reply.count("result.content") == 1)
    }

    @Test("A failure is an error of the tool, with its status or signal")
    func failures() throws {
        let failed = try run("echo no; exit 3")
        #expect(failed.bool("result.isError") == true && failed.integer(structured("exit_status")) == 3)
        let killed = try run("kill -TERM $$")
        #expect(killed.bool("result.isError") == true && killed.integer(structured("signal")) == 15)
        #expect(killed.node(structured("exit_status")) == nil)
        let missing = try run("x", "", ["--language", "nothing=/nowhere/nothing"], language: "nothing")
        #expect(missing.string("result._meta.dev.doorward/reason") == "run-failed")
        // A program that cannot be executed says so where it would have written.
        let none = try run("x", "", ["--language", "nothing=/etc/passwd"], language: "nothing")
        #expect(none.integer(structured("exit_status")) == 127)
        #expect(none.string(structured("output"))?.contains("cannot start") == true)
    }

    @Test("Files that are new or changed come back: text as text, pictures as pictures, the rest as base64")
    func results() throws {
        let reply = try run(
            #"""
            printf 'hello' > new.txt; mkdir sub; printf '\211PNG\r\n\032\n' > sub/p.png; printf '\000\001' > b.bin
            printf 'changed' > given.txt; ln -s /etc/passwd link; mkfifo pipe; : > empty
            """#, #""files":[{"path":"given.txt","text":"given"},{"path":"same.txt","text":"same"}]"#)
        #expect(
            reply.strings(structured("files"), "path") == ["b.bin", "empty", "given.txt", "new.txt", "sub/p.png"],
            "\(reply)")
        #expect(reply.integers(structured("files"), "size") == [2, 0, 7, 5, 8])
        #expect(reply.integers(structured("files"), "content") == [1, 2, 3, 4, 5])
        #expect(reply.bool(structured("files_more")) == false)
        #expect(reply.string("result.content.1.resource.blob") == "AAE=")
        #expect(reply.string("result.content.3.resource.text") == "changed")
        #expect(reply.string("result.content.4.resource.uri") == "result:///new.txt")
        #expect(reply.string("result.content.5.type") == "image")
    }

    @Test("Result files that do not fit are named, and their contents left out")
    func resultBudget() throws {
        let reply = try run("head -c 2000 /dev/zero > big; printf x > small", "", ["--results", "1K"])
        #expect(reply.strings(structured("files"), "path") == ["big", "small"])
        #expect(reply.node(structured("files.0.content")) == nil)
        #expect(reply.integer(structured("files.1.content")) == 1)
        let many = try run("for i in $(seq 300); do : > f$i; done")
        #expect(many.count(structured("files")) == WorkDirectory.mostNamed)
        #expect(many.bool(structured("files_more")) == true)
        #expect(many.count("result.content") == WorkDirectory.mostReturned + 1)
    }

    @Test("Of long output head and tail are kept, and what lies between is said to be gone")
    func longOutput() throws {
        let reply = try run("seq 1 20000", #""limits":{"output_bytes":1024}"#)
        let output = try #require(reply.string(structured("output")))
        #expect(output.hasPrefix("1\n2\n") && output.hasSuffix("19999\n20000\n"))
        #expect(output.contains("bytes left out") && output.utf8.count < 1200)
        #expect(reply.bool(structured("output_truncated")) == true)
        #expect(reply.integer(structured("output_bytes")) == 108_894)
    }

    @Test("Output that is no text is mended, and the answer stays within one message")
    func binaryOutput() throws {
        let reply = try run(#"printf '\377\000x'"#)
        #expect(reply.string(structured("output")) == "\u{FFFD}\0x" && reply.bool(structured("output_lossy")) == true)
        // Every byte of it takes six in JSON, twice.
        let worst = try run(
            "head -c 262144 /dev/zero; for i in $(seq 31); do head -c 33000 /dev/zero > f$i; done",
            #""limits":{"output_bytes":262144}"#, ["--output", "256K"])
        #expect(worst.bytes.count < JSONLimits.message.bytes)
        #expect(worst.integer(structured("output_bytes")) == 262_144)
    }

    @Test("Time is up: everything is killed, children that hold the output too")
    func time() throws {
        let scratch = Scratch()
        let channel = try channel(scratch, ["--time", "2s"])
        channel.receive(request(channel, "echo $$; : > ../started; sleep 1000 & sleep 1000"))
        while scratch.contents("started") == nil { channel.work(milliseconds: 1, step: 100_000) }
        channel.work(milliseconds: 10_000, step: 1_000_000_000)
        let reply = try channel.only(try channel.finish())
        #expect(reply.string(structured("limit")) == "time" && reply.bool("result.isError") == true)
        let pid = try #require(Int32(reply.string(structured("output"))?.dropLast() ?? ""))
        #expect(try ProcessRecord(pid: pid)?.status() == nil)
    }

    private func request(_ channel: ScriptedChannel, _ code: String, token: Bool = false) -> String {
        let meta = token ? modernMeta.dropLast() + #","progressToken":"p"}"# : modernMeta[...]
        return #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":\#(meta),"name":"code_run","#
            + #""arguments":\#(Self.arguments(code))}}"#
    }

    @Test("Whoever asks for progress hears of output while the code runs")
    func progress() throws {
        let channel = try channel(Scratch())
        channel.receive(request(channel, "echo first; sleep 1000", token: true))
        var heard: [Reply] = []
        while heard.isEmpty {
            channel.work(milliseconds: 1, step: 100_000_000)
            heard = try channel.drain()
        }
        #expect(heard[0].string("method") == "notifications/progress")
        #expect(heard[0].string("params.progressToken") == "p")
        #expect(heard[0].string("params.message")?.hasSuffix("first\n") == true, "\(heard[0])")
        channel.receive(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#)
        #expect(!channel.server.hasWork)
    }

    @Test("A cancelled run is killed")
    func cancelled() throws {
        let scratch = Scratch()
        let channel = try channel(scratch)
        channel.receive(request(channel, "echo $$ > ../pid; exec sleep 1000"))
        var pid: Int32?
        while pid == nil {
            channel.work(milliseconds: 1, step: 100_000)
            pid = scratch.contents("pid").flatMap { Int32(String(decoding: $0.dropLast(), as: UTF8.self)) }
        }
        channel.receive(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#)
        #expect(!channel.server.hasWork)
        #expect(try ProcessRecord(pid: try #require(pid))?.status() == nil)
        #expect(try channel.drain().isEmpty)
    }

    @Test("A file longer than the disk limit, more memory and more open files than allowed are refused by the kernel")
    func kernelLimits() throws {
        let disk = try run("head -c 1000000 /dev/zero > big", #""limits":{"disk_bytes":65536}"#)
        #expect(disk.bool("result.isError") == true)
        #expect(disk.integer(structured("files.0.size")) == 65_536)
        let memory = try run("x = bytearray(200 << 20)", #""limits":{"memory_bytes":67108864}"#, language: "python")
        #expect(memory.string(structured("output"))?.contains("MemoryError") == true)
        let files = try run("f = [open('/dev/null') for i in range(300)]", language: "python")
        #expect(files.string(structured("output"))?.contains("Too many open files") == true)
    }

    @Test("The environment holds nothing but what the run needs, and descriptors none but three")
    func environment() throws {
        let reply = try run("env | cut -d= -f1 | sort | tr '\\n' ' '; ls /proc/self/fd | tr '\\n' ' '")
        #expect(
            reply.string(structured("output"))
                == "HOME LANG PATH PWD PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED TMPDIR 0 1 2 3 ")
        let open = try channel(Scratch(), network: true).call(
            "code_run", Self.arguments("echo $https_proxy"))
        #expect(open.string(structured("output")) == "http://127.0.0.1:3128\n")
        #expect(open.bool("result._meta.dev.doorward/untrusted") == true)
    }

    @Test("Arguments that cannot be right are refused before anything runs")
    func refusals() throws {
        let scratch = Scratch()
        let channel = try channel(scratch)
        let cases: [(String, String)] = [
            (#"{"code":"x"}"#, "argument-missing"), (#"{"language":"shell"}"#, "argument-missing"),
            (#"{"language":"cobol","code":"x"}"#, "argument-kind"),
            (#"{"language":"shell","code":"x","more":1}"#, "argument-unknown"),
            (#"{"language":"shell","code":"x","files":{}}"#, "argument-kind"),
            (#"{"language":"shell","code":"x","files":[{"text":"x"}]}"#, "argument-missing"),
            (#"{"language":"shell","code":"x","files":[{"path":"x"}]}"#, "argument-missing"),
            (#"{"language":"shell","code":"x","files":[{"path":"../x","text":""}]}"#, "file-path"),
            (#"{"language":"shell","code":"x","files":[{"path":"/x","text":""}]}"#, "file-path"),
            (#"{"language":"shell","code":"x","files":[{"path":"x","text":"","base64":""}]}"#, "arguments-exclude"),
            (#"{"language":"shell","code":"x","files":[{"path":"x","base64":"="}]}"#, "argument-kind"),
            (#"{"language":"shell","code":"x","files":[{"path":"main.sh","text":""}]}"#, "arguments-exclude"),
            (#"{"language":"shell","code":"x","limits":{"time_seconds":61}}"#, "argument-range"),
            (#"{"language":"shell","code":"x","limits":{"time_seconds":0}}"#, "argument-range"),
            (#"{"language":"shell","code":"x","limits":{"processes":33}}"#, "argument-range"),
            (#"{"language":"shell","code":"x","limits":{"memory_bytes":536870913}}"#, "argument-range"),
            (#"{"language":"shell","code":"x","limits":{"more":1}}"#, "argument-unknown"),
        ]
        for (arguments, reason) in cases {
            #expect(try channel.refusal("code_run", arguments) == reason, "\(arguments)")
        }
        let files = (0...CodeRequest.maxFiles).map { #"{"path":"f\#($0)","text":""}"# }.joined(separator: ",")
        #expect(
            try channel.refusal("code_run", #"{"language":"shell","code":"x","files":[\#(files)]}"#)
                == "argument-range")
        #expect(scratch.contents("main.sh") == nil)
    }

    @Test("The definition says the sealed languages and caps, and admits what it does")
    func definition() throws {
        let settings = try CodeSettings(["--language", "node", "--time", "5s", "--memory", "64M"])
        let object = try Reply(CodeDefinition.object(settings, hasNetwork: false).bytes)
        #expect(object.string("inputSchema.properties.language.enum.0") == "node")
        #expect(object.integer("inputSchema.properties.limits.properties.time_seconds.maximum") == 5)
        #expect(object.integer("inputSchema.properties.limits.properties.memory_bytes.maximum") == 64 << 20)
        #expect(object.bool("annotations.destructiveHint") == true)
        #expect(object.bool("annotations.openWorldHint") == false)
        #expect(object.string("description")?.contains("There is no network") == true)
        let open = try Reply(CodeDefinition.object(settings, hasNetwork: true).bytes)
        #expect(open.bool("annotations.openWorldHint") == true)
    }

    @Test("Answers fit the schema that was promised")
    func promised() throws {
        let scratch = Scratch()
        let settings = try CodeSettings([])
        let object = try Reply(CodeDefinition.object(settings, hasNetwork: false).bytes)
        let schema = try ArgumentSchema(object.tree, try #require(object.node("outputSchema")))
        for code in ["echo x > f", "exit 1", "kill -9 $$", "seq 100000"] {
            let reply = try channel(scratch).call("code_run", Self.arguments(code))
            let node = try #require(reply.node("result.structuredContent"))
            #expect(schema.violation(reply.tree, node)?.description == nil, "\(code)")
        }
    }

    @Test("The command line is read strictly")
    func commandLine() throws {
        let settings = try CodeSettings(
            ["--language", "python", "--language", "lua=/usr/bin/lua5.4", "--time", "2m", "--processes", "1"])
        #expect(settings.languages.map(\.name) == ["python", "lua"] && settings.caps.seconds == 120)
        #expect(settings.languages.last?.path == "/usr/bin/lua5.4" && settings.caps.processes == 1)
        #expect(try CodeSettings([]).languages.map(\.name) == ["python", "shell"])
        let wrong: [[String]] = [
            ["--language", "cobol"], ["--language", "x=relative"], ["--language", "X=/x"], ["--language"],
            ["--language", "python", "--language", "python=/x"], ["--time", "0"], ["--time", "2d"], ["--time", "61m"],
            ["--memory", "1"], ["--memory", "99999999999999999999G"], ["--output", "257K"], ["--processes", "-1"],
            ["--read", "/"],
        ]
        for words in wrong { #expect(throws: ArgumentError.self, "\(words)") { try CodeSettings(words[...]) } }
        #expect(try Arguments(["code", "--time", "1s"]) == .code(try CodeSettings(["--time", "1s"])))
        #expect(try Arguments(["code", "--help"]) == .help)
    }

    @Test("Outside of a sandbox the program does not serve code")
    func noSandbox() throws {
        #expect(!OwnSandbox.isComplete)
        let server = try ServerProcess(["code"])
        let end = server.wait()
        #expect(end.status == 1 && end.complaints.contains("complete sandbox"))
    }

    @Test("Base64 of files is exactly what we would write ourselves")
    func base64() {
        for bytes in [[], [0], [0, 1], [0, 1, 2], [255, 254, 253, 252]] as [[UInt8]] {
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        for wrong in ["A", "AA", "AAA", "AB==", "AAB=", "A===", "====", "AA=A", "AA==AA==", "AA\n=", "-_AA"] {
            #expect(Base64.decode(text(wrong)) == nil, "\(wrong)")
        }
    }

    @Test("Head and tail at the limit, and one byte beyond")
    func headAndTail() {
        for count in [0, 1, 7, 8, 9, 100, 1000] {
            var kept = HeadAndTail(capacity: 8)
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 26 + 97) }
            for byte in bytes { kept.append([byte]) }
            #expect(kept.total == count && kept.dropped == max(0, count - 8))
            #expect(kept.head == Array(bytes.prefix(2)))
            if count >= 8 { #expect(Array(kept.tail) == Array(bytes.suffix(6))) }
            #expect(kept.last(3) == Array(bytes.suffix(3)))
            var whole = HeadAndTail(capacity: 8)
            whole.append(bytes[...])
            #expect(whole.text().bytes == kept.text().bytes)
        }
        // A character that the cut goes through is on neither side.
        var cut = HeadAndTail(capacity: 8)
        cut.append(text("aéxxxxxxxxxxx\u{E9}bcdef")[...])
        let (bytes, isLossy) = cut.text()
        #expect(!isLossy && String(decoding: bytes, as: UTF8.self).hasPrefix("a\n[…"))
    }
}
