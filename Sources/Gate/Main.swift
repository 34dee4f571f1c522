// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Linux

/// The room's life: one door, handed over as descriptor 3, and nothing else.
func runGate() -> Never {
    Signal.ignoreBrokenPipe()
    do throws(GateEnd) {
        let room = try GateRoom(door: FileDescriptor(owning: 3))
        room.confine()
        try room.run()
    } catch {
        switch error {
        case .drained, .doorLost: exit(0)
        case .fault(let text):
            complain(text)
            exit(1)
        }
    }
}

/// Last words on standard error, which is a pipe to the launcher; if nobody reads them, nothing is left to do.
private func complain(_ text: String) {
    do throws(SyscallError) {
        try FileDescriptor(owning: 2).writeAll(Array("doorward-gate: error: \(text)\n".utf8))
    } catch {}
}
