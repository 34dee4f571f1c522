// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// One sandbox that is served: its listeners are who it is.
final class Served {
    /// What is spoken on a listener; never found out by looking.
    enum Grammar {
        case http
        case socks
    }

    let number: UInt32
    let http: FileDescriptor
    let socks: FileDescriptor
    var policy: EgressPolicy
    /// Its connections, by slot.
    var clients: Set<Int> = []
    /// Decisions about it that are being made or are not recorded yet.
    var unrecorded = 0
    var isReleased = false

    init(number: UInt32, http: consuming FileDescriptor, socks: consuming FileDescriptor, policy: EgressPolicy) {
        self.number = number
        self.http = http
        self.socks = socks
        self.policy = policy
    }
}
