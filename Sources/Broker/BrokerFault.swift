// SPDX-License-Identifier: Apache-2.0
internal import Control

/// Why the broker cannot stand up or go on, in words for the operator.
struct BrokerFault: Error, Equatable {
    let sentence: String
    let hint: String

    init(_ sentence: String, hint: String) {
        self.sentence = sentence
        self.hint = hint
    }
}

extension BrokerRoom {
    /// The last words: the launcher prints them for the operator.
    func say(_ fault: BrokerFault) {
        ask(.fatal(error: Array(fault.sentence.utf8), hint: Array(fault.hint.utf8)))
        // If the door is what failed, there is nobody left to tell.
        do throws(ChannelError) { _ = try launcher.flush() } catch {}
    }
}
