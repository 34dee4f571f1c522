// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// What a tool says about itself. Believed only where it admits something.
struct ToolAnnotations: Equatable {
    var readOnly: Bool?
    var destructive: Bool?
    var idempotent: Bool?
    var openWorld: Bool?

    init(_ tree: JSONTree) {
        guard let node = tree.member(.root, "annotations") else { return }
        readOnly = tree.member(node, "readOnlyHint").flatMap(tree.bool)
        destructive = tree.member(node, "destructiveHint").flatMap(tree.bool)
        idempotent = tree.member(node, "idempotentHint").flatMap(tree.bool)
        openWorld = tree.member(node, "openWorldHint").flatMap(tree.bool)
    }

    /// The lowest class that what is admitted allows.
    var floor: RiskClass {
        if destructive == true { return .changes }
        return openWorld == true ? .network : .reads
    }

    /// In words, for people.
    var words: [String] {
        var words: [String] = []
        func add(_ value: Bool?, _ yes: String, _ no: String) { if let value { words.append(value ? yes : no) } }
        add(readOnly, "only reads (not believed)", "may write")
        add(destructive, "may destroy", "destroys nothing (not believed)")
        add(idempotent, "repeating changes nothing (not believed)", "repeating may change more")
        add(openWorld, "reaches out to the world", "stays on this machine (not believed)")
        return words
    }
}

/// Decides what no class can make usable, and which class is the least.
enum ToolJudge {
    /// Levels of nesting in one object: with what the sealed registry puts around it, still within its own limit.
    private static let mostDepth = 48
    /// Of one object, in bytes.
    private static let mostBytes = 1 << 20

    /// Why a tool cannot be offered to anybody; nil if it can.
    static func reasonToKeepOut(_ tool: OfferedObject) -> String? {
        if ToolName(tool.name) == nil { return "its name is not 1 to 128 of letters, digits, _, - and ." }
        if let reason = reasonAboutSize(tool) { return reason }
        let tree = tool.tree()
        guard let schema = tree.member(.root, "inputSchema"), tree.kind(schema) == .object else {
            return "it has no input schema"
        }
        do throws(SchemaFault) { _ = try ArgumentSchema(tree, schema) } catch {
            return "its input schema cannot be enforced (\(Visible.text("\(error)")))"
        }
        do throws(MirrorFault) { _ = try MirrorRules.find(tree, schema) } catch {
            return "its x-mcp-header declarations are invalid (\(words(error)))"
        }
        if let execution = tree.member(.root, "execution"), let support = tree.member(execution, "taskSupport"),
            tree.equals(support, "required")
        {
            return "it can only be called as a task, which is not offered"
        }
        return nil
    }

    /// The same for prompts and templates, of which less is asked.
    static func reasonAboutSize(_ object: OfferedObject) -> String? {
        if object.name.isEmpty { return "it has no name" }
        if object.object.bytes.count > mostBytes { return "it is larger than \(Sizes.text(UInt64(mostBytes)))" }
        return depth(object.object.bytes) > mostDepth ? "it is nested deeper than \(mostDepth) levels" : nil
    }

    /// The reviewer's class, raised by what the tool admits.
    static func risk(_ chosen: RiskClass, _ tool: OfferedObject) -> RiskClass {
        max(chosen, ToolAnnotations(tool.tree()).floor)
    }

    private static func words(_ fault: MirrorFault) -> String {
        switch fault {
        case .notAToken: "a name is no header name"
        case .twice: "two have one name, or there are too many"
        case .wrongType: "an argument is neither text, integer nor boolean"
        case .unreachable: "an argument is not always there"
        case .tooDeep: "nested too deep"
        }
    }

    /// Brackets open at once in canonical JSON.
    static func depth(_ json: [UInt8]) -> Int {
        var depth = 0
        var deepest = 0
        var isInString = false
        var isEscaped = false
        for byte in json {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        return deepest
    }
}
