// SPDX-License-Identifier: Apache-2.0

/// Which processes are web browsers, or the parts of one that open connections.
///
/// Chromium opens connections from its network service, whatever the product is called that embeds it; Firefox from its
/// parent or its socket process; WebKit from its network process. A name that is missing here is still caught by what the
/// process says it is doing, and a browser that hides from this list still lacks a credential.
enum Browsers {
    private static let names: Set<String> = [
        "brave", "brave-browser", "camoufox", "camoufox-bin", "chrome", "chrome-headless-shell", "chromium",
        "chromium-browser", "dooble", "electron", "epiphany", "epiphany-browser", "falkon", "firefox", "firefox-bin",
        "firefox-esr", "floorp", "google-chrome", "headless_shell", "konqueror", "librewolf", "lightpanda", "midori",
        "microsoft-edge", "minibrowser", "msedge", "mullvad-browser", "opera", "palemoon", "phantomjs", "qutebrowser",
        "seamonkey", "servo", "surf", "thorium", "tor-browser", "ungoogled-chromium", "vivaldi", "vivaldi-bin",
        "waterfox", "webkitnetworkprocess", "webkitwebprocess", "zen", "zen-bin",
    ]

    /// Arguments by which browsers' own processes tell each other apart.
    private static let marks: [String] = [
        "--type=renderer", "--type=gpu-process", "--utility-sub-type=network.mojom", "--type=zygote", "-contentproc",
    ]

    /// - Parameter commandLine: arguments separated by NUL, as /proc shows them.
    static func recognise(executable: [UInt8], commandLine: [UInt8]) -> Bool {
        // A program that was replaced while it ran has this behind its name.
        let deleted = Array(" (deleted)".utf8)
        var path = executable[...]
        if path.count > deleted.count, path.suffix(deleted.count) == deleted[...] {
            path = path.dropLast(deleted.count)
        }
        let name = path.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
        if names.contains(String(decoding: name.map(lowered), as: UTF8.self)) { return true }
        for argument in commandLine.split(separator: 0).prefix(512) {
            let text = String(decoding: argument, as: UTF8.self)
            // Some of Chromium's processes write their title into one argument, separated by blanks.
            for word in text.split(separator: " ") where marks.contains(where: { word.hasPrefix($0) }) { return true }
        }
        return false
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte }
}
