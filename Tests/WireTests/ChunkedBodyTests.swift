// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@Suite("A chunked body has one length")
struct ChunkedBodyTests {
    @Test("each vector ends as it says, however it is cut", arguments: Vector.load("chunked-body"))
    func vector(_ vector: Vector) throws {
        let whole = Decoded(vector.bytes)
        if vector.expect == "accept" {
            #expect(whole.refusal == nil)
            #expect(whole.isComplete)
            #expect(whole.body == vector.bytes("body")[0])
            #expect(whole.rest == Int(vector["rest"] ?? "0"))
        } else {
            #expect(whole.refusal.map(refusalText) == vector.expect)
        }
        for step in 1...3 { #expect(Decoded(vector.bytes, step: step) == whole) }
    }

    @Test("a body of known length is refused by its length alone")
    func declaredLength() {
        #expect(refusal { () throws(WireError) in try BodyFraming.length(10).admit(limit: 10) } == nil)
        #expect(
            refusal { () throws(WireError) in try BodyFraming.length(11).admit(limit: 10) } == "body-too-large 413")
        #expect(refusal { () throws(WireError) in try BodyFraming.chunked.admit(limit: 0) } == nil)
        #expect(refusal { () throws(WireError) in try BodyFraming.none.admit(limit: 0) } == nil)
    }

    @Test("what we write as chunks reads as what we wrote")
    func roundTrip() {
        for count in [0, 1, 9, 10, 15, 16, 255, 256, 4096, 70_000] {
            let data = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            var bytes: [UInt8] = []
            ChunkWriter.append(data.span, to: &bytes)
            ChunkWriter.append(data.span, to: &bytes)
            ChunkWriter.appendEnd(to: &bytes)
            let read = Decoded(bytes, limit: 2 * count)
            #expect(read.isComplete && read.refusal == nil && read.body == data + data)
        }
    }
}

private struct Decoded: Equatable {
    var body: [UInt8] = []
    var rest = 0
    var isComplete = false
    var refusal: WireError?

    init(_ bytes: [UInt8], step: Int? = nil, limit: Int = 32) {
        var decoder = ChunkedBody(limit: limit)
        var taken = 0
        do throws(WireError) {
            while taken < bytes.count && !decoder.isComplete {
                let end = min(bytes.count, taken + (step ?? bytes.count))
                taken += try decoder.read(bytes.span.extracting(taken..<end), into: &body)
            }
        } catch {
            refusal = error
            // What was decoded before is the same only up to the chunk at fault.
            body = []
        }
        rest = bytes.count - taken
        if refusal != nil { rest = 0 }
        isComplete = decoder.isComplete
    }
}
