// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import StrictJSON

/// CPU time of this process in nanoseconds.
private func processTime() -> Int {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { fatalError("no CPU clock") }
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// CPU nanoseconds that one `body` takes: the least of 25 rounds, each long enough for the clock.
func nanoseconds(_ body: () throws(JSONError) -> Void) -> Int {
    do throws(JSONError) {
        var repeats = 1
        while true {
            let start = processTime()
            for _ in 0..<repeats { try body() }
            if processTime() - start > 8_000_000 { break }
            repeats *= 2
        }
        var best = Int.max
        for _ in 0..<25 {
            let start = processTime()
            for _ in 0..<repeats { try body() }
            best = min(best, (processTime() - start) / repeats)
        }
        return best
    } catch {
        fatalError("refused: \(error)")
    }
}

func contents(of path: String) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY)
    guard descriptor >= 0 else { fatalError("cannot open \(path)") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = unsafe block.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return bytes }
        bytes.append(contentsOf: block[..<count])
    }
}

func measure(_ path: String) {
    let document = contents(of: path)
    var reader = JSONReader(limits: .message)
    var tree = JSONTree()
    let read = nanoseconds { () throws(JSONError) in try reader.read(document.span, into: &tree) }
    var writer = JSONWriter()
    let write = nanoseconds { () throws(JSONError) in
        writer.reset()
        writer.value(tree, .root)
    }
    print(path, document.count, read, write)
}

func readAndWrite(_ document: [UInt8], times: Int) {
    var reader = JSONReader(limits: .message)
    var tree = JSONTree()
    var writer = JSONWriter()
    do throws(JSONError) {
        for _ in 0..<times {
            try reader.read(document.span, into: &tree)
            writer.reset()
            writer.value(tree, .root)
        }
    } catch {
        fatalError("refused: \(error)")
    }
}
