// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Policy

/// How `doorward` starts this program: every path absolute, every choice made. People do not type this.
struct Invocation: Equatable {
    let mode: LaunchReport.Mode
    /// Directory of state: tokens, keys, log, sockets.
    let state: String
    /// The sealed registry.
    let registry: String
    let isFullDemanded: Bool
    /// The operator's word that a damaged log may be followed by a new chain.
    let startsNewChain: Bool
    /// Addresses that replace the sealed ones, by listener.
    let listeners: [ListenerEntry]

    static let newChain = "--new-audit-chain"

    /// `serve|administer STATE REGISTRY full|reduced [--new-audit-chain] [NAME=ADDRESS…]`
    init(_ arguments: [String]) throws(LaunchFault) {
        guard arguments.count >= 4 else { throw Self.usage }
        switch arguments[0] {
        case "serve": mode = .serve
        case "administer": mode = .administer
        default: throw Self.usage
        }
        guard AbsolutePath(Array(arguments[1].utf8)) != nil, AbsolutePath(Array(arguments[2].utf8)) != nil else {
            throw Self.usage
        }
        state = arguments[1]
        registry = arguments[2]
        switch arguments[3] {
        case "full": isFullDemanded = true
        case "reduced": isFullDemanded = false
        default: throw Self.usage
        }
        startsNewChain = arguments.count > 4 && arguments[4] == Self.newChain
        var listeners: [ListenerEntry] = []
        for argument in arguments.dropFirst(startsNewChain ? 5 : 4) {
            let parts = argument.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let name = ListenerName(Array(parts[0].utf8)),
                let address = ListenAddress(Array(parts[1].utf8))
            else { throw Self.usage }
            listeners.append(ListenerEntry(name: name, address: address))
        }
        self.listeners = listeners
    }

    private static let usage = LaunchFault(
        "doorward-launch is started by doorward, not by hand", hint: "doorward serve --help", status: 2)
}
