// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Changes to `doorward.json` that leave every other byte of it as it is, comments included.
enum ConfigurationEdit {
    /// What a new configuration begins with.
    static let template = Array("{\n}\n".utf8)

    /// Adds a server to `mcpServers`, as its last member.
    ///
    /// - Parameter entry: the value's lines, without indentation of their own beyond the first.
    /// - Throws: ``Failure`` if exactly this change could not be made; nothing is written then.
    static func adding(_ name: ServerName, _ entry: EntryText, to file: ConfigurationFile) throws(Failure)
        -> ConfigurationFile
    {
        guard file.entry(name) == nil else {
            throw Failure(
                "\(name) is registered already", hint: "doorward registry remove \(name), or choose another name")
        }
        let text: [UInt8]
        if let servers = file.tree.member(.root, "mcpServers") {
            text = inserted(name.bytes, entry.lines(), into: servers, file)
        } else {
            text = inserted(Array("mcpServers".utf8), EntryText.wrapping(name, entry), into: .root, file)
        }
        let new = try reread(file, text, name, entry)
        guard isOnlyAddition(of: name, from: file, to: new), let made = new.entry(name),
            EntryText(made).lines() == entry.lines()
        else { throw cannot(name, entry, file) }
        return new
    }

    /// Takes a server out of `mcpServers`.
    static func removing(_ name: ServerName, from file: ConfigurationFile) throws(Failure) -> ConfigurationFile {
        guard let servers = file.tree.member(.root, "mcpServers"), file.tree.member(servers, name.bytes) != nil else {
            throw Failure("\(name) is not registered", hint: "doorward registry list")
        }
        let text = removed(name.bytes, from: servers, file)
        let new: ConfigurationFile?
        do throws(Failure) { new = try ConfigurationFile(file.path, text) } catch { new = nil }
        // The same file, but for that entry: seen from the other side it is an addition.
        guard let new, isOnlyAddition(of: name, from: new, to: file) else {
            throw Failure(
                "\(name) could not be removed from \(Visible.text(file.path.bytes)) without changing something else",
                hint: "take it out by hand")
        }
        return new
    }

    // MARK: Text

    /// The text with one more member at the end of an object.
    private static func inserted(_ key: [UInt8], _ value: [[UInt8]], into object: JSONNode, _ file: ConfigurationFile)
        -> [UInt8]
    {
        let scan = TextScan(text: file.bytes)
        let start = file.tree.offset(object)
        let close = scan.end(ofValueAt: start) - 1
        let newline: [UInt8] = file.bytes.contains(0x0D) ? [0x0D, 0x0A] : [0x0A]
        let base = scan.indent(ofLineWith: close)
        var last: (key: Int, end: Int)?
        for member in file.tree.members(object) {
            last = (file.tree.offset(member.key), scan.end(ofValueAt: file.tree.offset(member.value)))
        }
        let unit = unit(file, scan)
        let indent =
            last.flatMap { scan.isFirstInLine($0.key) ? scan.indent(ofLineWith: $0.key) : nil } ?? base + unit
        var member = indent + CanonicalJSON.string(key).bytes + Array(": ".utf8)
        for (index, line) in value.enumerated() {
            if index > 0 { member += newline + indent + levels(line, unit) } else { member += line }
        }
        var text = file.bytes
        // From the back to the front, so that offsets stay true.
        if scan.isFirstInLine(close) {
            text.insert(contentsOf: member + newline, at: scan.startOfLine(close))
        } else {
            var end = close
            while end > start + 1, scan.isBlank(text[end - 1]) { end -= 1 }
            text.replaceSubrange(end..<close, with: newline + member + newline + base)
        }
        // The comma stands right behind the value, whatever comment follows it.
        if let last { text.insert(UInt8(ascii: ","), at: last.end) }
        return text
    }

    /// A line of an entry, whose two spaces of indentation become the file's own.
    private static func levels(_ line: [UInt8], _ unit: [UInt8]) -> [UInt8] {
        let spaces = line.prefix { $0 == 0x20 }.count
        return (0..<(spaces / 2)).flatMap { _ in unit } + line.dropFirst(spaces)
    }

