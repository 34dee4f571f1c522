// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Descriptors on their way to somebody, in a place that optionals and parameters can hold.
final class Passing {
    private var descriptors = PassedDescriptors()

    init(_ descriptor: consuming FileDescriptor) { descriptors.append(descriptor) }

    /// Gives them away; empty afterwards.
    func take() -> PassedDescriptors {
        var taken = PassedDescriptors()
        while let next = descriptors.takeFirst() { taken.append(next) }
        return taken
    }

    /// Second owners of the same open files, so that a failed attempt loses nothing.
    func copies() throws(SyscallError) -> PassedDescriptors {
        var copies = PassedDescriptors()
        var kept = PassedDescriptors()
        while let next = descriptors.takeFirst() {
            copies.append(try next.duplicate())
            kept.append(next)
        }
        descriptors = kept
        return copies
    }
}

/// The two ends of a new door.
final class DoorEnds {
    let near: Passing
    let far: Passing

    init() throws(LaunchFault) {
        var ends: (near: Passing, far: Passing)?
        do throws(SyscallError) {
            try UnixSocket.pair(.packet).part { near, far in ends = (Passing(near), Passing(far)) }
        } catch { throw LaunchFault("a door cannot be made: \(error)", hint: "doorward doctor") }
        guard let ends else { throw LaunchFault("a door cannot be made", hint: "this is a fault of doorward") }
        (near, far) = ends
    }
}
