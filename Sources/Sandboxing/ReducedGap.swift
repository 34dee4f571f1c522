// SPDX-License-Identifier: Apache-2.0

/// What a program reaches where a host gives no namespaces, though stage two is complete: told whenever one is started so.
package enum ReducedGap: CaseIterable, Sendable {
    case paths
    case processes
    case modes

    /// Lower case, no full stop.
    package var sentence: String {
        switch self {
        case .paths: "it sees which paths exist on this host, though not what is in them"
        case .processes: "it sees which process ids are in use, though nothing of the processes"
        case .modes: "it can change the permission bits of files that belong to the user it runs as"
        }
    }
}
