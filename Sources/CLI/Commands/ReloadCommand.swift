// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import StrictJSON

/// `doorward reload`
enum ReloadCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) throws(Failure) -> ExitStatus {
        let places = try Places(arguments, console)
        guard let client = try OperatorClient.connect(places) else { throw Failure.nothingServing(places) }
        let changes = try client.ask(.reload, seconds: 60)
        if arguments.has(.json) {
            console.print(document: changes)
        } else {
            console.print("the sealed registry was adopted\(summary(changes))")
        }
        return .done
    }

    /// `: 1 added, 2 changed`, or nothing.
    private static func summary(_ changes: JSONTree) -> String {
        let parts = (["added", "changed", "removed", "reviewed"] as [StaticString]).compactMap { key in
            let count = changes.member(.root, key).map { changes.count($0) } ?? 0
            return count == 0 ? nil : "\(count) \(key)"
        }
        return parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
    }

    /// Lets a running broker adopt what was just sealed; nil where nothing is serving.
    static func adopt(_ places: Places) throws(Failure) -> JSONTree? {
        guard let client = try OperatorClient.connect(places) else { return nil }
        return try client.ask(.reload, seconds: 60)
    }
}

extension Failure {
    static func nothingServing(_ places: Places) -> Failure {
        Failure(
            "nothing is serving \(Visible.text(places.state.bytes))", hint: "doorward serve, or another --state DIR",
            status: .nothingServing)
    }
}

/// The moment of a command, in seconds since 1970.
enum Now {
    static var seconds: UInt64 { WallClock.microseconds / 1_000_000 }
}
