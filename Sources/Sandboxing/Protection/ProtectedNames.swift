// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Names that are more than files, because other programs do what they say: the table, with a reason for each.
package enum ProtectedNames {
    package struct Rule: Equatable, Sendable {
        package enum Effect: Equatable, Sendable {
            /// It can be read, and neither written nor made, replaced or moved.
            case sealed
            /// It cannot be read either.
            case masked
        }

        /// Below a directory that is shown, at most a few names deep.
        package let names: [StaticString]
        package let effect: Effect
        /// What it would give to who writes or reads it.
        package let because: StaticString
    }

    /// Sealed wherever a sandbox may write; what does not exist is held.
    package static let sealed: [Rule] =
        rules("names the servers that a client starts", ".mcp.json", "doorward.json", ".doorward")
        + rules(
            "settings, hooks and commands that an agent outside acts on", ".claude", ".claude.json", ".codex",
            ".gemini",
            ".cursor", ".cursorrules", ".windsurf", ".continue", ".aider.conf.yml", ".opencode")
        + rules(
            "tasks and settings that an editor acts on when it opens the directory", ".vscode", ".idea", ".zed",
            ".fleet",
            ".devcontainer", ".devcontainer.json", ".vimrc", ".exrc", ".nvimrc", ".dir-locals.el")
        + rules(
            "run by the next shell", ".envrc", ".bashrc", ".bash_profile", ".bash_login", ".bash_logout",
            ".bash_aliases",
            ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".inputrc")
        + [
            rule("run by the next git command", ".git", "hooks"),
            rule("names programs that git runs", ".git", "config"),
            rule("names programs that git runs", ".git", "config.worktree"),
            rule("hooks and settings of submodules", ".git", "modules"),
            rule("leads git to hooks and settings that lie elsewhere", ".git", "commondir"),
        ]
        + rules("run by git through core.hooksPath", ".husky", ".githooks")
        + rules("names programs that a build tool runs", ".yarnrc", ".yarnrc.yml", ".cargo", ".gdbinit", ".lldbinit")

    /// The same, but only where it exists or where the directory is somebody's home.
    package static let sealedAtHome: [Rule] =
        [
            rule("names programs that git runs", ".gitconfig"),
            rule("names programs that git runs", ".config", "git"),
            rule("run by the next shell", ".config", "fish"),
            rule("run by the next session", ".config", "autostart"),
            rule("run by the next session", ".config", "systemd"),
            rule("found before the system's programs", ".local", "bin"),
            rule("run by the next session", ".pam_environment"),
            rule("run by the next session", ".xprofile"),
            rule("run by the next session", ".xinitrc"),
            rule("names programs that run by themselves", ".crontab"),
        ]

    /// Neither read nor written where it exists.
    package static let masked: [Rule] =
        rules(
            "keys and passwords", ".netrc", ".git-credentials", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", ".ssh",
            ".gnupg",
            ".aws", ".azure", ".kube", ".password-store", ".vault-token", ".terraform.d"
        )
        .map { Rule(names: $0.names, effect: .masked, because: $0.because) }
        + [
            Rule(names: [".m2", "settings.xml"], effect: .masked, because: "keys and passwords"),
            Rule(names: [".docker", "config.json"], effect: .masked, because: "keys and passwords"),
            Rule(names: [".config", "gcloud"], effect: .masked, because: "keys and passwords"),
            Rule(names: [".config", "gh"], effect: .masked, because: "keys and passwords"),
            Rule(names: [".config", "chromium"], effect: .masked, because: "sessions of a browser"),
            Rule(names: [".config", "google-chrome"], effect: .masked, because: "sessions of a browser"),
            Rule(names: [".mozilla"], effect: .masked, because: "sessions of a browser"),
            Rule(names: [".cargo", "credentials.toml"], effect: .masked, because: "keys and passwords"),
        ]

    /// `.env` and its variants hold secrets; those that are written to be shown do not.
    package static func isSecretEnvironment(_ name: [UInt8]) -> Bool {
        guard name.starts(with: ".env".utf8) else { return false }
        let rest = name.dropFirst(4)
        if rest.isEmpty { return true }
        guard rest.first == UInt8(ascii: ".") else { return false }
        let shown: [StaticString] = [".example", ".sample", ".template", ".dist", ".defaults"]
        return !shown.contains { name.hasSuffix($0) }
    }

    private static func rule(_ because: StaticString, _ names: StaticString...) -> Rule {
        Rule(names: names, effect: .sealed, because: because)
    }

    private static func rules(_ because: StaticString, _ names: StaticString...) -> [Rule] {
        names.map { Rule(names: [$0], effect: .sealed, because: because) }
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ text: StaticString) -> Bool {
        suffix(text.utf8CodeUnitCount).elementsEqual(text.description.utf8)
    }
}

extension ProtectedNames.Rule {
    package static func == (left: Self, right: Self) -> Bool {
        left.path == right.path && left.effect == right.effect
    }

    /// What holds the name where nothing bears it. Git looks into this one if there is as much as a link, and takes what
    /// it says for itself.
    var placeholder: HeldNames.Placeholder { path == ".git/commondir" ? .file(Array(".\n".utf8)) : .link }

    /// The names with slashes between them.
    package var path: String { names.map(\.description).joined(separator: "/") }
}
