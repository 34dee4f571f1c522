// SPDX-License-Identifier: Apache-2.0
package import Linux

/// The AppArmor profiles on disk that attach to a program. The kernel applies none when two do.
package enum AppArmorProfiles {
    /// More profiles than any distribution ships, and longer than each of them.
    private static let maxFiles = 2000
    private static let maxBytes = 262_144

    package static func naming(_ program: [UInt8]) throws(SyscallError) -> [String] {
        var found: [String] = []
        let directory: Directory
        do {
            directory = try Directory(path: "/etc/apparmor.d")
        } catch  where error.isNotFound || error.isForbidden {
            return []
        }
        for name in try directory.names(limit: maxFiles) {
            guard let last = SystemString(name.bytes) else { continue }
            let path = "/etc/apparmor.d/" + last
            guard let text = try HostSetting.text(path, limit: maxBytes) else { continue }
            if names(program, in: text) { found.append(path.description) }
        }
        return found.sorted()
    }

    /// Whether a profile header in `text` is attached to exactly this path.
    ///
    /// A header is `profile NAME PATH flags=(…) {` or `PATH flags=(…) {`, with the path quoted or not.
    static func names(_ program: [UInt8], in text: [UInt8]) -> Bool {
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard let first = words.first, first.first != UInt8(ascii: "#"),
                words.last?.elementsEqual("{".utf8) == true
            else { continue }
            // The attachment stands among the first three words, before flags and the bracket.
            for word in words.prefix(3) {
                let bare = word.filter { $0 != UInt8(ascii: "\"") }
                if bare == program { return true }
            }
        }
        return false
    }
}
