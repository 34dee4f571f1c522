// SPDX-License-Identifier: Apache-2.0
package import Linux

/// What bubblewrap starts as the first process of a sandbox: it does there what the own backend's child does, and is
/// told on a descriptor what that is.
package enum StageTwo {
    /// The first argument of a program that shall be this.
    package static let argument: SystemString = "--stage-two"

    /// Goes on as the sandbox's first process. To be called before anything else is opened or started.
    package static func run() -> Never {
        let channel = FileDescriptor(owning: BubblewrapSetup.Number.channel)
        let order = order(or: channel)
        var inherited = PassedDescriptors()
        for index in 0..<order.inherited {
            inherited.append(FileDescriptor(owning: Int32(order.firstInherited + index)))
        }
        let handover = Handover(
            executable: FileDescriptor(owning: BubblewrapSetup.Number.executable), input: FileDescriptor(owning: 0),
            output: FileDescriptor(owning: 1), errors: FileDescriptor(owning: BubblewrapSetup.Number.errors),
            inherited: inherited)
        var setup = ChildSetup(order.plan, order.cover, handover, channel, isAdmitted: order.isAdmitted)
        // What is handed over is told to the setup by number, and stays open until that has put it into place.
        withExtendedLifetime(handover) { setup.goOn(order, channel) }
        Clone.exit(1)
    }

    private static func order(or channel: borrowing FileDescriptor) -> StageTwoOrder {
        do {
            return try StageTwoOrder.received()
        } catch {
            ChildSetup.tell(.start, error, channel)
            Clone.exit(1)
        }
    }
}

extension StageTwoOrder {
    /// More than any order: a plan of thousands of paths.
    private static let maxBytes = 4_194_304
    /// EINVAL, ESTALE.
    private static let invalid: Int32 = 22
    private static let stale: Int32 = 116

    fileprivate static func received() throws(SyscallError) -> StageTwoOrder {
        let file = FileDescriptor(owning: BubblewrapSetup.Number.order)
        var bytes = ByteQueue()
        while bytes.count < maxBytes, case .moved = try file.read(into: &bytes, limit: 65_536) {}
        guard let order = StageTwoOrder(Array(bytes.storage[bytes.range])) else {
            throw SyscallError("read", "order", code: invalid)
        }
        return order
    }

    /// Looks whether the tree is the planned one, and makes of it what bubblewrap could not.
    ///
    /// - Returns: whether nothing that may be written can be executed.
    func finishTree() throws(SyscallError) -> Bool {
        for check in checks where try Tree.identity(of: Tree.place(check.place, links: .refused)) != check.identity {
            throw SyscallError("stat", check.place.description, code: StageTwoOrder.stale)
        }
        guard finishesMounts else { return false }
        let root = try Tree.place("/")
        for (place, restriction) in restrictions {
            let mount: FileDescriptor
            // Optional ones may be absent.
            do { mount = try Tree.place(place) } catch  where error.isNotFound { continue }
            try Mounts.restrict(mount, restriction, recursive: true)
        }
        for (place, cover) in covers {
            guard let path = SandboxPath(place) else { continue }
            // The tree itself is read-only by now.
            try ChildTree.put(cover, over: path.relative, root, workshop: "tmp/" + ChildTree.temporary)
        }
        return true
    }
}
