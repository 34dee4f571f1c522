// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// What sandboxes need of the egress room.
extension BrokerRoom {
    /// Lets the egress room accept on a sandbox's listeners; false where there is no such room.
    func serveEgress(
        sandbox: UInt32, label: [UInt8], policy: [UInt8], listeners: consuming PassedDescriptors
    ) -> Bool { false }

    /// Closes a sandbox's listeners and cuts what it has open.
    func releaseEgress(sandbox: UInt32) {}
}
