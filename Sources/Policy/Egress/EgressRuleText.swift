// SPDX-License-Identifier: Apache-2.0

/// Rules as people are shown them, in lists, in status and before a run.
extension EgressRule: CustomStringConvertible {
    /// `api.example.com:443`, `deny *.example.com`, `local port 5432`.
    package var description: String {
        switch matter {
        case .local(let port): return "local port \(port)"
        case .remote(let remote):
            var text = remote.verdict == .allow ? "" : "\(remote.verdict.word) "
            text += String(decoding: remote.host.text, as: UTF8.self)
            if let ports = remote.ports { text += ":" + ports.map { "\($0)" }.joined(separator: ",") }
            if let block = remote.block { text += " in \(block.text)" }
            if let methods = remote.methods {
                text += " by " + methods.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
            }
            if remote.sni == .strict { text += " strict" }
            return text
        }
    }
}

extension EgressPolicy: CustomStringConvertible {
    /// `none`, `public`, or all rules in order.
    package var description: String {
        if rules.isEmpty { return "none" }
        return self == .public ? "public" : rules.map(\.description).joined(separator: "; ")
    }
}
