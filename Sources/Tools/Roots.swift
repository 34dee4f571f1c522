// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// One granted directory, open since the start.
final class Root: Sendable {
    let label: Label
    let tree: Subtree

    init(_ grant: Grant) throws(SyscallError) {
        label = grant.label
        tree = try Subtree(path: grant.path)
    }
}

/// All granted directories, in the order of their labels.
struct Roots: Sendable {
    let all: [Root]

    init(_ grants: [Grant]) throws(SyscallError) {
        var roots: [Root] = []
        for grant in grants { roots.append(try Root(grant)) }
        all = roots.sorted { $0.label.bytes.lexicographicallyPrecedes($1.label.bytes) }
    }

    static let none = Roots()

    private init() { all = [] }

    var isEmpty: Bool { all.isEmpty }

    func root(_ label: [UInt8]) -> Root? { all.first { $0.label.bytes == label } }

    /// The labels with commas between them, for a client that has to choose one.
    var labels: [UInt8] { Array(all.map(\.label.description).joined(separator: ", ").utf8) }

    /// What a path of a client's stands for. Empty, or a single dot, means all roots together.
    ///
    /// One slash at the end is allowed, since that is how directories are often written.
    func resolve(_ text: [UInt8]) throws(ToolFault) -> Place {
        if text.isEmpty || text == [dot] { return .everything }
        guard !text.contains(0) else { throw ToolFault(.pathForm, text) }
        guard text[0] != slash else { throw ToolFault(.pathAbsolute, text, detail: labels) }
        let path = text.count > 1 && text.last == slash ? text.dropLast() : text[...]
        guard path.count <= RelativePath.maxBytes else { throw ToolFault(.pathTooLong, text) }
        let end = path.firstIndex(of: slash) ?? path.endIndex
        guard let root = root(Array(path[..<end])) else {
            let climbs = path[..<end].elementsEqual([dot, dot])
            throw ToolFault(climbs ? .pathClimbs : .labelUnknown, text, detail: labels)
        }
        guard end < path.endIndex else { return .inside(root, nil) }
        guard let inner = RelativePath(Array(path[(end + 1)...])) else {
            let names = path[(end + 1)...].split(separator: slash, omittingEmptySubsequences: false)
            let climbs = names.contains { $0.elementsEqual([dot, dot]) }
            throw ToolFault(climbs ? .pathClimbs : .pathForm, text)
        }
        return .inside(root, inner)
    }
}

/// A place below the labels.
enum Place: Sendable {
    /// Above all labels.
    case everything
    /// Nil is the root itself.
    case inside(Root, RelativePath?)

    /// As clients write it.
    var shown: [UInt8] {
        switch self {
        case .everything: []
        case .inside(let root, nil): root.label.bytes
        case .inside(let root, let inner?): root.label.bytes + [slash] + inner.bytes
        }
    }

    /// The place of an entry here; nil if its path would be too long, or there is no such label.
    func appending(_ name: FileName, in roots: Roots) -> Place? {
        switch self {
        case .everything: roots.root(name.bytes).map { .inside($0, nil) }
        case .inside(let root, nil): .inside(root, RelativePath(name))
        case .inside(let root, let inner?): inner.appending(name).map { .inside(root, $0) }
        }
    }
}

private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")
