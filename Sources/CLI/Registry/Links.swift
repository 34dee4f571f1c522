// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Where a path really leads, and under which names it is known on the way.
struct FollowedPath: Equatable {
    /// Without any symbolic link in it.
    let path: AbsolutePath
    /// The path as it was given, and each one that a link at its end led to.
    let names: [AbsolutePath]
}

/// Follows symbolic links by hand, so that each name on the way can be judged.
enum Links {
    /// As many as the kernel follows in one path.
    static let most = 40

    /// - Throws: ``ResolutionFault`` if nothing lies there, or too many links lead there.
    static func follow(_ path: AbsolutePath) throws(ResolutionFault) -> FollowedPath {
        var names = [path]
        var links = 0
        // Last segment first: what a link leads to is put on top.
        var pending = Array(path.segments.reversed())
        var place = AbsolutePath.root
        while let segment = pending.popLast() {
            if segment.elementsEqual("..".utf8) {
                place = place.parent
                continue
            }
            if segment.isEmpty || segment.elementsEqual(".".utf8) { continue }
            guard let next = place.appending(segment) else {
                throw ResolutionFault("\(Visible.text(path.bytes)) is too long")
            }
            switch try kind(next) {
            case nil:
                throw ResolutionFault(
                    "there is no \(Visible.text(next.bytes))", hint: "install it, or correct the path")
            case .directory?, .other?: place = next
            case .link(let target)?:
                links += 1
                guard links <= most else { throw ResolutionFault("too many links lead to \(Visible.text(path.bytes))") }
                let bytes = target.bytes
                if bytes.first == UInt8(ascii: "/") { place = .root }
                let isLast = pending.isEmpty
                pending += bytes.split(separator: UInt8(ascii: "/")).map(Array.init).reversed()
                // Only the names of the file itself say what kind of program it may be.
                if isLast, let named = Paths.normalised(place.bytes + [UInt8(ascii: "/")] + bytes) {
                    names.append(named)
                }
            }
        }
        if names.last != place { names.append(place) }
        return FollowedPath(path: place, names: names)
    }

    /// Where a path leads if something lies there.
    static func existing(_ path: AbsolutePath) throws(ResolutionFault) -> AbsolutePath? {
        guard try exists(path) else { return nil }
        return try follow(path).path
    }

    /// Whether a file or directory lies there, links followed.
    static func exists(_ path: AbsolutePath) throws(ResolutionFault) -> Bool {
        guard try kind(path) != nil else { return false }
        do throws(ResolutionFault) { _ = try follow(path) } catch { return false }
        return true
    }

    static func isDirectory(_ path: AbsolutePath) throws(ResolutionFault) -> Bool {
        guard let real = try existing(path) else { return false }
        return try kind(real) == .directory
    }

    private static func kind(_ path: AbsolutePath) throws(ResolutionFault) -> Tree.Kind? {
        do throws(Failure) { return try PrivateFiles.kind(path) } catch {
            throw ResolutionFault(error.sentence, hint: "let this user look there")
        }
    }
}

/// Why an entry cannot be resolved: what is wrong, and what to write instead.
struct ResolutionFault: Error, Equatable {
    let sentence: String
    let hint: String

    init(_ sentence: String, hint: String = "") {
        self.sentence = sentence
        self.hint = hint
    }
}
