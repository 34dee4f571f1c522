// SPDX-License-Identifier: Apache-2.0

/// What /proc/PID/stat says, as far as it serves to tell one process from another.
package struct ProcessStatus: Equatable, Sendable {
    /// What the process calls itself, up to 15 bytes: any bytes, brackets and newlines among them.
    package let name: [UInt8]
    package let state: UInt8
    package let parent: Int32
    /// Clock ticks between the start of the machine and the start of the process. With the id it names one process.
    package let startTime: UInt64

    /// Nil unless `line` has the shape that proc(5) describes.
    package init?(parsing line: [UInt8]) {
        // The name stands in brackets and may hold brackets itself; what follows it is digits and one letter, so the
        // last closing bracket is the one that ends it.
        guard let open = line.firstIndex(of: UInt8(ascii: "(")),
            let close = line.lastIndex(of: UInt8(ascii: ")")), open < close
        else { return nil }
        let fields = line[(close + 1)...].split(separator: UInt8(ascii: " "))
        // proc(5) counts from 1 and the name is field 2, so field n stands at n - 3.
        guard fields.count >= 20, fields[0].count == 1, let state = fields[0].first,
            let parent = decimal(fields[1]), let start = decimal(fields[19])
        else { return nil }
        name = Array(line[(open + 1)..<close])
        self.state = state
        self.parent = Int32(truncatingIfNeeded: parent)
        startTime = start
    }
}

private func decimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
    if digits.isEmpty { return nil }
    var number: UInt64 = 0
    for digit in digits {
        guard digit >= 0x30 && digit <= 0x39 else { return nil }
        let (shifted, over) = number.multipliedReportingOverflow(by: 10)
        let (sum, carry) = shifted.addingReportingOverflow(UInt64(digit - 0x30))
        if over || carry { return nil }
        number = sum
    }
    return number
}
