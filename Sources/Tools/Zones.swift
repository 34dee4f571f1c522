// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The time zones of this machine.
final class Zones: Sendable {
    /// In bytes; the longest name there is has 38.
    static let maxNameBytes = 64
    static let systemPath = "/usr/share/zoneinfo"

    /// Nil where there are none.
    private let tree: Subtree?

    /// Opens the directory now, so that a sandbox which is put on later need not allow it.
    init(path: String = Zones.systemPath) {
        tree = Self.open(path)
    }

    /// - Throws: `zone-unknown`, also for files that are no zones; `zones-missing`.
    func zone(_ name: [UInt8]) throws(ToolFault) -> ZoneFile {
        guard tree != nil else { throw ToolFault(.zonesMissing, name) }
        guard Self.isName(name), let path = RelativePath(name) else { throw ToolFault(.zoneUnknown, name) }
        let bytes: [UInt8]?
        do throws(SyscallError) {
            bytes = try tree?.openFile(path).readWhole(limit: ZoneFile.maxBytes)
        } catch {
            throw ToolFault(.zoneUnknown, name)
        }
        guard let bytes, let zone = ZoneFile(bytes) else { throw ToolFault(.zoneUnknown, name) }
        return zone
    }

    /// Letters, digits, `_`, `-`, `+` in one to three parts, each of which begins with a letter.
    private static func isName(_ name: [UInt8]) -> Bool {
        guard name.count <= maxNameBytes else { return false }
        let parts = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count <= 3
            && parts.allSatisfy { part in
                guard let first = part.first, isLetter(first) else { return false }
                return part.allSatisfy {
                    isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) || [0x2B, 0x2D, 0x5F].contains($0)
                }
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }

    private static func open(_ path: String) -> Subtree? {
        do throws(SyscallError) {
            return try Subtree(path: path)
        } catch {
            return nil
        }
    }
}
