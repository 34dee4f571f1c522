// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Where one Python keeps its modules, found as the interpreter itself finds it: by `pyvenv.cfg`, by directories, never
/// by running it.
struct PythonEnvironment {
    /// The virtual environment, as its path was written with links above its last segment resolved; nil without one.
    let root: AbsolutePath?
    /// The installation that the interpreter belongs to.
    let base: AbsolutePath
    /// `home` of `pyvenv.cfg`, as written: the interpreter looks there for its library.
    let home: AbsolutePath?
    private let seesSystemPackages: Bool

    /// - Parameters:
    ///   - written: the interpreter's path as it sees itself.
    ///   - real: the same without links.
    init(written: AbsolutePath, real: AbsolutePath) throws(ResolutionFault) {
        for directory in [written.parent, written.parent.parent] {
            guard let file = directory.appending(Array("pyvenv.cfg".utf8)), try Links.exists(file) else { continue }
            let text = try ProgramFile(try Links.follow(file).path).contents(limit: 65_536)
            guard let home = Self.value("home", in: text).flatMap(Paths.normalised) else {
                throw ResolutionFault(
                    "\(Visible.text(file.bytes)) names no home", hint: "make the virtual environment anew")
            }
            root = directory
            self.home = home
            base = try Self.prefix(of: try Links.existing(home) ?? home)
            let flag = Self.value("include-system-site-packages", in: text).map { $0.map { $0 | 0x20 } }
            seesSystemPackages = flag == Array("true".utf8)
            return
        }
        root = nil
        home = nil
        base = try Self.prefix(of: real.parent)
        seesSystemPackages = true
    }

    /// The value of `key = value`, as the interpreter reads it: keys without regard to case.
    static func value(_ key: StaticString, in text: [UInt8]) -> [UInt8]? {
        for line in text.split(separator: 0x0A) {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = line[..<equals].filter { !isSpace($0) }.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
            guard name.elementsEqual(key.description.utf8) else { continue }
            var value = line[(equals + 1)...].drop(while: isSpace)
            while let last = value.last, isSpace(last) { value.removeLast() }
            return Array(value)
        }
        return nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    private static func prefix(of directory: AbsolutePath) throws(ResolutionFault) -> AbsolutePath {
        directory.name.elementsEqual("bin".utf8) ? directory.parent : directory
    }

    /// Directories that hold packages, in the order in which they are searched, with what path files add to them.
    func packageDirectories() throws(ResolutionFault) -> [AbsolutePath] {
        var found: [AbsolutePath] = []
        if let root { found += try Self.packages(below: root) }
        if root == nil || seesSystemPackages { found += try Self.packages(below: base) }
        var added: [AbsolutePath] = []
        for directory in found { added += try Self.additions(in: directory) }
        // The standard library stands in front of all of them, but nobody's server is a module of it.
        return found + added + (try Self.libraries(below: base))
    }

    /// `lib/pythonX.Y/site-packages`, and where Debian puts packages instead.
    private static func packages(below prefix: AbsolutePath) throws(ResolutionFault) -> [AbsolutePath] {
        var found: [AbsolutePath] = []
        for library in try libraries(below: prefix) {
            found += try existing(library, ["site-packages"])
        }
        if prefix.description == "/usr" {
            for library in try libraries(below: prefix.appending(Array("local".utf8)) ?? prefix) {
                found += try existing(library, ["dist-packages"])
            }
            found += try existing(prefix, ["lib/python3/dist-packages"])
        }
        return found
    }

    /// Below a prefix, `lib/pythonX.Y` and `lib64/pythonX.Y`, pypy's spelling among them.
    private static func libraries(below prefix: AbsolutePath) throws(ResolutionFault) -> [AbsolutePath] {
        var found: [AbsolutePath] = []
        for name in ["lib", "lib64"] {
            guard let directory = prefix.appending(Array(name.utf8)), try Links.isDirectory(directory) else { continue }
            for entry in try Listing.names(of: directory)
            where entry.starts(with: "python".utf8) || entry.starts(with: "pypy".utf8) {
                if let library = directory.appending(entry), try Links.isDirectory(library) { found.append(library) }
            }
        }
        // Of several versions the newest first; one virtual environment has one.
        return found.sorted { $1.bytes.lexicographicallyPrecedes($0.bytes) }
    }

    private static func existing(_ directory: AbsolutePath, _ tails: [String]) throws(ResolutionFault) -> [AbsolutePath]
    {
        var found: [AbsolutePath] = []
        for tail in tails {
            if let path = AbsolutePath(directory.bytes + Array("/\(tail)".utf8)), try Links.isDirectory(path) {
                found.append(path)
            }
        }
        return found
    }

    /// The directories that `*.pth` files name: how a package is installed from where it is developed.
    private static func additions(in directory: AbsolutePath) throws(ResolutionFault) -> [AbsolutePath] {
        var found: [AbsolutePath] = []
        for name in try Listing.names(of: directory) where name.suffix(4).elementsEqual(".pth".utf8) {
            guard let file = directory.appending(name), let real = try Links.existing(file) else { continue }
            for line in try ProgramFile(real).contents(limit: 1 << 20).split(separator: 0x0A) {
                // Lines of code are the business of the packages that wrote them.
                if line.starts(with: "import ".utf8) || line.first == UInt8(ascii: "#") { continue }
                let text = Array(line.filter { $0 != 0x0D })
                let path = text.first == UInt8(ascii: "/") ? text : directory.bytes + [UInt8(ascii: "/")] + text
                if let path = Paths.normalised(path), try Links.isDirectory(path) { found.append(path) }
            }
        }
        return found
    }
}

/// The names in a directory.
enum Listing {
    /// More entries than a directory of packages has.
    private static let most = 50_000

    /// In the order of their bytes.
    static func names(of directory: AbsolutePath) throws(ResolutionFault) -> [[UInt8]] {
        let real = try Links.follow(directory).path
        do throws(SyscallError) {
            return try Directory(path: real.description).names(limit: most).map(\.bytes)
                .sorted { $0.lexicographicallyPrecedes($1) }
        } catch { throw ResolutionFault("\(Visible.text(real.bytes)): \(error)") }
    }
}
