// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// What may be done with files, in Landlock's terms.
package struct FileRights: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let execute = FileRights(rawValue: 1 << 0)
    package static let writeFile = FileRights(rawValue: 1 << 1)
    package static let readFile = FileRights(rawValue: 1 << 2)
    package static let list = FileRights(rawValue: 1 << 3)
    package static let removeDirectory = FileRights(rawValue: 1 << 4)
    package static let removeFile = FileRights(rawValue: 1 << 5)
    package static let makeCharacterDevice = FileRights(rawValue: 1 << 6)
    package static let makeDirectory = FileRights(rawValue: 1 << 7)
    package static let makeFile = FileRights(rawValue: 1 << 8)
    package static let makeSocket = FileRights(rawValue: 1 << 9)
    package static let makePipe = FileRights(rawValue: 1 << 10)
    package static let makeBlockDevice = FileRights(rawValue: 1 << 11)
    package static let makeLink = FileRights(rawValue: 1 << 12)
    /// Rename or link from one directory to another. ABI 2.
    package static let moveBetween = FileRights(rawValue: 1 << 13)
    /// ABI 3.
    package static let truncate = FileRights(rawValue: 1 << 14)
    /// ioctl(2) on devices. ABI 5.
    package static let controlDevice = FileRights(rawValue: 1 << 15)

    package static let read: FileRights = [.readFile, .list]
    package static let readAndExecute: FileRights = [.readFile, .list, .execute]
    /// Everything except execution and devices: what may be written must never be run.
    package static let readAndWrite: FileRights = [
        .readFile, .list, .writeFile, .truncate, .removeDirectory, .removeFile, .makeDirectory, .makeFile, .makeSocket,
        .makePipe, .makeLink, .moveBetween,
    ]
    package static let device: FileRights = [.readFile, .writeFile]

    /// All that the kernel can restrict under this ABI; what is not handled would be allowed everywhere.
    static func handled(abi: Int) -> FileRights {
        let count = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13
        return FileRights(rawValue: (1 << UInt64(count)) - 1)
    }

    /// What a rule on a plain file may name; anything else is EINVAL.
    static let plainFile: FileRights = [.execute, .writeFile, .readFile, .truncate, .controlDevice]
}

/// What a process and its children may reach, beyond what their namespaces already hide.
package struct LandlockRules: Equatable, Sendable {
    package struct Path: Hashable, Sendable {
        package let path: SystemString
        package let rights: FileRights
        /// A path that does not exist is no error: the rule has nothing to allow.
        package let mayBeAbsent: Bool

        package init(_ path: SystemString, _ rights: FileRights, mayBeAbsent: Bool = false) {
            self.path = path
            self.rights = rights
            self.mayBeAbsent = mayBeAbsent
        }
    }

    /// TCP ports, on any address: Landlock knows no addresses, so this is never the only border.
    package struct Ports: Equatable, Sendable {
        package var bind: [UInt16]
        package var connect: [UInt16]
        /// Every port may be bound, whatever ``bind`` says: only where the network namespace is the sandbox's own.
        package var bindsFreely: Bool

        package init(bind: [UInt16] = [], connect: [UInt16] = [], bindsFreely: Bool = false) {
            self.bind = bind
            self.connect = connect
            self.bindsFreely = bindsFreely
        }
    }

    package var paths: [Path]
    /// Nil leaves TCP alone; empty lists forbid it.
    package var ports: Ports?

    package init(paths: [Path], ports: Ports?) {
        self.paths = paths
        self.ports = ports
    }
}

