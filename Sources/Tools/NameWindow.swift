// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The first names of a directory behind a given one, in byte order, in bounded memory however large it is.
struct NameWindow {
    /// A directory with more entries is read again for each further window.
    static let capacity = 2048

    /// Nil lets every name in.
    private let bound: Bound?
    private var entries: [DirectoryEntry] = []
    /// There are more names behind the last one.
    private(set) var isTruncated = false
    /// With it, names at or behind this one need not be kept.
    private var ceiling: [UInt8]?

    enum Bound {
        case from([UInt8])
        case behind([UInt8])
    }

    init(_ bound: Bound?) { self.bound = bound }

    mutating func add(_ entry: DirectoryEntry) {
        let name = entry.name.bytes
        switch bound {
        case nil: break
        case .from(let first): if name.lexicographicallyPrecedes(first) { return }
        case .behind(let last): if !last.lexicographicallyPrecedes(name) { return }
        }
        if let ceiling, !name.lexicographicallyPrecedes(ceiling) { return }
        entries.append(entry)
        if entries.count == 2 * Self.capacity { cut() }
    }

    /// The names, last one first, so that they can be taken from the end.
    mutating func takeReversed() -> [DirectoryEntry] {
        if entries.count > Self.capacity { cut() } else { sort() }
        var taken: [DirectoryEntry] = []
        swap(&taken, &entries)
        taken.reverse()
        return taken
    }

    private mutating func sort() {
        entries.sort { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
    }

    private mutating func cut() {
        sort()
        entries.removeLast(entries.count - Self.capacity)
        ceiling = entries.last?.name.bytes
        isTruncated = true
    }
}
