// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// The published test suite of JSON Schema, draft 2020-12.
enum SchemaSuite {
    static let directory = SchemaFiles.suite + "/tests/draft2020-12"
    static let all = SchemaFiles.files(below: directory)
    static let required = all.filter { !$0.hasPrefix("optional/") }
    static let optional = all.filter { $0.hasPrefix("optional/") }

    /// One file's answers.
    struct Outcome {
        var passed = 0
        var failures: [String] = []
        /// Integers that the reader refuses on the wire, respelled so that the validator gets to see them.
        var respelled = 0
    }

    /// What the suite expects to be retrievable.
    static let documents: [SchemaDocument] = {
        let directory = SchemaFiles.suite + "/remotes"
        return SchemaFiles.files(below: directory).compactMap { name in
            guard let bytes = SchemaFiles.contents(of: directory + "/" + name), let tree = read(bytes)?.tree else {
                return nil
            }
            return SchemaDocument(uri: Array("http://localhost:1234/\(name)".utf8), tree: tree)
        }
    }()

    static func run(_ name: String, _ options: SchemaOptions = SchemaOptions()) -> Outcome? {
        guard let bytes = SchemaFiles.contents(of: directory + "/" + name), let (tree, respelled) = read(bytes) else {
            return nil
        }
        var outcome = Outcome(respelled: respelled)
        for group in tree.elements(.root) {
            guard let node = tree.member(group, "schema"), let tests = tree.member(group, "tests") else { return nil }
            let title = text(tree, group)
            let schema: ArgumentSchema?
            var fault = ""
            do throws(SchemaFault) {
                schema = try ArgumentSchema(tree, node, options: options, documents: documents)
            } catch {
                schema = nil
                fault = " (\(error))"
            }
            for test in tree.elements(tests) {
                guard let data = tree.member(test, "data"), let valid = tree.member(test, "valid").flatMap(tree.bool)
                else { return nil }
                let answer = schema?.accepts(tree, data)
                if answer == valid, answer == (schema?.violation(tree, data) == nil) {
                    outcome.passed += 1
                } else {
                    outcome.failures.append("\(title) | \(text(tree, test))\(fault)")
                }
            }
        }
        return outcome
    }

    private static func text(_ tree: JSONTree, _ node: JSONNode) -> String {
        tree.member(node, "description").flatMap(tree.text).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func read(_ bytes: [UInt8]) -> (tree: JSONTree, respelled: Int)? {
        let (bytes, respelled) = respell(bytes)
        do throws(JSONError) {
            return (try PolicyTests.tree(bytes), respelled)
        } catch {
            return nil
        }
    }

    /// Writes `.0` behind integers beyond 2^53−1, which have no business in a message.
    private static func respell(_ bytes: [UInt8]) -> (bytes: [UInt8], count: Int) {
        var result: [UInt8] = []
        var count = 0
        var isString = false
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte == 0x22 { isString.toggle() }
            if isString || !(0x30...0x39).contains(byte) {
                result.append(byte)
                if byte == 0x5C {
                    at += 1
                    result.append(bytes[at])
                }
                at += 1
                continue
            }
            let end = bytes[at...].firstIndex { !"0123456789.eE+-".utf8.contains($0) } ?? bytes.count
            let number = bytes[at..<end]
            result += number
            if number.allSatisfy({ (0x30...0x39).contains($0) }),
                Int(String(decoding: number, as: UTF8.self)) ?? .max > 1 << 53 - 1
            {
                result += Array(".0".utf8)
                count += 1
            }
            at = end
        }
        return (result, count)
    }
}
