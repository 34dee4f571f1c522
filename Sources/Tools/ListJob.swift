// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON

/// `files_list`.
final class ListJob {
    static let maxDepth = 5
    static let maxLimit = 1000
    static let defaultLimit = 200
    /// Entries that one call looks at, whether or not it reports them: a second or so on a warm cache.
    static let mostVisited = 100_000
    static let mostMilliseconds: UInt64 = 5000
    /// Of a path in an argument: any that exists, and its label.
    static let maxPathBytes = RelativePath.maxBytes + 1 + Label.maxBytes

    private let start: [UInt8]
    private let filter: EntryFilter?
    private let limit: Int
    /// Set by the first step: waiting for other calls takes no time away.
    private var deadline: Instant?
    private let walk: Walk
    private var json = JSONWriter()
    private var listed = 0
    private var visited = 0
    private var skipped = 0
    /// The last item that was seen, reported or not.
    private var last: [UInt8] = []

    init(_ arguments: ToolArguments, _ roots: Roots) throws(ToolFault) {
        var arguments = arguments
        let path = try arguments.text("path", maxBytes: Self.maxPathBytes) ?? []
        let depth = try arguments.integer("depth", 1...Self.maxDepth) ?? 1
        let glob = try arguments.text("glob", maxBytes: Glob.maxBytes)
        let hidden = try arguments.flag("hidden") ?? false
        limit = try arguments.integer("limit", 1...Self.maxLimit) ?? Self.defaultLimit
        let cursor = try arguments.text("cursor", maxBytes: Cursor.maxBytes)
        try arguments.finish()
        let place = try roots.resolve(path)
        start = place.shown
        filter = try glob.map { glob throws(ToolFault) in EntryFilter(try Glob(glob), below: place.shown) }
        if case .inside(let root, let inner) = place {
            let facts: FileFacts
            do throws(SyscallError) {
                facts = try root.tree.facts(of: inner, followingLast: true)
            } catch {
                throw ToolFault(error, path)
            }
            guard facts.kind == .directory else { throw ToolFault(.notDirectory, path) }
        }
        let resume = try Self.resume(cursor, below: start)
        walk = Walk(roots, from: place, depth: depth, showsHidden: hidden, resume: resume)
        json.beginObject()
        json.key("entries")
        json.beginArray()
    }

    static func resume(_ cursor: [UInt8]?, below start: [UInt8]) throws(ToolFault) -> [[UInt8]] {
        guard let cursor else { return [] }
        guard let read = Cursor(cursor), read.line == 0, let names = read.names(below: start) else {
            throw ToolFault(.cursor, cursor)
        }
        return names
    }

    var progress: JobProgress { JobProgress(done: visited, words: "\(visited) entries seen, \(listed) listed") }

    func step(_ now: Instant) throws(ToolFault) -> JobStep {
        if visited >= Self.mostVisited || (isLate(now) && !last.isEmpty) { return finish(more: true) }
        switch walk.step() {
        case .working: return .working
        case .skipped:
            skipped += 1
            return .working
        case .ended: return finish(more: false)
        case .item(let item):
            visited += 1
            let path = item.place.shown
            if filter?.matches(path) ?? true {
                // There is at least one more, so the page ends with a cursor.
                if listed == limit || json.count > ToolAnswer.maxStructuredBytes { return finish(more: true) }
                report(item, path)
            }
            last = path
            return .working
        }
    }

    private func isLate(_ now: Instant) -> Bool {
        let end = deadline ?? now.adding(milliseconds: Self.mostMilliseconds)
        deadline = end
        return now >= end
    }

    private func report(_ item: Walk.Item, _ path: [UInt8]) {
        guard case .inside(let root, let inner) = item.place else { return }
        let facts: FileFacts
        do throws(SyscallError) {
            facts = try root.tree.facts(of: inner, followingLast: false)
        } catch {
            // Gone since its directory was read.
            skipped += 1
            return
        }
        listed += 1
        json.beginObject()
        json.key("modified")
        json.string(CivilTime(seconds: Int64(floorDivide(Int(facts.modified), 1_000_000_000))).text)
        json.key("path")
        json.string(path)
        if facts.kind == .regular {
            json.key("size")
            json.unsigned(facts.size)
        }
        json.key("type")
        json.string(facts.kind.word)
        json.endObject()
    }

    private func finish(more: Bool) -> JobStep {
        json.endArray()
        json.key("more")
        json.bool(more)
        if more {
            json.key("next_cursor")
            json.string(Cursor(path: last).text)
        }
        json.key("path")
        json.string(start)
        json.key("skipped")
        json.integer(Int64(skipped))
        json.endObject()
        return .done(.tool(ToolAnswer(json.finish())))
    }
}

/// A glob, and from where on it is compared.
struct EntryFilter {
    private let glob: Glob
    private let startCount: Int

    /// - Parameter start: the place where the walk began.
    init(_ glob: Glob, below start: [UInt8]) {
        self.glob = glob
        startCount = start.isEmpty ? 0 : start.count + 1
    }

    func matches(_ path: [UInt8]) -> Bool {
        let bytes = path.span
        if glob.hasSlash { return glob.matches(bytes.extracting(startCount...)) }
        let name = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        return glob.matches(bytes.extracting(name...))
    }
}

extension FileKind {
    var word: StaticString {
        switch self {
        case .regular: "file"
        case .directory: "directory"
        case .link: "link"
        case .special: "special"
        }
    }
}
