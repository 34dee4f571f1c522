// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// What stage two is told over its descriptor: of the plan what is left to do, and what has to be looked at.
///
/// Both ends are of one release, so the form has no version: numbers of eight bytes, texts and lists behind their length.
struct StageTwoOrder {
    let plan: SandboxPlan
    let isAdmitted: Bool
    let cover: CgroupCover
    /// How many descriptors of the program follow behind the standard ones.
    let inherited: Int
    /// Where the first of them is.
    let firstInherited: Int
    let finishesMounts: Bool
    let checks: [BubblewrapArguments.Check]
    let restrictions: [(place: SystemString, MountRestrictions)]
    let covers: [(place: SystemString, RootEntry.Cover)]

    var encoded: [UInt8] {
        var writer = OrderWriter()
        writer.text(plan.name)
        writer.number(plan.kind == .room ? 0 : 1)
        writer.number(plan.namespaces.rawValue)
        writer.list(plan.arguments) { $0.text($1) }
        writer.list(plan.environment) { $0.text($1) }
        writer.text(plan.workingDirectory)
        for limit in [plan.limits.processes, plan.limits.memory, plan.limits.openFiles] { writer.number(limit) }
        writer.list(plan.limits.fileSize.map { [$0] } ?? []) { $0.number($1) }
        writer.list(plan.limits.seconds.map { [$0] } ?? []) { $0.number(UInt64($1)) }
        writer.list(plan.landlock.map { [$0] } ?? []) { writer, rules in
            writer.list(rules.paths) { writer, rule in
                writer.text(rule.path)
                writer.number(rule.rights.rawValue)
                writer.number(rule.mayBeAbsent ? 1 : 0)
            }
            writer.list(rules.ports.map { [$0] } ?? []) { writer, ports in
                writer.list(ports.bind) { $0.number(UInt64($1)) }
                writer.list(ports.connect) { $0.number(UInt64($1)) }
                writer.number(ports.bindsFreely ? 1 : 0)
            }
        }
        writer.list(plan.seccomp.map { [$0] } ?? []) { $0.number(UInt64($1.rawValue)) }
        writer.list(plan.doors) { $0.number(UInt64($1)) }
        let flags = [plan.takesTerminal, isAdmitted, cover.exists, cover.processes, cover.memory, finishesMounts]
        for flag in flags { writer.number(flag ? 1 : 0) }
        writer.number(UInt64(inherited))
        writer.number(UInt64(firstInherited))
        writer.list(checks) { writer, check in
            writer.text(check.place)
            writer.number(check.identity.device)
            writer.number(check.identity.inode)
            writer.number(check.identity.isDirectory ? 1 : 0)
        }
        writer.list(restrictions) { writer, restriction in
            writer.text(restriction.place)
            writer.number(restriction.1.rawValue)
        }
        writer.list(covers) { writer, cover in
            writer.text(cover.place)
            switch cover.1 {
            case .empty: writer.number(0)
            case .hidden: writer.number(1)
            case .contents(let bytes):
                writer.number(2)
                writer.bytes(bytes)
            }
        }
        return writer.result
    }

    init(
        _ plan: SandboxPlan, isAdmitted: Bool, _ cover: CgroupCover, inherited: Int, firstInherited: Int,
        finishesMounts: Bool, _ arguments: BubblewrapArguments
    ) {
        self.plan = plan
        self.isAdmitted = isAdmitted
        self.cover = cover
        self.inherited = inherited
        self.firstInherited = firstInherited
        self.finishesMounts = finishesMounts
        checks = arguments.checks
        restrictions = arguments.restrictions
        covers = arguments.covers
    }

