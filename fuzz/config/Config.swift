// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Input: a configuration, or a sealed registry, its file or a review.
///
/// Whatever it is, each reader takes it or says where it stops. What the reader of the sealed form takes is written
/// again, and read again to the same bytes.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    if let tree = read(input, .commented) { configuration(tree, count) }
    if let tree = read(input, .strict) { sealed(tree, count) }
    return 0
}

private func configuration(_ tree: JSONTree, _ count: Int) {
    do throws(ConfigurationError) {
        let configuration = try ConfigurationReader.read(tree)
        precondition((1...16).contains(configuration.listeners.count))
        for server in configuration.servers {
            precondition(!server.command.isEmpty && !server.command.contains(0))
            precondition(!server.arguments.contains { $0.contains(0) })
            // What sealing asks of every entry.
            _ = DangerAnalysis.findings(
                programs: [AbsolutePath(server.command) ?? .root], arguments: server.arguments,
                own: server.arguments.count, environment: server.environment, reads: server.reads,
                writes: server.writes, parameters: server.parameters, home: nil)
        }
    } catch { check(error, count) }
}

private func sealed(_ tree: JSONTree, _ count: Int) {
    do throws(ConfigurationError) {
        let (_, node) = try SealedReader.parts(tree)
        try registry(tree, node)
    } catch { check(error, count) }
    do throws(ConfigurationError) { try registry(tree, .root) } catch { check(error, count) }
    do throws(ConfigurationError) {
        let review = try SealedReader.review(tree)
        let written = SealedWriter.review(review)
        let copy = again(written)
        precondition(
            reread { () throws(ConfigurationError) in SealedWriter.review(try SealedReader.review(copy)) } == written)
    } catch { check(error, count) }
}

private func registry(_ tree: JSONTree, _ node: JSONNode) throws(ConfigurationError) {
    let registry = try SealedReader.read(tree, node)
    let written = SealedWriter.registry(registry)
    let copy = again(written)
    precondition(
        reread { () throws(ConfigurationError) in SealedWriter.registry(try SealedReader.read(copy, .root)) } == written
    )
    for server in registry.servers {
        guard let first = server.choices([]) else { preconditionFailure("no choice is a choice") }
        _ = server.commandLine(first)
        for parameter in server.parameters {
            guard let last = parameter.values.last else { preconditionFailure("a parameter without values") }
            _ = server.choices([(parameter: parameter.name.bytes, value: last.name.bytes)]).map(server.commandLine)
        }
    }
}

/// What was written by us must be read by us.
private func reread(_ body: () throws(ConfigurationError) -> CanonicalJSON) -> CanonicalJSON {
    do throws(ConfigurationError) { return try body() } catch { preconditionFailure("\(error.place) \(error.reason)") }
}

private func check(_ error: ConfigurationError, _ count: Int) {
    precondition(error.offset >= 0 && error.offset <= count, "a fault outside the file")
    precondition(!error.reason.isEmpty)
}

private func again(_ json: CanonicalJSON) -> JSONTree {
    guard let tree = read(json.bytes, .strict) else { preconditionFailure("what was written is not JSON") }
    return tree
}

private func read(_ bytes: [UInt8], _ dialect: JSONDialect) -> JSONTree? {
    var reader = JSONReader(limits: .config, dialect: dialect)
    var tree = JSONTree()
    do throws(JSONError) {
        try reader.read(bytes.span, into: &tree)
        return tree
    } catch { return nil }
}
