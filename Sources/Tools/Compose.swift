// SPDX-License-Identifier: Apache-2.0
internal import Policy
internal import StrictJSON

/// Whole messages for the client, canonical, one line each.
struct Compose {
    /// How long clients may keep what cannot change while this process lives, in milliseconds. Within what a host may
    /// run, and short enough that an upgraded server is soon seen.
    static let fixedMilliseconds: Int64 = 300_000
    /// Files change at any time.
    static let fileMilliseconds: Int64 = 0
    static let reasonKey: StaticString = "dev.doorward/reason"

    private var json = JSONWriter()

    mutating func error(_ id: RequestID?, _ refusal: Refusal) -> [UInt8] {
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.key("code")
        json.integer(refusal.code)
        if refusal.hasData {
            json.key("data")
            refusal.writeData(to: &json)
        }
        json.key("message")
        json.string(refusal.words)
        json.endObject()
        json.key("id")
        if let id { id.write(to: &json) } else { json.null() }
        json.key("jsonrpc")
        json.string("2.0")
        json.endObject()
        return line()
    }

    mutating func pong(_ id: RequestID) -> [UInt8] {
        begin(id)
        return end()
    }

    mutating func initialized(_ id: RequestID, _ revision: Revision, _ catalog: Catalog) -> [UInt8] {
        begin(id)
        json.key("capabilities")
        json.value(catalog.capabilities)
        json.key("instructions")
        json.string(catalog.instructions)
        json.key("protocolVersion")
        json.string(revision.word)
        json.key("serverInfo")
        serverInfo()
        return end()
    }

    mutating func discovered(_ id: RequestID, _ catalog: Catalog) -> [UInt8] {
        begin(id)
        beginCacheable(.modern)
        json.key("capabilities")
        json.value(catalog.capabilities)
        json.key("instructions")
        json.string(catalog.instructions)
        complete(.modern)
        json.key("supportedVersions")
        Serving.writeRevisions(to: &json)
        lifetime(.modern, Self.fixedMilliseconds)
        return end()
    }

    mutating func list(_ id: RequestID, _ era: Era, _ listing: Demand.Listing, _ catalog: Catalog) -> [UInt8] {
        begin(id)
        beginCacheable(era)
        switch listing {
        case .prompts:
            json.key("prompts")
            json.value(.emptyArray)
            complete(era)
        case .templates:
            json.key("resourceTemplates")
            json.value(catalog.templates)
            complete(era)
        case .tools:
            complete(era)
            json.key("tools")
            json.value(catalog.tools)
        }
        lifetime(era, Self.fixedMilliseconds)
        return end()
    }

    mutating func resources(_ id: RequestID, _ era: Era, _ page: CanonicalJSON, next: [UInt8]?) -> [UInt8] {
        begin(id)
        beginCacheable(era)
        if let next {
            json.key("nextCursor")
            json.string(next)
        }
        json.key("resources")
        json.value(page)
        complete(era)
        lifetime(era, Self.fileMilliseconds)
        return end()
    }

    mutating func contents(_ id: RequestID, _ era: Era, _ contents: CanonicalJSON) -> [UInt8] {
        begin(id)
        beginCacheable(era)
        json.key("contents")
        json.value(contents)
        complete(era)
        lifetime(era, Self.fileMilliseconds)
        return end()
    }

    mutating func answer(_ id: RequestID, _ era: Era, _ answer: ToolAnswer) -> [UInt8] {
        begin(id)
        if let provenance = answer.provenance { meta(provenance, era) } else { meta(era) }
        json.key("content")
        json.beginArray()
        content(answer)
        json.endArray()
        json.key("isError")
        json.bool(answer.isError)
        complete(era)
        json.key("structuredContent")
        json.value(answer.structured)
        return end()
    }

    mutating func fault(_ id: RequestID, _ era: Era, _ fault: ToolFault) -> [UInt8] {
        begin(id)
        json.key("_meta")
        json.beginObject()
        json.key(Self.reasonKey)
        json.string(fault.reason.rawValue)
        if era == .modern { modernServerInfo() }
        json.endObject()
        json.key("content")
        json.beginArray()
        text(Array(fault.words.utf8))
        json.endArray()
        json.key("isError")
        json.bool(true)
        complete(era)
        return end()
    }

