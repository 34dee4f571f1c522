// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// How much a host can give to a sandbox.
package enum Tier: String, Sendable, Comparable {
    /// Nothing but rules for the process itself: its network is the host's.
    case reduced
    /// The same as full, with namespaces and tree made by bubblewrap.
    case bubblewrap
    case full

    package static func < (left: Tier, right: Tier) -> Bool { left.order < right.order }

    private var order: Int {
        switch self {
        case .reduced: 0
        case .bubblewrap: 1
        case .full: 2
        }
    }
}

/// What stands in the way of a sandbox, and what to do about it: a pure table over ``SandboxFacts``.
package struct SandboxDoctor: Equatable, Sendable {
    package struct Finding: Equatable, Sendable {
        package enum Level: String, Sendable {
            case error
            case warning
        }

        package let level: Level
        /// Lower case, no full stop.
        package let text: String
        /// Something that can be done, nil if nothing can.
        package let hint: String?
    }

    package let findings: [Finding]
    package let tier: Tier
    /// The profiles in use that will not start under this tier.
    package let refused: [String]

    /// - Parameter demands: profiles in use, and what each of them demands.
    package init(_ facts: SandboxFacts, demands: [(profile: String, tier: Tier)] = []) {
        var findings: [Finding] = []
        switch facts.attempt {
        case .worked: tier = .full
        case .failed(let step, let error):
            tier = facts.bubblewrap == .worked ? .bubblewrap : .reduced
            findings.append(SandboxDoctor.obstacle(step, error, facts))
        }
        if let finding = SandboxDoctor.bubblewrap(facts) { findings.append(finding) }
        let tier = tier
        switch facts.landlockABI {
        case 0:
            findings.append(
                Finding(level: .error, text: "this kernel has no Landlock", hint: "boot with lsm=…,landlock"))
        case 1..<6:
            findings.append(
                Finding(
                    level: .warning,
                    text:
                        "Landlock ABI \(facts.landlockABI): abstract sockets and signals are kept apart by namespaces alone",
                    hint: nil))
        default: break
        }
        if let obstacle = facts.cgroupObstacle {
            findings.append(
                Finding(
                    level: .warning,
                    text: "memory and process limits are per process (rlimits), not per sandbox: \(obstacle.word)",
                    hint: "run as a service with Delegate=yes"))
        }
        refused = demands.filter { tier < $0.tier }.map(\.profile)
        if !refused.isEmpty {
            findings.append(
                Finding(
                    level: .error,
                    text: "the tier in force is \(tier.rawValue); these profiles will refuse to start: "
                        + refused.joined(separator: ", "),
                    hint: nil))
        }
        self.findings = findings
    }

    /// 1 if a profile in use cannot start.
    package var exitCode: Int32 { refused.isEmpty ? 0 : 1 }

    /// Only where it is needed: where our own sandbox works nobody asks for it.
    private static func bubblewrap(_ facts: SandboxFacts) -> Finding? {
        if facts.attempt == .worked { return nil }
        switch facts.bubblewrap {
        case .worked: return nil
        case nil:
            return Finding(
                level: .warning, text: "bubblewrap is not installed, which some hosts let make namespaces",
                hint: "sudo apt install bubblewrap")
        case .lacks(let layer):
            return Finding(
                level: .warning, text: "bubblewrap works here without \(layer.word)",
                hint: "mend the error above: nothing else makes it whole")
        case .failed(let error):
            return Finding(
                level: .warning, text: "bubblewrap makes no sandbox either: \(error)",
                hint: facts.apparmorRestricts == 1
                    ? "load bwrap-userns-restrict from apparmor's extra profiles; newer releases ship it enabled" : nil)
        }
    }

    private static func obstacle(_ step: SandboxFacts.Step, _ error: SyscallError, _ facts: SandboxFacts) -> Finding {
        func problem(_ text: String, _ hint: String?) -> Finding { Finding(level: .error, text: text, hint: hint) }
        let reduce = "allow the reduced tier for this profile in doorward.json"
        // Settings that forbid it outright explain more than the call that failed for them.
        if facts.namespaceLimit == 0 {
            return problem(
                "this host forbids user namespaces", "sudo sysctl -w user.max_user_namespaces=15000, or \(reduce)")
        }
        if facts.unprivilegedClone == 0 {
            return problem(
                "this host forbids user namespaces", "sudo sysctl -w kernel.unprivileged_userns_clone=1, or \(reduce)")
        }
        let early = step == .clone || step == .identity || step == .loopback
        if early, facts.apparmorRestricts == 1 {
            if facts.apparmorProfiles.count > 1 {
                return problem(
                    "two AppArmor profiles name \(facts.program), so the kernel applies neither",
                    "remove one of: \(facts.apparmorProfiles.joined(separator: ", "))")
            }
            return problem(
                "AppArmor lets this program make a user namespace but takes its rights away",
                "sudo apparmor_parser -r /etc/apparmor.d/doorward-launch")
        }
        if step == .clone, error.isForbidden, facts.isContainer {
            return problem(
                "the container's seccomp profile forbids user namespaces",
                "run the container with a profile that allows clone and unshare; --privileged is not needed")
        }
        if step == .processes, error.isForbidden, facts.isContainer {
            return problem(
                "the container masks /proc, so a new one cannot be mounted",
                "podman: --security-opt unmask=ALL, docker: --security-opt systempaths=unconfined")
        }
        return problem("no sandbox can be made here: \(step.word): \(error.reason)", reduce)
    }
}
