// SPDX-License-Identifier: Apache-2.0
import StrictJSON
import Testing

@testable import Web

@Suite("A fetch goes through the proxy alone, and comes back as one line")
struct FetchProcessTests {
    private let peer: ScriptedPeer
    private let web: WebProcess

    init() throws {
        peer = try ScriptedPeer()
        web = try WebProcess.web(["fetch"] + peer.options)
    }

    private func fetch(_ url: String, _ members: String = "") throws -> JSONTreeBox {
        try web.send(#"{"url":"\#(url)","method":"GET"\#(members)}"#)
        return JSONTreeBox(try web.answer())
    }

    @Test("a page comes as text, with what was asked for and nothing more")
    func page() throws {
        let answer = try fetch("https://peer.test/page")
        #expect(answer.ok && answer.text == "Grüße" && answer.reason == nil)
        #expect(answer.tree.integer("status") == 200 && answer.tree.integer("bytes") == 7)
        #expect(answer.tree.text(at: "type") == "text/html" && answer.tree.text(at: "charset") == "utf-8")
        #expect(answer.tree.text(at: "url") == "https://peer.test/page" && answer.tree.flag("truncated") == false)
        #expect(try peer.next("proxy").text(at: "proxy") == "CONNECT peer.test:443 HTTP/1.1")
        let request = try peer.next("request")
        #expect(request.text(at: "headers.host") == "peer.test" && request.text(at: "headers.accept") == "*/*")
        #expect(request.node("headers.cookie") == nil && request.node("headers.authorization") == nil)
        #expect(request.node("headers.accept-encoding") == nil)
    }

    @Test("other encodings are read, and what is no text comes in base64")
    func encodings() throws {
        #expect(try fetch("https://peer.test/latin").text == "Grüße €")
        let image = try fetch("https://peer.test/image")
        #expect(image.ok && image.tree.text(at: "base64") == "iVBORw0K" && image.text == nil)
        #expect(try fetch("https://peer.test/gzip").reason == "type")
        #expect(try fetch("https://peer.test/nothing").tree.integer("status") == 204)
    }

    @Test("only the types asked for are handed on")
    func types() throws {
        #expect(try fetch("https://peer.test/page", #","types":["text/*"]"#).ok)
        #expect(try fetch("https://peer.test/page", #","types":["application/json","text/html"]"#).ok)
        let image = try fetch("https://peer.test/image", #","types":["text/*"]"#)
        #expect(image.reason == "type" && image.detail == "image/png")
    }

    @Test("a body ends at its limit, and not within a character")
    func limits() throws {
        let exact = try fetch("https://peer.test/long", #","maxBytes":6000"#)
        #expect(exact.tree.flag("truncated") == false && exact.text?.utf8.count == 6000)
        let less = try fetch("https://peer.test/long", #","maxBytes":5999"#)
        #expect(less.tree.flag("truncated") == true && less.tree.integer("bytes") == 5999)
        #expect(less.text?.utf8.count == 5998)
        let endless = try fetch("https://peer.test/endless", #","maxBytes":100000"#)
        #expect(endless.tree.flag("truncated") == true && endless.text?.utf8.count == 100_000)
        #expect(try peer.next("left").text(at: "left") == "/endless")
    }

    @Test("redirects are followed by us, each through the proxy, at most five")
    func redirects() throws {
        let five = try fetch("https://peer.test/loop/5")
        #expect(five.ok && five.tree.elements(at: "hops").count == 5 && five.text == "Grüße")
        #expect(try fetch("https://peer.test/loop/6").reason == "too-many-redirects")
        #expect(try fetch("https://peer.test/two").reason == "http-error")
        let other = try fetch("https://peer.test/hop/302/https:%2F%2Fsecond.test%2Fpage%23part")
        #expect(other.ok && other.tree.text(at: "url") == "https://second.test/page")
        var asked: [String] = []
        for fact in try peer.rest() { if let line = fact.text(at: "proxy") { asked.append(line) } }
        #expect(asked.contains("CONNECT second.test:443 HTTP/1.1"))
    }

    @Test(
        "a redirect to anything else is refused before anybody is asked",
        arguments: [
            ("http:%2F%2Fpeer.test%2Fpage", "scheme"), ("file:%2F%2F%2Fetc%2Fpasswd", "scheme"),
            ("gopher:%2F%2Fpeer.test%2F", "scheme"), ("javascript:alert(1)", "scheme"),
            ("https:%2F%2Fuser:word@peer.test%2F", "url-invalid"), ("https:%2F%2F0x7f.1%2F", "url-invalid"),
            ("https:%2F%2Fpeer.test%5C@evil.test%2F", "url-invalid"), ("https:%2F%2F2130706433%2F", "url-invalid"),
        ])
    func badRedirects(_ target: String, _ reason: String) throws {
        let answer = try fetch("https://peer.test/hop/302/\(target)")
        #expect(answer.reason == reason)
        var asked = 0
        for fact in try peer.rest() where fact.text(at: "proxy") != nil { asked += 1 }
        #expect(asked == 1)
    }

    @Test("an http address is asked of the proxy in the clear; from https it is reached only if the request says so")
    func clear() throws {
        let clear = try fetch("http://peer.test/page")
        #expect(clear.ok && clear.tree.text(at: "url") == "http://peer.test/page")
        #expect(try peer.next("proxy").text(at: "proxy") == "GET http://peer.test/page HTTP/1.1")
        let down = try fetch("https://peer.test/hop/301/http:%2F%2Fpeer.test%2Fpage", #","downgrade":true"#)
        #expect(down.ok && down.tree.text(at: "url") == "http://peer.test/page")
    }

    @Test("what the way out refuses is told with its word", arguments: ["https", "http"])
    func refused(_ scheme: String) throws {
        let answer = try fetch("\(scheme)://a.refused.test/")
        #expect(answer.reason == "refused-by-egress" && answer.detail == "address")
        #expect(try fetch("\(scheme)://dead.test/").detail == "connect-failed")
    }

    @Test("a certificate for another name, or of nobody we believe, is refused")
    func certificates() throws {
        #expect(try fetch("https://wrong.test/page").reason == "tls")
        let doubting = try WebProcess.web(["fetch", "--proxy-port", "\(peer.proxyPort)"])
        try doubting.send(#"{"url":"https://peer.test/page"}"#)
        #expect(try doubting.answer().text(at: "reason") == "tls")
        for fact in try peer.rest() { #expect(fact.node("request") == nil) }
    }

    @Test("time is limited for everything together")
    func time() throws {
        #expect(try fetch("https://peer.test/slow", #","timeoutMilliseconds":300"#).reason == "timeout")
        #expect(try peer.next("left").text(at: "left") == "/slow")
    }

    @Test("without a proxy there is no way out, whatever the environment says")
    func environment() throws {
        let proxy = "http://127.0.0.1:\(peer.proxyPort)"
        let variables = ["https_proxy=\(proxy)", "HTTPS_PROXY=\(proxy)", "ALL_PROXY=\(proxy)", "no_proxy=*"]
        let alone = try WebProcess.web(["fetch", "--proxy-port", "1"], environment: variables)
        try alone.send(#"{"url":"https://peer.test/page"}"#)
        #expect(try alone.answer().text(at: "reason") == "connect-failed")
        try alone.send(#"{"url":"http://127.0.0.1:\#(peer.httpPort)/page"}"#)
        #expect(try alone.answer().text(at: "reason") == "connect-failed")
        #expect(try peer.rest().isEmpty)
    }

    @Test(
        "a line that is no such request is answered, and the next one read",
        arguments: [
            (#"{"#, "request-invalid"), ("[]", "request-invalid"),
            (#"{"url":"https://peer.test","x":1}"#, "request-invalid"),
            (#"{"url":"https://peer.test","method":"POST"}"#, "request-invalid"),
            (#"{"url":"https://peer.test","maxBytes":0}"#, "request-invalid"),
            (#"{"url":"https://peer.test","maxBytes":4194305}"#, "request-invalid"),
            (#"{"url":"ftp://peer.test/"}"#, "scheme"), (#"{"url":"/page"}"#, "url-invalid"),
        ])
    func badRequests(_ line: String, _ reason: String) throws {
        try web.send(line)
        #expect(try web.answer().text(at: "reason") == reason)
        #expect(try fetch("https://peer.test/page").ok)
        web.closeInput()
        #expect(web.wait() == (0, ""))
    }
}

struct JSONTreeBox {
    let tree: JSONTree

    init(_ tree: JSONTree) { self.tree = tree }

    var ok: Bool { tree.flag("ok") == true }
    var text: String? { tree.text(at: "text") }
    var reason: String? { tree.text(at: "reason") }
    var detail: String? { tree.text(at: "detail") }
}
