// SPDX-License-Identifier: Apache-2.0
import Policy
import Scratch
import Testing

@testable import CLI

extension Desk {
    /// What a command line means on this machine.
    func resolve(
        _ words: [String], cwd: String? = nil, reads: [String] = [], writes: [String] = [],
        environment: [(String, String)] = []
    ) throws -> Resolution {
        var entry = ServerEntry(
            name: try #require(ServerName(Array("x".utf8))), command: Array(words[0].utf8),
            arguments: words.dropFirst().map { Array($0.utf8) })
        func path(_ text: String) throws -> AbsolutePath { try #require(AbsolutePath(Array(text.utf8))) }
        entry.directory = try cwd.map(path)
        entry.reads = try reads.map(path)
        entry.writes = try writes.map(path)
        entry.environment = environment.map {
            EnvironmentEntry(name: Array($0.0.utf8), value: .plain(Array($0.1.utf8)))
        }
        return try Resolution.resolve(entry, home: absoluteHome)
    }

    /// A virtual environment whose interpreter is a link to a Python of its own installation below this desk.
    func makeEnvironment() {
        putProgram("py/bin/python3.11")
        link("py/bin/python3", to: "python3.11")
        put("py/lib/python3.11/os.py", "")
        put("venv/pyvenv.cfg", "home = \(path("py"))/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n")
        link("venv/bin/python3", to: "\(path("py"))/bin/python3")
        link("venv/bin/python", to: "python3")
        put("venv/lib/python3.11/site-packages/server/__init__.py", "")
        put("venv/lib/python3.11/site-packages/server/__main__.py", "print(1)\n")
        put("venv/lib/python3.11/site-packages/server/tools/__init__.py", "")
        put("venv/lib/python3.11/site-packages/server/tools/web.py", "")
        put("venv/lib/python3.11/site-packages/single.py", "print(2)\n")
        put("venv/bin/server", "#!\(path("venv"))/bin/python3\nimport server\n", mode: "755")
    }
}

extension Resolution {
    var line: [String] { words.map { String(decoding: $0.written, as: UTF8.self) } }
    var pinned: [String] { pins.map(\.path.description) }
    var shown: [String] { installation.map(\.description) }
    var judged: [Danger] { dangers.map(\.danger) }
}

private func fault(_ body: () throws -> Resolution) -> ResolutionFault? {
    do { _ = try body() } catch let error as ResolutionFault { return error } catch {}
    return nil
}

@Suite("What is sealed is what will run")
struct ResolutionTests {
    private let desk = Desk()
    private func at(_ name: String) -> String { desk.path(name) }

    @Test("Native code is itself, by its real path")
    func native() throws {
        let program = desk.putProgram("opt/bin/server-1.2")
        let link = desk.link("bin/server", to: "../opt/bin/server-1.2")
        let found = try desk.resolve([link, "--port", "1"])
        #expect(found.executable.path.description == program)
        #expect(found.pinned == [])
        #expect(found.line == [link, "--port", "1"])
        #expect(found.shown == [] && found.dangers.isEmpty)
        let pin = try found.executable.pin()
        #expect(pin.size > 1000)
    }

    @Test("The program that fetches is pinned with the one that starts it")
    func companion() throws {
        let tools = desk.putProgram("opt/doorward-tools")
        #expect(try desk.resolve([tools, "web"]).pinned == [])
        let web = desk.putProgram("opt/doorward-web")
        let other = desk.putProgram("opt/other")
        #expect(try desk.resolve([tools, "web", "--size", "64K"]).pinned == [web])
        #expect(try desk.resolve([tools, "web", "--client", other]).pinned == [other])
        #expect(try desk.resolve([tools, "code"]).pinned == [])
        #expect(try desk.resolve([other, "web"]).pinned == [])
    }

    @Test("The script of a virtual environment runs by its interpreter, which keeps its name")
    func environmentScript() throws {
        desk.makeEnvironment()
        let found = try desk.resolve([at("venv/bin/server"), "--stdio"])
        #expect(found.executable.path.description == at("py/bin/python3.11"))
        // An interpreter finds its environment by the path it was called by.
        #expect(found.line == [at("venv/bin/python3"), at("venv/bin/server"), "--stdio"])
        #expect(found.pinned == [at("venv/bin/server")])
        #expect(Set(found.shown) == [at("venv"), at("py")])
        #expect(found.dangers.isEmpty)
    }

