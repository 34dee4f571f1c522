// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Crypto
internal import Linux
internal import Policy

/// Opens the audit log of an installation; makes its key and its name at the first start.
enum JournalOpening {
    private static let installationName = FileName("installation")

    /// - Parameter startsNewChain: where the log is damaged, begin a new chain behind it instead of refusing.
    static func open(_ state: borrowing Directory, audit: AuditSettings, startsNewChain: Bool) throws(JournalError)
        -> Journal
    {
        var options = JournalOptions()
        options.durability = audit.syncEach ? .each : .asked
        options.segmentBytes = audit.segmentBytes
        options.startsNewChain = startsNewChain
        let key: SigningKey
        let installation: InstallationID
        let directory: Directory
        do throws(SyscallError) {
            key = try signingKey(try subdirectory(state, "keys"))
            installation = try installationID(state)
            directory = try subdirectory(state, "audit")
        } catch { throw .unusable(error) }
        return try Journal(in: directory, key: key, installation: installation, options)
    }

    private static func subdirectory(_ state: borrowing Directory, _ name: StaticString) throws(SyscallError)
        -> Directory
    {
        do throws(SyscallError) { return try state.openSubdirectory(FileName(name)) } catch {
            guard error.isNotFound else { throw error }
            return try state.makeSubdirectory(FileName(name))
        }
    }

    /// The log's signing key: made once, readable by this room alone.
    private static func signingKey(_ keys: borrowing Directory) throws(SyscallError) -> SigningKey {
        do throws(KeyFile.Failure) {
            if let known = try KeyFile.load(in: keys) { return known }
            return try KeyFile.create(in: keys)
        } catch {
            switch error {
            case .unusable(let failure): throw failure
            case .refused: throw SyscallError("open", "\(KeyFile.name)", code: SyscallError.forbidden)
            }
        }
    }

    /// A random name, so that logs of several installations can be told apart.
    private static func installationID(_ state: borrowing Directory) throws(SyscallError) -> InstallationID {
        do throws(SyscallError) {
            let bytes = try state.open(installationName).readWhole(limit: 256)
            guard let known = InstallationID(Array(bytes.prefix { $0 != 0x0A })) else {
                throw SyscallError.inputOutput("read")
            }
            return known
        } catch {
            guard error.isNotFound else { throw error }
        }
        let text = Hex.encode(Random.bytes(16))
        guard let made = InstallationID(text) else { throw SyscallError.inputOutput("read") }
        let line = text + [0x0A]
        try state.replace(installationName, with: line.span)
        return made
    }
}
