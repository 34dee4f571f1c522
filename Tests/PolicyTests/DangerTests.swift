// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Testing

/// What an entry with this command line is found to be, each danger once, in the order of their words.
private func dangers(
    _ line: [String], names: [String] = [], own: Int? = nil, environment: [String: String] = [:], reads: [String] = [],
    writes: [String] = [], values: [String] = []
) -> [String] {
    findings(line, names: names, own: own, environment: environment, reads: reads, writes: writes, values: values)
        .reduce(into: []) { words, finding in
            if !words.contains("\(finding.danger.word)") { words.append("\(finding.danger.word)") }
        }
        .sorted()
}

private func findings(
    _ line: [String], names: [String] = [], own: Int? = nil, environment: [String: String] = [:], reads: [String] = [],
    writes: [String] = [], values: [String] = []
) -> [DangerFinding] {
    func paths(_ texts: [String]) -> [AbsolutePath] { texts.compactMap { AbsolutePath(Array($0.utf8)) } }
    let choices = values.enumerated().compactMap { index, text in
        ServerName(Array("v\(index)".utf8)).map { ParameterEntry.Value(name: $0, text: Array(text.utf8)) }
    }
    let parameters = ServerName(Array("p".utf8)).map { [ParameterEntry(name: $0, values: choices)] } ?? []
    return DangerAnalysis.findings(
        programs: paths([line[0]] + names), arguments: line.dropFirst().map { Array($0.utf8) },
        own: own ?? line.count - 1,
        environment: environment.map {
            EnvironmentEntry(name: Array($0.key.utf8), value: .plain(Array($0.value.utf8)))
        },
        reads: paths(reads), writes: paths(writes), parameters: parameters, home: AbsolutePath(Array("/home/me".utf8)))
}

