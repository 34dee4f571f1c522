// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Linux

/// The room's life: one door, handed over as descriptor 3. It looks, it answers, it can do nothing else.
func runWatcher() -> Never {
    Signal.ignoreBrokenPipe()
    do throws(SyscallError) {
        let room = try WatcherRoom(door: FileDescriptor(owning: 3))
        exit(room.run())
    } catch { exit(1) }
}