    mutating func progress(_ token: RequestID, _ progress: JobProgress) -> [UInt8] {
        json.beginObject()
        json.key("jsonrpc")
        json.string("2.0")
        json.key("method")
        json.string("notifications/progress")
        json.key("params")
        json.beginObject()
        json.key("message")
        json.string(progress.words)
        json.key("progress")
        json.integer(Int64(progress.done))
        json.key("progressToken")
        token.write(to: &json)
        json.endObject()
        json.endObject()
        return line()
    }

    private mutating func content(_ answer: ToolAnswer) {
        switch answer.content {
        case .json: text(answer.structured.bytes)
        case .text(let bytes): text(bytes)
        case .image(let base64, let type): block(.image(base64, type: type))
        case .blob(let base64, let type, let address): block(.blob(base64, type: type, address: address))
        case .blocks(let blocks): for one in blocks { block(one) }
        }
    }

    private mutating func block(_ block: ContentBlock) {
        switch block {
        case .text(let bytes): text(bytes)
        case .image(let base64, let type):
            json.beginObject()
            json.key("data")
            json.string(base64)
            json.key("mimeType")
            json.string(type)
            json.key("type")
            json.string("image")
            json.endObject()
        case .blob(let base64, let type, let address):
            json.beginObject()
            json.key("resource")
            json.beginObject()
            json.key("blob")
            json.string(base64)
            json.key("mimeType")
            json.string(type)
            json.key("uri")
            json.string(address)
            json.endObject()
            json.key("type")
            json.string("resource")
            json.endObject()
        case .resource(let bytes, let type, let address):
            json.beginObject()
            json.key("resource")
            json.beginObject()
            json.key("mimeType")
            json.string(type)
            json.key("text")
            json.string(bytes)
            json.key("uri")
            json.string(address)
            json.endObject()
            json.key("type")
            json.string("resource")
            json.endObject()
        }
    }

    private mutating func text(_ bytes: [UInt8]) {
        json.beginObject()
        json.key("text")
        json.string(bytes)
        json.key("type")
        json.string("text")
        json.endObject()
    }

    private mutating func begin(_ id: RequestID) {
        json.beginObject()
        json.key("id")
        id.write(to: &json)
        json.key("jsonrpc")
        json.string("2.0")
        json.key("result")
        json.beginObject()
    }

    private mutating func end() -> [UInt8] {
        json.endObject()
        json.endObject()
        return line()
    }

    private mutating func line() -> [UInt8] {
        var line = json.take()
        line.append(lineFeed)
        return line
    }

    // What the stateless revision adds to results. Nothing here is for more than one caller.

    private mutating func beginCacheable(_ era: Era) {
        guard era == .modern else { return }
        meta(era)
        json.key("cacheScope")
        json.string("private")
    }

    private mutating func meta(_ era: Era) {
        guard era == .modern else { return }
        json.key("_meta")
        json.beginObject()
        modernServerInfo()
        json.endObject()
    }

    private mutating func meta(_ provenance: Provenance, _ era: Era) {
        json.key("_meta")
        json.beginObject()
        if let source = provenance.source {
            json.key(Product.sourceKey)
            json.string(source)
        }
        json.key(Product.untrustedKey)
        json.bool(true)
        if era == .modern { modernServerInfo() }
        json.endObject()
    }

    private mutating func modernServerInfo() {
        json.key("io.modelcontextprotocol/serverInfo")
        serverInfo()
    }

    private mutating func complete(_ era: Era) {
        guard era == .modern else { return }
        json.key("resultType")
        json.string("complete")
    }

    private mutating func lifetime(_ era: Era, _ milliseconds: Int64) {
        guard era == .modern else { return }
        json.key("ttlMs")
        json.integer(milliseconds)
    }

    private mutating func serverInfo() {
        json.beginObject()
        json.key("name")
        json.string("doorward-tools")
        json.key("title")
        json.string("Doorward tools")
        json.key("version")
        json.string(Product.version)
        json.endObject()
    }
}
