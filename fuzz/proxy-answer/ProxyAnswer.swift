// SPDX-License-Identifier: Apache-2.0
internal import Wire

/// Input: two bytes that say where the answer is cut, and with the lowest bit of the second whether to HEAD; then what a
/// server sends.
///
/// Whole and cut must pass the same body and end alike, and what was passed on whole must pass again unchanged.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProxyAnswer(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    if size < 2 { return 0 }
    // libFuzzer lends `size` readable bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let bytes = Array(input.dropFirst(2))
    let cut = (Int(input[0]) << 8 | Int(input[1])) % (bytes.count + 1)
    let method: HTTPMethod = input[1] & 1 == 1 ? .head : .get

    let whole = Outcome(bytes, [], method)
    whole.mustEqual(Outcome(bytes, [cut], method))
    if bytes.count < 600 { whole.mustEqual(Outcome(bytes, Array(0...bytes.count), method)) }
    precondition(whole.passed <= UInt64(bytes.count), "more came out than went in")
    if whole.refusal == nil && whole.status != nil && !whole.isTruncated {
        let again = Outcome(whole.output, [], method)
        // Our own lines may take a head over its limits.
        if again.refusal?.rule == .headTooLarge || again.refusal?.rule == .tooManyHeaders
            || again.refusal?.rule == .headerLineTooLong
        {
            return 0
        }
        precondition(again.refusal == nil && again.left == 0, "what was passed on was refused")
        precondition(again.output == whole.output, "what was passed on meant something else")
    }
    return 0
}

private struct Outcome {
    var output: [UInt8] = []
    var refusal: WireError?
    var isTruncated = false
    var left = 0
    var status: UInt16?
    var isComplete = false
    var passed: UInt64 = 0

    init(_ bytes: [UInt8], _ cuts: [Int], _ method: HTTPMethod) {
        var relay = ResponseRelay(answering: method)
        var taken = 0
        do throws(WireError) {
            for end in cuts + [bytes.count] where end >= taken {
                taken += try relay.relay(bytes.span.extracting(taken..<end), to: &output)
            }
            do throws(WireError) { try relay.end() } catch { isTruncated = true }
        } catch {
            refusal = error
        }
        left = bytes.count - taken
        status = relay.status
        isComplete = relay.isComplete
        passed = relay.passed
    }

    /// Chunks may be cut otherwise, and before a refusal more may have passed; all else is the same.
    func mustEqual(_ other: Outcome) {
        precondition(refusal?.rule == other.refusal?.rule && status == other.status, "a cut changed the verdict")
        if refusal != nil { return }
        precondition(left == other.left && passed == other.passed, "a cut changed the body")
        precondition(isComplete == other.isComplete && isTruncated == other.isTruncated, "a cut changed the end")
    }
}
