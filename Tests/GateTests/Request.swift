// SPDX-License-Identifier: Apache-2.0

enum HTTPVerb: String {
    case get = "GET"
    case post = "POST"
    case delete = "DELETE"
    case options = "OPTIONS"
    case head = "HEAD"
    case put = "PUT"
    case patch = "PATCH"
    case trace = "TRACE"
    case connect = "CONNECT"
}

/// A request as an honest client sends it, to be spoilt one line at a time.
struct Request {
    let method: HTTPVerb
    var target: String
    var version = "HTTP/1.1"
    var headers: [(name: String, value: String)] = [("Host", "127.0.0.1:8742")]
    var body: [UInt8] = []
    var hasLength = true

    init(_ method: HTTPVerb, _ target: String) {
        self.method = method
        self.target = target
    }

    /// A message to an endpoint, with everything that step 7 asks for.
    static func message(_ body: String, to target: String = "/mcp", bearer: String? = "good") -> Request {
        var request = Request(.post, target).with("Content-Type", "application/json")
            .with("Accept", "application/json, text/event-stream")
        if let bearer { request = request.bearer(bearer) }
        request.body = Array(body.utf8)
        return request
    }

    /// A request of the modern era with its mirrored headers.
    static func modern(
        _ method: String, id: String = "1", params: String = "", name: String? = nil, to target: String = "/mcp",
        bearer: String? = "good", version: String = "2026-07-28"
    ) -> Request {
        var request = message(
            modernBody(method, id: id, params: params, version: version), to: target, bearer: bearer
        ).with("MCP-Protocol-Version", version).with("Mcp-Method", method)
        if let name { request = request.with("Mcp-Name", name) }
        return request
    }

    static func modernBody(_ method: String, id: String = "1", params: String = "", version: String = "2026-07-28")
        -> String
    {
        let rest = params.isEmpty ? "" : "," + params
        return """
            {"jsonrpc":"2.0","id":\(id),"method":"\(method)","params":{"_meta":{\
            "io.modelcontextprotocol/protocolVersion":"\(version)",\
            "io.modelcontextprotocol/clientCapabilities":{}}\(rest)}}
            """
    }

    /// A call of a tool in the modern era.
    static func call(
        _ tool: String = "add", id: String = "1", arguments: String = "{}", to target: String = "/mcp/files"
    )
        -> Request
    {
        modern(
            "tools/call", id: id, params: "\"name\":\"\(tool)\",\"arguments\":\(arguments)", name: tool, to: target)
    }

    /// A request of the legacy era.
    static func legacy(
        _ method: String, id: String? = "1", params: String? = nil, session: String? = nil, to target: String = "/mcp",
        bearer: String? = "good", version: String? = nil
    ) -> Request {
        var request = message(legacyBody(method, id: id, params: params), to: target, bearer: bearer)
        if let session { request = request.with("Mcp-Session-Id", session) }
        if let version { request = request.with("MCP-Protocol-Version", version) }
        return request
    }

    static func legacyBody(_ method: String, id: String? = "1", params: String? = nil) -> String {
        let id = id.map { "\"id\":\($0)," } ?? ""
        let params = params.map { ",\"params\":\($0)" } ?? ""
        return "{\"jsonrpc\":\"2.0\",\(id)\"method\":\"\(method)\"\(params)}"
    }

    static let initializeParams =
        "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}"

    static func initialize(to target: String = "/mcp", bearer: String? = "good") -> Request {
        legacy("initialize", params: initializeParams, to: target, bearer: bearer)
    }

    /// An opening handshake.
    static func upgrade(to target: String = "/ws/files", bearer: String? = "good") -> Request {
        let request = Request(.get, target).with("Upgrade", "websocket").with("Connection", "Upgrade")
            .with("Sec-WebSocket-Version", "13").with("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA==")
            .with("Sec-WebSocket-Protocol", "mcp")
        return bearer.map { request.bearer($0) } ?? request
    }

    func with(_ name: String, _ value: String) -> Request {
        var copy = self
        copy.headers.append((name, value))
        return copy
    }

    func without(_ name: String) -> Request {
        var copy = self
        copy.headers.removeAll { $0.name == name }
        return copy
    }

    func replacing(_ name: String, _ value: String) -> Request { without(name).with(name, value) }

    func bearer(_ token: String) -> Request { with("Authorization", "Bearer \(token)") }

    func at(_ target: String) -> Request {
        var copy = self
        copy.target = target
        return copy
    }

    func saying(_ body: String) -> Request {
        var copy = self
        copy.body = Array(body.utf8)
        return copy
    }

    func saying(_ body: [UInt8]) -> Request {
        var copy = self
        copy.body = body
        return copy
    }

    /// Head alone, with whatever length it was given.
    var head: [UInt8] {
        var text = "\(method.rawValue) \(target) \(version)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    var bytes: [UInt8] {
        let isPost = method == .post && hasLength && !headers.contains { $0.name == "Transfer-Encoding" }
        return (isPost ? with("Content-Length", "\(body.count)") : self).head + body
    }
}
