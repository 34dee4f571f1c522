// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Values that a run refers to: read when it starts, handed over, kept nowhere.
enum RunSecrets {
    private static let mostBytes = 65_536

    /// Of a variable of the profile.
    static func value(_ entry: EnvironmentEntry) throws(Failure) -> [UInt8] {
        switch entry.value {
        case .plain(let text): return text
        case .file(let path): return try content(of: path)
        case .keyring(let description): return try key(description)
        }
    }

    /// As bytes in memory that nobody can change.
    static func descriptor(_ secret: RunRequest.Secret) throws(Failure) -> FileDescriptor {
        let bytes: [UInt8]
        switch secret.source {
        case .file(let path): bytes = try content(of: path)
        case .keyring(let description): bytes = try key(description)
        }
        do throws(SyscallError) { return try FileDescriptor.sealed("secret", bytes) } catch {
            throw Failure("a secret cannot be handed over", error)
        }
    }

    private static func content(of path: AbsolutePath) throws(Failure) -> [UInt8] {
        let file: RegularFile
        do throws(TrustError) { file = try Trust.openFile(path.description) } catch { throw Failure(error) }
        let shown = Visible.text(path.bytes)
        var bytes: [UInt8]
        let isPrivate: Bool
        do throws(SyscallError) {
            // A secret that others can read is none.
            isPrivate = try file.facts().mode & 0o077 == 0
            bytes = isPrivate ? try file.readWhole(limit: mostBytes) : []
        } catch { throw Failure(shown, error) }
        guard isPrivate else { throw Failure("\(shown): others can read it", hint: "chmod 600 \(shown)") }
        if bytes.last == 0x0A { bytes.removeLast() }
        return bytes
    }

    private static func key(_ description: [UInt8]) throws(Failure) -> [UInt8] {
        let name = Visible.quoted(description)
        guard let text = SystemString(description) else { throw Failure("the key \(name) holds a NUL") }
        do throws(SyscallError) {
            for ring in [Keyring.Ring.session, .user] {
                if let bytes = try Keyring.read(text, from: ring, limit: mostBytes) { return bytes }
            }
        } catch { throw Failure("the key \(name)", error) }
        throw Failure(
            "there is no key \(name) of type user in the session or user keyring", hint: "keyctl add user NAME VALUE @u"
        )
    }
}
