// SPDX-License-Identifier: Apache-2.0

/// The programs, flags, variables and places that make an entry dangerous. Data only: ``DangerAnalysis`` reads it.
///
/// Names are without version suffix (`python3.11` is `python`). A program that is missing here is still caught by the
/// flags, by the place it lies in and by what its arguments look like; add it when it starts others by name.
enum DangerTables {
    static let shells: Set<String> = [
        "ash", "bash", "bash-static", "busybox", "busybox-static", "csh", "dash", "elvish", "fish", "hush", "ion",
        "ksh",
        "lksh", "mksh", "murex", "nu", "oksh", "osh", "pdksh", "posh", "powershell", "pwsh", "rbash", "rc", "rksh",
        "rzsh",
        "sash", "sh", "static-sh", "tcsh", "toybox", "xonsh", "yash", "ysh", "zsh", "zsh-static",
    ]

    static let packageRunners: Set<String> = [
        "bunx", "corepack", "dnx", "jbang", "nix-shell", "npx", "npx-cli", "pnpx", "smithery", "uvx",
    ]

    /// Programs that run packages only with one of these words among their arguments.
    static let runnerWords: [String: Set<String>] = [
        "bun": ["x", "create"], "cargo": ["run", "install"], "conda": ["run"], "deno": ["eval", "repl"],
        "dotnet": ["tool", "exec", "run"], "go": ["run"], "hatch": ["run"], "mamba": ["run"], "mise": ["exec", "x"],
        "npm-cli": ["exec", "x", "run", "run-script", "start", "create", "init"],
        "nix": ["run", "shell", "develop"], "npm": ["exec", "x", "run", "run-script", "start", "create", "init"],
        "pdm": ["run"], "pipenv": ["run"], "pipx": ["run"], "pixi": ["run", "exec"], "pnpm": ["dlx", "exec", "run"],
        "poetry": ["run"], "rye": ["run"], "uv": ["run", "tool", "x"], "yarn": ["dlx", "exec", "run"],
        "yarnpkg": ["dlx", "exec", "run"],
    ]

    /// Programs that run what lies at an address given as an argument, whatever its ending.
    static let remoteRunners: Set<String> = ["bun", "deno", "jbang", "wasmer", "wasmtime"]

    static let privilege: Set<String> = [
        "capsh", "chroot", "doas", "gosu", "nsenter", "pkexec", "run0", "runuser", "setpriv", "su", "su-exec", "sudo",
        "systemd-run", "unshare",
    ]

    static let launchers: Set<String> = [
        "at", "awk", "batch", "bwrap", "catchsegv", "chpst", "chrt", "command", "cpulimit", "daemonize", "dbus-launch",
        "dbus-run-session", "direnv", "eatmydata", "ed", "emacs", "env", "envdir", "ex", "expect", "faketime",
        "fakeroot", "firejail", "flock", "gawk", "gdb", "ionice", "ld-linux-x86-64.so", "ld.so", "ltrace", "make",
        "mawk", "nawk", "nc", "ncat", "nice", "nohup", "numactl", "parallel", "perf", "proot", "rlwrap", "rsync",
        "screen", "script", "scriptreplay", "setarch", "setlock", "setsid", "socat", "softlimit", "ssh",
        "start-stop-daemon", "stdbuf", "strace", "taskset", "tcpserver", "time", "timeout", "tmux", "torsocks",
        "unbuffer", "valgrind", "vi", "view", "vim", "watch", "xargs", "xvfb-run",
    ]

    static let containers: Set<String> = [
        "buildah", "crictl", "ctr", "distrobox", "docker", "docker-compose", "kubectl", "lxc", "lxc-attach",
        "lxc-start",
        "machinectl", "nerdctl", "oc", "podman", "runc", "toolbox",
    ]

    /// Flags whose value, or next argument, is code for these programs. A short flag also counts inside a cluster.
    static let inlineFlags: [String: Set<String>] = [
        "bun": ["-e", "--eval", "-p", "--print"], "deno": ["--eval"], "elixir": ["-e", "--eval", "--rpc-eval"],
        "erl": ["-eval", "-run", "-s"], "groovy": ["-e"], "guile": ["-c", "-e"],
        "julia": ["-e", "-E", "--eval", "--print"],
        "bb": ["-e", "--eval"], "clisp": ["-x"], "clojure": ["-e", "--eval"], "dc": ["-e"], "ecl": ["-eval", "--eval"],
        "ghc": ["-e"], "gnuplot": ["-e"], "iex": ["-e", "--eval"], "jrunscript": ["-e"],
        "kotlin": ["-e", "-expression"],
        "lua": ["-e"], "luajit": ["-e"], "node": ["-e", "--eval", "-p", "--print", "-pe"],
        "nodejs": ["-e", "--eval", "-p", "--print", "-pe"], "ocaml": ["-e"], "osascript": ["-e"],
        "perl": ["-e", "-E", "-n", "-p", "-x"], "php": ["-r", "-B", "-R", "-E", "--run"], "psql": ["-c", "--command"],
        "pypy": ["-c"], "python": ["-c"], "pythonw": ["-c"], "r": ["-e"], "rscript": ["-e"], "racket": ["-e"],
        "ruby": ["-e"], "sbcl": ["--eval"], "scala": ["-e"], "sqlite": ["-cmd"], "swift": ["-e"],
        "tsx": ["-e", "--eval"],
        "ts-node": ["-e", "--eval"],
    ]

