// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Scratch
import Spawn
import Testing

@testable import Sandboxing

@Suite("Protected names stay as they are, whether or not they exist")
struct ProtectionTests {
    /// A project of the host, with a repository and secrets, and without most of the protected names.
    private static let project = """
        cd '{}' && git init -q . && git config user.email a@b && git config user.name n && mkdir -p src/deep .vscode && \
        echo 1 > src/a && echo '{}' > .mcp.json && echo KEY=secret > .env && echo KEY=secret > src/deep/.env.local && \
        echo KEY= > .env.example && echo tasks > .vscode/tasks.json && echo secret > .netrc && \
        mkdir -p src/nested/.git/hooks && echo x > src/nested/.git/config && echo one > src/nested/.mcp.json && \
        git add src/a && git commit -qm one
        """

    private func withProject<Value>(_ user: Operator, _ body: (String) throws -> Value) throws -> Value {
        try withScratch(for: user) { (scratch: String) throws in
            let script = Self.project.split(separator: "'{}'").joined(separator: "'\(scratch)'")
            let made = try Spawn.run(
                "/bin/bash", ["-c", script], user: user.user, environment: ["HOME=/nowhere", "PATH=/usr/bin:/bin"])
            try #require(made.status == 0, "\(made.errors)")
            return try body(scratch)
        }
    }

    private func inside(
        _ script: String, _ directory: String, _ user: Operator, _ options: [String] = [], backend: String = "server"
    ) throws -> Spawn {
        try Tools.sandboxed(
            backend, ["/bin/bash", "-c", "cd '\(directory)'; \(script)"],
            options: ["quiet", "protect", "write=" + directory] + options, as: user)
    }

    /// Everything below, with what it holds; the way in which "nothing has changed" is meant.
    private func contents(_ directory: String) throws -> String {
        let script =
            "cd '\(directory)' && find . -mindepth 1 | sort | xargs ls -ld --time-style=+ && find . -type f | sort | xargs cat"
        return try Spawn.run("/bin/bash", ["-c", script]).output
    }

    static let names = [
        ".mcp.json", ".bashrc", ".envrc", ".claude/settings.json", ".claude", ".vscode/tasks.json", ".vscode/new.json",
        ".cursor/mcp.json", ".codex", ".gemini", ".idea/x", ".git/hooks/pre-commit", ".git/config", ".git/commondir",
        ".git/modules/x/config", ".git/config.worktree", ".husky/pre-commit", "doorward.json", ".zshrc", ".profile",
        "src/nested/.mcp.json", "src/nested/.git/hooks/post-checkout", "src/nested/.git/config",
        "src/nested/.git/commondir", ".netrc",
    ]

    @Test("by whatever way somebody tries", arguments: names, Operator.possible)
    func sealed(name: String, user: Operator) throws {
        try withProject(user) { directory in
            let before = try contents(directory)
            let script = """
                t() { "$@" 2>/dev/null && echo "reached: $*"; }
                n='\(name)'; echo evil > plain; mkdir -p evil/x
                w() { (echo evil > "$1") 2>/dev/null && echo "written: $1"; }; w "$n"
                w "\(directory)/$n"; w "./src/../$n"; w "/proc/self/cwd/$n"; w "/proc/self/root\(directory)/$n"
                t mkdir -p "$n"; t ln -s /tmp "$n"; t ln plain "$n"; t mknod "$n" p; t mv -T plain "$n"; t mv -T evil "$n"
                t rm -r "$n"; t mv -T "$n" moved; t cp -T plain "$n"; t truncate -s 0 "$n"; t chmod 777 "$n"
                d=$n; while case $d in */*) true;; *) false;; esac do
                  d=${d%/*}; case $d in src*|.git) ;; *) t mv -T "$d" aside; t rmdir "$d";; esac
                done
                t mv -T .git gone; t mv -T src/nested/.git src/nested/gone; t mv -T evil .git
                t python3 -c 'import ctypes,sys; sys.exit(0 if ctypes.CDLL(None).syscall(316,-100,b"plain",-100,sys.argv[1].encode(),2)==0 else 1)' "$n"
                # What mv has copied before it could not remove it is a file like others.
                rm -rf plain evil moved aside gone src/nested/gone
                """
            for backend in Tools.backends {
                let run = try inside(script, directory, user, backend: backend)
                #expect(run.output.isEmpty, "\(run.output)\(run.errors)")
                #expect(run.status == 0)
                // Also: no placeholder is left.
                let after = try contents(directory)
                let changed = Set(before.split(separator: "\n")).symmetricDifference(after.split(separator: "\n"))
                #expect(changed.isEmpty, "\(changed)")
            }
        }
    }

