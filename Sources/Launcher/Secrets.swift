// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Values that a sealed entry refers to: read at each launch, given to that server's environment, kept nowhere.
enum Secrets {
    private static let mostBytes = 65_536

    /// `NAME=value` for each variable of the entry.
    static func environment(_ entries: [EnvironmentEntry]) throws(SecretFault) -> [SystemString] {
        var environment: [SystemString] = []
        for entry in entries {
            guard let variable = SystemString(entry.name + [UInt8(ascii: "=")] + (try value(entry.value))) else {
                throw SecretFault("the value of \(String(decoding: entry.name, as: UTF8.self)) holds a NUL")
            }
            environment.append(variable)
        }
        return environment
    }

    private static func value(_ value: EnvironmentValue) throws(SecretFault) -> [UInt8] {
        switch value {
        case .plain(let text): return text
        case .file(let path): return try content(of: path)
        case .keyring(let description): return try key(description)
        }
    }

    private static func content(of path: AbsolutePath) throws(SecretFault) -> [UInt8] {
        let file: RegularFile
        do throws(TrustError) { file = try Trust.openFile(path.description) } catch {
            throw SecretFault("\(path): \(error)")
        }
        do throws(SyscallError) {
            // A secret that others can read is none.
            guard try file.facts().mode & 0o077 == 0 else { throw SyscallError("mode", code: -1) }
            var bytes = try file.readWhole(limit: mostBytes)
            if bytes.last == 0x0A { bytes.removeLast() }
            return bytes
        } catch {
            throw SecretFault(error.code == -1 ? "\(path): others can read it, chmod 600" : "\(path): \(error)")
        }
    }

    private static func key(_ description: [UInt8]) throws(SecretFault) -> [UInt8] {
        let name = String(decoding: description, as: UTF8.self)
        guard let text = SystemString(description) else { throw SecretFault("key \(name): holds a NUL") }
        do throws(SyscallError) {
            for ring in [Keyring.Ring.session, .user] {
                if let bytes = try Keyring.read(text, from: ring, limit: mostBytes) { return bytes }
            }
        } catch { throw SecretFault("key \(name): \(error)") }
        throw SecretFault("key \(name): there is no such key of type user in the session or user keyring")
    }
}

/// A secret that cannot be had. Never holds the secret.
struct SecretFault: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
