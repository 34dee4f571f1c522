// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// `doorward version`
enum VersionCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) -> ExitStatus {
        guard arguments.has(.json) else {
            console.print("\(Product.name) \(Product.version)")
            return .done
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("name")
        json.string(Product.name)
        json.key("version")
        json.string(Product.version)
        json.endObject()
        console.print(document: json.take())
        return .done
    }
}

/// `doorward man`
enum ManCommand {
    static func run(_ console: Console) -> ExitStatus {
        console.print(bytes: Array(ManPage.text().utf8))
        return .done
    }
}

/// `doorward completions SHELL`
enum CompletionsCommand {
    static func run(_ arguments: ParsedArguments, _ console: Console) -> ExitStatus {
        let text: String
        switch arguments.operands.first.map({ String(decoding: $0, as: UTF8.self) }) {
        case "zsh": text = Completions.zsh()
        case "fish": text = Completions.fish()
        // The parser has let only these three through.
        default: text = Completions.bash()
        }
        console.print(bytes: Array(text.utf8))
        return .done
    }
}

extension Console {
    /// One JSON document, on a line of its own.
    func print(document: [UInt8]) { print(bytes: document + [0x0A]) }

    func print(document tree: JSONTree) { print(document: tree.canonical(.root).bytes) }
}
