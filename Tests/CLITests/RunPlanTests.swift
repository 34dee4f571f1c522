// SPDX-License-Identifier: Apache-2.0
import Linux
import Policy
import Sandboxing
import Scratch
import Testing

@testable import CLI

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// An operator's desk at which runs are planned and nothing is started.
private struct Planner {
    let desk = Desk()
    var variables: [String: String] = [:]
    var profiles = ProfileBase.allCases.map(Profile.builtIn)

    func plan(_ words: [String], in directory: String? = nil) throws -> RunPlan {
        guard case .run(let parsed) = try ArgumentParser.parse((["run"] + words).map(bytes)),
            let base = AbsolutePath(bytes(directory ?? desk.scratch.path))
        else { throw Failure("explained") }
        let silent = Console.Sink(isTerminal: false, columns: nil, hasColour: false) { _ in }
        let console = Console(output: silent, errors: silent, environment: { _ in nil }, input: { nil })
        let around = RunPlan.Surroundings(
            searchPath: bytes("\(desk.path("bin")):/usr/bin:/bin"), base: base, home: desk.absoluteHome,
            variable: { name in variables[String(decoding: name, as: UTF8.self)].map(bytes) })
        return try RunPlan(try RunRequest(parsed), profiles, around, console)
    }

    func explained(_ plan: RunPlan) -> String {
        let sink = Console.Sink(isTerminal: false, columns: nil, hasColour: false) { _ in }
        return RunReport.lines(plan, RunHost(confinement: "own: everything", backend: .own), for: sink)
            .map {
                String(
                    $0.split(separator: desk.scratch.path, omittingEmptySubsequences: false).joined(separator: "DESK"))
            }
            .joined(separator: "\n")
    }
}

