// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// What a schema's author cannot decide.
package struct SchemaOptions: Equatable, Sendable {
    /// `format` says no, not only what is meant. Otherwise it does only where a metaschema demands it.
    package var assertFormats: Bool
    /// Our own formats, listed in docs/schema.md, say no.
    package var assertOurFormats: Bool

    package init(assertFormats: Bool = false, assertOurFormats: Bool = false) {
        self.assertFormats = assertFormats
        self.assertOurFormats = assertOurFormats
    }
}

/// A tool's input schema (JSON Schema, draft 2020-12), compiled once, asked for every call. Fetches nothing, ever.
package struct ArgumentSchema: Sendable {
    private let program: SchemaProgram
    private let absent: SchemaViolation?

    /// Compiles the schema at `schema`; the tree is not needed afterwards.
    ///
    /// - documents: what references may lead to beside the schema itself and the metaschemas of 2020-12.
    package init(
        _ tree: JSONTree, _ schema: JSONNode, options: SchemaOptions = SchemaOptions(),
        documents: [SchemaDocument] = []
    ) throws(SchemaFault) {
        var compiler = SchemaCompiler(options, documents)
        program = try compiler.compile(tree, schema)
        absent = Self.judge(program, program.constants, program.emptyObject, steps: SchemaLimits.steps)
    }

    /// Whether a call's arguments fit. Absent arguments count as an empty object.
    package func accepts(_ tree: JSONTree, _ arguments: JSONNode?) -> Bool {
        guard let arguments else { return absent == nil }
        var state = SchemaState()
        return SchemaJudge(program, tree).holds(program.root, arguments, nil, &state) && !state.isSpent
    }

    /// What is wrong with a call's arguments; nil exactly if they are accepted.
    package func violation(_ tree: JSONTree, _ arguments: JSONNode?) -> SchemaViolation? {
        guard let arguments else { return absent }
        return violation(tree, arguments, steps: SchemaLimits.steps)
    }

    /// The same with a budget of the caller's, for tests of what happens at its end.
    func violation(_ tree: JSONTree, _ arguments: JSONNode, steps: Int) -> SchemaViolation? {
        Self.judge(program, tree, arguments, steps: steps)
    }

    private static func judge(
        _ program: SchemaProgram, _ tree: JSONTree, _ node: JSONNode, steps: Int
    ) -> SchemaViolation? {
        var state = SchemaState()
        state.steps = steps
        let judge = SchemaJudge(program, tree)
        let isMet = judge.holds(program.root, node, nil, &state)
        return isMet && !state.isSpent ? nil : judge.violation(state, in: node)
    }
}
