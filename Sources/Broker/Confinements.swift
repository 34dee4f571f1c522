// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import StrictJSON

/// Confinement reports as they travel between rooms, and as people read them.
enum Confinements {
    /// An object of layer words: `"enforced"`, or what is missing or reduced, with the reason.
    static func write(_ encoded: [UInt8], _ json: inout JSONWriter) {
        guard let report = ConfinementReport(encoded: encoded.span) else {
            json.null()
            return
        }
        var edits: [JSONEdit] = []
        for layer in Layer.allCases {
            let word: String
            switch report[layer] {
            case .enforced: word = "enforced"
            case .reduced(let why): word = "reduced: \(why.word)"
            // What was never planned is no gap of this host.
            case .missing(.notPlanned): continue
            case .missing(let why): word = "missing: \(why.word)"
            }
            edits.append(.putKey(Array(layer.word.utf8), JSONText.canonical(Array(word.utf8))))
        }
        json.object(JSONTree(), .root, edits: edits)
    }

    /// What the launcher enforced on a room, and what the room then put on itself.
    static func joined(_ launched: [UInt8], _ own: [UInt8]) -> [UInt8] {
        guard var report = ConfinementReport(encoded: launched.span), let added = ConfinementReport(encoded: own.span)
        else {
            return own
        }
        for layer in Layer.allCases where added[layer] != .missing(.notPlanned) { report[layer] = added[layer] }
        return report.encoded
    }

    /// Why a room is not what the operator demands, or nil.
    static func gap(_ encoded: [UInt8], of room: String) -> String? {
        guard let report = ConfinementReport(encoded: encoded.span) else { return "it sent no report" }
        // The watcher must see other processes, so it keeps the host's namespaces and has its filter instead.
        if room == "watch" {
            return report[.seccomp] == .enforced ? nil : "no system call filter"
        }
        if let layer = report.firstGap(for: room == "egress" ? .egress : .room) {
            return describe(layer, report[layer])
        }
        return report[.seccomp] == .enforced ? nil : describe(.seccomp, report[.seccomp])
    }

    private static func describe(_ layer: Layer, _ state: Enforcement) -> String {
        switch state {
        case .enforced: "\(layer.word) is enforced"
        case .reduced(let why): "\(layer.word) is reduced (\(why.word))"
        case .missing(let why): "\(layer.word) is missing (\(why.word))"
        }
    }
}
