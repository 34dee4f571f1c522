// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What one process may use (setrlimit(2)); soft and hard alike, so that nothing inside can raise it.
package struct ResourceLimits: Equatable, Sendable {
    /// Processes and threads of the same user in the same user namespace. The kernel does not count uid 0 of the host.
    package var processes: UInt64
    /// Bytes of private writable memory per process. Not address space: Node and V8 reserve far more than they use.
    package var memory: UInt64
    package var openFiles: UInt64
    /// Bytes of the longest file it may write, nil for no limit.
    package var fileSize: UInt64?
    /// Seconds until a server's sandbox is ended as a whole, nil for no limit. Its reaper counts them, from the start of
    /// the program on, and ends with ``Reaper/timeIsUp``.
    package var seconds: UInt32?

    package init(
        processes: UInt64, memory: UInt64, openFiles: UInt64, fileSize: UInt64? = nil, seconds: UInt32? = nil
    ) {
        self.seconds = seconds
        self.processes = processes
        self.memory = memory
        self.openFiles = openFiles
        self.fileSize = fileSize
    }

    /// Sets all of them for the calling process. A value above the present hard limit is cut down to that.
    package func apply() throws(SyscallError) {
        // Not 0: that forbids core files, but a host that pipes cores into a program would still get this memory. One
        // byte is the kernel's own mark for "no core at all" (fs/coredump.c).
        try limit(numbered(RLIMIT_CORE), 1, "setrlimit(RLIMIT_CORE)")
        try limit(numbered(RLIMIT_DATA), memory, "setrlimit(RLIMIT_DATA)")
        try limit(numbered(RLIMIT_NOFILE), openFiles, "setrlimit(RLIMIT_NOFILE)")
        if let fileSize { try limit(numbered(RLIMIT_FSIZE), fileSize, "setrlimit(RLIMIT_FSIZE)") }
        try limit(RLIMIT_NPROC, processes, "setrlimit(RLIMIT_NPROC)")
    }

    private func limit(_ resource: __rlimit_resource_t, _ value: UInt64, _ call: StaticString) throws(SyscallError) {
        var present = rlimit()
        // Both structs are ours for the length of the call.
        guard unsafe getrlimit(resource, &present) == 0 else { throw .last(call) }
        let wanted = min(rlim_t(value), present.rlim_max)
        var new = rlimit(rlim_cur: wanted, rlim_max: wanted)
        guard unsafe setrlimit(resource, &new) == 0 else { throw .last(call) }
    }
}

/// The C library's names are an enum whose raw value is the kernel's number.
private func numbered(_ resource: __rlimit_resource) -> __rlimit_resource_t { __rlimit_resource_t(resource.rawValue) }

// Hidden from Swift: defined by a macro that casts.
private let RLIMIT_NPROC: __rlimit_resource_t = 6
