// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// What a server offered when a person reviewed it: the only tools, prompts and templates that callers ever see.
///
/// The whole objects are kept, as canonical JSON, and shown to clients from here: what a model reads is what a person
/// read. A server that later offers something else changes nothing but its own standing.
package struct Review: Equatable, Sendable {
    /// Seconds since 1970.
    package var reviewedAt: UInt64
    /// The revision that was spoken.
    package var revision: Revision
    package var capabilities: ServerCapabilities
    /// The server's own instructions, pinned like the tools; nil if it gave none.
    package var instructions: [UInt8]?
    package var tools: [PinnedTool]
    package var prompts: [PinnedObject]
    package var templates: [PinnedObject]
    /// Digest over the sorted (name, digest) pairs of tools, prompts and templates and over the instructions.
    package var set: Digest

    package init(
        reviewedAt: UInt64, revision: Revision, capabilities: ServerCapabilities, instructions: [UInt8]?,
        tools: [PinnedTool], prompts: [PinnedObject], templates: [PinnedObject], set: Digest
    ) {
        self.reviewedAt = reviewedAt
        self.revision = revision
        self.capabilities = capabilities
        self.instructions = instructions
        self.tools = tools
        self.prompts = prompts
        self.templates = templates
        self.set = set
    }
}

/// One prompt or resource template, pinned whole.
package struct PinnedObject: Equatable, Sendable {
    /// The prompt's name, or the template's address pattern.
    package let name: [UInt8]
    package let object: CanonicalJSON
    package let digest: Digest

    package init(name: [UInt8], object: CanonicalJSON, digest: Digest) {
        self.name = name
        self.object = object
        self.digest = digest
    }
}

/// One tool, pinned whole, with the class its reviewer gave it.
package struct PinnedTool: Equatable, Sendable {
    package let name: ToolName
    package let object: CanonicalJSON
    package let digest: Digest
    /// The reviewer's class, raised by what the tool's annotations admit.
    package let risk: RiskClass

    package init(name: ToolName, object: CanonicalJSON, digest: Digest, risk: RiskClass) {
        self.name = name
        self.object = object
        self.digest = digest
        self.risk = risk
    }
}

/// What a server can do beside tools, as it declared it.
package struct ServerCapabilities: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let tools = ServerCapabilities(rawValue: 1)
    package static let prompts = ServerCapabilities(rawValue: 2)
    package static let resources = ServerCapabilities(rawValue: 4)
    package static let completions = ServerCapabilities(rawValue: 8)
    package static let logging = ServerCapabilities(rawValue: 16)
    package static let toolsChanged = ServerCapabilities(rawValue: 32)
    package static let promptsChanged = ServerCapabilities(rawValue: 64)
    package static let resourcesChanged = ServerCapabilities(rawValue: 128)
    package static let resourcesSubscribe = ServerCapabilities(rawValue: 256)

    package static let words: [(StaticString, ServerCapabilities)] = [
        ("tools", .tools), ("prompts", .prompts), ("resources", .resources), ("completions", .completions),
        ("logging", .logging), ("tools.listChanged", .toolsChanged), ("prompts.listChanged", .promptsChanged),
        ("resources.listChanged", .resourcesChanged), ("resources.subscribe", .resourcesSubscribe),
    ]
}
