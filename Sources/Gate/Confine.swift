// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux

extension GateRoom {
    /// Gives up everything but the descriptors that are open, and says so: the broker hands connections to nobody else.
    func confine() { send(.ready(report: SealedRoom.enter(.gate).encoded)) }
}
