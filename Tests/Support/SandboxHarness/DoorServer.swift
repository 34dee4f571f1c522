// SPDX-License-Identifier: Apache-2.0
import Glibc
import Linux
import Sandboxing

/// Stands in for the egress room: answers on the listeners of a sandbox until it has ended.
///
/// A plain HTTP request gets a page that says by script that it was run, CONNECT is refused, anything else gets `door N`.
enum DoorServer {
    private static let page = """
        <!doctype html><title>loading</title><body>\
        <script>document.title = "loaded"; document.body.textContent = "script " + (6 * 7)</script>
        """

    static func serve(_ doors: consuming PassedDescriptors, until child: borrowing Clone.Child) throws -> ProcessExit {
        var listeners: [Int32] = []
        while let door = doors.takeFirst() { listeners.append(door.release()) }
        while true {
            var entries = (listeners + [child.pidfd.descriptor.number]).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            guard poll(&entries, nfds_t(entries.count), 30_000) > 0 else { throw SyscallError.last("poll") }
            for (index, listener) in listeners.enumerated() where entries[index].revents != 0 {
                let connection = accept(listener, nil, nil)
                if connection >= 0 { answer(connection, door: index) }
            }
            if let exit = try child.pidfd.exit() { return exit }
        }
    }

    /// How deep in PID namespaces the deepest process of this host is, and how many filters it has.
    private static func tellDepth() {
        var deepest = (levels: 0, filters: 0)
        for pid in (try? Proc.processes()) ?? [] {
            let bytes =
                (try? HostSetting.text(SystemString(Array("/proc/\(pid)/status".utf8)) ?? "", limit: 8192)) ?? nil
            var found = (levels: 0, filters: 0)
            for line in String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n") {
                let words = line.split { $0 == "\t" || $0 == " " }
                if words[0] == "NSpid:" { found.levels = words.count - 1 }
                if words[0] == "Seccomp_filters:" { found.filters = Int(words[1]) ?? 0 }
            }
            if found > deepest { deepest = found }
        }
        Harness.complain("deepest: \(deepest.levels) levels, \(deepest.filters) filters")
    }

    private static func answer(_ connection: Int32, door: Int) {
        var time = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var request = [UInt8](repeating: 0, count: 8192)
        let count = max(0, recv(connection, &request, request.count, 0))
        let line = String(decoding: request[0..<count].prefix { $0 != 13 && $0 != 10 }, as: UTF8.self)
        Harness.complain("door \(door): \(line)")
        if line.hasPrefix("GET http://") { tellDepth() }
        let text =
            if line.hasPrefix("GET http://") {
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: \(page.utf8.count)\r\n"
                    + "Connection: close\r\n\r\n" + page
            } else if line.hasPrefix("CONNECT ") {
                "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            } else {
                "door \(door)\n"
            }
        let bytes = Array(text.utf8)
        _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        close(connection)
    }
}