    @Test("the same script reaches all of it where nothing is protected")
    func meter() throws {
        for name in [".mcp.json", ".bashrc", ".git/hooks/pre-commit", ".git/config", ".vscode/tasks.json"] {
            try withProject(.own) { directory in
                let run = try Tools.sandboxed(
                    "server",
                    ["/bin/bash", "-c", "cd '\(directory)'; echo evil > '\(name)' && mv '\(name)' x && mv .git y"],
                    options: ["quiet", "write=" + directory])
                #expect(run.status == 0, "\(name): \(run.errors)")
            }
        }
    }

    @Test(
        "secrets cannot be read, and what is only written like one can", arguments: Operator.possible,
        ["write", "read"])
    func masked(user: Operator, access: String) throws {
        try withProject(user) { directory in
            let script = """
                cat .env src/deep/.env.local .netrc ./src/../.env /proc/self/cwd/.env; cat .env.example; \
                cp .env x; ln .env y; python3 -c 'open(".env").read()'; dd if=.env
                """
            let run = try Tools.sandboxed(
                "server", ["/bin/bash", "-c", "cd '\(directory)'; \(script)"],
                options: ["quiet", "protect", access + "=" + directory], as: user)
            #expect(run.output == "KEY=\n", "\(run.output)")
            #expect(!run.errors.contains("secret"))
        }
    }

