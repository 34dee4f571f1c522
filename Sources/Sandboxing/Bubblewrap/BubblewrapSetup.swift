// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// The way of a child from the copy of its parent to bubblewrap.
struct BubblewrapSetup: ~Copyable {
    private let image: ExecutableImage
    private let program: FileDescriptor
    private let stageTwo: FileDescriptor
    private let order: FileDescriptor
    private let files: PassedDescriptors

    /// What stage two finds under these numbers.
    enum Number {
        // 0 and 1 are the program's already; on 2 bubblewrap tells what it could not do, and holds it to its end.
        static let errors: Int32 = 3
        static let channel: Int32 = 4
        static let executable: Int32 = 5
        static let stageTwo: Int32 = 6
        static let order: Int32 = 7
        static let firstFile = 8
    }

    init(
        _ plan: SandboxPlan, _ backend: Bubblewrap, _ cover: CgroupCover, _ handover: borrowing Handover,
        isAdmitted: Bool
    ) throws(SandboxError) {
        guard let root = plan.root, plan.namespaces == .all else { throw .unfit(.reduced) }
        guard root.entries.contains(where: { if case .processes = $0 { true } else { false } }) else {
            throw .unfit(.noProcesses)
        }
        for entry in root.entries where !backend.finishesMounts {
            if case .cover(let path, _) = entry { throw .unfit(.covered(path)) }
        }
        do throws(SyscallError) {
            let arguments = try BubblewrapArguments(
                plan, root, backend, firstFile: Number.firstFile, handover.bound)
            let order = StageTwoOrder(
                plan, isAdmitted: isAdmitted, cover, inherited: handover.inherited.count,
                firstInherited: Number.firstFile + arguments.files.count, finishesMounts: backend.finishesMounts,
                arguments)
            self = try BubblewrapSetup(backend, arguments, order)
        } catch {
            throw SandboxError(.start, error)
        }
    }

    private init(_ backend: Bubblewrap, _ arguments: BubblewrapArguments, _ order: StageTwoOrder) throws(SyscallError) {
        var files = PassedDescriptors()
        for contents in arguments.files { files.append(try FileDescriptor.holding(contents)) }
        let program = try Tree.place(backend.program)
        let stageTwo = try Tree.place(backend.stageTwo)
        let order = try FileDescriptor.holding(order.encoded)
        let path = "/proc/self/fd/" + SystemString.decimal(UInt64(Number.stageTwo))
        image = ExecutableImage(arguments: arguments.words + ["--", path, StageTwo.argument], environment: [])
        self.files = files
        self.program = program
        self.stageTwo = stageTwo
        self.order = order
    }

    /// In the child, from its first instruction on.
    func run(
        _ handover: borrowing Handover, _ channel: borrowing UnixSocket.Pair, _ complaints: borrowing Pipe
    ) -> Never {
        var stage = SandboxStage.parent
        do {
            try ThisProcess.dieWithParent(Signal.kill)
            channel.closeNearForGood()
            if try channel.far.isAbandoned() { Clone.exit(1) }
            // While there is a /proc that can be written; what it starts inherits it.
            ChildSetup.offerForKilling()
            stage = .descriptors
            var descriptors = DescriptorTable()
            descriptors.add(handover.input)
            descriptors.add(handover.output)
            descriptors.add(complaints.writing)
            descriptors.add(handover.errors)
            descriptors.add(channel.far)
            descriptors.add(handover.executable)
            descriptors.add(stageTwo)
            descriptors.add(order)
            descriptors.add(files)
            descriptors.add(handover.inherited)
            descriptors.keep(program)
            var kept = try descriptors.apply()
            guard let program = kept.takeFirst() else { Clone.exit(1) }
            stage = .execute
            let failure = image.execute(program)
            ChildSetup.tell(stage, failure, FileDescriptor(owning: Number.channel))
        } catch {
            ChildSetup.tell(stage, error, channel.far)
        }
        Clone.exit(1)
    }
}
