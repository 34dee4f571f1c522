// SPDX-License-Identifier: Apache-2.0
internal import Linux
internal import Policy

enum Program {
    static func run(_ words: [String]) -> Int32 { 0 }
}
