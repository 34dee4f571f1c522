// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// The `arguments` of one call, each taken by name; what nobody took is a mistake of the caller's.
struct ToolArguments {
    private let tree: JSONTree
    private let node: JSONNode?
    private var known: [StaticString] = []
    private var found = 0

    /// - Parameter node: nil counts as an empty object.
    init(_ tree: JSONTree, _ node: JSONNode?) {
        self.tree = tree
        self.node = node
    }

    /// A string without NUL.
    mutating func text(_ name: StaticString, maxBytes: Int) throws(ToolFault) -> [UInt8]? {
        guard let value = take(name) else { return nil }
        guard let text = tree.text(value) else { throw ToolFault(.argumentKind, name, detail: "a string") }
        guard text.count <= maxBytes else {
            throw ToolFault(.argumentRange, name, detail: "at most \(maxBytes) bytes long")
        }
        guard !text.contains(0) else { throw ToolFault(.argumentKind, name, detail: "a string without NUL") }
        return text
    }

    /// A whole number. `3.0` is one as well: JSON Schema, by which callers are told what to send, says so.
    mutating func integer(_ name: StaticString, _ range: ClosedRange<Int>) throws(ToolFault) -> Int? {
        guard let value = take(name) else { return nil }
        guard let number = tree.integer(value) ?? tree.double(value).flatMap(Int64.init(exactly:)) else {
            throw ToolFault(.argumentKind, name, detail: "a whole number")
        }
        guard range.contains(Int(number)) else {
            throw ToolFault(.argumentRange, name, detail: "from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(number)
    }

    mutating func flag(_ name: StaticString) throws(ToolFault) -> Bool? {
        guard let value = take(name) else { return nil }
        guard let flag = tree.bool(value) else { throw ToolFault(.argumentKind, name, detail: "true or false") }
        return flag
    }

    /// An object, whose members are read in the same way.
    mutating func object(_ name: StaticString) throws(ToolFault) -> ToolArguments? {
        guard let value = take(name) else { return nil }
        guard tree.kind(value) == .object else { throw ToolFault(.argumentKind, name, detail: "an object") }
        return ToolArguments(tree, value)
    }

    /// A list of objects.
    mutating func objects(_ name: StaticString, maxCount: Int) throws(ToolFault) -> [ToolArguments]? {
        guard let value = take(name) else { return nil }
        guard tree.kind(value) == .array else { throw ToolFault(.argumentKind, name, detail: "a list") }
        guard tree.count(value) <= maxCount else {
            throw ToolFault(.argumentRange, name, detail: "at most \(maxCount) long")
        }
        var all: [ToolArguments] = []
        for element in tree.elements(value) {
            guard tree.kind(element) == .object else {
                throw ToolFault(.argumentKind, name, detail: "a list of objects")
            }
            all.append(ToolArguments(tree, element))
        }
        return all
    }

    /// Ends the reading: an argument that was never asked for is named.
    func finish() throws(ToolFault) {
        guard let node, found < tree.count(node) else { return }
        let names = known.map(\.description).joined(separator: ", ")
        for (key, _) in tree.members(node) where !known.contains(where: { tree.equals(key, $0) }) {
            throw ToolFault(
                .argumentUnknown, tree.text(key) ?? [], detail: Array((names.isEmpty ? "none" : names).utf8))
        }
    }

    private mutating func take(_ name: StaticString) -> JSONNode? {
        known.append(name)
        guard let node, let value = tree.member(node, name) else { return nil }
        found += 1
        return value
    }
}
