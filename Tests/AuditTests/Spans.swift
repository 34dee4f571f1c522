// SPDX-License-Identifier: Apache-2.0
import Audit
import Crypto

// An expectation cannot hold a span: the same functions over arrays.
extension Timestamp {
    static func parse(_ text: [UInt8]) -> UInt64? { parse(text.span) }
}
extension Hex {
    static func decode(_ text: [UInt8]) -> [UInt8]? { decode(text.span) }
}
