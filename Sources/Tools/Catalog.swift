// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// The tools, by the names that clients call them by.
enum Tool: CaseIterable, Sendable {
    case filesList
    case filesRead
    case filesSearch
    case timeNow

    var name: StaticString {
        switch self {
        case .filesList: "files_list"
        case .filesRead: "files_read"
        case .filesSearch: "files_search"
        case .timeNow: "time_now"
        }
    }

    /// Without a granted directory there is nothing for it to do.
    var needsRoots: Bool {
        switch self {
        case .filesList, .filesRead, .filesSearch: true
        case .timeNow: false
        }
    }

    private var definition: String {
        switch self {
        case .filesList: filesListDefinition
        case .filesRead: filesReadDefinition
        case .filesSearch: filesSearchDefinition
        case .timeNow: timeNowDefinition
        }
    }

    /// The tool as clients see it, the same in every revision of the protocol.
    var object: CanonicalJSON { Definition.canonical(definition) }
}

/// JSON that stands in our own source.
enum Definition {
    static func tree(_ source: String) -> JSONTree {
        var reader = JSONReader(limits: .config)
        var tree = JSONTree()
        do throws(JSONError) {
            try reader.read(Array(source.utf8).span, into: &tree)
        } catch {
            preconditionFailure("a definition is not JSON: \(error)")
        }
        return tree
    }

    static func canonical(_ source: String) -> CanonicalJSON { tree(source).canonical(.root) }
}

/// What is offered, composed once: an answer to a list is a copy of bytes.
struct Catalog: Sendable {
    /// The array of `tools/list`.
    let tools: CanonicalJSON
    /// The array of `resources/templates/list`.
    let templates: CanonicalJSON
    let capabilities: CanonicalJSON
    let instructions: String
    private let offered: [Tool]

    init(_ roots: Roots) {
        offered = Tool.allCases.filter { !roots.isEmpty || !$0.needsRoots }
        var json = JSONWriter()
        json.beginArray()
        for tool in offered { json.value(tool.object) }
        json.endArray()
        tools = json.finish()
        templates = roots.isEmpty ? .emptyArray : Definition.canonical(templatesDefinition)
        capabilities = Definition.canonical(
            roots.isEmpty ? #"{"tools":{}}"# : #"{"resources":{},"tools":{}}"#)
        let labels = String(decoding: roots.labels, as: UTF8.self)
        instructions =
            roots.isEmpty
            ? "Tells the time. No directory has been shared, so there are no files to read."
            : "Reads files that the user has shared, and tells the time. Nothing can be changed. Every path begins with one"
                + " of these labels: \(labels). Use files_search to find text, files_list to look around, files_read to"
                + " read."
    }

    func tool(_ tree: JSONTree, _ name: JSONNode) -> Tool? { offered.first { tree.equals(name, $0.name) } }
}
