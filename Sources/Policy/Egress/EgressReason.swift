// SPDX-License-Identifier: Apache-2.0

/// Every way in which the egress room says no. A closed list, like ``Denial``.
///
/// The record carries the word, the wire carries the status, a person gets the sentence and the hint. The raw value
/// travels in Control frames and is not stable between releases; the word is.
package enum EgressReason: UInt8, CaseIterable, Sendable {
    // What was asked cannot be understood.
    case notHTTP
    case headMalformed
    case headTooLarge
    case headTimeout
    case versionUnsupported
    case bodyMalformed
    case hostMismatch
    case notAHost
    case zone
    case portMalformed
    case scheme
    /// SOCKS commands other than CONNECT, and methods of a proxy other than ours.
    case commandUnsupported
    // Policy.
    case hostNotAllowed
    case port
    case method
    case deniedByRule
    case approvalUnavailable
    // What it leads to.
    case address
    case metadataName
    case proxyDiscovery
    case ownAddress
    case rebinding
    // The room itself.
    case tooMany
    case auditBehind
    case stopping
    // Upstream.
    case dnsFailed
    case dnsTimeout
    case connectFailed
    case connectTimeout
    case peerMismatch
    case upstreamMalformed
    case upstreamTimeout
    case tooManyRedirects
    // An open tunnel that was cut.
    case sniMismatch
    case policyChanged

    /// Stable word for records, answers and tests.
    package var word: String { meaning.word }
    /// HTTP status of the answer. A tunnel that is cut gets none; its status says what it would have been.
    package var status: Int { meaning.status }
    /// For people: what was refused and why; lower case, no full stop.
    package var sentence: String { meaning.sentence }
    /// For people: what they can do about it.
    package var hint: String { meaning.hint }

    private struct Meaning {
        let word: String
        let status: Int
        let sentence: String
        let hint: String

        init(_ word: String, _ status: Int, _ sentence: String, hint: String) {
            self.word = word
            self.status = status
            self.sentence = sentence
            self.hint = hint
        }
    }

    private var meaning: Meaning {
        switch self {
        case .notHTTP:
            Meaning(
                "not-http", 400, "this listener speaks HTTP/1.1 and nothing else",
                hint: "use http://127.0.0.1:3128 as an HTTP proxy, and 127.0.0.1:1080 for SOCKS5")
        case .headMalformed:
            Meaning(
                "head-malformed", 400, "the request head is not well-formed HTTP/1.1",
                hint: "use an HTTP/1.1 client with a proxy setting, CONNECT or an absolute address")
        case .headTooLarge:
            Meaning(
                "head-too-large", 431, "the request head is larger than its limits",
                hint: "send fewer or shorter headers")
        case .headTimeout:
            Meaning("head-timeout", 408, "the request did not arrive in time", hint: "send the whole head at once")
        case .versionUnsupported:
            Meaning("version-unsupported", 505, "only HTTP/1.1 is spoken here", hint: "use an HTTP/1.1 client")
        case .bodyMalformed:
            Meaning(
                "body-malformed", 400, "the length of the body is not clear",
                hint: "send one Content-Length or plain chunked")
        case .hostMismatch:
            Meaning(
                "host-mismatch", 400, "the Host header is missing or names another place than the request",
                hint: "send one Host header with the authority of the request")
        case .notAHost:
            Meaning(
                "not-a-host", 400, "this is neither a host name nor an address in its usual spelling",
                hint:
                    "write an address as four decimal numbers or in brackets, and a name in letters, digits and dashes"
            )
        case .zone:
            Meaning("zone", 400, "the address names an interface of this host", hint: "leave the zone out")
        case .portMalformed:
            Meaning(
                "port-malformed", 400, "the port is missing or not a number from 1 to 65535", hint: "write host:port")
        case .scheme:
            Meaning(
                "scheme", 400, "only http addresses can be fetched through a proxy in the clear",
                hint: "use CONNECT for everything else")
        case .commandUnsupported:
            Meaning(
                "command-unsupported", 501, "this command is not known here",
                hint: "only connections from inside to outside exist")
        case .hostNotAllowed:
            Meaning(
                "host-not-allowed", 403, "no rule allows this host",
                hint: "add it to \"network\" in doorward.json, or run with --allow-host HOST:PORT")
        case .port:
            Meaning(
                "port", 403, "the host is allowed, this port of it is not",
                hint: "add the port to the rule in doorward.json, or run with --allow-host HOST:PORT")
        case .method:
            Meaning(
                "method", 403, "the host is allowed, this method is not",
                hint: "add the method to the rule in doorward.json; tunnels need a rule without methods")
        case .deniedByRule:
            Meaning("denied-by-rule", 403, "a rule denies this", hint: "see the rule in doorward.json")
        case .approvalUnavailable:
            Meaning(
                "approval-unavailable", 403, "a rule wants a person's approval, which cannot be given yet",
                hint: "write a rule with verdict allow in doorward.json")
        case .address:
            Meaning(
                "address", 403, "the address is not a public one",
                hint: "only public addresses can be reached; grant one port of this host with \"local\"")
        case .metadataName:
            Meaning(
                "metadata-name", 403, "the name belongs to the platform that runs this host",
                hint: "no rule can allow it")
        case .proxyDiscovery:
            Meaning(
                "proxy-discovery", 403, "the name is asked for a proxy configuration",
                hint: "take the proxy from the environment variables http_proxy and https_proxy")
        case .ownAddress:
            Meaning(
                "own-address", 403, "the address or name is one of this host",
                hint: "grant one port of this host with \"local\"")
        case .rebinding:
            Meaning(
                "rebinding", 403, "the name resolves to another address than a moment ago, and not to a public one",
                hint: "no rule can allow it")
        case .tooMany:
            Meaning(
                "too-many", 503, "this sandbox has as many connections as it may have",
                hint: "close idle connections")
        case .auditBehind:
            Meaning(
                "audit-behind", 503, "decisions cannot be recorded now, so none is made",
                hint: "doorward status says what is wrong")
        case .stopping:
            Meaning("stopping", 503, "the control plane is stopping", hint: "try again when it runs")
        case .dnsFailed:
            Meaning("dns-failed", 502, "the name does not resolve", hint: "check the spelling")
        case .dnsTimeout:
            Meaning("dns-timeout", 504, "the name servers did not answer in time", hint: "try again")
        case .connectFailed:
            Meaning("connect-failed", 502, "the host refused or could not be reached", hint: "check host and port")
        case .connectTimeout:
            Meaning("connect-timeout", 504, "the host did not answer in time", hint: "try again")
        case .peerMismatch:
            Meaning(
                "peer-mismatch", 502, "another address answered than the one that was allowed",
                hint: "look for a packet filter that redirects connections of this host")
        case .upstreamMalformed:
            Meaning(
                "upstream-malformed", 502, "the host's answer is not well-formed HTTP/1.1",
                hint: "use CONNECT if the host speaks something else")
        case .upstreamTimeout:
            Meaning("upstream-timeout", 504, "the host's answer did not arrive in time", hint: "try again")
        case .tooManyRedirects:
            Meaning("too-many-redirects", 502, "the host redirects more than five times", hint: "ask for the last one")
        case .sniMismatch:
            Meaning(
                "sni-mismatch", 403, "the TLS server name is not the host that was asked for",
                hint: "only rules with \"sni\": \"record\" let names differ")
        case .policyChanged:
            Meaning(
                "policy-changed", 403, "the policy changed and no longer allows this",
                hint: "see \"network\" in doorward.json")
        }
    }
}
