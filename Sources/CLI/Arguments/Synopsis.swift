// SPDX-License-Identifier: Apache-2.0

/// How a command is written, in the usual notation: help and manual show it alike.
enum Synopsis {
    static func text(_ spec: CommandSpec) -> String {
        var parts = ["doorward", spec.name.rawValue]
        parts += spec.operands.map(operand)
        parts += spec.options.map { "[\(option($0))]\($0.repeats ? "..." : "")" }
        if let rest = spec.rest { parts.append(spec.restUnless == nil ? "-- \(rest)" : "[-- \(rest)]") }
        return parts.joined(separator: " ")
    }

    static func operand(_ operand: OperandSpec) -> String {
        switch operand.count {
        case .one: "\(operand.kind.placeholder)"
        case .optional: "[\(operand.kind.placeholder)]"
        case .many: "[\(operand.kind.placeholder)]..."
        }
    }

    static func option(_ option: OptionSpec) -> String {
        "--\(option.name.rawValue)" + (option.value.map { " \($0.placeholder)" } ?? "")
    }

    /// With the short form in front.
    static func full(_ option: OptionSpec) -> String {
        (option.short.map { "-\($0), " } ?? "") + Self.option(option)
    }
}