    /// Nil unless `bytes` is what ``encoded`` writes.
    init?(_ bytes: [UInt8]) {
        var reader = OrderReader(bytes)
        do {
            let name = try reader.text()
            let kind = try reader.number() == 0 ? SandboxPlan.Kind.room : .server
            let namespaces = Namespaces(rawValue: try reader.number())
            let arguments = try reader.list { reader throws(OrderFault) in try reader.text() }
            let environment = try reader.list { reader throws(OrderFault) in try reader.text() }
            let workingDirectory = try reader.text()
            var limits = ResourceLimits(
                processes: try reader.number(), memory: try reader.number(), openFiles: try reader.number())
            limits.fileSize = try reader.list { reader throws(OrderFault) in try reader.number() }.first
            limits.seconds = try reader.list { reader throws(OrderFault) in
                UInt32(truncatingIfNeeded: try reader.number())
            }
            .first
            let landlock = try reader.list { reader throws(OrderFault) in try StageTwoOrder.landlock(&reader) }.first
            let seccomp = try reader.list { reader throws(OrderFault) in
                guard let program = SeccompProgram(rawValue: Int32(truncatingIfNeeded: try reader.number())) else {
                    throw OrderFault()
                }
                return program
            }.first
            var plan = SandboxPlan(
                name: name, kind: kind, namespaces: namespaces, root: nil, loopback: false, arguments: arguments,
                environment: environment, workingDirectory: workingDirectory, limits: limits, landlock: landlock,
                seccomp: seccomp)
            plan.doors = try reader.list { reader throws(OrderFault) in UInt16(truncatingIfNeeded: try reader.number())
            }
            plan.takesTerminal = try reader.flag()
            self.plan = plan
            isAdmitted = try reader.flag()
            cover = CgroupCover(exists: try reader.flag(), processes: try reader.flag(), memory: try reader.flag())
            finishesMounts = try reader.flag()
            inherited = Int(truncatingIfNeeded: try reader.number())
            firstInherited = Int(truncatingIfNeeded: try reader.number())
            checks = try reader.list { reader throws(OrderFault) in
                BubblewrapArguments.Check(
                    place: try reader.text(),
                    identity: Tree.Identity(
                        device: try reader.number(), inode: try reader.number(), isDirectory: try reader.flag()))
            }
            restrictions = try reader.list { reader throws(OrderFault) in
                (place: try reader.text(), MountRestrictions(rawValue: try reader.number()))
            }
            covers = try reader.list { reader throws(OrderFault) in
                let place = try reader.text()
                switch try reader.number() {
                case 0: return (place: place, .empty)
                case 1: return (place: place, .hidden)
                default: return (place: place, .contents(try reader.bytes()))
                }
            }
            guard reader.isAtEnd, inherited <= PassedDescriptors.limit else { return nil }
        } catch { return nil }
    }

    private static func landlock(_ reader: inout OrderReader) throws(OrderFault) -> LandlockRules {
        let paths = try reader.list { reader throws(OrderFault) in
            LandlockRules.Path(
                try reader.text(), FileRights(rawValue: try reader.number()), mayBeAbsent: try reader.flag())
        }
        let ports = try reader.list { reader throws(OrderFault) in
            LandlockRules.Ports(
                bind: try reader.list { reader throws(OrderFault) in UInt16(truncatingIfNeeded: try reader.number()) },
                connect: try reader.list { reader throws(OrderFault) in UInt16(truncatingIfNeeded: try reader.number())
                },
                bindsFreely: try reader.flag())
        }
        return LandlockRules(paths: paths, ports: ports.first)
    }
}

private struct OrderFault: Error {}

private struct OrderWriter {
    private(set) var result: [UInt8] = []

    mutating func number(_ value: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            result.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func bytes(_ value: [UInt8]) {
        number(UInt64(value.count))
        result += value
    }

    mutating func text(_ value: SystemString) { bytes(value.bytes) }

    mutating func list<Element>(_ values: [Element], _ write: (inout OrderWriter, Element) -> Void) {
        number(UInt64(values.count))
        for value in values { write(&self, value) }
    }
}

private struct OrderReader {
    private let source: [UInt8]
    private var at = 0

    init(_ source: [UInt8]) { self.source = source }

    var isAtEnd: Bool { at == source.count }

    mutating func number() throws(OrderFault) -> UInt64 {
        guard source.count - at >= 8 else { throw OrderFault() }
        defer { at += 8 }
        return source[at..<(at + 8)].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func flag() throws(OrderFault) -> Bool { try number() != 0 }

    mutating func bytes() throws(OrderFault) -> [UInt8] {
        let count = try count()
        defer { at += count }
        return Array(source[at..<(at + count)])
    }

    mutating func text() throws(OrderFault) -> SystemString {
        guard let text = SystemString(try bytes()) else { throw OrderFault() }
        return text
    }

    mutating func list<Element>(_ read: (inout OrderReader) throws(OrderFault) -> Element) throws(OrderFault)
        -> [Element]
    {
        let count = try count()
        var found: [Element] = []
        for _ in 0..<count { found.append(try read(&self)) }
        return found
    }

    /// No list and no text is longer than what is left.
    private mutating func count() throws(OrderFault) -> Int {
        let count = try number()
        guard count <= UInt64(source.count - at) else { throw OrderFault() }
        return Int(count)
    }
}
