// SPDX-License-Identifier: Apache-2.0

/// The profiles that exist before anybody has written one. `profiles` in `doorward.json` changes them or builds on them.
extension Profile {
    package static func builtIn(_ base: ProfileBase) -> Profile {
        switch base {
        // Renders pages of strangers: the whole web, nothing of this host, its own sandbox inside ours. Counts threads.
        case .browser:
            Profile(
                name: ProfileName(base), base: base, network: .public,
                limits: RunLimits(ceilings: Ceilings(processes: 2048, memoryBytes: 8 << 30, openFiles: 8192)),
                confinement: .full)
        // Runs for hours and starts compilers: sees and reaches what is granted, nothing before that.
        case .agent:
            Profile(
                name: ProfileName(base), base: base,
                limits: RunLimits(ceilings: Ceilings(processes: 1024, memoryBytes: 8 << 30, openFiles: 4096)),
                confinement: .full)
        // One piece of code that a model wrote: small, short, and alone.
        case .code:
            Profile(
                name: ProfileName(base), base: base,
                limits: RunLimits(
                    ceilings: Ceilings(processes: 64, memoryBytes: 1 << 30, openFiles: 256), milliseconds: 60_000,
                    diskBytes: 64 << 20),
                confinement: .full)
        // Servers of the registry. How confined they must be is said once for all of them, when the rooms start.
        case .tool:
            Profile(
                name: ProfileName(base), base: base, limits: RunLimits(ceilings: .standard), confinement: .reduced)
        }
    }
}
