// SPDX-License-Identifier: Apache-2.0

/// The masking of RFC 6455 section 5.3. It keeps a browser from writing chosen bytes onto a wire, and hides nothing.
enum Masking {
    /// Appends `range` of `bytes`, each byte combined with its byte of `mask`; says whether all of it is ASCII.
    ///
    /// - Parameter mask: first byte lowest, already turned to where `range` begins.
    static func append(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>, _ mask: UInt32, to output: inout [UInt8]
    ) -> Bool {
        let part = bytes.extracting(range)
        let key = UInt64(mask) | UInt64(mask) &<< 32
        var seen: UInt64 = 0
        output.append(addingCapacity: part.count) { room in
            for index in 0..<part.count { room.append(part[index]) }
            var appended = room.mutableSpan
            let count = appended.count
            var index = 0
            while count &- index >= 8 {
                let word = part.word(at: index) ^ key
                seen |= word
                appended.store(word: word, at: index)
                index &+= 8
            }
            while index < count {
                let byte = part[index] ^ UInt8(truncatingIfNeeded: key &>> UInt64(8 * (index & 7)))
                seen |= UInt64(byte)
                appended[index] = byte
                index += 1
            }
        }
        return seen & ByteWord.high == 0
    }
}
