// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Input: one message.
///
/// What it is found to be must not change when it is written canonically and read again; parameters that pass inside
/// the message pass by themselves, which is how gate and broker ask; a message is never a request and an answer.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer lends `count` bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let tree = read(input) else { return 0 }
    guard let again = read(tree.canonical(.root).bytes) else { preconditionFailure("canonical text is refused") }
    let client = fromClient(tree)
    precondition(client == fromClient(again), "canonical text is another message of a client")
    precondition(fromServer(tree) == fromServer(again), "canonical text is another message of a server")
    precondition(
        client.isRefused == fromServer(tree).isRefused, "client and server differ in what a message is")
    if let parameters = client.parameters { checkParameters(parameters) }
    return 0
}

/// A message without the places of its parts in the tree. Of several faults the first is told, and canonical text has its
/// members in another order: so any fault is as good as any other.
private struct Found: Equatable {
    var word = ""
    var id: RequestID?
    var method: [UInt8] = []
    var parameters: [UInt8]?
    var isRefused = false
}

private func read(_ bytes: [UInt8]) -> JSONTree? {
    var reader = JSONReader(limits: .message)
    var tree = JSONTree()
    do throws(JSONError) {
        try reader.read(bytes.span, into: &tree)
        return tree
    } catch { return nil }
}

private func fromClient(_ tree: JSONTree) -> Found {
    do throws(EnvelopeFault) {
        switch try Envelope.fromClient(tree) {
        case .request(let id, let method, let parameters): return found("request", tree, id, method, parameters)
        case .notification(let method, let parameters): return found("notification", tree, nil, method, parameters)
        case .response(let id, let node, let isError):
            return Found(word: isError ? "error" : "result", id: id, parameters: tree.canonical(node).bytes)
        }
    } catch { return Found(isRefused: true) }
}

private func fromServer(_ tree: JSONTree) -> Found {
    do throws(EnvelopeFault) {
        switch try Envelope.fromServer(tree) {
        case .request(let id, let method, let parameters): return found("request", tree, id, method, parameters)
        case .notification(let method, let parameters): return found("notification", tree, nil, method, parameters)
        case .result(let id, let node): return Found(word: "result", id: id, parameters: tree.canonical(node).bytes)
        case .error(let id, let node): return Found(word: "error", id: id, parameters: tree.canonical(node).bytes)
        }
    } catch { return Found(isRefused: true) }
}

private func found(_ word: String, _ tree: JSONTree, _ id: RequestID?, _ method: JSONNode, _ parameters: JSONNode?)
    -> Found
{
    precondition(tree.member(.root, "result") == nil && tree.member(.root, "error") == nil, "a request that answers")
    precondition(tree.count(.root) <= 4, "a member that is none")
    return Found(
        word: word, id: id, method: tree.text(method) ?? [], parameters: parameters.map { tree.canonical($0).bytes })
}

private func checkParameters(_ canonical: [UInt8]) {
    guard let alone = read(canonical) else { preconditionFailure("canonical parameters are refused") }
    guard alone.kind(.root) == .object else { return }
    guard let inside = read(Array("{\"params\":".utf8) + canonical + Array("}".utf8)) else {
        // One level deeper may be one too many.
        return
    }
    for method in Method.allCases {
        for revision in Revision.served where method.isServed(in: revision.era) {
            var first: ParameterFault?
            var second: ParameterFault?
            do throws(ParameterFault) { try ParameterShape.check(method, revision, alone) } catch { first = error }
            do throws(ParameterFault) {
                try ParameterShape.check(method, revision.era, inside, inside.member(.root, "params"))
            } catch { second = error }
            precondition(first == second, "gate and broker differ in the parameters of \(method)")
        }
    }
}
