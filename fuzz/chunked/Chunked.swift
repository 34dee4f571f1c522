// SPDX-License-Identifier: Apache-2.0
internal import Wire

/// Input: two bytes that say where the body is cut, then the body.
///
/// Whole and cut must end alike, and no body may be longer than its limit or than what was sent.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzChunked(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    if size < 2 { return 0 }
    // libFuzzer lends `size` readable bytes for the length of the call.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let bytes = Array(input.dropFirst(2))
    let cut = (Int(input[0]) << 8 | Int(input[1])) % (bytes.count + 1)

    let whole = Outcome(bytes, [])
    precondition(whole == Outcome(bytes, [cut]), "a cut changed the outcome")
    precondition(whole == Outcome(bytes, Array(0...bytes.count)), "single bytes did")
    precondition(whole.body.count <= min(limit, bytes.count))
    if whole.isComplete {
        var written: [UInt8] = []
        ChunkWriter.append(whole.body.span, to: &written)
        ChunkWriter.appendEnd(to: &written)
        precondition(Outcome(written, []).body == whole.body, "what was written reads as something else")
    }
    return 0
}

private let limit = 1000

private struct Outcome: Equatable {
    var body: [UInt8] = []
    var taken = 0
    var isComplete = false
    var refusal: WireError?

    init(_ bytes: [UInt8], _ cuts: [Int]) {
        var decoder = ChunkedBody(limit: limit)
        do throws(WireError) {
            for end in cuts + [bytes.count] {
                taken += try decoder.read(bytes.span.extracting(taken..<max(taken, end)), into: &body)
            }
        } catch {
            refusal = error
            taken = 0
        }
        isComplete = decoder.isComplete
    }
}
