// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Wire

/// Input: two bytes that say where the head is cut, and with the lowest bit of the second whether old tunnels pass; then
/// the head.
///
/// Whole and cut must end alike, no refusal is told as a decision, and what the server gets says to us what the client said.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProxyHead(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    if size < 2 { return 0 }
    // libFuzzer lends `size` readable bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let bytes = Array(input.dropFirst(2))
    let cut = (Int(input[0]) << 8 | Int(input[1])) % (bytes.count + 1)
    let isOld = input[1] & 1 == 1

    let whole = Outcome(bytes, [], isOld)
    precondition(whole == Outcome(bytes, [cut], isOld), "a cut changed the outcome")
    if bytes.count < 600 { precondition(whole == Outcome(bytes, Array(0...bytes.count), isOld), "single bytes did") }
    if let refusal = whole.refusal { precondition(refusal.egressReason.status != 403, "a fault told as a decision") }
    precondition(whole.asked.count <= 256)
    guard let form = whole.form else { return 0 }
    precondition((form == .connect) == whole.composed.isEmpty)
    // What we add may take a head over its limits.
    if form == .connect || whole.fields > 62 || bytes.count > 7900 { return 0 }
    check(whole.composed)
    let again = Outcome(whole.asked(anew: whole.composed), [], isOld)
    precondition(again.composed == whole.composed, "a composed head meant something else")
    return 0
}

/// One head, one `Host`, the end of the connection, and nothing for us.
private func check(_ head: [UInt8]) {
    let lines = head.split(separator: 10, omittingEmptySubsequences: false).map { Array($0) }
    precondition(lines.last == [] && lines.dropLast().last == [13], "no end")
    var names: [String] = []
    for line in lines.dropFirst().dropLast(2) {
        precondition(line.last == 13 && line.dropLast().allSatisfy { $0 != 13 }, "a line end within a line")
        names.append(String(decoding: line.prefix { $0 != 58 }, as: UTF8.self).lowercased())
    }
    precondition(names.first == "host" && names.last == "connection")
    for name in ["host", "connection", "content-length", "transfer-encoding"] {
        precondition(names.count { $0 == name } < 2, "twice")
    }
    precondition(!names.contains { $0.hasPrefix("proxy-") || $0 == "te" || $0 == "upgrade" || $0 == "keep-alive" })
}

private struct Outcome: Equatable {
    var length: Int?
    var refusal: WireError?
    var asked: [UInt8] = []
    var form: ProxyForm?
    var target: EgressTarget?
    var fields = 0
    var composed: [UInt8] = []

    init(_ bytes: [UInt8], _ cuts: [Int], _ isOld: Bool) {
        var reader = ProxyRequestReader(admitsOldConnect: isOld)
        do throws(WireError) {
            for end in cuts + [bytes.count] {
                guard case .complete(let request, let length) = try reader.read(bytes.span.extracting(0..<end)) else {
                    continue
                }
                self.length = length
                form = request.form
                target = request.target
                fields = request.fields.count
                request.appendUpstreamHead(to: &composed)
                break
            }
        } catch {
            refusal = error
        }
        asked = reader.asked
    }

    /// An upstream head as somebody would have to ask us for it.
    func asked(anew head: [UInt8]) -> [UInt8] {
        let line = head.prefix { $0 != 13 }.split(separator: 32, omittingEmptySubsequences: false)
        let path = Array(line[1]) == [42] ? [] : Array(line[1])
        let first = Array(line[0]) + Array(" http://".utf8) + (target?.text ?? []) + path + [32] + Array(line[2])
        return first + head.drop { $0 != 13 }
    }
}
