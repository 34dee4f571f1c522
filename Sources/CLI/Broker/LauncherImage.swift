// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Arguments and environment of a launcher.
enum LauncherImage {
    /// Nothing of this environment reaches the launcher but what its runtime reads about itself: whatever a server gets
    /// stands in its sealed entry.
    private static let kept: [SystemString] = ["PATH", "LANG", "TZ", "SWIFT_BACKTRACE", "ASAN_OPTIONS", "TSAN_OPTIONS"]

    /// The word that lets a damaged log be followed by a new chain, where the operator said so.
    static func newChain(_ arguments: ParsedArguments) -> [[UInt8]] {
        arguments.has(.newAuditChain) ? [Array("--\(OptionName.newAuditChain.rawValue)".utf8)] : []
    }

    /// - Parameter words: none holds a NUL: they are validated paths and words of ours.
    static func make(_ words: [[UInt8]]) -> ExecutableImage {
        var environment: [SystemString] = []
        for name in kept {
            guard let value = Environment.value(name) else { continue }
            if let entry = SystemString(name.bytes + [UInt8(ascii: "=")] + value) { environment.append(entry) }
        }
        return ExecutableImage(arguments: words.compactMap(SystemString.init), environment: environment)
    }
}
