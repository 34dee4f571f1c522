// SPDX-License-Identifier: Apache-2.0
internal import Audit
internal import Crypto
internal import Linux

/// A log that was changed is sound only where the change took whole segments from the front, or added an unfinished
/// line behind the end; and whatever bytes stand in a file, the verifier comes to its end.
///
/// The first byte of an input says what the rest is: 0 a list of changes to the golden log, 1 a last segment, 2 a
/// checkpoint.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = input.first else { return 0 }
    var log = golden
    switch first {
    case 0: change(&log, input.dropFirst())
    case 1: log.files[Layout.segmentName(3)] = Array(input.dropFirst())
    case 2: log.files[Layout.checkpointName] = Array(input.dropFirst())
    default: return -1
    }
    let report = verify(log, VerifyOptions(key: key))
    if report.verdict == .sound { requireHarmless(log, golden) }
    return 0
}

/// Six bytes for each change: what to do, to which file, where (two bytes), and with which two values.
private func change(_ log: inout MemoryLog, _ script: ArraySlice<UInt8>) {
    let names = log.files.keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    var rest = script
    while rest.count >= 6 {
        let step = Array(rest.prefix(6))
        rest = rest.dropFirst(6)
        let name = names[Int(step[1]) % names.count]
        guard var file = log.files[name] else { continue }
        let place = file.isEmpty ? 0 : (Int(step[2]) << 8 | Int(step[3])) % file.count
        switch step[0] % 7 {
        case 0 where !file.isEmpty: file[place] = step[4]
        case 1 where !file.isEmpty: file.remove(at: place)
        case 2: file.insert(step[4], at: place)
        case 3: file.removeLast(file.count - place)
        case 4: file += [UInt8](repeating: step[4], count: Int(step[5]))
        case 5: file = log.files[names[Int(step[4]) % names.count]] ?? []
        case 6:
            log.files[name] = nil
            continue
        default: continue
        }
        log.files[name] = file
    }
}

private func requireHarmless(_ log: MemoryLog, _ golden: MemoryLog) {
    let segments = log.files.keys.compactMap(Layout.segmentNumber).sorted()
    precondition(segments.last == 3 && segments == Array((segments.first ?? 0)...3))
    for segment in segments {
        let name = Layout.segmentName(segment)
        let (found, expected) = (log.files[name] ?? [], golden.files[name] ?? [])
        precondition(found.starts(with: expected))
        let extra = found.dropFirst(expected.count)
        precondition(extra.isEmpty || segment == 3 && !extra.contains(UInt8(ascii: "\n")))
    }
    precondition(log.files[Layout.checkpointName] == golden.files[Layout.checkpointName])
}

private struct MemoryLog: LogSource {
    var files: [FileName: [UInt8]] = [:]

    func names() -> [FileName] { Array(files.keys) }

    func read(_ name: FileName, at offset: UInt64, into buffer: inout [UInt8], from start: Int) throws(SyscallError)
        -> Int
    {
        guard let file = files[name] else { throw SyscallError("openat2", name.description, code: 2) }
        guard offset < file.count else { return 0 }
        let count = min(buffer.count - start, file.count - Int(offset))
        for index in 0..<count { buffer[start + index] = file[Int(offset) + index] }
        return count
    }
}

/// The golden log of the tests.
private let golden: MemoryLog = {
    let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
        separator: "/")
    var log = MemoryLog()
    do {
        let directory = try Directory(path: repository + "/Tests/AuditTests/golden/log")
        for name in try directory.names(limit: 100) {
            log.files[name] = try directory.open(name).readWhole(limit: 1_000_000)
        }
    } catch {
        fatalError("no golden log: \(error)")
    }
    precondition(verify(log, VerifyOptions(key: key)).verdict == .sound)
    return log
}()

/// The public key of RFC 8032, section 7.1, test 1.
private let key: VerifyingKey? = {
    let digits = Array("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a".utf8)
    return Hex.decode(digits.span).flatMap { VerifyingKey($0) }
}()
