// SPDX-License-Identifier: Apache-2.0
internal import Wire

/// Input: two bytes that say where the head is cut, then the head.
///
/// Whole and cut must end alike, and an accepted head must mean the same when it is written anew.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTPHead(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    if size < 2 { return 0 }
    // libFuzzer lends `size` readable bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let bytes = Array(input.dropFirst(2))
    let cut = (Int(input[0]) << 8 | Int(input[1])) % (bytes.count + 1)

    let whole = Outcome(bytes, [])
    precondition(whole == Outcome(bytes, [cut]), "a cut changed the outcome")
    if bytes.count < 600 { precondition(whole == Outcome(bytes, Array(0...bytes.count)), "single bytes did") }
    if whole.length != nil {
        let again = Outcome(whole.composed, [])
        precondition(again.length == whole.composed.count, "a composed head was refused")
        precondition(again.composed == whole.composed, "a composed head meant something else")
        examine(bytes)
    }
    return 0
}

/// Everything behind the head that looks at it: none may trap, whatever was accepted.
private func examine(_ bytes: [UInt8]) {
    var reader = RequestHeadReader()
    do throws(WireError) {
        _ = try reader.read(bytes.span)
        let listener = ListenerIdentity(loopbackPort: 7777)
        _ = BrowserEvidence.find(in: reader.head, of: listener)
        if case .token(let range) = Bearer(reader.head) { precondition(!range.isEmpty) }
        _ = MediaTypes.accepted(reader.head)
        for field in reader.head.fields where field.name == .mcpName || field.name == .mcpParam {
            let source = reader.head.bytes
            do throws(WireError) {
                let decoded = try MirroredValue.decode(source.span, field.value)
                precondition(decoded.count <= field.value.count)
                _ = try MirroredValue.matches(source.span, field.value, number: decoded)
            } catch {}
        }
        try listener.checkAuthority(of: reader.head)
        try MediaTypes.checkJSON(reader.head)
        _ = try Handshake.check(reader.head)
    } catch {}
}

private struct Outcome: Equatable {
    var length: Int?
    var refusal: WireError?
    var composed: [UInt8] = []

    init(_ bytes: [UInt8], _ cuts: [Int]) {
        var reader = RequestHeadReader()
        do throws(WireError) {
            for end in cuts + [bytes.count] {
                guard case .complete(let length) = try reader.read(bytes.span.extracting(0..<end)) else { continue }
                self.length = length
                compose(reader.head)
                return
            }
        } catch {
            refusal = error
        }
    }

    private mutating func compose(_ head: RequestHead) {
        // What is not kept (an unknown method, a query) is written as something that means the same.
        composed = Array((head.method == .other ? "OTHER" : head.method.rawValue).utf8) + [32] + head.copy(head.path)
        composed += Array((head.hasQuery ? "? HTTP/1.1\r\n" : " HTTP/1.1\r\n").utf8)
        for field in head.fields {
            // A value may be as long as its line allows, so no blank is added where none may fit.
            composed += head.copy(field.nameRange) + [58] + head.copy(field.value) + [13, 10]
        }
        composed += [13, 10]
    }
}
