// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import StrictJSON

/// `resources/list`: every file of every root that is not hidden, page by page.
final class ResourceListJob {
    static let pageEntries = 500
    static let mostVisited = 100_000
    static let mostMilliseconds: UInt64 = 5000
    /// Of the array; unlike a tool's answer it is sent once.
    static let maxPageBytes = 1 << 20

    private let walk: Walk
    /// Set by the first step: waiting for other calls takes no time away.
    private var deadline: Instant?
    private var json = JSONWriter()
    private var listed = 0
    private var visited = 0
    private var last: [UInt8] = []

    /// - Throws: `cursor`.
    init(cursor: [UInt8]?, _ roots: Roots) throws(ToolFault) {
        let resume = try ListJob.resume(cursor, below: [])
        walk = Walk(roots, from: .everything, depth: Walk.maxDepth, showsHidden: false, resume: resume)
        json.beginArray()
    }

    func step(_ now: Instant) throws(ToolFault) -> JobStep {
        if visited >= Self.mostVisited || (isLate(now) && !last.isEmpty) { return finish(more: true) }
        switch walk.step() {
        case .working, .skipped: return .working
        case .ended: return finish(more: false)
        case .item(let item):
            visited += 1
            let path = item.place.shown
            if item.kind == .regular {
                if listed == Self.pageEntries || json.count > Self.maxPageBytes { return finish(more: true) }
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
            return
        }
        listed += 1
        json.beginObject()
        json.key("annotations")
        json.beginObject()
        json.key("lastModified")
        json.string(CivilTime(seconds: Int64(floorDivide(Int(facts.modified), 1_000_000_000))).text)
        json.endObject()
        if let type = MediaType.ofName(path) {
            json.key("mimeType")
            json.string(type)
        }
        json.key("name")
        json.string(path)
        json.key("size")
        json.unsigned(facts.size)
        json.key("uri")
        json.string(ResourceAddress.text(path))
        json.endObject()
    }

    private func finish(more: Bool) -> JobStep {
        json.endArray()
        return .done(.resources(json.finish(), next: more ? Cursor(path: last).text : nil))
    }
}

/// `resources/read`: one whole file.
final class ResourceReadJob {
    /// Larger files have to be read in parts, by the tool.
    static let maxBytes = 1 << 20

    private let address: [UInt8]
    private let path: [UInt8]
    private let file: OpenFile

    init(address: [UInt8], _ roots: Roots) throws(ToolFault) {
        self.address = address
        guard let path = ResourceAddress.path(address) else { throw ToolFault(.pathForm, address) }
        guard case .inside(let root, let inner) = try roots.resolve(path), let inner else {
            throw ToolFault(.isDirectory, path)
        }
        // An address ends where its path ends: one with another slash behind it would be a second one for the file.
        guard path.last != UInt8(ascii: "/") else { throw ToolFault(.pathForm, path) }
        self.path = path
        file = try OpenFile(root, inner, path: path)
    }

    func step() throws(ToolFault) -> JobStep {
        let bytes = try file.bytes(at: 0, count: Self.maxBytes + 1)
        guard bytes.count <= Self.maxBytes else {
            throw ToolFault(.tooLarge, path, detail: Array("\(file.facts.size)".utf8))
        }
        // As text if it can be said as such without swelling.
        let budget = ReadJob.maxTextBytes
        let isPlain = !bytes.contains(0) && isText(bytes.span) && countInBudget(bytes.span, budget) == bytes.count
        let type = MediaType.ofContents(bytes.span) ?? MediaType.ofName(path)
        var json = JSONWriter()
        json.beginArray()
        json.beginObject()
        if !isPlain {
            json.key("blob")
            json.string(Base64.encode(bytes.span))
        }
        json.key("mimeType")
        json.string(type ?? (isPlain ? MediaType.text : MediaType.unknown))
        if isPlain {
            json.key("text")
            json.string(bytes)
        }
        json.key("uri")
        json.string(address)
        json.endObject()
        json.endArray()
        return .done(.contents(json.finish()))
    }
}
