// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The sealed part of `web_fetch`: what the command line says.
struct FetchSettings: Equatable, Sendable {
    /// Of one page; in the answer it stands twice.
    static let bytesRange = 1 << 10...1 << 20
    static let secondsRange = 1...300

    /// The program that fetches; nil is the one beside this program.
    var client: String?
    /// Certificates to believe instead of the system's.
    var certificates: String?
    var maxBytes = 1 << 20
    var seconds = 30

    init() {}

    /// - Parameter words: behind the word `web`.
    init(_ words: ArraySlice<String>) throws(ArgumentError) {
        var rest = words
        while let word = rest.popFirst() {
            guard ["--client", "--certificates", "--size", "--time"].contains(word) else { throw .unknown(word) }
            guard let value = rest.popFirst(), !value.isEmpty else { throw .valueMissing(word) }
            switch word {
            case "--client": client = try Self.path(value, word)
            case "--certificates": certificates = try Self.path(value, word)
            case "--size": maxBytes = try Quantity.bytes(value, Self.bytesRange, word)
            default: seconds = try Quantity.seconds(value, Self.secondsRange, word)
            }
        }
    }

    private static func path(_ value: String, _ option: String) throws(ArgumentError) -> String {
        guard value.utf8.first == UInt8(ascii: "/"), !value.utf8.contains(0) else { throw .badValue(option, value) }
        return value
    }

    /// - Parameter path: of this program.
    static func beside(_ path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "/doorward-web" }
        return path[..<slash] + "/doorward-web"
    }
}

/// What all fetches of one process have in common.
struct FetchHouse: Sendable {
    let settings: FetchSettings
    /// The path of the program that fetches.
    let client: String

    init(_ settings: FetchSettings, client: String) {
        self.settings = settings
        self.client = client
    }
}