    @Test("A module is pinned by its files, a package with its initialisers")
    func module() throws {
        desk.makeEnvironment()
        let packages = at("venv/lib/python3.11/site-packages")
        let package = try desk.resolve([at("venv/bin/python"), "-m", "server", "-c", "x"])
        #expect(package.pinned == ["\(packages)/server/__init__.py", "\(packages)/server/__main__.py"])
        // Behind the module -c is the module's.
        #expect(package.dangers.isEmpty)
        #expect(package.line == [at("venv/bin/python"), "-m", "server", "-c", "x"])
        let inner = try desk.resolve([at("venv/bin/python"), "-Imserver.tools.web"])
        #expect(
            inner.pinned == [
                "\(packages)/server/__init__.py", "\(packages)/server/tools/__init__.py",
                "\(packages)/server/tools/web.py",
            ])
        #expect(try desk.resolve([at("venv/bin/python"), "-msingle"]).pinned == ["\(packages)/single.py"])
        #expect(
            fault { try desk.resolve([at("venv/bin/python"), "-m", "nowhere"]) }?.sentence.contains("nowhere") == true)
        #expect(fault { try desk.resolve([at("venv/bin/python"), "-m", "../evil"]) } != nil)
    }

    @Test("A module in the working directory comes first, as the interpreter has it")
    func moduleHere() throws {
        desk.makeEnvironment()
        desk.put("work/server.py", "print(3)\n")
        let found = try desk.resolve([at("venv/bin/python"), "-m", "server"], cwd: at("work"), reads: [at("work")])
        #expect(found.pinned == [at("work/server.py")])
        #expect(fault { try desk.resolve([at("venv/bin/python"), "-m", "server"], cwd: at("work")) } == nil)
    }

    @Test("A script of node is pinned, and the tree that its modules lie in is shown")
    func node() throws {
        let node = desk.putProgram("node/bin/node")
        desk.put("node/lib/node_modules/srv/package.json", "{}")
        let script = desk.put("node/lib/node_modules/srv/dist/index.js", "#!/usr/bin/env node\n", mode: "755")
        let link = desk.link("node/bin/srv", to: "../lib/node_modules/srv/dist/index.js")
        let found = try desk.resolve([node, link, "--flag"])
        #expect(found.executable.path.description == node)
        #expect(found.line == [node, script, "--flag"])
        #expect(found.pinned == [script])
        #expect(found.shown == [at("node")])
        #expect(found.dangers.isEmpty)
        // A project of its own: package.json, node_modules beside it.
        desk.put("app/package.json", "{}")
        desk.put("app/node_modules/dep/index.js", "")
        let server = desk.put("app/build/server.mjs", "")
        #expect(Set(try desk.resolve([node, "--no-warnings", server]).shown) == [at("node"), at("app")])
    }

    @Test("A script of a shell is pinned, and the shell is a danger all the same")
    func shell() throws {
        let script = desk.put("bin/serve.sh", "#!/bin/sh -eu\nexec cat\n", mode: "755")
        let found = try desk.resolve([script, "a"])
        #expect(found.line == ["/bin/sh", "-eu", script, "a"])
        #expect(found.pinned == [script])
        #expect(found.judged == [.shell])
    }

    @Test("The kernel's rules about the first line hold")
    func firstLine() throws {
        desk.makeEnvironment()
        // One argument, spaces inside it kept.
        let script = desk.put("s1", "#! \(at("py/bin/python3"))   -I -x  \nimport os\n", mode: "755")
        #expect(try desk.resolve([script, "z"]).line.suffix(3) == ["-I -x", script, "z"])
        // An interpreter that is a script itself.
        let outer = desk.put("s2", "#!\(script) first\n", mode: "755")
        let found = try desk.resolve([outer])
        #expect(found.pinned == [outer, script])
        #expect(found.line.suffix(4) == ["-I -x", script, "first", outer])
        for text in ["#!python3\n", "#!\n", "#!  \n", "", "echo\n", "#!/" + String(repeating: "x", count: 300) + "\n"] {
            let file = desk.put("bad", text, mode: "755")
            #expect(fault { try desk.resolve([file]) } != nil, "\(text)")
        }
        let plain = desk.put("plain", "#!/bin/sh\n", mode: "600")
        #expect(fault { try desk.resolve([plain]) }?.sentence.contains("not executable") == true)
        let loop = desk.put("loop", "#!\(at("loop"))\n", mode: "755")
        #expect(fault { try desk.resolve([loop]) } != nil)
    }

    @Test("env is never asked at a launch; import and add write down what it finds")
    func envScript() throws {
        desk.makeEnvironment()
        let script = desk.put("bin/server", "#!/usr/bin/env python3\nimport os\n", mode: "755")
        let refused = fault { try desk.resolve([script]) }
        #expect(refused?.sentence.contains("/usr/bin/env") == true)
        #expect(refused?.hint.contains("python3") == true)
        let entry = ServerEntry(
            name: try #require(ServerName(Array("x".utf8))), command: Array(script.utf8), arguments: [[0x61]])
        let draft = try EntryDraft(entry, searchPath: Array("relative:\(at("py/bin")):/usr/bin".utf8), base: nil)
        #expect(draft.entry.command == Array(at("py/bin/python3").utf8))
        #expect(draft.entry.arguments == [Array(script.utf8), [0x61]])
        #expect(draft.notes.count == 1)
        let split = desk.put("bin/split", "#!/usr/bin/env -S python3 -I\n", mode: "755")
        let other = try EntryDraft(
            ServerEntry(name: entry.name, command: Array(split.utf8), arguments: []),
            searchPath: Array(at("py/bin").utf8), base: nil)
        #expect(other.entry.arguments == [Array("-I".utf8), Array(split.utf8)])
        #expect(throws: ResolutionFault.self) { try EntryDraft(entry, searchPath: Array("/nowhere".utf8), base: nil) }
    }

    @Test("The launcher that pip writes for long paths is seen through")
    func pipLauncher() throws {
        desk.makeEnvironment()
        let script = desk.put(
            "venv/bin/long", "#!/bin/sh\n'''exec' \"\(at("venv/bin/python3"))\" \"$0\" \"$@\"\n' '''\nimport server\n",
            mode: "755")
        let entry = ServerEntry(
            name: try #require(ServerName(Array("x".utf8))), command: Array(script.utf8), arguments: [])
        let draft = try EntryDraft(entry, searchPath: [], base: nil)
        #expect(draft.entry.command == Array(at("venv/bin/python3").utf8))
        let found = try Resolution.resolve(draft.entry, home: nil)
        #expect(found.pinned == [script] && found.dangers.isEmpty)
    }

    @Test(
        "Without an absolute path nothing is sealed (A43)",
        arguments: [
            "server", "./server", "../x/server", "bin/server", "/a/../bin/true", "/usr//bin/true", "/usr/./bin/true",
            "~/x", "",
        ])
    func absolute(_ command: String) throws {
        #expect(fault { try desk.resolve([command]) } != nil)
    }

    @Test("PATH of the entry is not consulted either (A43)")
    func path() throws {
        desk.putProgram("early/mcp-server-x")
        desk.environment["PATH"] = at("early")
        desk.configure(
            "{\"mcpServers\": {\"x\": {\"command\": \"mcp-server-x\", \"env\": {\"PATH\": \"\(at("early"))\"}}}}")
        let outcome = desk.run("registry", "seal")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("\"mcp-server-x\" is a bare name; PATH is never consulted"))
        #expect(desk.scratch.contents("home/.local/state/doorward/registry/sealed.json") == nil)
    }

    @Test("An interpreter with nothing to run, or with what a caller chooses, is refused")
    func openEnded() throws {
        desk.makeEnvironment()
        for words in [[], ["-"], ["-i"], ["-I", "-"], ["--"]] {
            #expect(fault { try desk.resolve([at("venv/bin/python")] + words) } != nil, "\(words)")
        }
        #expect(fault { try desk.resolve(["/bin/sh"]) } != nil)
        #expect(fault { try desk.resolve(["/usr/bin/perl"]) } != nil)
        #expect(fault { try desk.resolve([at("venv/bin/python"), "relative.py"]) }?.hint.contains("cwd") == true)
        #expect(
            fault { try desk.resolve([at("venv/bin/python"), at("venv")]) }?.sentence.contains("directory") == true)
    }

    @Test("Code on the command line is a danger, named by its argument")
    func inline() throws {
        desk.makeEnvironment()
        let found = try desk.resolve([at("venv/bin/python"), "-Ic", "import os"])
        #expect(found.dangers.map(\.sentence) == ["inline-code: an argument is code that the program runs: \"-Ic\""])
        // Its script's own -c is no code.
        #expect(try desk.resolve([at("venv/bin/python"), at("venv/bin/server"), "-c"]).dangers.isEmpty)
    }

    @Test("A shell behind innocent links is still a shell (A42)")
    func renamed() throws {
        let link = desk.link("bin/helper", to: "/bin/sh")
        let second = desk.link("bin/nice-tool", to: "helper")
        let script = desk.put("run", "", mode: "600")
        #expect(try desk.resolve([second, script]).judged.contains(.shell))
        let innocent = desk.put("bin/wrapped", "#!\(link)\n", mode: "755")
        #expect(try desk.resolve([innocent]).judged.contains(.shell))
        // Also where only a name in the middle says so: what is called npx acts like it, whatever file it is.
        desk.putProgram("lib/multicall")
        desk.link("lib/npx", to: "multicall")
        #expect(try desk.resolve([desk.link("bin/friendly", to: "../lib/npx")]).judged == [.packageRunner])
        // And a link that is only called like one is judged by its name as well.
        let named = desk.link("bin/bash", to: "/usr/bin/true")
        #expect(try desk.resolve([named, script]).judged.contains(.shell))
    }

    @Test("Files that others can write cannot be accepted, directories have to be")
    func writable() throws {
        let program = desk.putProgram("opt/server")
        #expect(Shell.run("chmod 777 '\(program)'") == 0)
        let file = try desk.resolve([program])
        #expect(file.dangers.map(\.isFatal) == [true])
        #expect(file.judged == [.writablePlace])
        #expect(Shell.run("chmod 700 '\(program)'; chmod 777 '\(at("opt"))'") == 0)
        let place = try desk.resolve([program])
        #expect(place.dangers.map(\.isFatal) == [true])
        #expect(place.dangers.first?.sentence.contains("this cannot be accepted") == true)
        #expect(Shell.run("chmod 700 '\(at("opt"))'") == 0)
        desk.makeEnvironment()
        #expect(Shell.run("chmod 777 '\(at("venv/lib"))'") == 0)
        let module = try desk.resolve([at("venv/bin/python"), "-m", "server"])
        #expect(module.dangers.contains { $0.isFatal && $0.danger == .writablePlace })
    }

    @Test("A program that may be changed by its own server is a danger")
    func ownProgram() throws {
        let program = desk.putProgram("opt/server/run")
        #expect(try desk.resolve([program], writes: [at("opt/server")]).judged == [.wideGrant])
        #expect(try desk.resolve([program], reads: [at("opt/server")]).dangers.isEmpty)
    }

    @Test("A home directory is never an installation")
    func wide() throws {
        // An interpreter whose prefix is the home directory itself.
        let python = desk.putProgram("home/bin/python3")
        let script = desk.put("home/x.py", "")
        let found = fault { try desk.resolve([python, script]) }
        #expect(found?.sentence.contains("too much to show") == true)
        // A script that lies in it is shown alone.
        desk.makeEnvironment()
        let alone = try desk.resolve([at("venv/bin/python"), script])
        #expect(!alone.shown.contains(desk.home))
        #expect(alone.notes.contains { $0.contains("only x.py is shown") })
    }

    @Test("What the entry grants must be there, and its working directory visible")
    func grants() throws {
        desk.makeEnvironment()
        let words = [at("venv/bin/python"), "-m", "server"]
        #expect(fault { try desk.resolve(words, reads: [at("nowhere")]) }?.sentence.contains("nowhere") == true)
        desk.makeDirectory("work")
        #expect(fault { try desk.resolve(words, cwd: at("work")) }?.hint.contains("read") == true)
        #expect(fault { try desk.resolve(words, cwd: at("work"), writes: [at("work")]) } == nil)
    }

    @Test("Links that lead in circles end") func circles() throws {
        desk.link("a", to: "b")
        desk.link("b", to: "a")
        #expect(fault { try desk.resolve([at("a")]) }?.sentence.contains("links") == true)
    }
}

