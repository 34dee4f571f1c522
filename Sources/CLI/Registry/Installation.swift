// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// What a program needs to see of the host in order to run: its own installation, and never a whole home directory.
struct Installation {
    private(set) var paths: [AbsolutePath] = []
    private let home: AbsolutePath?

    init(home: AbsolutePath?) { self.home = home }

    /// Every sandbox shows these anyway.
    private static let system: [AbsolutePath] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]
        .compactMap { AbsolutePath(Array($0.utf8)) }

    static func isShownAnyway(_ path: AbsolutePath) -> Bool { system.contains { $0.contains(path) } }

    /// Whether a sandbox with this installation shows the path.
    func shows(_ path: AbsolutePath) -> Bool { Self.isShownAnyway(path) || paths.contains { $0.contains(path) } }

    /// Adds a directory under the name that the program uses, and under the one it really has.
    ///
    /// - Throws: ``ResolutionFault`` if it is too much to show.
    mutating func add(_ directory: AbsolutePath) throws(ResolutionFault) {
        let real = try Links.follow(directory).path
        for path in [real, directory] where !shows(path) {
            guard !isTooWide(path) else {
                throw ResolutionFault(
                    "its installation would be \(Visible.text(path.bytes)), which is too much to show to a server",
                    hint: "install it in a directory of its own, such as a virtual environment")
            }
            paths.removeAll { path.contains($0) }
            paths.append(path)
        }
    }

    /// As ``add(_:)``, for what helps and is left out where it would be too much.
    mutating func addIfNarrow(_ directory: AbsolutePath) throws(ResolutionFault) {
        let real = try Links.follow(directory).path
        if !isTooWide(real), !isTooWide(directory) { try add(directory) }
    }

    /// A home directory, what holds one, a system directory, or a directory of credentials and settings; but below
    /// `~/.local` programs are installed, each in a directory of its own.
    func isTooWide(_ path: AbsolutePath) -> Bool {
        guard DangerAnalysis.isWide(path, home: home) else { return false }
        let names = path.segments.map { String(decoding: $0, as: UTF8.self) }
        guard let place = names.lastIndex(where: Self.shared.contains) else { return true }
        // What stands above such a directory must not be private by itself.
        let above = names[..<place]
        return names.count - place < 3 || above.contains { $0.hasPrefix(".") }
            || names[(place + 1)...].contains { Self.secret.contains($0) }
    }

    private static let shared: Set<String> = [".local"]
    private static let secret: Set<String> = [
        ".aws", ".docker", ".gnupg", ".kube", ".netrc", ".password-store", ".ssh",
    ]
}

/// Finds the directories of single kinds of program.
extension Installation {
    /// The virtual environment, and the installation that it was made from.
    mutating func add(_ python: PythonEnvironment) throws(ResolutionFault) {
        if let root = python.root { try add(root) }
        try add(python.base)
        // Named in pyvenv.cfg: a link there is followed by the interpreter itself.
        if let home = python.home, !shows(home) { try add(home) }
    }

    /// An interpreter's own installation: the directory above its `bin`.
    mutating func addPrefix(of executable: AbsolutePath) throws(ResolutionFault) {
        guard !Self.isShownAnyway(executable) else { return }
        let directory = executable.parent
        let prefix = directory.name.elementsEqual("bin".utf8) ? directory.parent : directory
        // A single program in a directory of many is shown alone.
        try addIfNarrow(prefix)
    }

    /// A package of Node, and the modules that it can load: the tree that holds the outermost `node_modules` it lies in,
    /// otherwise its package directory, and `node_modules` of the directories above it.
    mutating func addNodePackage(of script: AbsolutePath) throws(ResolutionFault) {
        guard !Self.isShownAnyway(script) else { return }
        let modules = Array("node_modules".utf8)
        var place = script.parent
        var outermost: AbsolutePath?
        while place != .root {
            if place.name == modules { outermost = place }
            place = place.parent
        }
        if let outermost {
            try add(outermost)
            return
        }
        place = script.parent
        var isFound = false
        while place != .root {
            let isPackage = try holds(place, "package.json") ? true : try holds(place, "node_modules")
            if !isFound, isPackage {
                isFound = true
                try addIfNarrow(place)
            } else if isFound, let directory = place.appending(modules), try Links.isDirectory(directory) {
                try addIfNarrow(directory)
            }
            place = place.parent
        }
    }

    /// The directory of a script that is part of a project, with the modules beside it; a script by itself needs nothing.
    mutating func addProject(of script: AbsolutePath) throws(ResolutionFault) {
        guard !shows(script) else { return }
        var place = script.parent
        // A package's script lies at most two directories below the project.
        for _ in 0..<3 where place != .root {
            for mark in Self.projectMarks where try holds(place, mark) {
                try addIfNarrow(place)
                return
            }
            place = place.parent
        }
    }

    private static let projectMarks: [String] = [
        "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "package.json", "Gemfile", "composer.json",
        "deno.json",
    ]

    private func holds(_ directory: AbsolutePath, _ name: String) throws(ResolutionFault) -> Bool {
        try directory.appending(Array(name.utf8)).map { path throws(ResolutionFault) in try Links.exists(path) }
            ?? false
    }
}
