// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Files that an entry's environment or headers refer to: read at each launch, so only looked at here.
enum SecretFiles {
    /// What would keep the server from starting, or the secret from being one.
    static func warnings(_ entry: ServerEntry) -> [String] {
        let values =
            entry.environment.map { (name: $0.name, value: $0.value) }
            + (entry.remote?.headers ?? []).map { (name: $0.name, value: $0.value) }
        return values.compactMap { name, value in
            guard case .file(let path) = value, let why = fault(path) else { return nil }
            return "\(entry.name): \(Visible.text(name)) cannot be read from its file: \(why)"
        }
    }

    private static func fault(_ path: AbsolutePath) -> String? {
        let file: RegularFile
        do throws(TrustError) { file = try Trust.openFile(path.description) } catch { return Failure(error).sentence }
        do throws(SyscallError) {
            guard try file.facts().mode & 0o077 == 0 else {
                return "\(Visible.text(path.bytes)): others can read it, chmod 600"
            }
        } catch { return "\(Visible.text(path.bytes)): \(error)" }
        return nil
    }
}
