// SPDX-License-Identifier: Apache-2.0
internal import StrictJSON

/// Text out of a document, made fit for a message.
enum SchemaText {
    /// At most ``SchemaLimits/shownBytes`` of the text, in which nothing moves a cursor, hides or reorders.
    static func shown(_ bytes: [UInt8]) -> String {
        var text = ""
        for scalar in String(decoding: bytes.prefix(4 * SchemaLimits.shownBytes), as: UTF8.self).unicodeScalars {
            let piece = isPlain(scalar) ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
            guard text.utf8.count + piece.utf8.count <= SchemaLimits.shownBytes else { return text + "…" }
            text += piece
        }
        return bytes.count > 4 * SchemaLimits.shownBytes ? text + "…" : text
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber, .connectorPunctuation,
            .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
            .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol, .spaceSeparator:
            true
        @unknown default: false
        }
    }

    /// The JSON pointer that leads from `root` to `target`, a node below it, and the same for a key; shortened like
    /// all text.
    static func place(of target: JSONNode, below root: JSONNode, in tree: JSONTree) -> String {
        var pointer: [UInt8] = []
        var node = root
        let goal = tree.offset(target)
        descent: while tree.count(node) > 0, tree.offset(node) < goal {
            // Nodes stand in the order of the source: the way leads through the last child that is not behind the goal.
            let isObject = tree.kind(node) == .object
            var child = tree.first(in: node)
            var token: (node: JSONNode, index: Int)?
            for index in 0..<tree.count(node) {
                guard tree.offset(child) <= goal else { break }
                token = (child, index)
                child = tree.next(after: isObject ? tree.value(ofKey: child) : child)
            }
            guard let token else { break }
            pointer.append(0x2F)
            if isObject {
                append(tree.text(token.node) ?? [], to: &pointer)
                guard token.node != target else { break descent }
                node = tree.value(ofKey: token.node)
            } else {
                pointer.append(contentsOf: String(token.index).utf8)
                node = token.node
            }
        }
        return shown(pointer)
    }

    /// Appends one token of a JSON pointer (RFC 6901 section 3).
    private static func append(_ token: [UInt8], to pointer: inout [UInt8]) {
        for byte in token {
            switch byte {
            case 0x7E: pointer.append(contentsOf: "~0".utf8)
            case 0x2F: pointer.append(contentsOf: "~1".utf8)
            default: pointer.append(byte)
            }
        }
    }
}
