// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Policy
internal import StrictJSON

/// Why a sealed registry is not adopted.
struct SealFault: Error {
    let sentence: String
}

/// From the bytes of the sealed file to a registry, if the bytes are what they claim to be.
enum SealReading {
    static func read(_ bytes: [UInt8], expecting digest: Digest) throws(SealFault) -> SealedRegistry {
        var tree = JSONTree()
        var reader = JSONReader(limits: .config)
        do throws(JSONError) { try reader.read(bytes.span, into: &tree) } catch {
            throw SealFault(sentence: "it is not JSON (\(error.rule.rawValue) at byte \(error.offset))")
        }
        do throws(ConfigurationError) {
            let (claimed, node) = try SealedReader.parts(tree)
            let actual = Digest(SHA256.hash(tree.canonical(node).bytes.span))
            guard claimed == actual, actual == digest else {
                throw ConfigurationError(place: "digest", offset: 0, reason: "does not fit what it stands for")
            }
            return try SealedReader.read(tree, node)
        } catch { throw SealFault(sentence: "\(error.place) \(error.reason)") }
    }
}

/// What one seal changes against another, for the record and the operator.
struct SealChanges {
    private(set) var added: [ServerName] = []
    private(set) var removed: [ServerName] = []
    private(set) var changed: [ServerName] = []
    private(set) var reviewed: [ServerName] = []
    private(set) var isPolicyChanged: Bool
    private let servers: Int

    init(from old: Seal, to new: Seal) {
        servers = new.servers.count
        isPolicyChanged = old.registry.policy != new.registry.policy
        for view in new.servers {
            guard let before = old.server(view.name) else {
                added.append(view.name)
                continue
            }
            if before.identity != view.identity { changed.append(view.name) }
            if before.sealed.review != view.sealed.review { reviewed.append(view.name) }
        }
        for view in old.servers where new.server(view.name) == nil { removed.append(view.name) }
    }

    func write(_ json: inout JSONWriter, digest: Digest) {
        list("added", added, &json)
        list("changed", changed, &json)
        json.key("digest")
        json.string(digest.hex)
        json.key("policyChanged")
        json.bool(isPolicyChanged)
        list("removed", removed, &json)
        list("reviewed", reviewed, &json)
        json.key("servers")
        json.unsigned(UInt64(servers))
    }

    func document(digest: Digest) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        write(&json, digest: digest)
        json.endObject()
        return json.take()
    }

    /// A record has room for a few dozen names; the counts always fit.
    private func list(_ key: StaticString, _ names: [ServerName], _ json: inout JSONWriter) {
        json.key(key)
        json.beginArray()
        for name in names.prefix(64) { json.string(name.bytes) }
        if names.count > 64 { json.string("and \(names.count - 64) more") }
        json.endArray()
    }
}

extension Seal {
    /// Before the launcher has handed over anything.
    static var empty: Seal {
        let nothing = Digest(SHA256Digest.zero)
        return Seal(
            digest: nothing,
            registry: SealedRegistry(
                sealedAt: 0, source: nothing, listeners: [], clients: [], policy: ToolPolicy(rules: []),
                audit: .standard,
                limits: .standard, servers: []))
    }
}
