// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON

/// `files_search`.
final class SearchJob {
    /// What one call may cost. It ends with a cursor, so nothing is out of reach.
    static let mostVisited = 100_000
    static let mostBytes = 1 << 30
    static let mostMilliseconds: UInt64 = 10_000
    /// Larger files are skipped, and counted: a call must get through the one that it begins with.
    static let maxFileBytes = 256 << 20

    /// Why a search ended before everything was searched.
    private enum Stop {
        case matches
        case entries
        case bytes
        case time

        var word: StaticString {
            switch self {
            case .matches: "matches"
            case .entries: "entries"
            case .bytes: "bytes"
            case .time: "time"
            }
        }
    }

    private let request: SearchRequest
    private let roots: Roots
    /// Set by the first step: waiting for other calls takes no time away.
    private var deadline: Instant?
    /// Nil where a single file is searched.
    private let walk: Walk?
    /// The file that is being searched, and its path.
    private var scan: FileScan?
    private var buffer: [UInt8] = []
    private var path: [UInt8] = []
    /// Lines of it up to here were reported by an earlier call.
    private var seenLines = 0
    /// Everything up to here has been searched.
    private var position: Cursor?
    private var found = JSONWriter()
    private var matches = 0
    private var visited = 0
    private var files = 0
    private var bytes = 0
    private var binary = 0
    private var skipped = 0

    init(_ arguments: ToolArguments, _ roots: Roots) throws(ToolFault) {
        let request = try SearchRequest(arguments, roots)
        let start = request.place.shown
        self.request = request
        self.roots = roots
        if case .inside(let root, let inner) = request.place, let inner,
            try Self.kind(of: inner, root, start) != .directory
        {
            walk = nil
            let file = try OpenFile(root, inner, path: start)
            guard file.facts.size <= UInt64(Self.maxFileBytes) else {
                throw ToolFault(.tooLargeToSearch, start, detail: Array("\(file.facts.size)".utf8))
            }
            scan = FileScan(file, request.needle)
            path = start
            seenLines = request.cursor?.line ?? 0
        } else {
            let resume = request.cursor?.names(below: start) ?? []
            walk = Walk(
                roots, from: request.place, depth: Walk.maxDepth, showsHidden: request.showsHidden, resume: resume)
            if let cursor = request.cursor, cursor.line > 0 { reopen(cursor) }
        }
        found.beginArray()
    }

    private static func kind(of inner: RelativePath, _ root: Root, _ path: [UInt8]) throws(ToolFault) -> FileKind {
        do throws(SyscallError) {
            return try root.tree.facts(of: inner, followingLast: true).kind
        } catch {
            throw ToolFault(error, path)
        }
    }

    /// The file in which an earlier call stopped; if it is gone, the search goes on behind its place.
    private func reopen(_ cursor: Cursor) {
        do throws(ToolFault) {
            guard case .inside(let root, let inner) = try roots.resolve(cursor.path), let inner else { return }
            begin(try OpenFile(root, inner, path: cursor.path), cursor.path)
            seenLines = cursor.line
        } catch {
            skipped += 1
        }
    }

    var progress: JobProgress {
        JobProgress(done: visited, words: "\(files) files searched, \(matches) lines found")
    }

    func step(_ now: Instant) throws(ToolFault) -> JobStep {
        // Whatever the time, a call gets at least one file further.
        if isLate(now), position != nil { return finish(.time) }
        if bytes >= Self.mostBytes, position != nil { return finish(.bytes) }
        if visited >= Self.mostVisited { return finish(.entries) }
        if let scan { return step(scan) }
        guard let walk else { return finish(nil) }
        switch walk.step() {
        case .working: return .working
        case .skipped:
            skipped += 1
            return .working
        case .ended: return finish(nil)
        case .item(let item):
            visited += 1
            look(at: item)
            return .working
        }
    }

    private func isLate(_ now: Instant) -> Bool {
        let end = deadline ?? now.adding(milliseconds: Self.mostMilliseconds)
        deadline = end
        return now >= end
    }

    private func look(at item: Walk.Item) {
        let path = item.place.shown
        guard item.kind == .regular, request.filter?.matches(path) ?? true,
            case .inside(let root, let inner) = item.place, let inner
        else {
            position = Cursor(path: path)
            return
        }
        do throws(ToolFault) {
            begin(try OpenFile(root, inner, path: path), path)
        } catch {
            skipped += 1
            position = Cursor(path: path)
        }
    }

    private func begin(_ file: consuming OpenFile, _ path: [UInt8]) {
        guard file.facts.size <= UInt64(Self.maxFileBytes) else {
            skipped += 1
            position = Cursor(path: path)
            return
        }
        scan = FileScan(file, request.needle, reusing: buffer)
        buffer = []
        self.path = path
        seenLines = 0
    }

    private func step(_ scan: FileScan) -> JobStep {
        do throws(ToolFault) {
            switch try scan.step() {
            case .working(let count): bytes += count
            case .match(let match):
                guard match.line > seenLines else { return .working }
                // There is at least one more, so the page ends with a cursor.
                if matches == request.limit || found.count > ToolAnswer.maxStructuredBytes { return finish(.matches) }
                let excerpt = try Excerpt(match, of: scan.file, context: request.context)
                excerpt.write(to: &found, path: path, match)
                matches += 1
                position = Cursor(path: path, line: match.line)
            case .binary:
                binary += 1
                close()
            case .ended:
                files += 1
                close()
            }
        } catch {
            skipped += 1
            close()
        }
        return .working
    }

    private func close() {
        buffer = scan?.takeBuffer() ?? []
        scan = nil
        position = Cursor(path: path)
    }

    private func finish(_ stop: Stop?) -> JobStep {
        found.endArray()
        var json = JSONWriter()
        json.beginObject()
        json.key("binary_files")
        json.integer(Int64(binary))
        json.key("files")
        json.integer(Int64(files))
        json.key("matches")
        json.value(found.finish())
        json.key("more")
        json.bool(stop != nil)
        if stop != nil, let position {
            json.key("next_cursor")
            json.string(position.text)
        }
        json.key("path")
        json.string(request.place.shown)
        json.key("skipped")
        json.integer(Int64(skipped))
        if let stop {
            json.key("stopped")
            json.string(stop.word)
        }
        json.endObject()
        return .done(.tool(ToolAnswer(json.finish())))
    }
}
