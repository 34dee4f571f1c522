// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import Linux

/// A directory of its own for one test, removed with everything in it when the test lets go of it.
package final class Scratch: Sendable {
    package let path: String

    package init(_ name: StaticString = #function, below base: String = "/tmp") {
        var template = Array("\(base)/doorward-test-XXXXXX".utf8CString)
        // Terminated, and changed in place.
        let made = unsafe mkdtemp(&template) != nil
        precondition(made, "no scratch directory for \(name)")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Shell.run("chmod -R u+rwX '\(path)'; rm -rf '\(path)'") }

    package func directory() throws -> Directory { try Directory(path: path) }

    /// What a shell would see under this name, for checks that do not go through the code under test.
    package func contents(_ name: String) -> [UInt8]? { Shell.read("\(path)/\(name)") }

    package func put(_ name: String, _ bytes: [UInt8]) { Shell.write("\(path)/\(name)", bytes) }
}

/// Ways around the code under test: nothing here uses the Linux module.
package enum Shell {
    /// The exit status of `sh -c command`, or -1 if it was killed.
    @discardableResult
    package static func run(_ command: String) -> Int32 {
        let status = unsafe system(command)
        return status & 0x7f == 0 ? status >> 8 & 0xff : -1
    }

    package static func read(_ path: String) -> [UInt8]? {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        defer { close(number) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(number, &block, block.count)
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes.append(contentsOf: block[..<count])
        }
    }

    package static func write(_ path: String, _ bytes: [UInt8]) {
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(number >= 0, "cannot write \(path)")
        defer { close(number) }
        var done = 0
        while done < bytes.count {
            let count = unsafe Glibc.write(number, Array(bytes[done...]), bytes.count - done)
            precondition(count > 0, "cannot write \(path)")
            done += count
        }
    }

    package static var isRoot: Bool { geteuid() == 0 }
}
