// SPDX-License-Identifier: Apache-2.0
package import Linux

/// An absolute path inside a sandbox, whose every step is a plain name: no `.`, no `..`, none empty.
package struct SandboxPath: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The names, outermost first; never empty.
    package let names: [SystemString]

    /// Nil for anything else, `/` among it.
    package init?(_ path: SystemString) {
        let bytes = path.bytes
        guard bytes.first == UInt8(ascii: "/") else { return nil }
        var names: [SystemString] = []
        for part in bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let dots = part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8)
            guard !part.isEmpty, !dots, let name = SystemString(Array(part)) else { return nil }
            names.append(name)
        }
        self.names = names
    }

    /// - Precondition: the literal is such a path.
    package init(stringLiteral text: StaticString) {
        guard let path = SandboxPath(SystemString(stringLiteral: text)) else {
            preconditionFailure("no path for a sandbox: \(text)")
        }
        self = path
    }

    private init(names: [SystemString]) { self.names = names }

    package static func + (path: SandboxPath, name: SystemString) -> SandboxPath? {
        SandboxPath(path.absolute + "/" + name)
    }

    /// The enclosing directories, outermost first, the root not among them.
    var parents: [SandboxPath] {
        (1..<names.count).map { SandboxPath(names: Array(names[0..<$0])) }
    }

    /// As the root of the sandbox knows it: without the leading slash.
    var relative: SystemString {
        names.dropFirst().reduce(names[0]) { $0 + "/" + $1 }
    }

    package var absolute: SystemString { "/" + relative }

    package var description: String { absolute.description }
}