@Suite("What has changed since it was sealed is told, and nothing else is")
struct ChangeTests {
    private func sealed() -> Desk {
        let desk = Desk()
        desk.makeEnvironment()
        desk.putProgram("opt/other")
        desk.configure(
            """
            {"mcpServers": {
              "py": {"command": "\(desk.path("venv/bin/python"))", "args": ["-m", "server"]},
              "other": {"command": "\(desk.path("opt/other"))"}
            }}
            """)
        #expect(desk.run("registry", "seal").status == 0)
        return desk
    }

    private func changes(_ desk: Desk) -> [String] {
        desk.run("registry", "seal", "--check").output.rows.filter { $0.contains(": ") }
    }

    @Test("Nothing, twice") func nothing() {
        let desk = sealed()
        let outcome = desk.run("registry", "seal", "--check")
        #expect(outcome.status == 0 && outcome.output == "nothing changes; 2 servers are sealed\n")
        let before = desk.contents("home/.local/state/doorward/registry/sealed.json")
        #expect(desk.run("registry", "seal").status == 0)
        #expect(desk.contents("home/.local/state/doorward/registry/sealed.json") == before)
    }

    @Test("A module, an initialiser, an interpreter, a program")
    func files() {
        for (file, name) in [
            ("venv/lib/python3.11/site-packages/server/__main__.py", "py"),
            ("venv/lib/python3.11/site-packages/server/__init__.py", "py"), ("py/bin/python3.11", "py"),
            ("opt/other", "other"),
        ] {
            let desk = sealed()
            #expect(Shell.run("printf x >> '\(desk.path(file))'") == 0)
            #expect(changes(desk) == ["\(name): changed"], "\(file)")
            #expect(desk.run("registry", "seal", "--check").status == 1)
        }
    }

