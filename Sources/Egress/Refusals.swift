// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import Wire

/// What clients are told. Words, a class and the place of a rule; never an address that a name resolved to.
enum RefusalAnswer {
    static func append(_ refusal: Refusal, to output: inout [UInt8]) {
        let reason = refusal.reason
        var body = "doorward: error: \(reason.sentence)\ndoorward: hint: \(reason.hint)\nreason: \(reason.word)\n"
        if let found = refusal.addressClass { body += "class: \(found.word)\n" }
        if !refusal.rule.isEmpty { body += "rule: \(refusal.rule)\n" }
        let phrase: String =
            switch reason.status {
            case 400: "Bad Request"
            case 403: "Forbidden"
            case 408: "Request Timeout"
            case 431: "Request Header Fields Too Large"
            case 501: "Not Implemented"
            case 502: "Bad Gateway"
            case 503: "Service Unavailable"
            case 504: "Gateway Timeout"
            case 505: "HTTP Version Not Supported"
            default: "Refused"
            }
        let head = """
            HTTP/1.1 \(reason.status) \(phrase)\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Length: \(body.utf8.count)\r
            Connection: close\r
            Proxy-Connection: close\r
            X-Doorward-Reason: \(reason.word)\r
            \r

            """
        output.append(contentsOf: head.utf8)
        output.append(contentsOf: body.utf8)
    }

    static func appendSocks(_ refusal: Refusal, to output: inout [UInt8]) {
        SocksWriter.append(SocksReply(refusal.reason), to: &output)
    }
}
