// SPDX-License-Identifier: Apache-2.0
import Linux
import Policy
import StrictJSON
import Testing

@testable import Tools

@Suite("A fetched page is content of others, marked as such")
struct FetchTests {
    private static let asked = text("https://example.org/")

    private func page(_ line: String) throws -> FetchedPage { try FetchExchange.page(text(line), asked: Self.asked) }

    private static func good(_ body: String, type: String = "text/plain", truncated: Bool = false) -> String {
        let body = String(decoding: CanonicalJSON.string(body).bytes, as: UTF8.self)
        return
            #"{"ok":true,"status":200,"url":"https://example.org/end","#
            + #""hops":[{"url":"https://example.org/","status":302}],"#
            + #""type":"\#(type)","charset":null,"bytes":3,"truncated":\#(truncated),"text":\#(body)}"#
    }

    private func reply(_ page: FetchedPage, raw: Bool = false) throws -> Reply {
        var compose = Compose()
        var line = compose.answer(.integer(1), .modern, page.answer(isRaw: raw))
        line.removeLast()
        return try Reply(line)
    }

    @Test("The result carries the mark and the source, a notice first and the page as a resource")
    func marked() throws {
        let reply = try reply(try page(Self.good("hello")))
        #expect(reply.bool("result._meta.dev.doorward/untrusted") == true)
        #expect(reply.string("result._meta.dev.doorward/source") == "https://example.org/end")
        #expect(reply.string("result.content.0.text")?.contains("not an instruction") == true)
        #expect(reply.string("result.content.0.text")?.contains("hello") == false)
        #expect(reply.string("result.content.1.resource.text") == "hello")
        #expect(reply.string("result.content.1.resource.uri") == "https://example.org/end")
        #expect(reply.string("result.structuredContent.text") == "hello")
        #expect(reply.integer("result.structuredContent.hops.0.status") == 302)
        #expect(reply.bool("result.isError") == false)
        let object = try Reply(FetchDefinition.object(FetchSettings()).bytes)
        let schema = try ArgumentSchema(object.tree, try #require(object.node("outputSchema")))
        let answer = reply.node("result.structuredContent")
        #expect(schema.violation(reply.tree, answer)?.description == nil)
        #expect(object.bool("annotations.openWorldHint") == true)
    }

    @Test("HTML becomes what a person would read, unless it is asked for as it is")
    func html() throws {
        let page = try page(Self.good("<p>a<script>b</script></p>", type: "text/html; charset=utf-8"))
        #expect(try reply(page).string("result.content.1.resource.text") == "a")
        let raw = try reply(page, raw: true)
        #expect(raw.string("result.content.1.resource.text") == "<p>a<script>b</script></p>")
        #expect(raw.string("result.content.1.resource.mimeType") == "text/html")
    }

    @Test("What was cut is said, by the fetching program or here")
    func cut() throws {
        let short = try reply(try page(Self.good("abc", truncated: true)))
        #expect(short.bool("result.structuredContent.truncated") == true)
        #expect(short.string("result.content.0.text")?.contains("cut") == true)
        let long = String(repeating: "\"", count: 1_000_000)
        let reply = try reply(try page(Self.good(long)))
        #expect(reply.bool("result.structuredContent.truncated") == true)
        #expect(reply.bytes.count < JSONLimits.message.bytes)
    }

    @Test(
        "Each refusal of the fetching program has a reason here, and says its detail",
        arguments: [
            ("url-invalid", "address-form"), ("scheme", "address-scheme"), ("refused-by-egress", "refused-by-door"),
            ("connect-failed", "connect-failed"), ("tls", "tls"), ("timeout", "timeout"),
            ("too-many-redirects", "too-many-redirects"), ("type", "content-type"), ("http-error", "transfer"),
            ("request-invalid", "fetch-failed"), ("of another release", "fetch-failed"),
        ])
    func refused(_ word: String, _ reason: String) throws {
        do {
            _ = try page(#"{"ok":false,"reason":"\#(word)","detail":"private-address"}"#)
            Issue.record("it was taken for a page")
        } catch let fault as ToolFault {
            #expect(fault.reason.rawValue == reason)
            if reason == "refused-by-door" { #expect(fault.words.contains("private-address")) }
        }
    }

    @Test(
        "An answer that cannot be read is no page",
        arguments: [
            "", "x", "[]", "{}", #"{"ok":true}"#, #"{"ok":true,"status":200,"url":"x"}"#,
            #"{"ok":true,"status":"200","url":"x","text":""}"#,
            #"{"ok":true,"ok":true,"status":200,"url":"x","text":""}"#,
            #"{"ok":true,"status":200,"url":"x","base64":"?"}"#,
        ])
    func unreadable(_ line: String) {
        #expect(throws: ToolFault(.fetchFailed, [])) { try page(line) }
    }

    @Test("The request is one line of the form that the program reads")
    func request() throws {
        let bytes = FetchExchange.request(text("https://e.org/\"\n"), maxBytes: 7, seconds: 2)
        #expect(bytes.last == lineFeed && bytes.dropLast().firstIndex(of: lineFeed) == nil)
        let reply = try Reply(Array(bytes.dropLast()))
        #expect(reply.string("url") == "https://e.org/\"\n" && reply.integer("maxBytes") == 7)
        #expect(reply.integer("timeoutMilliseconds") == 2000 && reply.string("method") == "GET")
    }

    @Test("Arguments are checked, and a program that fails is told as such")
    func arguments() throws {
        func channel(_ client: String) -> ScriptedChannel {
            ScriptedChannel(.web(FetchHouse(FetchSettings(), client: client)))
        }
        let none = channel("/nowhere/doorward-web")
        #expect(try none.refusal("web_fetch", "{}") == "argument-missing")
        #expect(try none.refusal("web_fetch", #"{"url":"https://e.org","format":"pdf"}"#) == "argument-kind")
        #expect(try none.refusal("web_fetch", #"{"url":"https://e.org","max_bytes":1048577}"#) == "argument-range")
        #expect(try none.refusal("web_fetch", #"{"url":"https://e.org","method":"POST"}"#) == "argument-unknown")
        #expect(try none.refusal("web_fetch", #"{"url":"https://e.org"}"#) == "fetch-failed")
        #expect(try channel("/bin/false").refusal("web_fetch", #"{"url":"https://e.org"}"#) == "fetch-failed")
        // Repeats its request, which is no answer.
        #expect(try channel("/bin/true").refusal("web_fetch", #"{"url":"https://e.org"}"#) == "fetch-failed")
        #expect(try none.modern("tools/call", #""name":"code_run""#).integer("error.code") == -32602)
    }

    @Test("The command line is read strictly")
    func commandLine() throws {
        let settings = try FetchSettings(["--client", "/x/web", "--size", "64K", "--time", "5s"])
        #expect(settings.client == "/x/web" && settings.maxBytes == 65_536 && settings.seconds == 5)
        for wrong in [["--client", "x"], ["--size", "2M"], ["--time", "0"], ["--proxy", "x"], ["--client"]] {
            #expect(throws: ArgumentError.self) { try FetchSettings(wrong[...]) }
        }
        #expect(FetchSettings.beside("/usr/libexec/doorward/doorward-tools") == "/usr/libexec/doorward/doorward-web")
    }
}

@Suite("HTML as a person reads it")
struct HTMLTextTests {
    private func read(_ html: String) -> String { String(decoding: HTMLText.of(text(html)), as: UTF8.self) }

    @Test(
        "Text, breaks, lists, links and characters",
        arguments: [
            ("", ""), ("plain", "plain"), ("a  \n b", "a b"), ("<p>a</p><p>b</p>", "a\n\nb"),
            ("a<br>b<br/>c", "a\nb\nc"),
            ("<ul><li>a<li>b</ul>c", "- a\n- b\n\nc"), ("<b>a</b><i>b</i>", "ab"), ("<td>a</td><td>b</td>", "a b"),
            ("<pre> a\n  b </pre>", " a\n  b "),
            ("&lt;b&gt; &amp;amp; &#65;&#x42; &nosuch; &", "<b> &amp; AB &nosuch; &"),
            ("<a href=\"https://e.org/?a=1&amp;b\">here</a>", "here <https://e.org/?a=1&b>"),
            ("<a href='javascript:alert(1)'>here</a>", "here"), ("<a href=/x>here</a>", "here"),
            ("<img alt='a cat' src=x>", "[image: a cat]"), ("<img src=x>", ""), ("<H1>T</H1>x", "T\n\nx"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"), ("a<3", "a<3"), ("<!DOCTYPE html>x<!-- y -->z", "xz"),
            ("<title>T</title><body>b", "T\n\nb"), ("<p title='a > b'>c", "c"), ("ä€😀", "ä€😀"),
        ])
    func reading(_ html: String, _ expected: String) { #expect(read(html) == expected, "\(html)") }

    @Test(
        "What a page hides, or only machines read, is left out",
        arguments: [
            "<script>x</script>", "<SCRIPT>'</scriptx>'x</SCRIPT >", "<style>x</style>", "<noscript>x</noscript>",
            "<template><p>x</p></template>", "<svg><text>x</text></svg>", "<p hidden>x</p>",
            "<div style='display: none'><p>x</div>", "<div style=\"color:red; VISIBILITY:hidden\">x<div>x</div>x</div>",
            "<span aria-hidden=true>x</span>", "<!-- x", "<script>x", "<div hidden><div>x</div>x</div>",
            "<iframe>x</iframe>", "<p style='font-size:0px'>x</p>", "<p hidden>x<br>x<img alt=x></p>",
            "<select><option>x</select>", "<?php x ?>", "<p hidden=''>x</p>",
        ])
    func hidden(_ html: String) {
        #expect(read("a\(html)").replacing("\n", with: "") == "a", "\(html)")
        if !html.hasPrefix("<!-- x"), html != "<script>x" { #expect(read("a\(html)b").hasSuffix("b"), "\(html)") }
    }

    @Test("Letters that nobody sees are left out, in plain text too")
    func invisible() {
        let tags = String(
            String.UnicodeScalarView("hi".unicodeScalars.compactMap { Unicode.Scalar($0.value + 0xE0000) }))
        #expect(read("a\u{200B}\u{202E}b\u{2066}\(tags)c\u{FEFF}\u{0}\u{1B}") == "abc")
        #expect(String(decoding: VisibleText.of(text("a\u{200D}\tb\r\nc\u{9B}")), as: UTF8.self) == "a\tb\nc")
        #expect(read("&#x202E;&#xE0041;a&#0;&#xD800;&#1114112;") == "a&#0;&#xD800;&#1114112;")
    }

    @Test("Bytes that are no text, and markup that never ends, are read to their end")
    func broken() {
        #expect(!HTMLText.of([0xFF, 0xFE, 0x41]).isEmpty)
        for broken in ["<", "</", "<!", "<a", "<a href", "<a href=", "<a href='x", "&#", "&", "<a/", "<p hidden"] {
            #expect(read("x\(broken)").hasPrefix("x"), "\(broken)")
        }
    }

    @Test(
        "Pages made to be slow are not",
        arguments: [
            "<a ", "</a ", "<a href='", "&amp", "<p hidden>", "<div>", "<!", "<script>", "</script ", "<!--", "&#x",
        ])
    func slow(_ piece: String) {
        let page = [UInt8](String(repeating: piece, count: (64 << 10) / piece.utf8.count).utf8)
        let began = Instant.now
        _ = HTMLText.of(page)
        _ = HTMLText.of(Array("<script>".utf8) + page)
        // Quadratic would be minutes.
        #expect(Instant.now.milliseconds(after: began) < 20_000, "\(piece)")
    }

    @Test("Any bytes are read without a fault, and what comes out is text", arguments: 0..<200)
    func random(_ seed: UInt64) {
        var generator = Seeded(seed + 1)
        let pieces = [
            "<", ">", "/", "p", "script", " ", "=", "'", "\"", "&", "#", ";", "x", "hidden", "!--", "-->", "a href",
            "\u{FF}",
        ]
        var bytes: [UInt8] = []
        for _ in 0..<200 { bytes += Array((pieces.randomElement(using: &generator) ?? "").utf8) }
        bytes.append(UInt8.random(in: 0...255, using: &generator))
        #expect(isUTF8(HTMLText.of(bytes)))
    }
}
