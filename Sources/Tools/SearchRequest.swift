// SPDX-License-Identifier: Apache-2.0

/// The arguments of `files_search`.
struct SearchRequest {
    static let maxContext = 10
    static let maxLimit = 500
    static let defaultLimit = 100

    let needle: Needle
    let place: Place
    let filter: EntryFilter?
    let context: Int
    let showsHidden: Bool
    /// Matches in one answer.
    let limit: Int
    let cursor: Cursor?

    init(_ arguments: ToolArguments, _ roots: Roots) throws(ToolFault) {
        var arguments = arguments
        let query = try arguments.text("query", maxBytes: Needle.maxBytes)
        let path = try arguments.text("path", maxBytes: ListJob.maxPathBytes) ?? []
        let glob = try arguments.text("glob", maxBytes: Glob.maxBytes)
        let ignoresCase = try arguments.flag("ignore_case") ?? false
        context = try arguments.integer("context", 0...Self.maxContext) ?? 0
        showsHidden = try arguments.flag("hidden") ?? false
        limit = try arguments.integer("limit", 1...Self.maxLimit) ?? Self.defaultLimit
        let cursor = try arguments.text("cursor", maxBytes: Cursor.maxBytes)
        try arguments.finish()
        guard let query, !query.isEmpty else {
            throw ToolFault(.argumentMissing, "query", detail: "give the text to look for")
        }
        guard !query.contains(lineFeed), !query.contains(0x0D) else {
            throw ToolFault(.argumentRange, "query", detail: "text of one line, since lines are searched one by one")
        }
        needle = Needle(query, ignoresCase: ignoresCase)
        let place = try roots.resolve(path)
        self.place = place
        filter = try glob.map { glob throws(ToolFault) in EntryFilter(try Glob(glob), below: place.shown) }
        self.cursor = try cursor.map { cursor throws(ToolFault) in
            guard let read = Cursor(cursor), read.path == place.shown || read.names(below: place.shown) != nil else {
                throw ToolFault(.cursor, cursor)
            }
            return read
        }
    }
}
