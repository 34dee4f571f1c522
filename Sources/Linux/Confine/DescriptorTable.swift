// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// The descriptors that a child shall have: decided in the parent, put into place in the child.
///
/// Holds numbers, not owners: the owners stay with the parent, of which the child is a copy.
package struct DescriptorTable: Sendable {
    private var wanted: [Int32] = []
    private var kept: [Int32] = []

    package init() {}

    /// How many are numbered so far; the next one added gets this number.
    package var count: Int { wanted.count }

    /// Gives the next free number, from 0, to this descriptor.
    package mutating func add(_ descriptor: borrowing FileDescriptor) { wanted.append(descriptor.number) }

    /// Gives the next free numbers to these, in their order.
    package mutating func add(_ descriptors: borrowing PassedDescriptors) {
        for index in 0..<descriptors.count { wanted.append(descriptors.numbers[index]) }
    }

    /// Keeps this descriptor open, under any number, until the exec.
    package mutating func keep(_ descriptor: borrowing FileDescriptor) { kept.append(descriptor.number) }

    /// Renumbers the descriptors of this process, closes all others, and returns the kept ones in their order.
    ///
    /// Whoever owned a descriptor before must not use it any more: its number now means something else.
    package func apply() throws(SyscallError) -> PassedDescriptors {
        let first = Int32(wanted.count + kept.count)
        // Out of the way first: a source may have the number that another one is to get.
        var sources: [Int32] = []
        sources.reserveCapacity(Int(first))
        for number in wanted + kept {
            let copy = dw_fcntl_int(number, F_DUPFD_CLOEXEC, first)
            guard copy >= 0 else { throw .last("fcntl(F_DUPFD_CLOEXEC)", "\(number)") }
            sources.append(copy)
        }
        for (target, source) in sources.enumerated() {
            guard dw_place(source, Int32(target)) >= 0 else { throw .last("dup3", "\(target)") }
        }
        var owners = PassedDescriptors()
        for place in Int32(wanted.count)..<first {
            guard dw_fcntl_int(place, F_SETFD, FD_CLOEXEC) == 0 else { throw .last("fcntl(F_SETFD)", "\(place)") }
            owners.append(FileDescriptor(owning: place))
        }
        try DescriptorTable.closeAll(from: UInt32(first))
        return owners
    }

    /// Closes every descriptor of this process whose number is `first` or higher.
    package static func closeAll(from first: UInt32) throws(SyscallError) {
        guard dw_close_range(first, .max) == 0 else { throw .last("close_range") }
    }
}
