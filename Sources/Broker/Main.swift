// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Glibc
internal import Linux

/// The room's life: one door, handed over as descriptor 3, and nothing else.
func runBroker() -> Never {
    Signal.ignoreBrokenPipe()
    do throws(SyscallError) {
        let room = try BrokerRoom(
            door: FileDescriptor(owning: 3), statePath: ThisProcess.arguments.dropFirst().first?.description ?? "/state"
        )
        do throws(BrokerFault) { try room.run() } catch {
            room.say(error)
            exit(1)
        }
    } catch {
        exit(1)
    }
    exit(0)
}
