// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Linux
internal import Policy
internal import StrictJSON

/// The sealed registry as it lies on the disk: believed only if nobody else can have written it and its digest fits.
final class SealFile {
    static let mostBytes = 64 << 20
    let registry: SealedRegistry
    let digest: Digest
    /// Open on the very bytes that were checked; the broker reads the same file.
    private let file: FileDescriptor

    init(path: String) throws(SealRefusal) {
        // Reading takes several times what the registry does.
        defer { ThisProcess.trimMemory() }
        let file: RegularFile
        do throws(TrustError) { file = try Trust.openFile(path) } catch {
            throw SealRefusal("\(error)", hint: error.reason == .missing ? "doorward registry seal" : error.reason.hint)
        }
        let bytes: [UInt8]
        do throws(SyscallError) {
            bytes = try file.readWhole(limit: Self.mostBytes)
            self.file = try file.descriptor.duplicate()
        } catch { throw SealRefusal("it cannot be read: \(error)", hint: "doorward registry seal") }
        var tree = JSONTree()
        var reader = JSONReader(limits: .config)
        do throws(JSONError) { try reader.read(bytes.span, into: &tree) } catch {
            throw SealRefusal(
                "it is not JSON (\(error.rule.rawValue) at byte \(error.offset))", hint: "doorward registry seal")
        }
        do throws(ConfigurationError) {
            let (claimed, node) = try SealedReader.parts(tree)
            guard let actual = Digest(SHA256.hash(tree.canonical(node).bytes.span).bytes), actual == claimed else {
                throw ConfigurationError(place: "digest", offset: 0, reason: "does not fit: the file was edited")
            }
            var registry = try SealedReader.read(tree, node)
            // Who may call what is the broker's business. Here it would only lie in memory, and in that of each sandbox's
            // first process, which is a copy of this one.
            registry.policy = ToolPolicy(rules: [])
            for index in registry.servers.indices { registry.servers[index].review = nil }
            self.registry = registry
            digest = claimed
        } catch { throw SealRefusal("\(error.place) \(error.reason)", hint: "doorward registry seal") }
    }

    func duplicate() throws(SyscallError) -> FileDescriptor { try file.duplicate() }
}

/// Why a sealed registry is not believed.
struct SealRefusal: Error {
    let reason: String
    let hint: String

    init(_ reason: String, hint: String) {
        self.reason = reason
        self.hint = hint
    }
}
