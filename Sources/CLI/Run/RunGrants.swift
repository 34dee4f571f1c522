// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

/// The directories and files that a run is granted, judged.
struct RunGrants {
    /// One grant: where it lies, and under which names the run sees it.
    struct Place: Equatable {
        /// Without links: what is shown.
        let real: AbsolutePath
        /// As it was asked for, where that is another path.
        let written: AbsolutePath

        init(real: AbsolutePath, written: AbsolutePath) {
            self.real = real
            self.written = written
        }
    }

    let reads: [Place]
    let writes: [Place]
    let dangers: [FoundDanger]
    /// Of whoever runs it, where it is known: there more names are protected.
    let home: AbsolutePath?

    /// What the sandbox has of its own: nothing of the host can be shown in these places, or around them.
    private static let own: [AbsolutePath] = [
        "/dev", "/etc", "/home/sandbox", "/proc", "/run", "/sys", "/tmp", "/usr", "/var/tmp",
    ].compactMap { AbsolutePath(Array($0.utf8)) }
    /// Of these not even a part.
    private static let kernel: [AbsolutePath] = ["/dev", "/proc", "/sys"].compactMap { AbsolutePath(Array($0.utf8)) }
    /// Names of sockets that command a container engine.
    private static let engines: Set<String> = [
        "buildkitd.sock", "containerd.sock", "crio.sock", "docker.sock", "lxd.sock", "podman.sock",
    ]
    /// Where running programs keep their sockets.
    private static let runtime: [AbsolutePath] = ["/run", "/var/run"].compactMap { AbsolutePath(Array($0.utf8)) }

    /// - Throws: ``ResolutionFault`` where something is not there, or can never be granted.
    init(reads: [AbsolutePath], writes: [AbsolutePath], home: AbsolutePath?) throws(ResolutionFault) {
        self.writes = try Self.places(writes)
        let writable = self.writes.map(\.real)
        // What may be changed may be read.
        self.reads = try Self.places(reads).filter { place in !writable.contains { $0.contains(place.real) } }
        dangers = try Self.judge(self.reads.map(\.real), writable, home)
        // Granted as it really lies, whatever links lead to it.
        self.home = try home.flatMap { home throws(ResolutionFault) in
            try Links.exists(home) ? try Links.follow(home).path : nil
        }
    }

    private static func places(_ paths: [AbsolutePath]) throws(ResolutionFault) -> [Place] {
        var places: [Place] = []
        for path in paths {
            guard try Links.exists(path) else {
                throw ResolutionFault(
                    "there is no \(Visible.text(path.bytes)), which is granted", hint: "make it, or correct the path")
            }
            let real = try Links.follow(path).path
            if let own = own.first(where: { real.contains($0) }) ?? kernel.first(where: { $0.contains(real) }) {
                throw ResolutionFault(
                    "\(Visible.text(real.bytes)) cannot be granted: the sandbox has \(own) of its own",
                    hint: "grant what it needs of it")
            }
            if !places.contains(where: { $0.real.contains(real) && $0.written == $0.real }) {
                places.append(Place(real: real, written: path))
            }
        }
        return places
    }

    private static func judge(_ reads: [AbsolutePath], _ writes: [AbsolutePath], _ home: AbsolutePath?)
        throws(ResolutionFault) -> [FoundDanger]
    {
        let findings = DangerAnalysis.findings(
            programs: [], arguments: [], own: 0, environment: [], reads: reads, writes: writes, parameters: [],
            home: home)
        var list = DangerList()
        list.add(findings)
        for path in reads + writes {
            let name = String(decoding: path.name, as: UTF8.self)
            if engines.contains(name) {
                list.add([DangerFinding(.containerControl, path.bytes)])
            } else if runtime.contains(where: { $0.contains(path) }) {
                list.add([DangerFinding(.wideGrant, path.bytes)])
            }
        }
        return list.all
    }
}
