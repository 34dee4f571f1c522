// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// What changes during one validation.
///
/// Running out of steps or depth ends it with no, whatever `not`, `anyOf` or `if` would make of a no: `steps` stays
/// spent, and every question is answered with no.
struct SchemaState {
    /// What was not so, of which node, by which subschema.
    struct Failure {
        var rule: SchemaViolation.Rule
        var node: JSONNode
        var schema: SchemaIndex
    }

    var steps = SchemaLimits.steps
    /// Subschemas that wait for an answer.
    var depth = 0
    var isTooDeep = false
    /// The failure met last. If the whole value fails it is the cause: each combination that forgives a failure and
    /// fails afterwards puts its own in its place.
    private(set) var failure: Failure?
    /// Resources entered on the way, outermost first; kept only for programs in which the way matters.
    var scope: [UInt32] = []
    /// What keywords have looked at: one bit for each member or element, for each value under watch.
    var watched: [UInt64] = []

    var isSpent: Bool { steps <= 0 }

    /// Notes a failure. Always false, which is the answer.
    @inline(never)
    mutating func fail(_ keyword: SchemaKeyword, _ node: JSONNode, _ schema: SchemaIndex) -> Bool {
        fail(SchemaViolation.Rule.keyword(keyword), node, schema)
    }

    @inline(never)
    mutating func fail(_ rule: SchemaViolation.Rule, _ node: JSONNode, _ schema: SchemaIndex) -> Bool {
        failure = Failure(rule: rule, node: node, schema: schema)
        return false
    }
}
