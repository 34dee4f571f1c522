// SPDX-License-Identifier: Apache-2.0
import Linux
import Policy
import Scratch
import StrictJSON
import Testing

@testable import CLI

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func request(_ words: [String]) throws(Failure) -> RunRequest {
    guard case .run(let parsed) = try ArgumentParser.parse((["run"] + words).map(bytes)) else {
        throw Failure("explained")
    }
    return try RunRequest(parsed)
}

@Suite("A run asks for what its options say, and for nothing that cannot be meant")
struct RunRequestTests {
    @Test("The command begins with the first word that is no option, or behind --")
    func command() throws {
        for words in [
            ["--profile", "code", "ls", "-l", "--read", "x"], ["--profile=code", "--", "ls", "-l", "--read", "x"],
        ] {
            let made = try request(words)
            #expect(made.command == ["ls", "-l", "--read", "x"].map(bytes))
            #expect(made.profile == ProfileName(.code) && made.reads.isEmpty)
        }
        #expect(try request(["true"]).profile == ProfileName(.agent))
        #expect(try request(["--", "--explain"]).command == [bytes("--explain")])
    }

    @Test("Every option says its part")
    func parts() throws {
        let made = try request([
            "--read", "/a", "--write", "/b/../c", "--allow-host", "api.example.com:443", "--allow-host",
            "*.example.org:80",
            "--allow-local", "5432", "--env", "A=b=c", "--env", "B", "--secret", "T=file:/s",
            "--secret=K=keyring:my key",
            "--limit", "processes=3", "--limit", "memory=16M", "--limit=open-files=16", "--limit", "time=500ms",
            "--limit", "disk=1M", "--accept", "wide-grant,container-control", "--chdir", "/c", "x",
        ])
        #expect(made.reads.map(\.description) == ["/a"] && made.writes.map(\.description) == ["/c"])
        #expect(
            made.rules.map(\.name) == [
                "--allow-host api.example.com:443", "--allow-host *.example.org:80", "--allow-local 5432",
            ])
        #expect(EgressPolicy(rules: made.rules).localPorts == [5432])
        #expect(made.environment.map { $0.name } == [bytes("A"), bytes("B")])
        #expect(made.environment.map { $0.value } == [bytes("b=c"), nil])
        #expect(made.secrets.map(\.source) == [.file(AbsolutePath(bytes("/s")) ?? .root), .keyring(bytes("my key"))])
        #expect(
            made.limits == [
                .processes(3), .memory(16 << 20), .openFiles(16), .time(milliseconds: 500), .disk(1 << 20),
            ])
        #expect(made.accepted == [.wideGrant, .containerControl] && made.directory?.description == "/c")
    }

    static let refused: [[String]] = [
        ["--profile", "Agent", "x"], ["--profile", "", "x"], ["--read", "~/x", "x"], ["--write", "", "x"],
        ["--allow-host", "example.com", "x"], ["--allow-host", "example.com:0", "x"],
        ["--allow-host", "example.com:65536", "x"], ["--allow-host", "example.com:080", "x"],
        ["--allow-host", "10.0.0.1:80", "x"], ["--allow-host", "[::1]:80", "x"], ["--allow-host", "localhost:80", "x"],
        ["--allow-host", "127.1:80", "x"], ["--allow-host", "[::ffff:127.0.0.1]:80", "x"],
        ["--allow-host", "metadata.google.internal:80", "x"], ["--allow-local", "0", "x"],
        ["--allow-local", "70000", "x"], ["--allow-local", "http", "x"], ["--env", "=x", "x"], ["--env", "1A=x", "x"],
        ["--env", "A-B", "x"], ["--env", "A=1", "--env", "A=2", "x"], ["--secret", "T=hunter2", "x"],
        ["--secret", "T=file:", "x"], ["--secret", "T", "x"], ["--secret", "T=file:/a", "--secret", "T=file:/b", "x"],
        ["--limit", "processes=0", "x"], ["--limit", "processes=65537", "x"], ["--limit", "memory=15M", "x"],
        ["--limit", "memory=1T", "x"], ["--limit", "open-files=15", "x"], ["--limit", "time=0s", "x"],
        ["--limit", "time=1y", "x"], ["--limit", "disk=1K", "x"], ["--limit", "procesess=1", "x"],
        ["--limit", "time=1s", "--limit", "time=2s", "x"], ["--accept", "everything", "x"], ["--json", "x"], [""],
        ["--", ""],
    ]

    @Test("What makes no sense is refused as usage", arguments: refused)
    func refuses(_ words: [String]) {
        #expect { try request(words) } throws: { ($0 as? Failure)?.status == .usage }
    }

    @Test("A secret that was written as a value is not repeated")
    func quiet() {
        let outcome = Desk().run("run", "--secret", "T=hunter2", "true")
        #expect(outcome.status == 125 && !outcome.errors.contains("hunter2"))
    }
}

