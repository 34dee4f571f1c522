// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Policy
internal import StrictJSON

/// Reviews as they lie in the state directory, each with what it was made for.
enum ReviewStore {
    /// Version of the form; another one counts as no review.
    private static let format: Int64 = 1
    private static let mostBytes = 32 << 20

    enum Found {
        case none
        /// Made for exactly these files; the warning is about something else that differs.
        case current(Review, warning: String?)
        /// Made for something else than what is there now.
        case outdated(String)
    }

    /// The review that counts for this server as it would be sealed now.
    static func find(_ server: SealedServer, _ places: Places) throws(Failure) -> Found {
        guard let bytes = try PrivateFiles.read(path(server.name, places), limit: mostBytes) else { return .none }
        guard let stored = read(bytes) else { return .outdated("its stored review cannot be read") }
        guard stored.executable == server.executable.digest else {
            return .outdated("\(Visible.text(server.executable.path.bytes)) is another program than was reviewed")
        }
        guard stored.pins == server.pins.map(\.digest) else {
            return .outdated("the files that it runs are not those that were reviewed")
        }
        let warning =
            stored.commandLine == commandLine(server)
            ? nil
            : "its command line is not the one that was reviewed; review it again if that changes what its tools do"
        return .current(stored.review, warning: warning)
    }

    /// The review that is stored for this server, whatever it was made for: to be compared with, not to be believed.
    static func last(_ name: ServerName, _ places: Places) throws(Failure) -> Review? {
        try PrivateFiles.read(path(name, places), limit: mostBytes).flatMap(read)?.review
    }

    static func write(_ review: Review, for server: SealedServer, _ places: Places) throws(Failure) {
        var json = JSONWriter()
        json.beginObject()
        json.key("commandLine")
        json.string(commandLine(server).hex)
        json.key("executable")
        json.string(server.executable.digest.hex)
        json.key("format")
        json.integer(format)
        json.key("pins")
        json.beginArray()
        for pin in server.pins { json.string(pin.digest.hex) }
        json.endArray()
        json.key("review")
        json.value(SealedWriter.review(review))
        json.endObject()
        try PrivateFiles.write(path(server.name, places), json.take() + [0x0A])
    }

    static func remove(_ name: ServerName, _ places: Places) throws(Failure) {
        try PrivateFiles.remove(path(name, places))
    }

    private struct Stored {
        let executable: Digest
        let pins: [Digest]
        let commandLine: Digest
        let review: Review
    }

    private static func path(_ name: ServerName, _ places: Places) -> AbsolutePath {
        guard let path = places.reviews.appending(name.bytes + Array(".json".utf8)) else { return places.reviews }
        return path
    }

    private static func commandLine(_ server: SealedServer) -> Digest {
        var json = JSONWriter()
        json.beginArray()
        for argument in server.arguments {
            switch argument {
            case .fixed(let text): json.string(text)
            case .chosen(let name):
                json.beginArray()
                json.string(name.bytes)
                json.endArray()
            }
        }
        json.endArray()
        return Digest(SHA256.hash(json.finish().bytes.span))
    }

    /// Nil for anything but what ``write(_:for:_:)`` writes.
    private static func read(_ bytes: [UInt8]) -> Stored? {
        var reader = JSONReader(limits: .config)
        var tree = JSONTree()
        do throws(JSONError) { try reader.read(bytes.span, into: &tree) } catch { return nil }
        func digest(_ node: JSONNode?) -> Digest? { node.flatMap(tree.text).flatMap { Digest(hex: $0) } }
        guard tree.member(.root, "format").flatMap(tree.integer) == format,
            let executable = digest(tree.member(.root, "executable")),
            let commandLine = digest(tree.member(.root, "commandLine")),
            let pinned = tree.member(.root, "pins"), let inner = tree.member(.root, "review")
        else { return nil }
        let pins = tree.elements(pinned).map { digest($0) }
        let known = pins.compactMap { $0 }
        guard known.count == pins.count else { return nil }
        var review = JSONTree()
        do throws(JSONError) { try reader.read(tree.canonical(inner).bytes.span, into: &review) } catch { return nil }
        do throws(ConfigurationError) {
            let read = try SealedReader.review(review)
            guard ReviewDigests.fit(read) else { return nil }
            return Stored(executable: executable, pins: known, commandLine: commandLine, review: read)
        } catch { return nil }
    }
}
