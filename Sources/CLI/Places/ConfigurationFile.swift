// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux
internal import Policy
internal import StrictJSON

/// `doorward.json` as it lies on the disk, read by the one strict reader.
struct ConfigurationFile {
    /// The reader's own limit.
    static let mostBytes = 8 << 20
    /// What an installation without a configuration is sealed from.
    static let empty = Array("{}\n".utf8)

    let path: AbsolutePath
    let bytes: [UInt8]
    let tree: JSONTree
    let configuration: Configuration

    /// Nil where there is no such file.
    static func read(_ path: AbsolutePath) throws(Failure) -> ConfigurationFile? {
        guard let bytes = try PrivateFiles.read(path, limit: mostBytes) else { return nil }
        return try ConfigurationFile(path, bytes)
    }

    /// - Throws: ``Failure`` with line and column of the first fault.
    init(_ path: AbsolutePath, _ bytes: [UInt8]) throws(Failure) {
        self.path = path
        self.bytes = bytes
        tree = try CommentedJSON.read(bytes, path)
        do throws(ConfigurationError) { configuration = try ConfigurationReader.read(tree) } catch {
            let place = error.place.isEmpty ? "" : Visible.text(error.place) + " "
            throw Failure(
                "\(CommentedJSON.place(path, bytes, error.offset)): \(place)\(Visible.text(error.reason))",
                hint: Visible.text(error.hint))
        }
    }

    /// What a seal made from it names as its source.
    var digest: Digest { Self.digest(bytes) }

    static func digest(_ bytes: [UInt8]) -> Digest { Digest(SHA256.hash(bytes.span)) }

    func entry(_ name: ServerName) -> ServerEntry? { configuration.servers.first { $0.name == name } }
}

/// JSON with comments, and words about what is wrong in it.
enum CommentedJSON {
    static func read(_ bytes: [UInt8], _ path: AbsolutePath) throws(Failure) -> JSONTree {
        var tree = JSONTree()
        var reader = JSONReader(limits: .config, dialect: .commented)
        do throws(JSONError) { try reader.read(bytes.span, into: &tree) } catch {
            throw Failure(
                "\(place(path, bytes, error.offset)): \(sentence(error.rule))",
                hint: "the file is JSON; // and /* */ comments are allowed, nothing else is relaxed")
        }
        return tree
    }

    /// `FILE:LINE:COLUMN`, as editors take it.
    static func place(_ path: AbsolutePath, _ bytes: [UInt8], _ offset: Int) -> String {
        let position = position(of: offset, in: bytes.span)
        return "\(Visible.text(path.bytes)):\(position.line):\(position.column)"
    }

    static func sentence(_ rule: JSONRule) -> String {
        switch rule {
        case .empty: "the file is empty"
        case .truncated: "the file ends inside a value"
        case .unexpectedByte: "this character may not stand here"
        case .trailingBytes: "something follows the one value"
        case .byteOrderMark: "the file begins with a byte order mark"
        case .encoding: "this is not UTF-8"
        case .controlCharacter: "a control character stands in a string"
        case .escape: "this is not an escape of JSON"
        case .loneSurrogate: "half a character is escaped here"
        case .number: "this is not a number of JSON"
        case .comment: "a comment is not ended, or hides more than text"
        case .duplicateKey: "the key stands twice in this object"
        case .integerRange, .numberRange: "the number is too large"
        case .bytes: "the file is too large"
        case .depth: "values are nested too deep"
        case .members: "the object has too many members"
        case .values: "the file holds too many values"
        case .keyBytes: "the key is too long"
        case .stringBytes: "the string is too long"
        case .numberBytes: "the number has too many digits"
        }
    }
}

extension Digest {
    init(_ hash: SHA256Digest) {
        guard let digest = Digest(hash.bytes) else { preconditionFailure("a SHA-256 has 32 bytes") }
        self = digest
    }
}