@Suite("Statuses of doorward run are those of its command, and four of its own")
struct RunStatusTests {
    @Test("Its own failures are 125, what cannot be executed 126, what is not there 127")
    func statuses() {
        let desk = Desk()
        desk.put("plain.txt", "no program")
        desk.put("odd", "no program", mode: "700")
        #expect(desk.run("run", "--explain", "--nonsense", "true").status == 125)
        #expect(desk.run("run", "--explain", "--profile", "nowhere", "true").status == 125)
        #expect(desk.run("run", "true").errors.contains("a run must be recorded"))
        #expect(desk.run("run", "true").status == 125)
        #expect(desk.run("run", "--explain", desk.path("plain.txt")).status == 126)
        #expect(desk.run("run", "--explain", "no-such-command-anywhere").status == 127)
        #expect(desk.run("run", "--explain", "./no-such-file").status == 127)
        #expect(desk.run("run", "--explain", "--json", "true").status == 0)
    }
}

@Suite("Flags of Chromium that undo protection are refused in every spelling that Chromium understands")
struct ChromiumFlagTests {
    static let names = [
        "no-proxy-server", "proxy-server", "proxy-bypass-list", "proxy-pac-url", "proxy-auto-detect",
        "host-resolver-rules", "host-rules", "remote-debugging-port", "remote-debugging-address",
        "remote-allow-origins", "disable-web-security", "disable-site-isolation-trials", "ignore-certificate-errors",
        "allow-file-access-from-files", "ip-address-space-overrides",
    ]

    private func kinds(_ words: [String], accepted: [String] = []) -> [ChromiumFlags.Finding.Kind] {
        ChromiumFlags.findings(words.map(bytes), accepted: accepted.map(bytes)).map(\.kind)
    }

    @Test("One dash or two, with a value or without, first, last or twice", arguments: names)
    func spellings(_ name: String) {
        for dashes in ["-", "--"] {
            for value in ["", "=", "=x", "=x=y", "= "] {
                let flag = dashes + name + value
                for words in [
                    [flag], ["--headless", flag], [flag, "http://example.com/"], ["http://example.com/", flag],
                    ["--headless", "x", flag, "--", "y"],
                ] { #expect(kinds(words) == [.refused], "\(words)") }
                #expect(kinds([flag, flag]) == [.refused, .refused])
                // Behind a bare -- there are addresses only.
                #expect(kinds(["--", flag]).isEmpty)
                #expect(kinds([flag], accepted: ["--\(name)"]) == [.accepted])
                #expect(kinds([flag], accepted: ["-\(name)"]) == [.accepted])
                #expect(kinds([flag], accepted: ["--\(name)x"]) == [.refused])
            }
        }
        // Chromium knows no such switches.
        #expect(kinds(["---\(name)"]).isEmpty || kinds(["---\(name)"]) == [.refused])
        #expect(kinds([name, "--x\(name)", "--\(name)x", "--\(name.uppercased())"]).isEmpty)
    }

    @Test("An accepted value is that value alone")
    func values() {
        #expect(kinds(["--proxy-server=http://a"], accepted: ["--proxy-server=http://a"]) == [.accepted])
        #expect(kinds(["--proxy-server=http://b"], accepted: ["--proxy-server=http://a"]) == [.refused])
    }

    static let features = [
        "LocalNetworkAccessChecks", "LocalNetworkAccessChecksWebSockets", "BlockInsecurePrivateNetworkRequests",
        "PrivateNetworkAccessSendPreflights", "IsolateOrigins", "site-per-process",
    ]

    @Test("A feature is found anywhere in a list, however it is written", arguments: features)
    func lists(_ feature: String) {
        for written in [
            feature, "*\(feature)", " \(feature) ", "\(feature)<Trial", "\(feature):a/b", feature.lowercased(),
        ] {
            for list in ["A,\(written)", "\(written),B", "A,,\(written),", written] {
                #expect(kinds(["--disable-features=\(list)"]) == [.refused], "\(list)")
                #expect(kinds(["-disable-features=\(list)"]) == [.refused])
            }
        }
        #expect(kinds(["--disable-features=A\(feature)"]).isEmpty && kinds(["--disable-features"]).isEmpty)
        // To switch it on protects; to give it parameters may not.
        #expect(kinds(["--enable-features=\(feature)"]).isEmpty)
        #expect(kinds(["--enable-features=\(feature):warn/true"]) == [.refused])
        #expect(kinds(["--force-fieldtrials=*X/\(feature)/"]) == [.refused])
        #expect(kinds(["--disable-features=A,\(feature)"], accepted: ["--disable-features=\(feature)"]) == [.accepted])
        #expect(kinds(["--disable-features=A,\(feature)"], accepted: ["--disable-features"]) == [.accepted])
        #expect(kinds(["--disable-features=\(feature)"], accepted: ["--disable-features=Other"]) == [.refused])
    }

    @Test("What weakens the browser's own walls is said, and what a test needs is let through")
    func others() {
        #expect(kinds(["--no-sandbox"]) == [.warned] && kinds(["-single-process"]) == [.warned])
        #expect(
            kinds([
                "--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--window-size=1,2", "--lang=de",
                "--disable-features=Translate,MediaRouter", "--user-data-dir=/x", "about:blank", "-", "--",
            ]).isEmpty)
    }