    /// How the file indents: as its first member does, two spaces otherwise.
    private static func unit(_ file: ConfigurationFile, _ scan: TextScan) -> [UInt8] {
        for member in file.tree.members(.root) {
            let key = file.tree.offset(member.key)
            let indent = scan.indent(ofLineWith: key)
            if scan.isFirstInLine(key), !indent.isEmpty { return indent }
            break
        }
        return [0x20, 0x20]
    }

    private static func removed(_ key: [UInt8], from object: JSONNode, _ file: ConfigurationFile) -> [UInt8] {
        let scan = TextScan(text: file.bytes)
        var before: Int?
        var found: (start: Int, end: Int)?
        for member in file.tree.members(object) {
            if found != nil { break }
            let end = scan.end(ofValueAt: file.tree.offset(member.value))
            if file.tree.equals(member.key, key) { found = (file.tree.offset(member.key), end) } else { before = end }
        }
        guard let found else { return file.bytes }
        var text = file.bytes
        var (start, end) = found
        let next = scan.end(ofGapAt: end)
        let hasComma = next < text.count && text[next] == UInt8(ascii: ",")
        if hasComma {
            // A comment between value and comma is the value's.
            end = next + 1
        }
        // Whole lines go where nothing else stands in them.
        let rest = text[end...].prefix { $0 != 0x0A }
        if scan.isFirstInLine(start), rest.allSatisfy(scan.isBlank) {
            start = scan.startOfLine(start)
            end = min(end + rest.count + 1, text.count)
        }
        text.removeSubrange(start..<end)
        if !hasComma, let before {
            let comma = scan.end(ofGapAt: before)
            if comma < start, text[comma] == UInt8(ascii: ",") { text.remove(at: comma) }
        }
        return text
    }

    // MARK: Checks

    private static func reread(_ file: ConfigurationFile, _ text: [UInt8], _ name: ServerName, _ entry: EntryText)
        throws(Failure) -> ConfigurationFile
    {
        do throws(Failure) { return try ConfigurationFile(file.path, text) } catch {
            throw Failure(
                "the entry would not be accepted: \(error.sentence)",
                hint: error.hint.isEmpty ? "write it by hand" : error.hint)
        }
    }

    /// Whether the second file is the first with one more server, and nothing else.
    private static func isOnlyAddition(of name: ServerName, from old: ConfigurationFile, to new: ConfigurationFile)
        -> Bool
    {
        let (before, after) = (old.tree, new.tree)
        let (oldServers, newServers) = (before.member(.root, "mcpServers"), after.member(.root, "mcpServers"))
        guard let newServers, after.member(newServers, name.bytes) != nil else { return false }
        let oldNames = oldServers.map { servers in before.members(servers).map { before.text($0.key) ?? [] } } ?? []
        var newNames = after.members(newServers).map { after.text($0.key) ?? [] }
        guard let place = newNames.firstIndex(of: name.bytes) else { return false }
        newNames.remove(at: place)
        guard oldNames == newNames else { return false }
        for key in oldNames {
            guard let oldServers, let one = before.member(oldServers, key), let other = after.member(newServers, key),
                before.same(one, in: after, other)
            else { return false }
        }
        let otherKeys = after.members(.root).map { after.text($0.key) ?? [] }.filter { $0 != Array("mcpServers".utf8) }
        let formerKeys = before.members(.root).map { before.text($0.key) ?? [] }.filter {
            $0 != Array("mcpServers".utf8)
        }
        guard otherKeys == formerKeys else { return false }
        return otherKeys.allSatisfy { key in
            guard let one = before.member(.root, key), let other = after.member(.root, key) else { return false }
            return before.same(one, in: after, other)
        }
    }

    private static func cannot(_ name: ServerName, _ entry: EntryText, _ file: ConfigurationFile) -> Failure {
        let paste = String(decoding: Array(entry.lines().joined(separator: [0x0A])), as: UTF8.self)
        return Failure(
            "\(name) could not be added to \(Visible.text(file.path.bytes)) without changing something else",
            hint: "paste it into mcpServers by hand: \"\(name)\": \(paste)")
    }
}
