// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Policy
internal import StrictJSON
internal import Testing

/// Files that schema tests read.
enum SchemaFiles {
    static let tests = parent(#filePath)
    static let repository = parent(parent(tests))
    static let suite = corpora + "/json-schema-test-suite"

    private static var corpora: String {
        if let set = unsafe getenv("DOORWARD_CORPORA") { return unsafe String(cString: set) }
        return parent(repository) + "/shared/corpora"
    }

    private static func parent(_ path: String) -> String {
        String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
    }

    /// The content of a file; nil if it cannot be read.
    static func contents(of path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe block.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes.append(contentsOf: block[..<count])
        }
    }

    /// Paths of the JSON files below a directory, relative to it, sorted; none if it is not there.
    static func files(below directory: String, _ prefix: String = "") -> [String] {
        guard let stream = unsafe opendir(directory + "/" + prefix) else { return [] }
        defer { unsafe closedir(stream) }
        var found: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name.hasPrefix(".") { continue }
            if name.hasSuffix(".json") {
                found.append(prefix + name)
            } else {
                found += files(below: directory, prefix + name + "/")
            }
        }
        return found.sorted()
    }
}

/// Reads JSON as messages are read.
func tree(_ bytes: [UInt8]) throws(JSONError) -> JSONTree {
    var reader = JSONReader(limits: .message)
    var tree = JSONTree()
    try reader.read(bytes.span, into: &tree)
    return tree
}

func tree(_ text: String) throws(JSONError) -> JSONTree { try tree(Array(text.utf8)) }

func schema(_ text: String, options: SchemaOptions = SchemaOptions(), documents: [SchemaDocument] = [])
    throws -> ArgumentSchema
{
    try ArgumentSchema(try tree(text), .root, options: options, documents: documents)
}

/// Whether a value fits, asked in both ways, which have to agree.
func fits(_ value: String, _ schema: ArgumentSchema) throws -> Bool {
    let tree = try tree(value)
    let answer = schema.accepts(tree, .root)
    #expect(answer == (schema.violation(tree, .root) == nil))
    return answer
}
