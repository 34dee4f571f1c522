// SPDX-License-Identifier: Apache-2.0
package import StrictJSON

/// Writes the sealed registry in its one form. The reader beside it takes nothing else.
package enum SealedWriter {
    /// The registry alone, canonical: what the digest is over.
    package static func registry(_ registry: SealedRegistry) -> CanonicalJSON {
        var json = JSONWriter()
        json.beginObject()
        json.key("audit")
        write(registry.audit, &json)
        json.key("clients")
        json.beginArray()
        for client in registry.clients {
            json.beginObject()
            json.key("callers")
            write(client.demand, &json)
            json.key("name")
            json.string(client.name.bytes)
            json.endObject()
        }
        json.endArray()
        json.key("egress")
        write(registry.egress, &json)
        json.key("format")
        json.integer(SealedRegistry.format)
        json.key("limits")
        write(registry.limits, &json)
        json.key("listeners")
        json.beginArray()
        for listener in registry.listeners {
            json.beginObject()
            json.key("address")
            json.string(listener.address.description)
            json.key("name")
            json.string(listener.name.bytes)
            json.endObject()
        }
        json.endArray()
        json.key("policy")
        json.beginArray()
        for rule in registry.policy.rules { write(rule, &json) }
        json.endArray()
        json.key("profiles")
        json.beginArray()
        for profile in registry.profiles { write(profile, &json) }
        json.endArray()
        json.key("sealedAt")
        json.unsigned(registry.sealedAt)
        json.key("servers")
        json.beginArray()
        for server in registry.servers { write(server, &json) }
        json.endArray()
        json.key("source")
        json.string(registry.source.hex)
        json.endObject()
        return json.finish()
    }

    /// The whole file: the registry and the digest over it.
    package static func file(_ registry: CanonicalJSON, digest: Digest) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("digest")
        json.string(digest.hex)
        json.key("registry")
        json.value(registry)
        json.endObject()
        return json.take() + [0x0A]
    }

    /// One server's entry, canonical: two seals agree on a server when these bytes agree.
    package static func server(_ server: SealedServer) -> CanonicalJSON {
        var json = JSONWriter()
        write(server, &json)
        return json.finish()
    }

    /// One review, canonical, as it also lies in the reviews directory.
    package static func review(_ review: Review) -> CanonicalJSON {
        var json = JSONWriter()
        write(review, &json)
        return json.finish()
    }

    private static func write(_ audit: AuditSettings, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("segmentBytes")
        json.unsigned(audit.segmentBytes)
        json.key("syncEach")
        json.bool(audit.syncEach)
        json.endObject()
    }

    private static func write(_ demand: PeerDemand, _ json: inout JSONWriter) {
        json.beginObject()
        if let executables = demand.executables {
            json.key("exe")
            write(executables, &json)
        }
        if let uid = demand.uid {
            json.key("uid")
            json.unsigned(UInt64(uid))
        }
        json.endObject()
    }

    private static func write(_ limits: Limits, _ json: inout JSONWriter) {
        json.beginObject()
        for (name, path) in SealedReader.limitNames {
            json.key(name)
            json.unsigned(UInt64(limits[keyPath: path]))
        }
        json.endObject()
    }

    private static func write(_ rule: Rule, _ json: inout JSONWriter) {
        json.beginObject()
        write("clients", rule.clients?.map(\.bytes), &json)
        json.key("id")
        json.string(rule.id.bytes)
        write("prompts", rule.prompts?.map(\.bytes), &json)
        write("resources", rule.resources?.map(\.bytes), &json)
        write("servers", rule.servers?.map(\.bytes), &json)
        write("tools", rule.tools?.map(\.bytes), &json)
        json.key("verdict")
        json.string(rule.verdict.word)
        json.endObject()
    }

    private static func write(_ key: StaticString, _ texts: [[UInt8]]?, _ json: inout JSONWriter) {
        guard let texts else { return }
        json.key(key)
        write(texts, &json)
    }

    private static func write(_ texts: [[UInt8]], _ json: inout JSONWriter) {
        json.beginArray()
        for text in texts { json.string(text) }
        json.endArray()
    }

    private static func write(_ paths: [AbsolutePath], _ json: inout JSONWriter) { write(paths.map(\.bytes), &json) }

    private static func write(_ file: PinnedFile, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("path")
        json.string(file.path.bytes)
        json.key("sha256")
        json.string(file.digest.hex)
        json.key("size")
        json.unsigned(file.size)
        json.endObject()
    }

    private static func write(_ server: SealedServer, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("accepted")
        write(server.accepted.map { Array($0.word.description.utf8) }, &json)
        json.key("arguments")
        json.beginArray()
        for argument in server.arguments {
            json.beginObject()
            switch argument {
            case .fixed(let text):
                json.key("text")
                json.string(text)
            case .chosen(let name):
                json.key("chosen")
                json.string(name.bytes)
            }
            json.endObject()
        }
        json.endArray()
        json.key("directory")
        json.string(server.directory.bytes)
        json.key("environment")
        json.beginArray()
        for entry in server.environment { write(entry, &json) }
        json.endArray()
        json.key("executable")
        write(server.executable, &json)
        json.key("installation")
        write(server.installation, &json)
        json.key("name")
        json.string(server.name.bytes)
        json.key("parameters")
        json.beginArray()
        for parameter in server.parameters { write(parameter, &json) }
        json.endArray()
        json.key("pins")
        json.beginArray()
        for pin in server.pins { write(pin, &json) }
        json.endArray()
        json.key("reads")
        write(server.reads, &json)
        if let review = server.review {
            json.key("review")
            write(review, &json)
        }
        json.key("traits")
        write(server.traits, &json)
        json.key("writes")
        write(server.writes, &json)
        json.endObject()
    }

    private static func write(_ entry: EnvironmentEntry, _ json: inout JSONWriter) {
        json.beginObject()
        switch entry.value {
        case .file(let path):
            json.key("file")
            json.string(path.bytes)
            json.key("name")
            json.string(entry.name)
        case .keyring(let description):
            json.key("keyring")
            json.string(description)
            json.key("name")
            json.string(entry.name)
        case .plain(let text):
            json.key("name")
            json.string(entry.name)
            json.key("text")
            json.string(text)
        }
        json.endObject()
    }

    private static func write(_ parameter: ParameterEntry, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("name")
        json.string(parameter.name.bytes)
        json.key("values")
        json.beginArray()
        for value in parameter.values {
            json.beginObject()
            json.key("name")
            json.string(value.name.bytes)
            json.key("text")
            json.string(value.text)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private static func write(_ traits: ServerTraits, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("aliases")
        json.beginArray()
        for alias in traits.aliases {
            json.beginObject()
            json.key("alias")
            json.string(alias.alias)
            json.key("tool")
            json.string(alias.tool.bytes)
            json.endObject()
        }
        json.endArray()
        json.key("callers")
        write(traits.demand, &json)
        json.key("ceilings")
        write(traits.ceilings, &json)
        json.key("grants")
        write(Grants.words.filter { traits.grants.contains($0.1) }.map { Array($0.0.description.utf8) }, &json)
        json.key("idleMilliseconds")
        json.unsigned(traits.idleMilliseconds)
        json.key("network")
        traits.network.write(&json)
        json.key("process")
        json.string(traits.process.word)
        json.key("profile")
        json.string(traits.profile.bytes)
        json.key("startMilliseconds")
        json.unsigned(traits.startMilliseconds)
        json.key("timeoutMilliseconds")
        json.unsigned(traits.timeoutMilliseconds)
        json.endObject()
    }

    private static func write(_ ceilings: Ceilings, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("files")
        json.unsigned(UInt64(ceilings.openFiles))
        json.key("memoryBytes")
        json.unsigned(ceilings.memoryBytes)
        json.key("processes")
        json.unsigned(UInt64(ceilings.processes))
        json.endObject()
    }

    private static func write(_ egress: EgressSettings, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("deny")
        egress.deny.write(&json)
        json.key("nat64")
        json.bool(egress.nat64)
        json.endObject()
    }

    private static func write(_ profile: Profile, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("acceptFlags")
        write(profile.acceptedFlags, &json)
        json.key("base")
        json.string(profile.base.word)
        json.key("ceilings")
        write(profile.limits.ceilings, &json)
        json.key("confinement")
        json.string(profile.confinement.word)
        // 0 means without a limit: a member that is always there cannot go missing.
        json.key("diskBytes")
        json.unsigned(profile.limits.diskBytes ?? 0)
        json.key("environment")
        json.beginArray()
        for entry in profile.environment { write(entry, &json) }
        json.endArray()
        json.key("milliseconds")
        json.unsigned(profile.limits.milliseconds ?? 0)
        json.key("name")
        json.string(profile.name.bytes)
        json.key("network")
        profile.network.write(&json)
        json.key("reads")
        write(profile.reads, &json)
        json.key("writes")
        write(profile.writes, &json)
        json.endObject()
    }

    private static func write(_ review: Review, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("capabilities")
        write(
            ServerCapabilities.words.filter { review.capabilities.contains($0.1) }.map { Array($0.0.description.utf8) },
            &json
        )
        if let instructions = review.instructions {
            json.key("instructions")
            json.string(instructions)
        }
        json.key("prompts")
        write(review.prompts, &json)
        json.key("reviewedAt")
        json.unsigned(review.reviewedAt)
        json.key("revision")
        json.string(review.revision.word)
        json.key("set")
        json.string(review.set.hex)
        json.key("templates")
        write(review.templates, &json)
        json.key("tools")
        json.beginArray()
        for tool in review.tools {
            json.beginObject()
            json.key("class")
            json.string(tool.risk.word)
            json.key("name")
            json.string(tool.name.bytes)
            json.key("object")
            json.value(tool.object)
            json.key("sha256")
            json.string(tool.digest.hex)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private static func write(_ objects: [PinnedObject], _ json: inout JSONWriter) {
        json.beginArray()
        for object in objects {
            json.beginObject()
            json.key("name")
            json.string(object.name)
            json.key("object")
            json.value(object.object)
            json.key("sha256")
            json.string(object.digest.hex)
            json.endObject()
        }
        json.endArray()
    }
}
