// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON
internal import Wire

/// Where this listener's protected resources are described (RFC 9728), and how a refusal points there (RFC 6750).
///
/// Addresses are made of the configured origin, never of a request's `Host`.
struct ResourceMetadata {
    private static let scope = "mcp"
    private static let path = Array("/.well-known/oauth-protected-resource".utf8)
    let origin: [UInt8]

    /// The same shape for known and unknown servers: a name's existence is not told.
    func document(_ endpoint: Endpoint?) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("bearer_methods_supported")
        json.beginArray()
        json.string("header")
        json.endArray()
        json.key("resource")
        json.string(origin + Self.suffix(endpoint))
        json.key("resource_name")
        json.string(Product.name)
        json.key("scopes_supported")
        json.beginArray()
        json.string(Self.scope)
        json.endArray()
        json.endObject()
        return json.take()
    }

    /// The value of `WWW-Authenticate` for a refusal that a credential could mend; nil for every other.
    func challenge(_ denial: Denial, at route: Route?) -> FieldValue? {
        let error: String
        if denial == .credentialMissing {
            error = ""
        } else if HTTPStatus(denial) == .unauthorized {
            error = ", error=\"invalid_token\""
        } else if denial == .scopeInsufficient {
            error = ", error=\"insufficient_scope\""
        } else {
            return nil
        }
        var endpoint: Endpoint?
        if case .mcp(let asked) = route { endpoint = asked }
        let text =
            Array("Bearer resource_metadata=\"".utf8) + origin + Self.path + Self.suffix(endpoint)
            + Array("\", scope=\"\(Self.scope)\"\(error)".utf8)
        return FieldValue(text)
    }

    private static func suffix(_ endpoint: Endpoint?) -> [UInt8] {
        switch endpoint {
        case .aggregate: Array("/mcp".utf8)
        case .server(let name): Array("/mcp/".utf8) + name.bytes
        case .unknown, nil: []
        }
    }
}
