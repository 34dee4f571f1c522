// SPDX-License-Identifier: Apache-2.0

/// Why the broker cannot stand up or go on, in words for the operator.
struct BrokerFault: Error, Equatable {
    let sentence: String
    let hint: String

    init(_ sentence: String, hint: String) {
        self.sentence = sentence
        self.hint = hint
    }
}
