// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy
internal import Sandboxing

/// One process that the launcher started, until it is buried.
final class ChildProcess {
    enum Role: Equatable {
        case broker
        case watch
        case egress
        case gate(ListenerName)
        case server(launch: UInt32)
    }

    let number: UInt32
    let role: Role
    let pid: Int32
    let pidfd: Pidfd
    let cgroup: CgroupBox?
    /// Held until it is buried.
    let protection: NameProtection?

    init(
        number: UInt32, role: Role, _ child: consuming StartedChild, cgroup: CgroupBox?,
        protection: NameProtection? = nil
    ) {
        self.number = number
        self.role = role
        pid = child.process.pid
        pidfd = child.keepProcess().keepPidfd()
        self.cgroup = cgroup
        self.protection = protection
    }

    var word: String {
        switch role {
        case .broker: "broker"
        case .watch: "watch"
        case .egress: "egress"
        case .gate(let listener): "gate/\(listener)"
        case .server(let launch): "server/\(launch)"
        }
    }

    /// Ends it and, since it is the first process of its namespace, everything that it started.
    func kill() {
        // Gone already is no failure: its end is reported by the poller all the same.
        do throws(SyscallError) { _ = try pidfd.signal(Signal.kill) } catch {}
        do throws(SyscallError) { try cgroup?.group.kill() } catch {}
    }

    func terminate() {
        do throws(SyscallError) { _ = try pidfd.signal(Signal.terminate) } catch {}
    }
}

/// A cgroup in a place that arrays and optionals can hold.
final class CgroupBox {
    let group: Cgroup

    init(_ group: consuming Cgroup) { self.group = group }

    /// Removes it once its processes are buried.
    func remove() {
        // Busy for a moment more is harmless: an empty group limits nobody, and the next one has another name.
        do throws(SyscallError) { _ = try group.remove() } catch {}
    }
}

/// The cgroup tree that was delegated to us, in a place that an optional can hold.
final class CgroupTreeBox {
    let tree: CgroupTree

    init(_ tree: consuming CgroupTree) { self.tree = tree }
}