@Suite("A plan is what profile and options say together, and is explained whole")
struct RunPlanTests {
    @Test("The explanation names everything, in the order in which a person asks")
    func explains() throws {
        let planner = Planner()
        planner.desk.putProgram("bin/tool")
        planner.desk.makeDirectory("project")
        planner.desk.makeDirectory("data")
        planner.desk.put("key", "k")
        let plan = try planner.plan(
            [
                "--write", planner.desk.path("project"), "--read", planner.desk.path("data"), "--allow-host",
                "api.example.com:443", "--allow-local", "5432", "--env", "MODE=fast", "--secret",
                "TOKEN=file:\(planner.desk.path("key"))", "--limit", "time=10m", "--limit", "memory=1G", "--",
                "tool", "--level=3", "two words",
            ], in: planner.desk.path("project"))
        let pin = plan.executable
        let expected = """
            tool with the profile agent
              executes      DESK/bin/tool (\(Sizes.text(pin.size)), sha256 \(pin.digest))
              called        "DESK/bin/tool"
              argument      "--level=3"
              argument      "two words"
              works in      DESK/project
              sees          the system's programs
              may read      DESK/data
              may change    DESK/project
              protected     in what it may change, also where they do not exist yet: \(RunHost.protectedNames)
              not protected such names in directories further down, where they do not exist yet
              network       reach api.example.com:443 (--allow-host api.example.com:443)
              hole          reach port 5432 of this machine's loopback (--allow-local 5432)
              refused       loopback, private and special addresses; every other connection
              variable      MODE
              secret        TOKEN_FILE, from the file DESK/key
              limits        1024 processes and threads together
                            1 GiB of memory for each process
                            4096 open files for each process
                            1 GiB in its home and temporary directories together
                            10 minutes, then it is ended
              not limited   memory of all processes together; what it writes to directories of yours
              confinement   own: everything
            """
        #expect(planner.explained(plan) == expected)
        #expect(plan.shownWords == ["tool", "--level=...", "..."].map(bytes))
        #expect(
            plan.grantLines == [
                "write \(planner.desk.path("project"))", "read \(planner.desk.path("data"))",
                "reach api.example.com:443", "reach port 5432 of this machine's loopback",
            ])
    }

    @Test("It begins where its caller stands if it sees that, else at home; another place must be seen")
    func directories() throws {
        let planner = Planner()
        planner.desk.makeDirectory("project/deep")
        let deep = planner.desk.path("project/deep")
        #expect(try planner.plan(["true"], in: deep).directory.description == "/home/sandbox")
        let write = ["--write", planner.desk.path("project")]
        #expect(try planner.plan(write + ["true"], in: deep).directory.description == deep)
        #expect(try planner.plan(write + ["--chdir", deep, "true"]).directory.description == deep)
        #expect(throws: Failure.self) { try planner.plan(["--chdir", deep, "true"]) }
    }

    @Test("A variable is taken from the caller only by name, and one that is missing is said")
    func variables() throws {
        var planner = Planner()
        planner.variables = ["WANTED": "1", "AWS_SECRET_ACCESS_KEY": "s"]
        let plan = try planner.plan(["--env", "WANTED", "true"])
        #expect(plan.environment == [EnvironmentEntry(name: bytes("WANTED"), value: .plain(bytes("1")))])
        #expect(throws: Failure.self) { try planner.plan(["--env", "MISSING", "true"]) }
    }

    @Test("A profile holds first, and options change and add")
    func profiles() throws {
        var planner = Planner()
        planner.desk.makeDirectory("data")
        let name = try #require(ProfileName(bytes("mine")))
        let data = try #require(AbsolutePath(bytes(planner.desk.path("data"))))
        var mine = Profile.builtIn(.code)
        mine = Profile(
            name: name, base: .code, reads: [data],
            environment: [EnvironmentEntry(name: bytes("A"), value: .plain(bytes("profile")))], network: .public,
            limits: mine.limits, confinement: .full)
        planner.profiles.append(mine)
        let plan = try planner.plan(["--profile", "mine", "--env", "A=option", "--limit", "processes=7", "true"])
        #expect(plan.grants.reads.map(\.real) == [data])
        #expect(plan.environment.map(\.value) == [.plain(bytes("option"))])
        #expect(plan.limits.ceilings.processes == 7 && plan.limits.milliseconds == 60_000)
        #expect(plan.network == .public)
        #expect(try planner.plan(["--profile", "code", "true"]).network.isNone)
    }

    @Test("A script becomes its interpreter with the script shown by itself")
    func scripts() throws {
        let planner = Planner()
        let script = planner.desk.put("bin/hello", "#!/bin/sh\necho hello\n", mode: "700")
        let plan = try planner.plan(["hello", "a"])
        #expect(["dash", "bash", "sh"].contains(String(decoding: plan.executable.path.name, as: UTF8.self)))
        #expect(plan.files.map(\.path.description) == [script])
        #expect(plan.words.suffix(2) == [bytes(script), bytes("a")])
        // Named to the interpreter, from where the caller stands.
        let named = try planner.plan(["sh", "hello"], in: planner.desk.path("bin"))
        #expect(named.files.map(\.path.description) == [script] && named.words.last == bytes(script))
        // Code, modules and what is typed need no file.
        #expect(try planner.plan(["sh", "-c", "true"]).files.isEmpty)
        #expect(try planner.plan(["sh"]).words.count == 1)
        planner.desk.put("bin/envy", "#!/usr/bin/env sh\n", mode: "700")
        #expect(
            try planner.plan(["envy"]).words.first.map { String(decoding: $0, as: UTF8.self).hasSuffix("/sh") } == true)
        planner.desk.put("bin/loop", "#!\(planner.desk.path("bin/loop"))\n", mode: "700")
        #expect(throws: Failure.self) { try planner.plan(["loop"]) }
    }

    @Test("A browser is known by any of its names, is completed, and refuses what undoes it")
    func browsers() throws {
        var planner = Planner()
        let real = planner.desk.putProgram("opt/chrome")
        planner.desk.link("bin/my-browser", to: real)
        let plan = try planner.plan(["--profile", "browser", "my-browser", "--headless"])
        #expect(plan.words.contains(bytes("--proxy-bypass-list=<-loopback>")) && plan.rendersPages)
        #expect(plan.program.installation.map(\.description) == [planner.desk.path("opt")])
        #expect(!plan.passesPipe)
        #expect(try planner.plan(["my-browser", "--remote-debugging-pipe"]).passesPipe)
        #expect { try planner.plan(["my-browser", "-remote-debugging-port=9222"]) } throws: {
            ($0 as? Failure)?.status == .dangerous
        }
        var open = Profile.builtIn(.browser)
        open.acceptedFlags = [bytes("--disable-web-security")]
        planner.profiles = [open]
        let loud = try planner.plan(["--profile", "browser", "my-browser", "--disable-web-security"])
        #expect(loud.accepted == ["--disable-web-security"] && loud.warnings.count == 1)
    }

    @Test("A program that others can exchange has to be accepted by name")
    func distrusted() throws {
        let planner = Planner()
        planner.desk.putProgram("bin/loose")
        #expect(Shell.run("chmod 777 '\(planner.desk.path("bin/loose"))'") == 0)
        #expect { try planner.plan(["loose"]) } throws: { ($0 as? Failure)?.status == .dangerous }
        #expect(try planner.plan(["--accept", "writable-place", "loose"]).accepted == ["writable-place"])
    }
}
