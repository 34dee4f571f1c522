// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// The tools, by the names that clients call them by.
enum Tool: CaseIterable, Sendable {
    case filesList
    case filesRead
    case filesSearch
    case timeNow
    case codeRun
    case webFetch

    /// What is offered without any argument, or with directories.
    static let ofFiles: [Tool] = [.filesList, .filesRead, .filesSearch, .timeNow]

    var name: StaticString {
        switch self {
        case .filesList: "files_list"
        case .filesRead: "files_read"
        case .filesSearch: "files_search"
        case .timeNow: "time_now"
        case .codeRun: "code_run"
        case .webFetch: "web_fetch"
        }
    }

    /// Without a granted directory there is nothing for it to do.
    var needsRoots: Bool {
        switch self {
        case .filesList, .filesRead, .filesSearch: true
        case .timeNow, .codeRun, .webFetch: false
        }
    }
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

    init(_ kit: Kit) {
        offered = Tool.allCases.filter(kit.offers)
        var json = JSONWriter()
        json.beginArray()
        for tool in offered { json.value(kit.object(tool)) }
        json.endArray()
        tools = json.finish()
        var hasRoots = false
        if case .files(let roots, _) = kit { hasRoots = !roots.isEmpty }
        templates = hasRoots ? Definition.canonical(templatesDefinition) : .emptyArray
        capabilities = Definition.canonical(hasRoots ? #"{"resources":{},"tools":{}}"# : #"{"tools":{}}"#)
        instructions = kit.instructions
    }

    func tool(_ tree: JSONTree, _ name: JSONNode) -> Tool? { offered.first { tree.equals(name, $0.name) } }
}