    @Test("Ours stand in front, and a profile directory only where none is given")
    func completed() throws {
        let program = try #require(AbsolutePath(bytes("/usr/lib/chromium/chromium")))
        let browser = try #require(KnownBrowser(names: [program]))
        let words = browser.words([bytes("--headless")]).map { String(decoding: $0, as: UTF8.self) }
        #expect(
            words.contains("--proxy-server=http://127.0.0.1:3128") && words.contains("--proxy-bypass-list=<-loopback>"))
        #expect(words.last == "--headless" && words.contains("--user-data-dir=/home/sandbox/browser"))
        #expect(!browser.words([bytes("-user-data-dir=/x")]).contains(bytes("--user-data-dir=/home/sandbox/browser")))
        // Nothing of ours would be refused as somebody else's, but the proxy.
        let own = browser.words([]).filter { !String(decoding: $0, as: UTF8.self).hasPrefix("--proxy-") }
        #expect(ChromiumFlags.findings(own, accepted: []).isEmpty)
    }
}

@Suite("Grants that hold too much are dangers, and some are none at all")
struct RunGrantTests {
    private func path(_ text: String) throws -> AbsolutePath { try #require(AbsolutePath(bytes(text))) }

    @Test(
        "What the sandbox has of its own is never granted",
        arguments: ["/", "/etc", "/proc", "/proc/self", "/dev/shm", "/tmp", "/usr", "/sys"])
    func own(_ text: String) throws {
        let place = try path(text)
        guard try Links.exists(place) else { return }
        #expect(throws: ResolutionFault.self) { try RunGrants(reads: [place], writes: [], home: nil) }
        #expect(throws: ResolutionFault.self) { try RunGrants(reads: [], writes: [place], home: nil) }
    }

    @Test("A home, credentials and sockets of engines have their own word; a link hides none of them")
    func dangers() throws {
        let desk = Desk()
        desk.makeDirectory("home/.ssh")
        desk.makeDirectory("home/project")
        desk.put("docker.sock", "")
        desk.link("home/project/innocent", to: desk.path("home/.ssh"))
        desk.link("home/project/engine", to: desk.path("docker.sock"))
        let home = desk.absoluteHome
        func words(_ reads: [String], _ writes: [String] = []) throws -> [Danger] {
            try RunGrants(reads: reads.map(path), writes: writes.map(path), home: home).dangers.map(\.danger)
        }
        #expect(try words([desk.home]) == [.wideGrant])
        #expect(try words([], [desk.path("home/.ssh")]) == [.wideGrant])
        #expect(try words([desk.path("home/project/innocent")]) == [.wideGrant])
        #expect(try words([desk.path("docker.sock")]) == [.containerControl])
        #expect(try words([desk.path("home/project/engine")]) == [.containerControl])
        #expect(try words([desk.path("home/project")], [desk.path("home/project")]).isEmpty)
        #expect(throws: ResolutionFault.self) { try words([desk.path("nowhere")]) }
        let outcome = desk.run("run", "--explain", "--json", "--read", desk.home, "--", "true")
        #expect(outcome.status == 125 && outcome.errors.contains("--accept wide-grant"))
        #expect(
            desk.run("run", "--explain", "--json", "--read", desk.home, "--accept", "wide-grant", "true").status == 0)
    }

    @Test("What may be changed is not granted a second time, and a link is shown under both names")
    func places() throws {
        let desk = Desk()
        desk.makeDirectory("real/inner")
        desk.link("alias", to: desk.path("real"))
        let grants = try RunGrants(
            reads: [try path(desk.path("real/inner"))], writes: [try path(desk.path("alias"))], home: nil)
        #expect(grants.reads.isEmpty)
        #expect(grants.writes.map(\.real.description) == [desk.path("real")])
        #expect(grants.writes.map(\.written.description) == [desk.path("alias")])
    }
}
