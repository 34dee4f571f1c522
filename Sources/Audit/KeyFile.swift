// SPDX-License-Identifier: Apache-2.0
package import Crypto
package import Linux

/// The file that holds the key which signs checkpoints: 64 hexadecimal digits and a line feed, for its owner alone.
///
/// It lies outside the audit directory, and no other process than the journal's reads it.
package enum KeyFile {
    package static let name = FileName("audit.ed25519")

    /// Why a key file was not believed. The raw value is the stable word.
    package enum Refusal: String, Sendable {
        case foreignOwner = "foreign-owner"
        case tooOpen = "too-open"
        case form = "form"
    }

    /// A key file that cannot be used.
    package enum Failure: Error, Equatable, Sendable {
        case refused(Refusal)
        case unusable(SyscallError)
    }

    /// Reads the key; nil where there is no file.
    ///
    /// - Parameter user: to whom the file must belong.
    package static func load(in directory: borrowing Directory, user: UInt32 = Trust.effectiveUser) throws(Failure)
        -> SigningKey?
    {
        let facts: FileFacts
        let text: [UInt8]
        do throws(SyscallError) {
            let file = try directory.open(name)
            facts = try file.facts()
            text = try file.readWhole(limit: Layout.publicKeyFileBytes)
        } catch {
            if error.isNotFound { return nil }
            throw error.isTooBig ? .refused(.form) : .unusable(error)
        }
        guard facts.owner == user else { throw .refused(.foreignOwner) }
        guard facts.mode & 0o077 == 0 else { throw .refused(.tooOpen) }
        guard text.count == Layout.publicKeyFileBytes, text.last == newline,
            let bytes = Hex.decode(text.span.extracting(droppingLast: 1)), let key = SigningKey(bytes)
        else { throw .refused(.form) }
        return key
    }

    /// Makes a new key and its file, which must not exist: a key is never overwritten.
    package static func create(in directory: borrowing Directory) throws(Failure) -> SigningKey {
        let key = SigningKey.generate()
        do throws(SyscallError) {
            let file = try directory.create(name, mode: 0o600)
            try file.writeAll((Hex.encode(key.secretBytes) + [newline]).span, at: 0)
            try file.synchroniseData()
            try directory.synchronise()
        } catch {
            throw .unusable(error)
        }
        return key
    }
}