/// The kernel's sandbox for unprivileged processes (kernel 5.13).
package enum Landlock {
    /// What was enforced.
    package struct Outcome: Equatable, Sendable {
        package let abi: Int
        /// ABI 4.
        package let ports: Bool
        /// Signals and abstract sockets stay inside. ABI 6.
        package let scopes: Bool
    }

    /// The newest ABI that this program knows what to do with. A newer kernel is used like this one.
    package static let newestABI = 7

    /// The kernel's ABI, 0 if it has no Landlock or it is switched off.
    package static var abi: Int { max(0, Int(dw_landlock_abi())) }

    /// Restricts the calling thread, and whatever it starts, for ever.
    ///
    /// Needs ``ThisProcess/gainNothing()`` before it. A thread under Landlock can no longer mount.
    /// - Parameter executable: a descriptor that may be executed, whatever the paths say.
    /// - Returns: nil if the kernel has no Landlock.
    package static func enforce(_ rules: LandlockRules, executable: borrowing FileDescriptor)
        throws(SyscallError) -> Outcome?
    {
        let abi = min(abi, newestABI)
        if abi == 0 { return nil }
        let files = FileRights.handled(abi: abi)
        let network = rules.ports.map { handledPorts(abi) & ($0.bindsFreely ? connectTCP : .max) } ?? 0
        let scopes = handledScopes(abi)
        let ruleset = try create(files.rawValue, network, scopes)

        // The kernel opens what it executes for reading, and asks for both.
        let file: FileRights = [.execute, .readFile]
        guard dw_landlock_allow_path(ruleset.number, executable.number, file.rawValue) == 0 else {
            throw .last("landlock_add_rule", "executable")
        }
        for rule in rules.paths { try allow(ruleset, rule, handled: files) }
        if network != 0, let ports = rules.ports {
            if !ports.bindsFreely { for port in ports.bind { try allow(ruleset, port: port, bindTCP) } }
            for port in ports.connect { try allow(ruleset, port: port, connectTCP) }
        }
        guard dw_landlock_enforce(ruleset.number) == 0 else { throw .last("landlock_restrict_self") }
        return Outcome(abi: abi, ports: network != 0, scopes: scopes != 0)
    }

    /// Leaves the calling thread no file, no TCP port and nobody outside to signal: for a room that lives on what it is
    /// handed. What is open stays open.
    ///
    /// Needs ``ThisProcess/gainNothing()`` before it.
    /// - Parameter mayConnect: leaves it every TCP port to connect to, and none to listen on.
    /// - Returns: nil if the kernel has no Landlock.
    package static func enforceNothing(mayConnect: Bool = false) throws(SyscallError) -> Outcome? {
        let abi = min(abi, newestABI)
        if abi == 0 { return nil }
        let network = handledPorts(abi) & (mayConnect ? bindTCP : .max)
        let scopes = handledScopes(abi)
        let ruleset = try create(FileRights.handled(abi: abi).rawValue, network, scopes)
        guard dw_landlock_enforce(ruleset.number) == 0 else { throw .last("landlock_restrict_self") }
        return Outcome(abi: abi, ports: network != 0, scopes: scopes != 0)
    }

    private static func handledPorts(_ abi: Int) -> UInt64 { abi >= 4 ? bindTCP | connectTCP : 0 }
    private static func handledScopes(_ abi: Int) -> UInt64 { abi >= 6 ? abstractSockets | signals : 0 }

    /// Keeps signals and abstract sockets inside, and restricts nothing else; false before ABI 6.
    ///
    /// For a process whose children get their own rules and must not reach back to it.
    package static func enforceScopes() throws(SyscallError) -> Bool {
        if abi < 6 { return false }
        let ruleset = try create(0, 0, abstractSockets | signals)
        guard dw_landlock_enforce(ruleset.number) == 0 else { throw .last("landlock_restrict_self") }
        return true
    }

    private static func create(_ files: UInt64, _ network: UInt64, _ scopes: UInt64)
        throws(SyscallError) -> FileDescriptor
    {
        let number = dw_landlock_create(files, network, scopes)
        guard number >= 0 else { throw .last("landlock_create_ruleset") }
        return FileDescriptor(owning: number)
    }

    private static func allow(
        _ ruleset: borrowing FileDescriptor, _ rule: LandlockRules.Path, handled: FileRights
    ) throws(SyscallError) {
        let place: FileDescriptor
        do {
            place = try Tree.place(rule.path)
        } catch  where rule.mayBeAbsent && error.code == ENOENT {
            return
        }
        var rights = rule.rights.intersection(handled)
        if try !Tree.identity(of: place).isDirectory { rights.formIntersection(.plainFile) }
        guard dw_landlock_allow_path(ruleset.number, place.number, rights.rawValue) == 0 else {
            throw .last("landlock_add_rule", rule.path.description)
        }
    }

    private static func allow(_ ruleset: borrowing FileDescriptor, port: UInt16, _ right: UInt64)
        throws(SyscallError)
    {
        guard dw_landlock_allow_port(ruleset.number, port, right) == 0 else {
            throw .last("landlock_add_rule", "port \(port)")
        }
    }
}

private let bindTCP: UInt64 = 1 << 0
private let connectTCP: UInt64 = 1 << 1
private let abstractSockets: UInt64 = 1 << 0
private let signals: UInt64 = 1 << 1
