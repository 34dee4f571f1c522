// SPDX-License-Identifier: Apache-2.0
import Policy
import Scratch
import StrictJSON
import Testing

@testable import Tools

@Suite("What tools say of themselves is true")
struct CatalogTests {
    private func object(_ tool: Tool) throws -> Reply { try Reply(Kit.files(.none, Zones()).object(tool).bytes) }

    @Test("each has a title, a description, closed schemas and honest annotations", arguments: Tool.ofFiles)
    func form(_ tool: Tool) throws {
        let object = try object(tool)
        #expect(object.string("name") == tool.name.description)
        #expect(ToolName(text(tool.name.description)) != nil)
        #expect(object.string("title")?.isEmpty == false && (object.string("description")?.utf8.count ?? 0) > 40)
        for schema in ["inputSchema", "outputSchema"] {
            #expect(object.string("\(schema).type") == "object")
            #expect(object.bool("\(schema).additionalProperties") == false)
        }
        #expect(object.bool("annotations.readOnlyHint") == true && object.bool("annotations.destructiveHint") == false)
        #expect(object.bool("annotations.idempotentHint") == true && object.bool("annotations.openWorldHint") == false)
        #expect(object.string("annotations.title") == object.string("title"))
    }

    @Test("the limits that clients are told are those of the code")
    func limits() throws {
        func expect(_ tool: Tool, _ path: String, _ value: Int) throws {
            #expect(try object(tool).integer("inputSchema.properties.\(path)") == value, "\(tool) \(path)")
        }
        for tool in [Tool.filesList, .filesRead, .filesSearch] {
            try expect(tool, "path.maxLength", ListJob.maxPathBytes)
        }
        for tool in [Tool.filesList, .filesSearch] {
            try expect(tool, "glob.maxLength", Glob.maxBytes)
            try expect(tool, "cursor.maxLength", Cursor.maxBytes)
        }
        try expect(.filesList, "depth.maximum", ListJob.maxDepth)
        try expect(.filesList, "limit.maximum", ListJob.maxLimit)
        try expect(.filesList, "limit.default", ListJob.defaultLimit)
        try expect(.filesRead, "offset.maximum", ReadJob.maxOffset)
        try expect(.filesRead, "length.maximum", ReadJob.maxBytes)
        try expect(.filesRead, "length.default", ReadJob.defaultBytes)
        try expect(.filesRead, "start_line.maximum", ReadJob.maxLine)
        try expect(.filesRead, "line_count.maximum", ReadJob.maxLines)
        try expect(.filesRead, "line_count.default", ReadJob.defaultLines)
        try expect(.filesSearch, "query.maxLength", Needle.maxBytes)
        try expect(.filesSearch, "context.maximum", SearchRequest.maxContext)
        try expect(.filesSearch, "limit.maximum", SearchRequest.maxLimit)
        try expect(.filesSearch, "limit.default", SearchRequest.defaultLimit)
        try expect(.timeNow, "timezone.maxLength", Zones.maxNameBytes)
        let description = try #require(try object(.filesRead).string("description"))
        #expect(description.contains("\(ReadJob.defaultBytes) bytes"))
    }

    @Test("every argument of a schema is read, and none besides")
    func arguments() throws {
        let scratch = Scratch()
        scratch.put("f", text("x"))
        let channel = try ScriptedChannel([("notes", scratch.path)])
        for tool in Tool.ofFiles {
            let object = try object(tool)
            let names = object.tree.members(try #require(object.node("inputSchema.properties"))).map {
                String(decoding: object.tree.text($0.key) ?? [], as: UTF8.self)
            }
            for name in names {
                // An object is of no argument's kind, so each known one complains about that.
                let reason = try channel.refusal(
                    tool.name.description,
                    #"{"path":"notes/f","\#(name)":{}}"#.replacing(
                        name == "path" ? #""path":"notes/f","# : "\u{0}", with: ""))
                #expect(reason == "argument-kind", "\(tool) \(name)")
            }
            #expect(
                try channel.refusal(tool.name.description, #"{"\#(names.joined())":1}"#)?.hasPrefix("argument-") == true
            )
        }
    }

    @Test("answers have the members that the schema names, and all that it requires")
    func answers() throws {
        let scratch = Scratch()
        scratch.shell(
            "printf '\\357\\273\\277caf\\351 needle\\nneedle\\n' >f && head -c 700 /dev/zero | tr '\\0' x >long && echo needle >>long && ln -s f l && mkdir d"
        )
        let channel = try ScriptedChannel([("notes", scratch.path)])
        for (tool, arguments) in [
            (Tool.timeNow, "{}"), (.filesList, #"{"limit":1,"depth":2}"#), (.filesList, #"{"path":"notes"}"#),
            (.filesRead, #"{"path":"notes/f"}"#),
            (.filesRead, #"{"path":"notes/f","start_line":1,"line_count":1}"#),
            (.filesRead, #"{"path":"notes/f","encoding":"base64","length":1}"#),
            (.filesSearch, #"{"query":"needle","context":2}"#), (.filesSearch, #"{"query":"needle","limit":1}"#),
        ] {
            let reply = try channel.answer(tool.name.description, arguments)
            let node = try #require(reply.node("result.structuredContent"))
            try conforms(reply, node, try object(tool), "outputSchema")
        }
    }

    private func conforms(_ reply: Reply, _ node: JSONNode, _ object: Reply, _ schema: String) throws {
        for (key, value) in reply.tree.members(node) {
            let name = String(decoding: reply.tree.text(key) ?? [], as: UTF8.self)
            let place = "\(schema).properties.\(name)"
            #expect(object.node(place) != nil, "\(place)")
            for element in reply.tree.elements(value) where object.node("\(place).items.properties") != nil {
                try conforms(reply, element, object, "\(place).items")
            }
        }
        for required in 0..<(object.count("\(schema).required") ?? 0) {
            let name = try #require(object.string("\(schema).required.\(required)"))
            #expect(reply.tree.member(node, text(name)) != nil, "\(schema) \(name)")
        }
    }
}
