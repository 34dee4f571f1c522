// SPDX-License-Identifier: Apache-2.0
import Audit
import Scratch
import Testing

@Suite("Two checkers that share nothing agree")
struct SecondOpinionTests {
    @Test("on the verdict, and on the first bad place, for logs damaged in every way we can think of")
    func agreement() throws {
        let golden = try Golden.log()
        var damaged: [MemoryLog] = [golden]
        func add(_ change: (inout MemoryLog) -> Void) {
            var log = golden
            change(&log)
            damaged.append(log)
        }
        for (name, file) in golden.files {
            // A stride that meets every kind of byte, and stays affordable.
            for index in stride(from: 0, to: file.count, by: 31) {
                for value in [file[index] ^ 1, file[index] ^ 0x20, 0, 10, 0xff, 34] {
                    add { $0.files[name]?[index] = value }
                }
                add { $0.files[name]?.remove(at: index) }
                add { $0.files[name]?.insert(48, at: index) }
                add { $0.files[name] = Array(file[..<index]) }
            }
            add { $0.files[name] = nil }
            add { $0.files[name]?.append(10) }
            add { $0.files[name]?.append(32) }
            add { $0.files[name]?.append(contentsOf: file) }
        }
        for segment in 1...Golden.segments {
            let lines = golden.lines(segment)
            for index in lines.indices {
                add { $0[segment] = lines.enumerated().filter { $0.offset != index }.flatMap(\.element) }
                add { $0[segment] += lines[index] }
                add { $0[segment] = lines[index] }
            }
            for other in 1...4 { add { $0[UInt32(other)] = $0[segment] } }
        }
        let scratch = Scratch()
        for (index, log) in damaged.enumerated() { try log.put(scratch, "\(index)") }
        let second = secondOpinions(of: damaged.indices.map { "\(scratch.path)/\($0)" })
        #expect(second.count == damaged.count)
        #expect(second.first == "sound")
        #expect(
            Set(second.map { $0.split(separator: " ")[0] }).count > 12, "the meter: many kinds of damage are told apart"
        )
        for (log, opinion) in zip(damaged, second) {
            let first = verify(log).opinion
            #expect(first == opinion)
        }
    }
}
