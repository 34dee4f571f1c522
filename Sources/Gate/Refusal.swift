// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Wire

/// One "no" of the gate: what the caller is told, and which rule and which name the record gets. Never a value.
struct Refusal: Error, Equatable {
    /// What an answer says beside the denial itself.
    enum Detail: Equatable {
        /// The methods that the address serves.
        case allow(String)
        /// The revisions that are served, and the one that was asked for, where it was readable.
        case revisions(requested: [UInt8]?)
    }

    let denial: Denial
    /// The exact rule in the word of the grammar that refused; empty where the denial says it all.
    var rule = ""
    /// Name of the header or member at fault.
    var field = ""
    var detail: Detail?
    /// The HTTP answer is 200: legacy clients lose the reason behind any other status (mcp.md 6.1).
    var isAnsweredOK = false

    init(_ denial: Denial, rule: String = "", field: String = "", detail: Detail? = nil) {
        self.denial = denial
        self.rule = rule
        self.field = field
        self.detail = detail
    }

    init(_ error: WireError) {
        // Every rule that a client can break has a denial; the others are about servers' answers.
        denial = error.rule.denial ?? .headMalformed
        rule = error.rule.rawValue
        field = error.field?.text ?? ""
    }

    init(_ error: JSONError) {
        denial = .jsonMalformed
        rule = error.rule.rawValue
    }

    init(_ fault: EnvelopeFault) {
        denial = fault.isReaderFault ? .jsonMalformed : .messageMalformed
        rule = fault.word.description
    }

    init(_ fault: ParameterFault) {
        denial = .parametersMalformed
        rule = fault.word.description
        field = fault.member ?? ""
    }
}

/// A message that is refused, with the id under which its sender can be told: nil where none could be read.
struct MessageRefusal: Error, Equatable {
    let refusal: Refusal
    let id: RequestID?

    init(_ refusal: Refusal, id: RequestID? = nil) {
        self.refusal = refusal
        self.id = id
    }
}
