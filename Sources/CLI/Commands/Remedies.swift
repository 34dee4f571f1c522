// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Linux
internal import Policy
internal import Sandboxing

/// Settings of this host that explain a failure. They never prove that something works: only doing it does.
struct HostSettings {
    /// AppArmor takes the rights away from user namespaces of programs without a profile (Ubuntu 24.04).
    let isRestrictedByAppArmor: Bool
    /// `user.max_user_namespaces` is 0.
    let hasNoUserNamespaces: Bool
    /// `kernel.unprivileged_userns_clone` is 0 (Debian's own switch).
    let isCloneForbidden: Bool
    let isContainer: Bool

    init(isRestrictedByAppArmor: Bool, hasNoUserNamespaces: Bool, isCloneForbidden: Bool, isContainer: Bool) {
        self.isRestrictedByAppArmor = isRestrictedByAppArmor
        self.hasNoUserNamespaces = hasNoUserNamespaces
        self.isCloneForbidden = isCloneForbidden
        self.isContainer = isContainer
    }

    /// Of this host.
    init() {
        self.init(
            isRestrictedByAppArmor: Self.value("/proc/sys/kernel", "apparmor_restrict_unprivileged_userns") == "1",
            hasNoUserNamespaces: Self.value("/proc/sys/user", "max_user_namespaces") == "0",
            isCloneForbidden: Self.value("/proc/sys/kernel", "unprivileged_userns_clone") == "0",
            isContainer: Self.exists("/.dockerenv") || Self.exists("/run/.containerenv"))
    }

    private static func value(_ directory: String, _ name: StaticString) -> String? {
        do throws(SyscallError) {
            let bytes = try Directory(path: directory).open(FileName(name)).readWhole(limit: 64)
            return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
        } catch { return nil }
    }

    private static func exists(_ path: SystemString) -> Bool {
        do throws(SyscallError) { return try Tree.kind(path) != nil } catch { return false }
    }
}

/// What to change on a host that cannot confine.
enum Remedies {
    /// - Parameter fault: why the fully confined program did not start.
    static func error(_ fault: ExaminationFault, _ host: HostSettings) -> Finding {
        guard case .sandbox(.failed(let stage, let code, let text)) = fault else {
            return Finding(.error, "a confined program cannot be started: \(fault.text)", hint: "please report it")
        }
        let isRefused = code == EPERM || code == EACCES
        if host.hasNoUserNamespaces || host.isCloneForbidden {
            let setting =
                host.hasNoUserNamespaces ? "user.max_user_namespaces=15000" : "kernel.unprivileged_userns_clone=1"
            return Finding(
                .error, "this host forbids user namespaces (\(text))",
                hint: "sudo sysctl -w \(setting), or serve with --require-confinement reduced")
        }
        switch stage {
        case .start, .identity, .loopback:
            if isRefused, host.isRestrictedByAppArmor {
                return Finding(
                    .error, "AppArmor lets this program make a user namespace but takes its rights away",
                    hint: "sudo apparmor_parser -r /etc/apparmor.d/doorward-launch")
            }
            if isRefused, host.isContainer {
                return Finding(
                    .error, "the container's seccomp profile forbids user namespaces",
                    hint: "run the container with a profile that allows clone and unshare; --privileged is not needed")
            }
        case .tree:
            if isRefused {
                return Finding(
                    .error, "the container masks /proc, so a new one cannot be mounted (\(text))",
                    hint: "podman: --security-opt unmask=ALL, docker: --security-opt systempaths=unconfined")
            }
        case .parent, .keyring, .doors, .machineName, .privileges, .reaper, .limits, .descriptors, .workingDirectory,
            .landlock, .seccomp, .admission, .execute:
            break
        }
        return Finding(
            .error, "a confined program cannot be started: \(stage.word): \(text)",
            hint: "serve with --require-confinement reduced, or use a host that allows it")
    }

    /// The layer that keeps a report from being full.
    static func gap(_ layer: Layer, _ report: ConfinementReport) -> Finding {
        if layer == .landlock {
            return Finding(
                .error, "Landlock is there and could not be used", hint: "boot with lsm=landlock,... in front of others"
            )
        }
        let why =
            switch report[layer] {
            case .enforced: "enforced"
            case .reduced(let why), .missing(let why): why.word
            }
        return Finding(
            .error, "\(layer.word) is not enforced (\(why))",
            hint: "serve with --require-confinement reduced, or use another host")
    }

    /// What is weaker than it could be, and no reason to refuse.
    static func warnings(_ report: ConfinementReport) -> [Finding] {
        var found: [Finding] = []
        if report.landlockABI == 0 {
            found.append(Finding(.warning, "this kernel has no Landlock", hint: "boot with lsm=...,landlock"))
        } else if report.landlockABI < 6 {
            found.append(
                Finding(
                    .warning,
                    "Landlock ABI \(report.landlockABI): abstract sockets and signals are kept apart by namespaces alone",
                    hint: "kernel 6.12 or newer adds a second wall"))
        }
        if report[.cgroup] != .enforced {
            found.append(
                Finding(
                    .warning, "memory and process limits are per process (rlimits), not per sandbox",
                    hint: "a systemd unit with Delegate=yes gives doorward a cgroup to manage"))
        }
        return found
    }
}
