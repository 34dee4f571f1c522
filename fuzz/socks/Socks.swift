// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Wire

/// Input: a byte whose lowest bit chooses between greeting and request, then what a client says.
///
/// Nothing is decided before the byte that makes it certain, everything with it, and never otherwise later.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSocks(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    if size < 1 { return 0 }
    // libFuzzer lends `size` readable bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let bytes = Array(input.dropFirst().prefix(600))
    let isGreeting = input[0] & 1 == 0

    let whole = Outcome(bytes, bytes.count, isGreeting)
    let certain = whole.refusal.map { $0.offset + 1 } ?? whole.length ?? bytes.count + 1
    precondition(whole.length ?? 0 <= (isGreeting ? 257 : 262))
    for count in 0...bytes.count {
        let part = Outcome(bytes, count, isGreeting)
        precondition(part.refusal == (count < certain ? nil : whole.refusal))
        precondition(part.length == (count < certain ? nil : whole.length))
        precondition(part.target == (count < certain ? nil : whole.target))
    }
    if let refusal = whole.refusal { precondition(refusal.egressReason.status != 403, "a fault told as a decision") }
    if let target = whole.target {
        precondition(target.port > 0)
        if bytes[3] == 3, case .address = target.host { preconditionFailure("a name that is an address") }
    }
    return 0
}

private struct Outcome {
    var length: Int?
    var target: EgressTarget?
    var refusal: WireError?

    init(_ bytes: [UInt8], _ count: Int, _ isGreeting: Bool) {
        var reader = SocksReader()
        do throws(WireError) {
            if isGreeting {
                length = try reader.readGreeting(bytes.span.extracting(0..<count))
            } else {
                let request = try reader.readRequest(bytes.span.extracting(0..<count))
                length = request?.length
                target = request?.target
            }
        } catch {
            refusal = error
            var answer: [UInt8] = []
            SocksWriter.appendRefusal(of: error, to: &answer)
            precondition(answer.count <= 10 && (answer.isEmpty || answer[1] != 0), "a refusal told as success")
        }
    }
}
