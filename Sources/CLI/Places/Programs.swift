// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// The programs of this installation: beside this one, or in `../libexec/doorward`, and nowhere else.
struct Programs {
    static let launcher: StaticString = "doorward-launch"
    static let tools: StaticString = "doorward-tools"
    /// The client of servers on the network.
    static let web: StaticString = "doorward-web"
    /// All that a complete installation has beside `doorward` itself.
    static let all: [StaticString] = [launcher, "doorwardd", "doorward-gate", "doorward-watch", tools, web]

    /// Where this very program lies.
    static func own() throws(Failure) -> AbsolutePath {
        do throws(SyscallError) {
            if let path = AbsolutePath(Array(try ThisProcess.executablePath().utf8)) { return path }
        } catch { throw Failure("this program's own file", error) }
        throw Failure("this program's own file has no path", hint: "reinstall doorward")
    }

    /// - Throws: ``Failure`` if the program is in neither place.
    static func find(_ name: StaticString) throws(Failure) -> AbsolutePath {
        for path in try candidates(name) where try PrivateFiles.kind(path) != nil { return path }
        throw Failure(
            "\(name) is not beside this program", hint: "reinstall doorward: its programs must lie beside each other")
    }

    private static func candidates(_ name: StaticString) throws(Failure) -> [AbsolutePath] {
        let directory = try own().parent
        let file = Array(name.description.utf8)
        let other = AbsolutePath(directory.parent.bytes + Array("/libexec/doorward".utf8))
        return [directory.appending(file), other?.appending(file)].compactMap { $0 }
    }
}

extension ServerEntry {
    /// What is started for this entry: itself, or our client of this installation.
    func started() throws(Failure) -> ServerEntry {
        remote == nil ? self : started(by: try Programs.find(Programs.web))
    }
}
