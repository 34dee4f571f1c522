// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux

/// Why the room cannot go on.
enum EgressEnd: Error, Equatable {
    /// The broker is gone.
    case doorLost
    case fault(String)

    static func system(_ error: SyscallError) -> EgressEnd { .fault("\(error)") }
    /// The broker does not keep to the protocol, or its door failed.
    static func broken(_ error: ChannelError) -> EgressEnd { .fault("door: \(error)") }
    static func frame(_ error: FrameError) -> EgressEnd { .broken(.frame(error)) }
}
