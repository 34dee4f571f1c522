// SPDX-License-Identifier: Apache-2.0
internal import Policy

/// The files that `python -m NAME` runs.
enum PythonModule {
    /// - Returns: the module's own files without links, the package's `__init__` files among them, and the directory
    ///   that they were found in.
    /// - Throws: ``ResolutionFault`` if no such module lies in any of the directories.
    static func find(_ name: [UInt8], in directories: [AbsolutePath]) throws(ResolutionFault) -> (
        files: [AbsolutePath], directory: AbsolutePath
    ) {
        let parts = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
        guard parts.allSatisfy(isIdentifier) else {
            throw ResolutionFault("\(Visible.quoted(name)) is not a module's name")
        }
        for directory in directories {
            if let files = try files(parts, in: directory) { return (files, directory) }
        }
        throw ResolutionFault(
            "the module \(Visible.text(name)) is in none of \(directories.map { Visible.text($0.bytes) }.joined(separator: ", "))",
            hint: "install it there, or name the script's path instead of -m")
    }

    private static func files(_ parts: [[UInt8]], in directory: AbsolutePath) throws(ResolutionFault) -> [AbsolutePath]?
    {
        var place = directory
        var files: [AbsolutePath] = []
        for part in parts.dropLast() {
            guard let package = place.appending(part), try Links.isDirectory(package) else { return nil }
            if let initialiser = try file(package, "__init__.py") { files.append(initialiser) }
            place = package
        }
        guard let last = parts.last else { return nil }
        // A package is preferred to a module of the same name (PEP 420 and FileFinder).
        if let package = place.appending(last), try Links.isDirectory(package),
            let main = try file(package, "__main__.py")
        {
            return files + [try file(package, "__init__.py"), main].compactMap { $0 }
        }
        guard let module = try file(place, "\(String(decoding: last, as: UTF8.self)).py") else { return nil }
        return files + [module]
    }

    private static func file(_ directory: AbsolutePath, _ name: String) throws(ResolutionFault) -> AbsolutePath? {
        try directory.appending(Array(name.utf8)).flatMap { path throws(ResolutionFault) in try Links.existing(path) }
    }

    /// ASCII identifiers: whoever names a package otherwise names its script.
    private static func isIdentifier(_ part: [UInt8]) -> Bool {
        guard let first = part.first, !first.isDigit else { return false }
        return part.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "_") }
    }
}
