// SPDX-License-Identifier: Apache-2.0
import Wire

/// Times the readers of Wire on inputs of the usual size: `swift run -c release WireBench` with `DOORWARD_BENCH=1`.
@main
enum WireBench {
    static func main() {
        requestHead()
        responseHead()
        frames(payload: 300)
        frames(payload: 1 << 20)
        chunked(payload: 1 << 20)
        lines(length: 300)
    }

    /// Prints the best of nine rounds, per repetition.
    private static func time(_ name: String, _ repetitions: Int, _ body: () -> Int) {
        var best = Duration.seconds(1000)
        var sum = 0
        for _ in 0..<9 {
            let took = ContinuousClock().measure {
                for _ in 0..<repetitions { sum &+= body() }
            }
            best = min(best, took / repetitions)
        }
        let nanoseconds = best.components.attoseconds / 1_000_000_000
        print("\(name): \(nanoseconds) ns (\(sum == 0 ? "nothing read" : "ok"))")
    }

    private static func requestHead() {
        let bytes = Array(
            """
            POST /mcp/files HTTP/1.1\r
            Host: 127.0.0.1:7777\r
            User-Agent: python-httpx/0.28.1\r
            Accept: application/json, text/event-stream\r
            Accept-Encoding: gzip, deflate\r
            Connection: keep-alive\r
            Authorization: Bearer dw_4Zr0cPq7h1mXv2sWbY8kTn5uLd9fGjEa3oRiQx6C\r
            Content-Type: application/json\r
            MCP-Protocol-Version: 2026-07-28\r
            Mcp-Method: tools/call\r
            Mcp-Name: read_text_file\r
            Content-Length: 231\r
            \r

            """.utf8)
        var reader = RequestHeadReader()
        time("request head, \(bytes.count) bytes, 12 headers", 100_000) {
            reader.reset()
            do throws(WireError) {
                guard case .complete(let length) = try reader.read(bytes.span) else { return 0 }
                return length
            } catch {
                return 0
            }
        }
    }

    private static func responseHead() {
        var output: [UInt8] = []
        guard let json = FieldValue("application/json") else { return }
        let headers = [(ResponseHeader.contentType, json)]
        time("response head written", 100_000) {
            output.removeAll(keepingCapacity: true)
            ResponseWriter.append(.ok, headers, body: .length(231), to: &output)
            return output.count
        }
    }

    private static func frames(payload: Int) {
        var bytes: [UInt8] = []
        let text = [UInt8](repeating: 0x61, count: payload)
        FrameWriter.append(.text, text.span, mask: 0x1234_5678, to: &bytes)
        var reader = FrameReader(role: .server, limit: FrameLimits.message, takesBinary: false)
        time("masked text frame read, \(payload) bytes", payload > 10_000 ? 50 : 100_000) {
            do throws(WireError) { return try reader.read(bytes.span).event == .text ? 1 : 0 } catch { return 0 }
        }
        var output: [UInt8] = []
        time("text frame written, \(payload) bytes", payload > 10_000 ? 50 : 100_000) {
            output.removeAll(keepingCapacity: true)
            FrameWriter.append(.text, text.span, to: &output)
            return output.count
        }
    }

    private static func chunked(payload: Int) {
        var bytes: [UInt8] = []
        ChunkWriter.append([UInt8](repeating: 0x61, count: payload).span, to: &bytes)
        ChunkWriter.appendEnd(to: &bytes)
        var body: [UInt8] = []
        time("chunked body, \(payload) bytes", 50) {
            body.removeAll(keepingCapacity: true)
            var decoder = ChunkedBody(limit: FrameLimits.message)
            do throws(WireError) { return try decoder.read(bytes.span, into: &body) } catch { return 0 }
        }
    }

    private static func lines(length: Int) {
        let bytes = [UInt8](repeating: 0x61, count: length) + [10]
        var reader = LineReader(limit: 4 << 20)
        time("line, \(length) bytes", 100_000) {
            do throws(WireError) {
                guard case .line(_, let length) = try reader.next(bytes.span) else { return 0 }
                return length
            } catch {
                return 0
            }
        }
    }
}
