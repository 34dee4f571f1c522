// SPDX-License-Identifier: Apache-2.0
package import Linux

/// The two doors of a sandbox that has a network: one grammar each, so that neither has to guess.
package enum SandboxDoors {
    /// An HTTP proxy (RFC 9110 section 3.7, CONNECT and absolute form).
    package static let http: UInt16 = 3128
    /// SOCKS version 5 with names (RFC 1928).
    package static let socks: UInt16 = 1080
    /// In the order in which the listeners are passed out.
    package static let ports = [http, socks]
    /// Connections that wait to be accepted; the kernel cuts it down to its own limit.
    static let backlog: Int32 = 4096

    /// Where programs look for proxies. Nothing is exempt: what is exempt would go nowhere. SOCKS is named nowhere: Python's
    /// httpx fails altogether where it finds such an address and lacks the package for it. Who wants it knows the port.
    package static let environment: [SystemString] = [
        "http_proxy=http://127.0.0.1:3128", "HTTP_PROXY=http://127.0.0.1:3128",
        "https_proxy=http://127.0.0.1:3128", "HTTPS_PROXY=http://127.0.0.1:3128",
        "all_proxy=http://127.0.0.1:3128", "ALL_PROXY=http://127.0.0.1:3128",
        "no_proxy=", "NO_PROXY=",
    ]
}

extension SandboxPlan {
    /// The same with the two doors of ``SandboxDoors``: connecting inside reaches them and no other port, and the
    /// environment says where they are unless it says something else already.
    package func withDoors() -> SandboxPlan {
        var plan = self
        plan.doors = SandboxDoors.ports
        plan.landlock?.ports?.connect += SandboxDoors.ports
        plan.environment = SandboxPlan.merged(environment, over: SandboxDoors.environment)
        return plan
    }
}
