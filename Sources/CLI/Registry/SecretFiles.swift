// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// Files that an entry's environment refers to: read at each launch, so only looked at here.
enum SecretFiles {
    /// What would keep the server from starting, or the secret from being one.
    static func warnings(_ entry: ServerEntry) -> [String] {
        entry.environment.compactMap { variable in
            guard case .file(let path) = variable.value, let why = fault(path) else { return nil }
            return "\(entry.name): \(Visible.text(variable.name)) cannot be read from its file: \(why)"
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
