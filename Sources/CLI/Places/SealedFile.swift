// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Policy
internal import StrictJSON

/// The sealed registry as it lies on the disk, believed only if nobody else can have written it and its digest fits.
struct SealedFile {
    static let mostBytes = 64 << 20
    let registry: SealedRegistry
    let digest: Digest

    /// Nil where nothing was sealed yet.
    ///
    /// - Throws: ``Failure`` with status 8 where there is a file that is not believed.
    static func read(_ places: Places) throws(Failure) -> SealedFile? {
        guard let bytes = try PrivateFiles.read(places.sealed, limit: mostBytes, status: .sealNotBelieved) else {
            return nil
        }
        return try SealedFile(bytes, places.sealed)
    }

    init(_ bytes: [UInt8], _ path: AbsolutePath) throws(Failure) {
        let shown = Visible.text(path.bytes)
        let hint = "doorward registry seal makes it anew"
        var tree = JSONTree()
        var reader = JSONReader(limits: .config)
        do throws(JSONError) { try reader.read(bytes.span, into: &tree) } catch {
            throw Failure(
                "\(shown): \(CommentedJSON.sentence(error.rule)) (byte \(error.offset))", hint: hint,
                status: .sealNotBelieved)
        }
        do throws(ConfigurationError) {
            let (claimed, node) = try SealedReader.parts(tree)
            guard claimed == Digest(SHA256.hash(tree.canonical(node).bytes.span)) else {
                throw ConfigurationError(place: "digest", offset: 0, reason: "does not fit: the file was edited")
            }
            registry = try SealedReader.read(tree, node)
            digest = claimed
        } catch {
            throw Failure(
                "\(shown): \(Visible.text("\(error.place) \(error.reason)"))", hint: hint, status: .sealNotBelieved)
        }
    }

    /// Writes a registry, and tells what it is known by from now on.
    static func write(_ registry: SealedRegistry, _ places: Places) throws(Failure) -> Digest {
        let canonical = SealedWriter.registry(registry)
        let digest = Digest(SHA256.hash(canonical.bytes.span))
        let bytes = SealedWriter.file(canonical, digest: digest)
        // What launcher and broker could not read must not take the place of what they can.
        do throws(Failure) { _ = try SealedFile(bytes, places.sealed) } catch {
            throw Failure(
                "the sealed registry would not be readable: \(error.sentence)",
                hint: "register fewer servers or smaller tools")
        }
        try PrivateFiles.write(places.sealed, bytes)
        return digest
    }

    /// Seals an installation that has no configuration yet, so that tokens can be issued before the first server.
    static func writeEmpty(_ places: Places, now: UInt64) throws(Failure) {
        let configuration = try ConfigurationFile(places.configuration, ConfigurationFile.empty).configuration
        _ = try write(
            SealedRegistry(
                sealedAt: now, source: ConfigurationFile.digest([]), listeners: configuration.listeners,
                clients: configuration.clients, policy: configuration.policy, audit: configuration.audit,
                limits: configuration.limits, servers: [], profiles: configuration.profiles,
                egress: configuration.egress),
            places)
    }
}
