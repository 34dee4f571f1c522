// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// One language that code can be written in: the name that callers use, and the interpreter behind it.
struct Language: Equatable, Sendable {
    /// In bytes; names stand in the tool's schema.
    static let maxNameBytes = 32

    let name: String
    /// Of the interpreter, as the sandbox shows it.
    let path: String
    /// What the file with the code is called.
    let file: String

    /// One that is known by its name alone.
    init?(known name: String) {
        guard let found = Self.known.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// - Parameter path: absolute.
    init?(name: String, path: String) {
        guard Self.isName(name), path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(0) else { return nil }
        self.init(name, path, Self.known.first { $0.name == name }?.file ?? "main")
    }

    private init(_ name: String, _ path: String, _ file: String) {
        self.name = name
        self.path = path
        self.file = file
    }

    private static func isName(_ name: String) -> Bool {
        (1...maxNameBytes).contains(name.utf8.count)
            && name.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D }
    }

    static let known = [
        Language("python", "/usr/bin/python3", "main.py"), Language("shell", "/bin/sh", "main.sh"),
        Language("bash", "/bin/bash", "main.sh"), Language("node", "/usr/bin/node", "main.mjs"),
        Language("perl", "/usr/bin/perl", "main.pl"), Language("ruby", "/usr/bin/ruby", "main.rb"),
    ]
}
