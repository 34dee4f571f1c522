// SPDX-License-Identifier: Apache-2.0
import Linux
import Scratch
import Testing

@testable import Tools

@Suite("Work waits for its turn, tells how far it is, and stops when it is told to")
struct WorkTests {
    private let scratch = Scratch()

    private func channel() throws -> ScriptedChannel {
        scratch.shell("for f in a b c d e f g h; do echo needle >$f; done")
        return try ScriptedChannel([("notes", scratch.path)])
    }

    private func search(_ id: String, token: String = "") -> String {
        let meta = modernMeta.dropLast() + (token.isEmpty ? "}" : #","progressToken":\#(token)}"#)
        return
            #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"_meta":\#(meta),"name":"files_search","arguments":{"query":"needle"}}}"#
    }

    private func cancel(_ id: String) -> String {
        #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(id)}}"#
    }

    @Test("calls are answered in their order, and what needs no files in between")
    func order() throws {
        let channel = try channel()
        channel.receive(search("1"))
        channel.receive(search(#""2""#))
        channel.receive(#"{"jsonrpc":"2.0","id":3,"method":"server/discover","params":{"_meta":\#(modernMeta)}}"#)
        let replies = try channel.finish()
        #expect(replies.map { $0.integer("id") } == [3, 1, nil])
        #expect(replies[2].string("id") == "2")
    }

    @Test("a cancelled request is not answered, whether it runs or waits, and others are")
    func cancellation() throws {
        let channel = try channel()
        for id in ["1", "2", "3"] { channel.receive(search(id)) }
        channel.work(milliseconds: 0)
        channel.work(milliseconds: 0)
        channel.receive(cancel("1"))
        channel.receive(cancel("3"))
        #expect(try channel.finish().map { $0.integer("id") } == [2])
        // An id of another type is another id.
        channel.receive(search("4"))
        channel.receive(cancel(#""4""#))
        #expect(try channel.finish().map { $0.integer("id") } == [4])
        channel.receive(search("5"))
        channel.receive(cancel("5"))
        #expect(!channel.server.hasWork)
    }

    @Test("an id that is still being answered is not taken twice, and is free afterwards")
    func identifiers() throws {
        let channel = try channel()
        channel.receive(search("1"))
        channel.receive(search("1"))
        let replies = try channel.finish()
        #expect(replies.map { $0.integer("error.code") } == [-32600, nil])
        #expect(try channel.send(search("1")).first?.bool("result.isError") == false)
    }

    @Test("more than 32 waiting calls are refused, in the form that each kind of client can use")
    func busy() throws {
        let channel = try channel()
        for id in 0..<32 { channel.receive(search("\(id)")) }
        channel.receive(search("32"))
        channel.receive(#"{"jsonrpc":"2.0","id":33,"method":"resources/list","params":{"_meta":\#(modernMeta)}}"#)
        let refusals = try channel.drain()
        #expect(refusals[0].string("result._meta.dev.doorward/reason") == "busy")
        #expect(refusals[1].integer("error.code") == 1903)
        #expect(try channel.finish().count == 32)
    }

    @Test("progress is told to whoever asked, at most twice a second, and only rises", arguments: ["7", #""token""#])
    func progress(_ token: String) throws {
        let channel = try channel()
        channel.receive(search("1", token: token))
        // Every look at the clock takes a tenth of a second.
        while channel.server.hasWork { channel.work(milliseconds: 1, step: 100_000_000) }
        let replies = try channel.drain()
        let told = replies.dropLast()
        #expect(told.count >= 2 && told.count <= 12)
        #expect(told.allSatisfy { $0.string("method") == "notifications/progress" })
        #expect(told.allSatisfy { $0.text.contains(#""progressToken":\#(token)"#) })
        let steps = told.compactMap { $0.integer("params.progress") }
        #expect(steps == steps.sorted() && Set(steps).count == steps.count)
        #expect(told.first?.string("params.message")?.contains("files searched") == true)
        #expect(replies.last?.integer("id") == 1)
    }

    @Test("nobody else is told")
    func noProgress() throws {
        let channel = try channel()
        channel.receive(search("1"))
        while channel.server.hasWork { channel.work(milliseconds: 1, step: 100_000_000) }
        #expect(try channel.drain().count == 1)
    }

    @Test("a slice ends when its time is over, however much is left")
    func slices() throws {
        let channel = try channel()
        channel.receive(search("1"))
        var slices = 0
        while channel.server.hasWork {
            channel.work(milliseconds: 1, step: 300_000)
            slices += 1
        }
        #expect(slices > 5)
    }
}
