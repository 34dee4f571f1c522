// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// The members of one object, each taken at most once; what nobody took is an error (style 7: unknown means no).
struct Fields {
    let tree: JSONTree
    let node: JSONNode
    let place: String
    private var left: [(key: JSONNode, value: JSONNode)]

    init(_ tree: JSONTree, _ node: JSONNode, _ place: String) throws(ConfigurationError) {
        guard tree.kind(node) == .object else {
            throw ConfigurationError(place: place, offset: tree.offset(node), reason: "must be an object")
        }
        self.tree = tree
        self.node = node
        self.place = place
        left = tree.members(node).map { (key: $0.key, value: $0.value) }
    }

    /// The member of that name, if there is one; it no longer counts as unknown.
    mutating func take(_ key: StaticString) -> Value? {
        guard let index = left.firstIndex(where: { tree.equals($0.key, key) }) else { return nil }
        let value = left.remove(at: index).value
        return Value(tree: tree, node: value, place: inside(key.description))
    }

    mutating func require(_ key: StaticString) throws(ConfigurationError) -> Value {
        guard let value = take(key) else { throw error("\(key) is missing") }
        return value
    }

    /// The rest, for objects whose keys are names.
    mutating func takeAll() -> [(name: [UInt8], value: Value)] {
        let all = left.map { member in
            let name = tree.text(member.key) ?? []
            return (
                name: name,
                value: Value(tree: tree, node: member.value, place: inside(String(decoding: name, as: UTF8.self)))
            )
        }
        left = []
        return all
    }

    /// Ends the reading: a key that was never asked for is refused by name.
    func finish() throws(ConfigurationError) {
        guard let unknown = left.first else { return }
        let name = String(decoding: tree.text(unknown.key) ?? [], as: UTF8.self)
        throw ConfigurationError(
            place: inside(name), offset: tree.offset(unknown.key), reason: "unknown key",
            hint: "see docs/doorward.schema.json for the keys that exist here")
    }

    func error(_ reason: String, hint: String = "") -> ConfigurationError {
        ConfigurationError(place: place, offset: tree.offset(node), reason: reason, hint: hint)
    }

    private func inside(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

    /// One value with its place, read as what it must be.
    struct Value {
        let tree: JSONTree
        let node: JSONNode
        let place: String

        var offset: Int { tree.offset(node) }

        func error(_ reason: String, hint: String = "") -> ConfigurationError {
            ConfigurationError(place: place, offset: offset, reason: reason, hint: hint)
        }

        func fields() throws(ConfigurationError) -> Fields { try Fields(tree, node, place) }

        /// A string without NUL.
        func text() throws(ConfigurationError) -> [UInt8] {
            guard let text = tree.text(node) else { throw error("must be a string") }
            guard !text.contains(0) else { throw error("must not contain a NUL") }
            return text
        }

        func flag() throws(ConfigurationError) -> Bool {
            guard let value = tree.bool(node) else { throw error("must be true or false") }
            return value
        }

        func number(_ range: ClosedRange<Int64>) throws(ConfigurationError) -> Int64 {
            guard let value = tree.integer(node), range.contains(value) else {
                throw error("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }

        func elements() throws(ConfigurationError) -> [Value] {
            guard tree.kind(node) == .array else { throw error("must be an array") }
            var place = 0
            return tree.elements(node).map { element in
                defer { place += 1 }
                return Value(tree: tree, node: element, place: "\(self.place)[\(place)]")
            }
        }

        func texts() throws(ConfigurationError) -> [[UInt8]] {
            var all: [[UInt8]] = []
            for element in try elements() { all.append(try element.text()) }
            return all
        }

        func path() throws(ConfigurationError) -> AbsolutePath {
            guard let path = AbsolutePath(try text()) else {
                throw error("must be an absolute path without empty, . or .. segments")
            }
            return path
        }

        func paths() throws(ConfigurationError) -> [AbsolutePath] {
            var all: [AbsolutePath] = []
            for element in try elements() { all.append(try element.path()) }
            return all
        }

        func milliseconds() throws(ConfigurationError) -> UInt64 {
            guard let value = Units.milliseconds(try text()) else {
                throw error("must be a span of time such as \"30s\", \"10m\" or \"1h\"")
            }
            return value
        }

        func byteCount() throws(ConfigurationError) -> UInt64 {
            guard let value = Units.bytes(try text()) else { throw error("must be a size such as \"512M\" or \"2G\"") }
            return value
        }

        func name<Name>(_ make: ([UInt8]) -> Name?, _ what: String) throws(ConfigurationError) -> Name {
            guard let name = make(try text()) else { throw error("is not \(what)") }
            return name
        }

        /// Distinct names; an empty list is an error, since it would match nothing and look like everything.
        func names<Name: Hashable>(_ make: ([UInt8]) -> Name?, _ what: String) throws(ConfigurationError) -> [Name] {
            var all: [Name] = []
            for element in try elements() {
                let name = try element.name(make, what)
                guard !all.contains(name) else { throw element.error("stands twice") }
                all.append(name)
            }
            guard !all.isEmpty else {
                throw error("is empty, so it would match nothing", hint: "leave the key out to match all")
            }
            return all
        }
    }
}