    /// Letters that take the rest of their cluster as a value, so that the letters behind them are no flags.
    static let valueLetters: [String: Set<String>] = [
        "perl": ["F", "I", "M", "i", "m"], "pypy": ["W", "X", "m"], "python": ["W", "X", "m"],
        "pythonw": ["W", "X", "m"],
        "ruby": ["C", "E", "F", "I", "i", "r", "x"],
    ]

    /// Flags with which these programs load code from elsewhere before they run theirs.
    static let loadingFlags: [String: Set<String>] = [
        "lua": ["-l"], "luajit": ["-l", "-j"], "node": ["-r"], "nodejs": ["-r"], "perl": ["-M", "-m"],
        "php": ["-d", "-z", "--define", "--zend-extension"], "ruby": ["-r"],
    ]

    /// Flags that name a command or a piece of code to load, whatever the program; as one argument or before `=`.
    static let executingFlags: Set<String> = [
        "-agentlib", "-agentpath", "-exec", "-execdir", "-javaagent", "-ok", "-okdir", "--checkpoint-action",
        "--command",
        "--config-env", "--editor", "--eval", "--exec", "--exec-path", "--execute", "--experimental-loader", "--import",
        "--init-command",
        "--init-file", "--loader", "--pager", "--post-command", "--pre-command", "--preload", "--proxy-command",
        "--rcfile", "--receive-pack", "--require", "--rsh", "--run", "--shell", "--ssh-command", "--startup-file",
        "--to-command", "--upload-pack", "--use-compress-program", "--use-askpass",
    ]

    /// `-c NAME=VALUE` and `--config NAME=VALUE` of these set options that name commands.
    static let configurable: Set<String> = ["git", "hg", "svn", "mercurial"]

    /// Beginnings (in lower case) of arguments that carry a command in themselves.
    static let executingWords: [String] = [
        "exec:", "ext::", "system:", "proxycommand=", "localcommand=", "core.pager=", "core.editor=",
        "core.sshcommand=",
        "core.fsmonitor=", "core.hookspath=", "core.gitproxy=", "diff.external=", "alias.", "credential.helper=",
        "-agentlib:", "-agentpath:", "-javaagent:", "-xx:onerror", "-xx:onoutofmemoryerror",
    ]

    static let codeLoadingVariables: Set<String> = [
        "BASH_ENV", "BROWSER", "CLASSPATH", "DOTNET_STARTUP_HOOKS", "EDITOR", "ENV", "GCONV_PATH", "GLIBC_TUNABLES",
        "IFS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "LESSCLOSE", "LESSOPEN", "LOCPATH", "LUA_CPATH", "LUA_INIT",
        "LUA_PATH", "NLSPATH", "NODE_OPTIONS", "NODE_PATH", "PAGER", "PERL5DB", "PERL5LIB", "PERL5OPT", "PERLLIB",
        "PHPRC", "PHP_INI_SCAN_DIR", "PROMPT_COMMAND", "PS4", "PYTHONBREAKPOINT", "PYTHONHOME", "PYTHONPATH",
        "PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONWARNINGS", "RUBYLIB",
        "RUBYOPT", "R_ENVIRON", "R_PROFILE", "SHELLOPTS", "SSH_ASKPASS", "SUDO_ASKPASS", "TCLLIBPATH", "VISUAL",
        "ZDOTDIR", "_JAVA_OPTIONS",
    ]

    static let codeLoadingPrefixes: [String] = [
        "BASH_FUNC_", "BUN_", "CARGO_", "COMPLUS_", "CORECLR_", "COR_", "DENO_", "DYLD_", "GIT_", "GOFLAGS", "LD_",
        "NPM_CONFIG_", "OPENSSL_", "PIP_", "PLAYWRIGHT_", "PUPPETEER_", "UV_", "npm_config_",
    ]

    /// Beginnings of well-known credentials.
    static let secretPrefixes: [String] = [
        "AIza", "AKIA", "ASIA", "EAAC", "SG.", "dwt_", "eyJ", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-",
        "hf_", "npm_", "pypi-", "sk-", "sk_live_", "rk_live_", "xoxa-", "xoxb-", "xoxp-", "xapp-", "-----BEGIN",
    ]

    /// Words in a flag's name that announce a secret as its value.
    static let secretWords: [String] = [
        "apikey", "api-key", "api_key", "access-key", "access_key", "auth-key", "auth_key", "credential", "password",
        "passwd",
        "passphrase", "private-key", "private_key", "secret", "token",
    ]

    /// Words that take that back: they count, limit or name.
    static let harmlessWords: [String] = [
        "count", "file", "limit", "max", "min", "path", "tokenize", "token-budget", "token_budget",
    ]

    /// Directories that nobody needs whole.
    static let wideRoots: Set<String> = [
        "/", "/boot", "/dev", "/etc", "/home", "/lib", "/mnt", "/media", "/opt", "/proc", "/root", "/run", "/srv",
        "/sys",
        "/tmp", "/usr", "/var", "/var/lib", "/var/run",
    ]

    /// First segments of what only the system's own packages write.
    static let systemRoots: Set<String> = [
        "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys", "usr",
    ]

    /// Names that hold credentials or settings which run code, wherever they lie.
    static let privateNames: Set<String> = [
        ".aws", ".azure", ".bash_history", ".bashrc", ".cargo", ".claude", ".config", ".cursor", ".docker", ".env",
        ".gcloud", ".git-credentials", ".gnupg", ".kube", ".local", ".mozilla", ".netrc", ".npmrc", ".password-store",
        ".pki", ".profile", ".pypirc", ".ssh", ".terraform.d", ".thunderbird", ".vscode", ".zshrc",
    ]
}
