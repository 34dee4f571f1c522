// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// What all runs of one process have in common.
struct CodeHouse: Sendable {
    let settings: CodeSettings
    let reach: Reach
    /// A directory in memory that everybody in here may write.
    let scratch: String
    /// Variables of the sandbox that lead out through its door; where there are some, text from outside can come in.
    private let proxies: [SystemString]
    private let home: SystemString

    init(
        _ settings: CodeSettings, reach: Reach, scratch: String = "/tmp",
        variable: (SystemString) -> [UInt8]? = { Environment.value($0) }
    ) {
        self.settings = settings
        self.reach = reach
        self.scratch = scratch
        var proxies: [SystemString] = []
        for name in Self.doors {
            guard let value = variable(name), let text = SystemString(value) else { continue }
            proxies.append(name + "=" + text)
        }
        self.proxies = proxies
        home = SystemString(variable("HOME") ?? Array(scratch.utf8)) ?? "/tmp"
    }

    var hasNetwork: Bool { !proxies.isEmpty }

    private static let doors: [SystemString] = [
        "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
    ]

    func plan(_ request: CodeRequest, in directory: String) throws(SyscallError) -> ChildProgram.Plan {
        guard let program = SystemString(Array(request.language.path.utf8)),
            let place = SystemString(Array(directory.utf8)), let file = SystemString(Array(request.language.file.utf8))
        else { throw SyscallError("execve", request.language.path, code: SyscallError.forbidden) }
        let limits = request.limits
        return ChildProgram.Plan(
            program: program, arguments: [file],
            // Of what this process was given nothing goes on but the way to the door.
            environment: [
                "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + home, "TMPDIR=/tmp", "LANG=C.UTF-8",
                // Output in the order in which it is written, and no files that nobody asked for.
                "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1",
            ] + proxies,
            directory: place,
            limits: ResourceLimits(
                // The kernel counts the reaper and this process too.
                processes: UInt64(limits.processes) + 2, memory: UInt64(limits.memoryBytes), openFiles: 256,
                fileSize: UInt64(limits.diskBytes)),
            joinsErrors: true)
    }

    /// Standard input of a run: a file that has no name any more, or nothing.
    func input(_ bytes: [UInt8]?) throws(SyscallError) -> FileDescriptor {
        guard let bytes else { return try FileDescriptor.null() }
        let directory = try Directory(path: scratch)
        let name = WorkDirectory.freshName()
        let written = try directory.create(name, mode: 0o600)
        try written.descriptor.writeAll(bytes)
        let input = try directory.open(name)
        try directory.remove(name)
        return try input.descriptor.duplicate()
    }
}
