// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Scratch
import Synchronization
import Testing

@Suite("A thread of our own has a name, no signals, and is heard through an event descriptor")
struct ThreadTests {
    @Test("the body runs once on a thread of that name, with the signals of others blocked")
    func nameAndMask() throws {
        let seen = Mutex<(String, UInt64)>(("", 0))
        let thread = try Thread(named: "a-name-too-long-for-it") {
            let path = "/proc/thread-self"
            let comm = String(decoding: Shell.read("\(path)/comm") ?? [], as: UTF8.self)
            let status = String(decoding: Shell.read("\(path)/status") ?? [], as: UTF8.self)
            let line = status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
            let mask = line.flatMap { UInt64($0.dropFirst(8), radix: 16) } ?? 0
            seen.withLock { $0 = (comm, mask) }
        }
        thread.join()
        let (name, mask) = seen.withLock { $0 }
        #expect(name == "a-name-too-long\n")
        func isBlocked(_ signal: Int32) -> Bool { mask >> UInt64(signal - 1) & 1 == 1 }
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE, SIGUSR1] { #expect(isBlocked(signal)) }
        for signal in [SIGSEGV, SIGBUS, SIGABRT, SIGSYS] { #expect(!isBlocked(signal)) }
    }

    @Test("signals wait until they are drained, and are drained once")
    func events() throws {
        let event = try EventDescriptor()
        let before = event.drain()
        event.signal()
        event.signal()
        event.wait(milliseconds: nil)
        let first = event.drain()
        let second = event.drain()
        #expect([before, first, second] == [false, true, false])
        event.wait(milliseconds: 0)
    }

    @Test("a poller sees a signal from another thread")
    func poller() throws {
        final class Shared: Sendable {
            let event: EventDescriptor
            init() throws { event = try EventDescriptor() }
        }
        let shared = try Shared()
        var poller = try Poller()
        try poller.add(shared.event.descriptor, .readable, token: 7)
        let thread = try Thread(named: "signaller") { shared.event.signal() }
        var events: [Readiness] = []
        try poller.wait(&events, milliseconds: 10_000)
        #expect(events.map(\.token) == [7])
        thread.join()
    }

    @Test("a lock on a directory is held by one, and is free when its holder lets go")
    func lock() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        do {
            let held = try FileLock(on: directory)
            #expect { _ = try FileLock(on: directory) } throws: { ($0 as? SyscallError)?.isWouldBlock == true }
            _ = consume held
        }
        // Other tests start programs meanwhile, and between fork and exec such a child holds the lock too.
        let deadline = Instant.now.adding(milliseconds: 10_000)
        while true {
            do {
                _ = try FileLock(on: directory)
                break
            } catch { try #require(Instant.now < deadline) }
        }
    }
}