    @Test("A link that leads elsewhere") func link() {
        let desk = sealed()
        desk.putProgram("py/bin/python3.12", like: "/usr/bin/false")
        #expect(Shell.run("ln -sfn python3.12 '\(desk.path("py/bin/python3"))'") == 0)
        #expect(changes(desk) == ["py: changed"])
    }

    @Test("Entries come and go")
    func entries() {
        let desk = sealed()
        #expect(desk.run("registry", "remove", "other", "--yes").status == 0)
        #expect(changes(desk) == ["other: removed"])
        #expect(desk.run("registry", "add", "more", "--yes", "--", "/usr/bin/true").status == 0)
        #expect(changes(desk) == ["more: new", "other: removed"])
        let json = desk.run("registry", "seal", "--check", "--json")
        #expect(json.output.contains("\"servers\":{\"more\":\"added\",\"other\":\"removed\",\"py\":\"same\"}"))
        #expect(desk.run("registry", "list").output.contains("removed, still sealed"))
    }

    @Test("A seal that somebody edited is not believed, and made anew")
    func edited() {
        let desk = sealed()
        let file = desk.path("home/.local/state/doorward/registry/sealed.json")
        #expect(Shell.run("sed -i 's/\"sealedAt\":1/\"sealedAt\":2/; s/other/otter/' '\(file)'") == 0)
        #expect(desk.run("registry", "list").status == 8)
        let check = desk.run("registry", "seal", "--check")
        #expect(check.status == 1 && check.errors.contains("it is made anew"))
        #expect(desk.run("registry", "seal").status == 0)
        #expect(desk.run("registry", "list").status == 0)
    }

    @Test("A seal that others can write is not believed (A45)", arguments: ["go+w", "g+w", "o+w"])
    func writable(_ mode: String) {
        let desk = sealed()
        #expect(Shell.run("chmod \(mode) '\(desk.path("home/.local/state/doorward/registry/sealed.json"))'") == 0)
        let outcome = desk.run("registry", "list")
        #expect(outcome.status == 8 && outcome.errors.contains("can write it"))
    }

    @Test("A configuration that others can write is not read, whoever left the door open (A45)")
    func configuration() {
        for command in ["chmod 666 'FILE'", "chmod 777 \"$(dirname 'FILE')\""] {
            let desk = sealed()
            let line = command.split(separator: "FILE", omittingEmptySubsequences: false).joined(
                separator: desk.configuration)
            #expect(Shell.run(line) == 0)
            #expect(desk.run("registry", "seal", "--check").status == 1)
        }
        let desk = sealed()
        #expect(
            Shell.run("mv '\(desk.configuration)' '\(desk.home)/x' && ln -s '\(desk.home)/x' '\(desk.configuration)'")
                == 0)
        let outcome = desk.run("registry", "seal", "--check")
        #expect(outcome.status == 1 && outcome.errors.contains("symbolic link"))
    }
}