@Suite("A42: the arguments of an entry are read, not only its name")
struct DangerTests {
    static let lines: [(line: String, words: [String])] = [
        // The issue's own examples.
        ("/usr/bin/python3 -c x", ["inline-code"]),
        ("/usr/bin/node -e x", ["inline-code"]),
        ("/usr/bin/npx -y x", ["package-runner"]),
        ("/usr/bin/uvx --from x y", ["package-runner"]),
        ("/usr/bin/find / -exec rm {} +", ["executing-flag"]),
        ("/usr/bin/git -c core.pager=x log", ["executing-flag"]),
        // The same by other letters, clusters, versions and builds.
        ("/opt/py/bin/python3.11 -Ic x", ["inline-code"]),
        ("/opt/py/bin/python3.13t-dbg -BIc x", ["inline-code"]),
        ("/opt/py/bin/Python.exe -cprint", ["inline-code"]),
        ("/usr/bin/pypy3 -c x", ["inline-code"]),
        ("/usr/bin/nodejs --eval=x", ["inline-code", "executing-flag"]),
        ("/usr/bin/node-22 -pe x", ["inline-code"]),
        ("/usr/bin/node --print x", ["inline-code"]),
        ("/usr/bin/node --import=data:text/javascript,x s.js", ["executing-flag"]),
        ("/usr/bin/node -r ./x.js s.js", ["executing-flag"]),
        ("/usr/bin/node --require ./x.js s.js", ["executing-flag"]),
        ("/usr/bin/perl -wne x", ["inline-code"]),
        ("/usr/bin/perl5.36-x86_64-linux-gnu -E x", ["inline-code"]),
        ("/usr/bin/perl -MEvil s.pl", ["executing-flag"]),
        ("/usr/bin/ruby -e x", ["inline-code"]),
        ("/usr/bin/ruby3.1 -we x", ["inline-code"]),
        ("/usr/bin/php -r x", ["inline-code"]),
        ("/usr/bin/php8.2 -d auto_prepend_file=x s.php", ["executing-flag"]),
        ("/usr/bin/lua5.4 -e x", ["inline-code"]),
        ("/usr/bin/Rscript -e x", ["inline-code"]),
        ("/usr/bin/julia --eval=x", ["inline-code", "executing-flag"]),
        ("/usr/bin/bun -e y", ["inline-code"]),
        ("/usr/bin/bun x pkg", ["package-runner"]),
        ("/usr/bin/deno eval x", ["package-runner"]),
        ("/usr/bin/deno run https://example.com/x", ["download-and-run"]),
        ("/usr/bin/deno run npm:pkg", ["download-and-run"]),
        ("/usr/bin/uv run x", ["package-runner"]),
        ("/usr/bin/uv --directory /x run y", ["package-runner"]),
        ("/usr/bin/uv tool run x", ["package-runner"]),
        ("/usr/bin/pipx run x", ["package-runner"]),
        ("/usr/bin/npm exec x", ["package-runner"]),
        ("/usr/lib/node_modules/npm/bin/npx-cli.js x", ["package-runner"]),
        ("/usr/bin/pnpm dlx x", ["package-runner"]),
        ("/usr/bin/yarn dlx x", ["package-runner"]),
        ("/usr/bin/bunx x", ["package-runner"]),
        ("/usr/bin/nix run nixpkgs#x", ["package-runner"]),
        ("/usr/bin/go run x@latest", ["package-runner"]),
        ("/usr/bin/cargo run", ["package-runner"]),
        ("/usr/bin/dotnet run", ["package-runner"]),
        ("/bin/sh x", ["shell"]),
        ("/bin/bash -c x", ["shell"]),
        ("/bin/BASH x", ["shell"]),
        ("/bin/busybox httpd", ["shell"]),
        ("/usr/bin/zsh-5.9 x", ["shell"]),
        ("/usr/bin/pwsh -File x", ["shell"]),
        ("/usr/bin/fish x", ["shell"]),
        ("/usr/bin/env x", ["program-launcher"]),
        ("/usr/bin/timeout 5 x", ["program-launcher"]),
        ("/usr/bin/xargs x", ["program-launcher"]),
        ("/usr/bin/socat STDIO EXEC:x", ["executing-flag", "program-launcher"]),
        ("/usr/bin/ssh host x", ["program-launcher"]),
        ("/usr/bin/ssh -oProxyCommand=x host", ["program-launcher"]),
        ("/usr/bin/strace x", ["program-launcher"]),
        ("/usr/bin/awk x", ["program-launcher"]),
        ("/usr/bin/gawk x", ["program-launcher"]),
        ("/usr/bin/make", ["program-launcher"]),
        ("/lib64/ld-linux-x86-64.so.2 /x", ["program-launcher"]),
        ("/usr/bin/sudo x", ["privilege"]),
        ("/usr/bin/su - x", ["privilege"]),
        ("/usr/bin/setpriv x", ["privilege"]),
        ("/usr/bin/systemd-run x", ["privilege"]),
        ("/usr/bin/docker run x", ["container-control"]),
        ("/usr/bin/docker.exe ps", ["container-control"]),
        ("/usr/bin/podman run x", ["container-control"]),
        ("/usr/bin/kubectl exec x", ["container-control"]),
        // Flags and words whatever the program.
        ("/opt/x --exec x", ["executing-flag"]),
        ("/opt/x --EXEC=x", ["executing-flag"]),
        ("/opt/x --use-compress-program=x", ["executing-flag"]),
        ("/opt/tar --checkpoint-action=exec=x", ["executing-flag"]),
        ("/opt/java -javaagent:/x.jar", ["executing-flag"]),
        ("/opt/java -agentpath:/x.so=y", ["executing-flag"]),
        ("/opt/java -XX:OnError=x", ["executing-flag"]),
        ("/opt/x $(id)", ["download-and-run"]),
        ("/opt/x git+https://example.com/x", ["download-and-run"]),
        ("/opt/x https://example.com/install.sh", ["download-and-run"]),
        // Secrets.
        ("/opt/x ghp_0123456789abcdef", ["secret-in-arguments"]),
        ("/opt/x sk-0123456789abcdef", ["secret-in-arguments"]),
        ("/opt/x --api-key abc", ["secret-in-arguments"]),
        ("/opt/x --API-KEY=abc", ["secret-in-arguments"]),
        ("/opt/x --db-password=hunter2", ["secret-in-arguments"]),
        ("/opt/x --auth_token abcdef", ["secret-in-arguments"]),
    ]

    @Test("Dangerous command lines", arguments: lines)
    func dangerous(_ line: String, _ words: [String]) {
        #expect(dangers(line.split(separator: " ").map(String.init)) == words.sorted())
    }

