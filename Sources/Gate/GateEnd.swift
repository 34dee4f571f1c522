// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux

/// Why the room's loop has ended.
enum GateEnd: Error, Equatable {
    /// What was in flight when the broker said `drain` has been answered.
    case drained
    /// The broker is gone: nothing here may outlive it.
    case doorLost
    /// Something that must not happen, in words for the operator.
    case fault(String)

    static func broken(_ error: ChannelError) -> GateEnd { .fault("the broker's door is broken: \(error)") }
    static func system(_ error: SyscallError) -> GateEnd { .fault("\(error)") }
}