    @Test("ordinary work goes on", arguments: Operator.possible)
    func work(user: Operator) throws {
        try withProject(user) { directory in
            let script = """
                export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
                echo 2 > src/a && mkdir new && echo 3 > new/b && git add -A . ':!src/nested' && git commit -qm two && git log --oneline | wc -l && \
                git status --short && git checkout -q -b other && git show --stat --format= HEAD && git stash list && git gc -q
                """
            let run = try inside(script, directory, user)
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.hasPrefix("2\n"), "\(run.output)")
            #expect(run.output.contains("new/b") && run.output.contains("src/a"))
            #expect(!run.output.contains(".bashrc"), "what is held is nobody's: \(run.output)")
        }
    }

    @Test("a directory without a repository gets none")
    func noRepository() throws {
        try withScratch(for: .own) { (directory: String) throws in
            let run = try inside("git init -q . ; mkdir .git; echo x > .git/config; ls -A", directory, .own)
            #expect(run.errors.contains(".git"), "\(run.output)")
            #expect(try Spawn.run("/bin/ls", ["-A", directory]).output.isEmpty)
        }
    }

    @Test(
        "a home holds more",
        arguments: [".ssh/authorized_keys", ".config/fish/config.fish", ".local/bin/ls", ".gitconfig"])
    func home(name: String) throws {
        try withScratch(for: .own) { (directory: String) throws in
            let script = "mkdir -p \"$(dirname '\(name)')\"; echo evil > '\(name)'"
            #expect(try inside(script, directory, .own, ["home"]).status != 0)
            #expect(try Spawn.run("/bin/ls", ["-A", directory]).output.isEmpty)
            #expect(try inside(script, directory, .own).status == 0, "the meter")
        }
    }

    @Test("programs of the host find nothing behind a held name, and make nothing there")
    func placeholders() throws {
        try withScratch(for: .own) { (directory: String) throws in
            let run = try Started(
                Tools.harness, ["server", "quiet", "protect", "write=" + directory, "--", Tools.probe, "hang"])
            #expect(run.readLine() == "ready")
            let look = try Spawn.run(
                "/bin/sh", ["-c", "cd '\(directory)'; cat .mcp.json; echo x > .mcp.json; readlink .mcp.json"])
            #expect(
                look.output == HeldNames.marker.description + "\n" && look.errors.contains("No such file"),
                "\(look.errors)")
            run.kill(SIGTERM)
            run.wait()
        }
    }

    @Test("what a killed supervisor leaves is removed by the next one, and not while another needs it")
    func killed() throws {
        try withScratch(for: .own) { (directory: String) throws in
            let words = ["server", "quiet", "protect", "write=" + directory, "--", Tools.probe, "hang"]
            let first = try Started(Tools.harness, words)
            #expect(first.readLine() == "ready")
            let second = try Started(Tools.harness, words)
            #expect(second.readLine() == "ready")
            first.kill(SIGKILL)
            first.wait()
            let third = try inside("echo evil > .mcp.json", directory, .own)
            #expect(third.status != 0)
            #expect(
                try Spawn.run("/bin/ls", ["-A", directory]).output.contains(".mcp.json"), "the second still needs it")
            second.kill(SIGKILL)
            second.wait()
            #expect(second.outputEnds(within: 10_000))
            #expect(try Spawn.run("/bin/ls", ["-A", directory]).output.contains(".mcp.json"), "the meter")
            #expect(try inside("true", directory, .own).status == 0)
            #expect(try Spawn.run("/bin/ls", ["-A", directory]).output.isEmpty)
        }
    }

    @Test("a sandbox that was shown a directory alone is not laid open when one around it ends")
    func nested() throws {
        try withScratch(for: .own) { (directory: String) throws in
            Shell.run("mkdir '\(directory)/sub'")
            let sub = directory + "/sub"
            let inner = try Started(
                Tools.harness, ["server", "quiet", "protect", "write=" + sub, "--", Tools.probe, "hang"])
            #expect(inner.readLine() == "ready")
            #expect(try inside("echo evil > sub/.mcp.json", directory, .own).status != 0)
            #expect(try Spawn.run("/bin/ls", ["-A", sub]).output.contains(".mcp.json\n"))
            #expect(try Spawn.run("/bin/ls", ["-A", directory]).output == "sub\n")
            inner.kill(SIGKILL)
            inner.wait()
            #expect(inner.outputEnds(within: 10_000))
            #expect(try inside("true", sub, .own).status == 0)
            #expect(try Spawn.run("/bin/ls", ["-A", sub]).output.isEmpty)
        }
    }

    @Test("a link that bears a protected name cannot be turned, and what it leads to is sealed")
    func links() throws {
        try withScratch(for: .own) { (directory: String) throws in
            Shell.run(
                "cd '\(directory)' && mkdir dots && echo good > dots/bashrc && ln -s dots/bashrc .bashrc && ln -s dots .claude"
            )
            let run = try inside(
                "echo evil > .bashrc; echo evil > dots/bashrc; ln -sfn /tmp .bashrc; rm -f .claude; echo evil > dots/new",
                directory, .own)
            #expect(run.output.isEmpty)
            #expect(
                try Spawn.run("/bin/sh", ["-c", "cd '\(directory)'; cat .bashrc; readlink .claude; ls dots"]).output
                    == "good\ndots\nbashrc\n")
        }
    }

    @Test("what remains is said")
    func remains() throws {
        try withScratch(for: .own) { (directory: String) throws in
            let run = try Tools.sandboxed("server", ["/bin/true"], options: ["protect", "write=" + directory])
            #expect(run.errors.contains("not in other directories below it"), "\(run.errors)")
            let read = try Tools.sandboxed("server", ["/bin/true"], options: ["protect", "read=" + directory])
            #expect(!read.errors.contains("remains"))
        }
    }

    @Test("every rule has a reason, and none stands twice")
    func table() {
        let rules = ProtectedNames.sealed + ProtectedNames.sealedAtHome + ProtectedNames.masked
        #expect(Set(rules.map(\.path)).count == rules.count)
        #expect(rules.allSatisfy { !$0.names.isEmpty && $0.because.utf8CodeUnitCount > 3 })
        for name in [".env", ".env.local", ".env.production"] {
            #expect(ProtectedNames.isSecretEnvironment(Array(name.utf8)))
        }
        for name in [".envrc", ".env.example", ".environment", "env", ".en"] {
            #expect(!ProtectedNames.isSecretEnvironment(Array(name.utf8)))
        }
    }
}