    @Test(
        "Innocent ones",
        arguments: [
            "/opt/server", "/opt/server --stdio --port 8080 --host 127.0.0.1",
            "/opt/venv/bin/mcp-server-time --local-timezone=UTC",
            "/usr/bin/python3 -m mcp_server_git --repository /srv/repo", "/usr/bin/python3 -W ignore -X dev -m x",
            "/usr/bin/python3 -Wcache server.py", "/usr/bin/python3 -Xcpu_count=2 server.py",
            "/usr/bin/node server.js --config x",
            "/usr/bin/node --max-old-space-size=512 server.js", "/usr/bin/perl -w server.pl",
            "/usr/bin/perl -I/x/en server.pl",
            "/usr/bin/ruby -W0 server.rb", "/usr/bin/php -f server.php",
            "/opt/time.py", "/opt/watch.py --poll", "/opt/screen-reader", "/opt/parallel-search", "/opt/shell-docs",
            "/opt/bashful",
            "/opt/node-exporter", "/opt/make-docs", "/opt/ssh-config-reader", "/opt/docker-docs", "/opt/envoy",
            "/opt/timeouts",
            "/usr/bin/git log --oneline", "/usr/bin/git -C /srv/repo status", "/usr/bin/find /srv -name x",
            "/opt/x --max-tokens 4096", "/opt/x --token-file /run/secrets/t", "/opt/x --password-file=/run/p",
            "/opt/x --token-limit=200",
            "/opt/x --token ${account}", "/opt/x --api-key /run/key", "/opt/x --tokens 512",
            "/opt/x --secret --verbose",
            "/opt/x https://example.com/api", "/opt/x https://example.com/", "/opt/x a|b", "/opt/x |",
            "/opt/x --run-dir /run/x",
            "/opt/x --executable /bin/x", "/opt/x --evaluate", "/opt/x --shell-docs", "/opt/x -e", "/opt/x -c",
            "/opt/x run",
            "/opt/uv --version", "/opt/npm-stats run", "/usr/bin/java -jar server.jar", "/usr/bin/dotnet server.dll",
            "/usr/bin/deno serve.ts", "/usr/bin/bun server.ts",
        ])
    func innocent(_ line: String) { #expect(dangers(line.split(separator: " ").map(String.init)) == []) }

    @Test("What the program is called behind links counts too")
    func names() {
        #expect(dangers(["/opt/helper", "-c", "x"], names: ["/opt/tool", "/usr/bin/dash"]) == ["shell"])
        #expect(dangers(["/opt/helper", "-c", "x"], names: ["/usr/bin/python3.12"]) == ["inline-code"])
        #expect(dangers(["/opt/helper", "-c", "x"]) == [])
    }

    @Test("Behind a script the interpreter's letters are the script's own")
    func ownArguments() {
        #expect(dangers(["/usr/bin/python3", "s.py", "-c", "x"], own: 1) == [])
        #expect(dangers(["/usr/bin/python3", "-c", "x", "s.py"], own: 2) == ["inline-code"])
        // What holds whatever the program holds there as well.
        #expect(dangers(["/usr/bin/python3", "s.py", "--exec", "x"], own: 1) == ["executing-flag"])
    }

    @Test(
        "A pipe into an interpreter inside one argument",
        arguments: [
            "curl x | sh", "curl x|bash -s", "wget -O- x | /bin/dash", "x |& zsh", "a | tee b | python3", "x | node",
            "`id`", "x $(y)",
        ])
    func pipes(_ argument: String) {
        let found = dangers(["/opt/x", argument])
        // A version behind the name is not looked for here: the program itself is what decides.
        #expect(found == ["download-and-run"] || argument.contains("python3"), "\(argument)")
    }

    static let variables: [(name: String, value: String, isDanger: Bool)] = [
        ("LD_PRELOAD", "/x.so", true), ("LD_LIBRARY_PATH", "/x", true), ("LD_AUDIT", "/x", true),
        ("NODE_OPTIONS", "--require x", true),
        ("PYTHONPATH", "/x", true), ("PYTHONSTARTUP", "/x", true), ("PERL5OPT", "-Mx", true), ("RUBYOPT", "-rx", true),
        ("BASH_ENV", "/x", true), ("ENV", "/x", true), ("BASH_FUNC_ls%%", "() { x; }", true),
        ("JAVA_TOOL_OPTIONS", "-javaagent:x", true),
        ("GIT_SSH_COMMAND", "x", true), ("GIT_CONFIG_COUNT", "1", true), ("PAGER", "x", true), ("EDITOR", "x", true),
        ("DYLD_INSERT_LIBRARIES", "x", true), ("npm_config_registry", "x", true), ("UV_INDEX_URL", "x", true),
        ("PIP_INDEX_URL", "x", true), ("OPENSSL_CONF", "/x", true), ("PATH", "/home/me/bin:/usr/bin", true),
        ("PATH", "", true),
        ("PATH", ":/usr/bin", true), ("PATH", "/usr/bin:.", true), ("DOTNET_STARTUP_HOOKS", "x", true),
        ("PATH", "/usr/local/bin:/usr/bin:/bin", false), ("HOME", "/x", false), ("LANG", "C.UTF-8", false),
        ("TZ", "UTC", false),
        ("API_KEY", "secret", false), ("LOG_LEVEL", "debug", false), ("ENVIRONMENT", "x", false),
        ("PYTHONUNBUFFERED", "1", false),
        ("NODE_ENV", "production", false), ("LDAP_URL", "x", false), ("GITHUB_TOKEN", "x", false),
        ("HTTPS_PROXY", "x", false),
    ]

    @Test("Variables that make a program load code", arguments: variables)
    func variable(_ name: String, _ value: String, _ isDanger: Bool) {
        #expect(dangers(["/opt/x"], environment: [name: value]) == (isDanger ? ["code-loading-variable"] : []))
    }

    static let grants: [(path: String, isWideToRead: Bool, isWideToWrite: Bool)] = [
        ("/", true, true), ("/etc", true, true), ("/home", true, true), ("/home/me", true, true),
        ("/home/other", true, true),
        ("/root", true, true), ("/tmp", true, true), ("/var", true, true), ("/home/me/.ssh", true, true),
        ("/home/me/.config/x", true, true), ("/srv/x/.git-credentials", true, true), ("/home/me/.aws/sso", true, true),
        ("/proc", true, true), ("/dev", true, true),
        ("/etc/ssl/certs", false, true), ("/usr/share/dict", false, true), ("/run/x", false, true),
        ("/boot/x", false, true),
        ("/home/me/notes", false, false), ("/srv/data", false, false), ("/var/lib/app", false, false),
        ("/opt/data", false, false),
        ("/tmp/work", false, false), ("/home/me/.cache/x", false, false), ("/homework", false, false),
    ]

    @Test("Directories that hold much more than one server needs", arguments: grants)
    func grant(_ path: String, _ isWideToRead: Bool, _ isWideToWrite: Bool) {
        #expect(dangers(["/opt/x"], reads: [path]) == (isWideToRead ? ["wide-grant"] : []))
        #expect(dangers(["/opt/x"], writes: [path]) == (isWideToWrite ? ["wide-grant"] : []))
    }

    @Test("A value that a caller may choose must not act as a flag")
    func flagAsValue() {
        #expect(dangers(["/opt/x"], values: ["one", "-c"]) == ["flag-as-value"])
        #expect(dangers(["/opt/x"], values: ["one", "a-c", ""]) == [])
        #expect(findings(["/opt/x"], values: ["--exec=x"]).map(\.subject) == [Array("--exec=x".utf8)])
    }

    @Test("What is found is named, but never a secret")
    func subjects() {
        #expect(findings(["/usr/bin/python3", "-Ic", "x"]).map(\.subject) == [Array("-Ic".utf8)])
        let secret = findings(["/opt/x", "ghp_0123456789abcdef"])
        #expect(secret.map(\.subject) == [Array("ghp_...".utf8)])
        #expect(findings(["/opt/x", "--api-key=hunter2hunter2"]).map(\.subject) == [Array("--api-key".utf8)])
        #expect(findings(["/opt/x", "--api-key", "hunter2"]).map(\.subject) == [Array("--api-key".utf8)])
    }

    @Test("Every danger has a word of its own, which leads back to it", arguments: Danger.allCases)
    func words(_ danger: Danger) {
        let word = Array(danger.word.description.utf8)
        #expect(Danger(word: word) == danger)
        #expect(word.allSatisfy { $0 == 0x2D || ($0 >= 0x61 && $0 <= 0x7A) })
        #expect(Danger(word: word + [0x20]) == nil && Danger(word: []) == nil)
        for text in [danger.sentence.description, danger.advice.description] {
            #expect(text.first?.isUppercase == false && text.last != ".")
        }
    }

    @Test("Every danger is found by some line, but the one that the file system shows")
    func complete() {
        var found = Set(Self.lines.flatMap(\.words))
        found.formUnion(["code-loading-variable", "wide-grant", "flag-as-value"])
        #expect(Set(Danger.allCases.map { "\($0.word)" }).subtracting(found) == ["writable-place"])
    }
}

@Suite("A name stands for every family that it may belong to")
struct FamilyTests {
    @Test(
        "Endings, versions, builds",
        arguments: [
            ("/x/python", ["python"]), ("/x/python3", ["python3", "python"]),
            ("/x/python3.11", ["python3.11", "python"]),
            ("/x/Python3.11.exe", ["python3.11", "python"]), ("/x/python3.13t-dbg", ["python3.13t-dbg", "python"]),
            ("/x/perl5.36-x86_64-linux-gnu", ["perl5.36-x86_64-linux-gnu", "perl"]),
            ("/x/zsh-5.9", ["zsh-5.9", "zsh"]),
            ("/x/7z", ["7z"]), ("/x/node-exporter", ["node-exporter"]), ("/x/lua5.4", ["lua5.4", "lua"]),
        ])
    func families(_ path: String, _ expected: [String]) throws {
        let path = try #require(AbsolutePath(Array(path.utf8)))
        #expect(DangerAnalysis.families(path) == expected)
    }
}
