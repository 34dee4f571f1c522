// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// The kernel's random numbers, fit for keys (getrandom(2)).
package enum Random {
    /// Replaces every byte of `bytes`.
    package static func fill(_ bytes: inout [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { all in
                // In bounds: done < bytes.count, and the array is not empty, so it has an address.
                unsafe dw_random(all.baseAddress.unsafelyUnwrapped + done, all.count - done)
            }
            // Up to 256 bytes come at once; longer requests may be interrupted. No other failure exists once the
            // pool is ready, and going on without randomness is no choice.
            precondition(count > 0 || errno == EINTR, "getrandom failed")
            if count > 0 { done += count }
        }
    }

    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        fill(&bytes)
        return bytes
    }

    package static func number() -> UInt64 {
        var number: UInt64 = 0
        // Eight bytes are never cut short and never interrupted.
        let count = unsafe dw_random(&number, 8)
        precondition(count == 8, "getrandom failed")
        return number
    }
}
