// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Where configuration and state of this operator lie.
struct Places: Equatable {
    let configuration: AbsolutePath
    let state: AbsolutePath

    init(configuration: AbsolutePath, state: AbsolutePath) {
        self.configuration = configuration
        self.state = state
    }

    /// From options, else Doorward's own variables, else the XDG directories.
    init(_ arguments: ParsedArguments, _ console: Console) throws(Failure) {
        configuration = try Places.find(
            arguments.value(.config), "DOORWARD_CONFIG", "XDG_CONFIG_HOME", ".config", "doorward/doorward.json", console
        )
        state = try Places.find(
            arguments.value(.state), "DOORWARD_STATE", "XDG_STATE_HOME", ".local/state", "doorward", console)
    }

    var registry: AbsolutePath { below("registry") }
    var reviews: AbsolutePath { below("registry/reviews") }
    var sealed: AbsolutePath { below("registry/sealed.json") }
    var audit: AbsolutePath { below("audit") }

    private func below(_ names: StaticString) -> AbsolutePath {
        guard let path = AbsolutePath(state.bytes + Array("/\(names)".utf8)) else { return state }
        return path
    }

    private static func find(
        _ option: [UInt8]?, _ variable: SystemString, _ base: SystemString, _ underHome: StaticString,
        _ tail: StaticString, _ console: Console
    ) throws(Failure) -> AbsolutePath {
        if let given = option ?? present(console.environment(variable)) {
            return try Paths.absolute(given)
        }
        // A relative path in an XDG variable is to be ignored, says their specification.
        if let directory = console.environment(base).flatMap(AbsolutePath.init),
            let path = AbsolutePath(directory.bytes + Array("/\(tail)".utf8))
        {
            return path
        }
        guard let home = home(console), let path = AbsolutePath(home.bytes + Array("/\(underHome)/\(tail)".utf8)) else {
            throw Failure(
                "HOME is not set to a directory", hint: "set HOME, or say where things lie: --config FILE --state DIR")
        }
        return path
    }

    /// The operator's home directory, as the environment tells it; nil if it does not, or names the root.
    static func home(_ console: Console) -> AbsolutePath? {
        console.environment("HOME").flatMap(Paths.normalised).flatMap { $0 == .root ? nil : $0 }
    }

    private static func present(_ value: [UInt8]?) -> [UInt8]? { (value ?? []).isEmpty ? nil : value }
}

/// Paths as people type them.
enum Paths {
    /// The absolute path that a text names, from the working directory where it is relative.
    static func absolute(_ text: [UInt8]) throws(Failure) -> AbsolutePath {
        let isAbsolute = text.first == UInt8(ascii: "/")
        let base = isAbsolute ? [] : try workingDirectory().bytes + [UInt8(ascii: "/")]
        guard !text.isEmpty, let path = normalised(base + text) else {
            throw Failure("\(Visible.quoted(text)) is not a path", hint: "give the path of a file or directory")
        }
        return path
    }

    /// An absolute path without empty, `.` and `..` segments, as a shell's `cd` would read it.
    static func normalised(_ text: [UInt8]) -> AbsolutePath? {
        guard text.first == UInt8(ascii: "/") else { return nil }
        var segments: [[UInt8]] = []
        for segment in text.split(separator: UInt8(ascii: "/")) {
            if segment.elementsEqual(".".utf8) { continue }
            if segment.elementsEqual("..".utf8) {
                _ = segments.popLast()
            } else {
                segments.append(Array(segment))
            }
        }
        return AbsolutePath([UInt8(ascii: "/")] + segments.joined(separator: [UInt8(ascii: "/")]))
    }

    static func workingDirectory() throws(Failure) -> AbsolutePath {
        do throws(SyscallError) {
            if case .link(let target)? = try Tree.kind("/proc/self/cwd"), let path = AbsolutePath(target.bytes) {
                return path
            }
        } catch { throw Failure("the working directory", error) }
        throw Failure("the working directory has no path", hint: "cd somewhere else, or give absolute paths")
    }
}
