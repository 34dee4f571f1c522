// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// What a server offered when the broker asked it, sandboxed, for a review.
struct Offer {
    let revision: Revision
    let capabilities: ServerCapabilities
    let instructions: [UInt8]?
    let tools: [OfferedObject]
    let prompts: [OfferedObject]
    let templates: [OfferedObject]

    /// From the broker's answer to a probe.
    init(_ tree: JSONTree) throws(Failure) {
        guard let revision = tree.member(.root, "revision").flatMap(tree.text).flatMap(Revision.init(word:)),
            let words = tree.member(.root, "capabilities")
        else { throw Failure("the broker's report of the server makes no sense", hint: "restart doorward") }
        self.revision = revision
        var capabilities: ServerCapabilities = []
        for word in tree.elements(words) {
            for (known, capability) in ServerCapabilities.words where tree.equals(word, known) {
                capabilities.insert(capability)
            }
        }
        self.capabilities = capabilities
        instructions = tree.member(.root, "instructions").flatMap(tree.text)
        tools = Self.objects(tree, "tools", name: "name")
        prompts = Self.objects(tree, "prompts", name: "name")
        templates = Self.objects(tree, "templates", name: "uriTemplate")
    }

    private static func objects(_ tree: JSONTree, _ key: StaticString, name: StaticString) -> [OfferedObject] {
        guard let list = tree.member(.root, key) else { return [] }
        return tree.elements(list).map {
            OfferedObject(tree.member($0, name).flatMap(tree.text) ?? [], tree.canonical($0))
        }
    }
}

/// One tool, prompt or resource template, whole.
struct OfferedObject: Equatable {
    /// Its name, or a template's address pattern; empty where it gave none.
    let name: [UInt8]
    let object: CanonicalJSON

    init(_ name: [UInt8], _ object: CanonicalJSON) {
        self.name = name
        self.object = object
    }

    var digest: Digest { ReviewDigests.of(object) }

    /// The object, to be asked about its members.
    func tree() -> JSONTree {
        var tree = JSONTree()
        var reader = JSONReader(limits: .message)
        // Canonical already: what cannot be read again is judged as an empty one, and kept out.
        do throws(JSONError) { try reader.read(object.bytes.span, into: &tree) } catch { tree.clear() }
        return tree
    }
}
