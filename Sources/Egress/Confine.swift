// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux

extension EgressRoom {
    /// Gives up everything but reaching out, and says so: the broker hands sandboxes to nobody else.
    func confine() { send(.ready(report: SealedRoom.enter(.egress, mayConnect: true).encoded)) }
}
