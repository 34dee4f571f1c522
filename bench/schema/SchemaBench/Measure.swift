// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// CPU time of this process in nanoseconds.
private func processTime() -> Int {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { fatalError("no CPU clock") }
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// CPU nanoseconds that one `body` takes: the least of some rounds, each long enough for the clock.
func nanoseconds(rounds: Int = 25, _ body: () -> Bool) -> Int {
    var repeats = 1
    while true {
        let start = processTime()
        for _ in 0..<repeats { guard body() else { fatalError("not as expected") } }
        if processTime() - start > 8_000_000 { break }
        repeats *= 2
    }
    var best = Int.max
    for _ in 0..<rounds {
        let start = processTime()
        for _ in 0..<repeats { guard body() else { fatalError("not as expected") } }
        best = min(best, (processTime() - start) / repeats)
    }
    return best
}

/// The most of this process that was in memory so far.
func residentBytes() -> Int {
    var usage = rusage()
    guard unsafe getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { fatalError("no resource usage") }
    return usage.ru_maxrss * 1024
}
