// SPDX-License-Identifier: Apache-2.0
package import Linux

/// Which parts of this host a server is shown: found out once, when the Launcher starts.
package struct SandboxHost: Equatable, Sendable {
    /// What every server sees of the host: programs, libraries, and the harmless part of /etc.
    package let entries: [RootEntry]
    /// The names below /proc that exist here and are hidden from servers.
    package let masked: [SystemString]

    package static func discover() throws(SyscallError) -> SandboxHost {
        try discover { path throws(SyscallError) in try Tree.kind(path) }
    }

    /// - Parameter kind: what lies at a path of the host, nil if nothing does.
    static func discover(_ kind: (SystemString) throws(SyscallError) -> Tree.Kind?) throws(SyscallError) -> SandboxHost
    {
        var entries: [RootEntry] = []
        for directory in systemDirectories {
            switch try kind(directory.absolute) {
            // Merged-/usr hosts have links here; a mount instead would show every program under two real paths.
            case .link(let target)?: entries.append(.link(directory, to: target))
            case .directory?:
                entries.append(.system(directory, .readAndExecute))
            case .other?, nil: continue
            }
        }
        for path in configuration where try kind(path.absolute) != nil {
            entries.append(.system(path, .read))
        }
        var masked: [SystemString] = []
        for name in sensitive where try kind("/proc/" + name) != nil { masked.append(name) }
        return SandboxHost(entries: entries, masked: masked)
    }

    private static let systemDirectories: [SandboxPath] = [
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
    ]

    /// What programs and their libraries read of /etc and what says nothing about users, secrets or the network.
    private static let configuration: [SandboxPath] = [
        "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ca-certificates", "/etc/ca-certificates.conf",
        // Not the directories around them: those hold private keys, which a server of root's could read.
        "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/pki/ca-trust", "/etc/pki/tls/certs",
        "/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf", "/etc/crypto-policies", "/etc/localtime", "/etc/timezone",
        "/etc/nsswitch.conf", "/etc/alternatives",
        "/etc/mime.types", "/etc/fonts", "/etc/protocols", "/etc/services",
    ]

    /// What /proc shows of the kernel instead of the sandbox's processes. Most of it asks for root, which is what a
    /// server is when root has started Doorward; all of /proc is read-only besides.
    private static let sensitive: [SystemString] = [
        "cmdline", "kcore", "keys", "key-users", "kmsg", "kallsyms", "modules", "sysrq-trigger", "timer_list",
        "latency_stats",
        "sched_debug", "kpagecount", "kpageflags", "kpagecgroup", "slabinfo", "vmallocinfo", "pagetypeinfo", "iomem",
        "ioports", "config.gz", "mtrr", "acpi", "asound", "scsi", "bus", "driver", "dynamic_debug", "fs", "irq", "tty",
    ]
}
