// SPDX-License-Identifier: Apache-2.0

/// The programs, flags, variables and places that make an entry dangerous. Data only: ``DangerAnalysis`` reads it.
///
/// Names are without version suffix (`python3.11` is `python`). A program that is missing here is still caught by the
/// flags, by the place it lies in and by what its arguments look like; add it when it starts others by name.
enum DangerTables {
    static let shells: Set<String> = [
        "ash", "bash", "busybox", "csh", "dash", "elvish", "fish", "ksh", "mksh", "nu", "pwsh", "rbash", "sh", "tcsh",
        "toybox", "xonsh", "yash", "zsh",
    ]

    static let packageRunners: Set<String> = ["bunx", "dnx", "jbang", "npx", "pnpx", "uvx", "nix-shell"]

    /// Programs that run packages only with one of these words as their first plain argument.
    static let runnerWords: [String: Set<String>] = [
        "bun": ["x", "create"], "cargo": ["run", "install"], "conda": ["run"], "deno": ["eval", "repl"],
        "dotnet": ["tool", "exec", "run"], "go": ["run"], "hatch": ["run"], "mamba": ["run"], "mise": ["exec", "x"],
        "nix": ["run", "shell", "develop"], "npm": ["exec", "x", "run", "run-script", "start", "create", "init"],
        "pdm": ["run"], "pipenv": ["run"], "pipx": ["run"], "pixi": ["run", "exec"], "pnpm": ["dlx", "exec", "run"],
        "poetry": ["run"], "rye": ["run"], "uv": ["run", "tool", "x"], "yarn": ["dlx", "exec", "run"],
    ]

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
        "buildah", "crictl", "ctr", "distrobox", "docker", "docker-compose", "kubectl", "lxc", "lxc-attach", "lxc-start",
        "machinectl", "nerdctl", "oc", "podman", "runc", "toolbox",
    ]

    /// Flags whose value, or next argument, is code for these programs. A short flag also counts inside a cluster.
    static let inlineFlags: [String: Set<String>] = [
        "bun": ["-e", "--eval", "-p", "--print"], "deno": ["--eval"], "elixir": ["-e", "--eval", "--rpc-eval"],
        "erl": ["-eval", "-run", "-s"], "groovy": ["-e"], "guile": ["-c", "-e"], "julia": ["-e", "-E", "--eval", "--print"],
        "lua": ["-e"], "luajit": ["-e"], "node": ["-e", "--eval", "-p", "--print", "-pe"],
        "nodejs": ["-e", "--eval", "-p", "--print", "-pe"], "ocaml": ["-e"], "osascript": ["-e"],
        "perl": ["-e", "-E", "-n", "-p", "-x"], "php": ["-r", "-B", "-R", "-E", "--run"], "psql": ["-c", "--command"],
        "pypy": ["-c"], "python": ["-c"], "pythonw": ["-c"], "r": ["-e"], "rscript": ["-e"], "racket": ["-e"],
        "ruby": ["-e"], "sbcl": ["--eval"], "scala": ["-e"], "sqlite": ["-cmd"], "swift": ["-e"], "tsx": ["-e", "--eval"],
        "ts-node": ["-e", "--eval"],
    ]

    /// Flags that name a command or a piece of code to load, whatever the program; as one argument or before `=`.
    static let executingFlags: Set<String> = [
        "-agentlib", "-agentpath", "-exec", "-execdir", "-javaagent", "-ok", "-okdir", "--checkpoint-action", "--command",
        "--editor", "--eval", "--exec", "--exec-path", "--execute", "--experimental-loader", "--import", "--init-command",
        "--init-file", "--loader", "--pager", "--post-command", "--pre-command", "--preload", "--proxy-command",
        "--rcfile", "--receive-pack", "--require", "--rsh", "--run", "--shell", "--ssh-command", "--startup-file",
        "--to-command", "--upload-pack", "--use-compress-program", "--use-askpass",
    ]

    /// `-c NAME=VALUE` of these sets options that name commands.
    static let configurable: Set<String> = ["git", "hg", "svn", "mercurial"]

    /// Beginnings (in lower case) of arguments that carry a command in themselves.
    static let executingWords: [String] = [
        "exec:", "system:", "proxycommand=", "localcommand=", "core.pager=", "core.editor=", "core.sshcommand=",
        "core.fsmonitor=", "core.hookspath=", "core.gitproxy=", "diff.external=", "alias.", "credential.helper=",
        "-xx:onerror", "-xx:onoutofmemoryerror",
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
    static let secretWords: [String] = ["apikey", "api-key", "api_key", "password", "passwd", "secret", "token"]

    /// Directories that nobody needs whole.
    static let wideRoots: Set<String> = [
        "/", "/boot", "/dev", "/etc", "/home", "/lib", "/mnt", "/media", "/opt", "/proc", "/root", "/run", "/srv", "/sys",
        "/tmp", "/usr", "/var", "/var/lib", "/var/run",
    ]

    /// Names that hold credentials or settings which run code, wherever they lie.
    static let privateNames: Set<String> = [
        ".aws", ".azure", ".bash_history", ".bashrc", ".cargo", ".claude", ".config", ".cursor", ".docker", ".env",
        ".gcloud", ".git-credentials", ".gnupg", ".kube", ".local", ".mozilla", ".netrc", ".npmrc", ".password-store",
        ".pki", ".profile", ".pypirc", ".ssh", ".terraform.d", ".thunderbird", ".vscode", ".zshrc",
    ]
}
