// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Linux
internal import Policy

/// The room's life: one door, handed over as descriptor 3, the host's network, and as arguments the names of this host.
func runEgress() -> Never {
    Signal.ignoreBrokenPipe()
    do throws(EgressEnd) {
        let room = try EgressRoom(
            door: FileDescriptor(owning: 3), network: try HostNetwork.open(), servers: Nameservers.ofHost(),
            names: ThisProcess.arguments.dropFirst().compactMap { HostName($0.bytes) })
        room.confine()
        try room.run()
    } catch {
        switch error {
        // Without a broker nothing is recorded, so nothing may be open: the end of the process cuts everything.
        case .doorLost: exit(0)
        case .fault(let text):
            complain(text)
            exit(1)
        }
    }
}

/// Last words on standard error, which is a pipe to the launcher; if nobody reads them, nothing is left to do.
private func complain(_ text: String) {
    do throws(SyscallError) {
        try FileDescriptor(owning: 2).writeAll(Array("doorward-egress: error: \(text)\n".utf8))
    } catch {}
}
