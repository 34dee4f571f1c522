// SPDX-License-Identifier: Apache-2.0
internal import Crypto
internal import Policy
internal import StrictJSON

/// The digests that pin what was reviewed.
enum ReviewDigests {
    /// Of one tool, prompt or template: SHA-256 of its canonical form.
    static func of(_ object: CanonicalJSON) -> Digest { Digest(SHA256.hash(object.bytes.span)) }

    /// Of all that a server offers: SHA-256 of the canonical array
    /// `[instructions or null, [kind, name, digest], …]`, the triples in the order of their bytes.
    static func set(
        tools: [PinnedTool], prompts: [PinnedObject], templates: [PinnedObject], instructions: [UInt8]?
    ) -> Digest {
        var triples: [(kind: [UInt8], name: [UInt8], digest: Digest)] = []
        triples += prompts.map { (Array("prompt".utf8), $0.name, $0.digest) }
        triples += templates.map { (Array("template".utf8), $0.name, $0.digest) }
        triples += tools.map { (Array("tool".utf8), $0.name.bytes, $0.digest) }
        triples.sort { left, right in
            if left.kind != right.kind { return left.kind.lexicographicallyPrecedes(right.kind) }
            if left.name != right.name { return left.name.lexicographicallyPrecedes(right.name) }
            return left.digest.bytes.lexicographicallyPrecedes(right.digest.bytes)
        }
        var json = JSONWriter()
        json.beginArray()
        if let instructions { json.string(instructions) } else { json.null() }
        for triple in triples {
            json.beginArray()
            json.string(triple.kind)
            json.string(triple.name)
            json.string(triple.digest.hex)
            json.endArray()
        }
        json.endArray()
        return of(json.finish())
    }

    /// Whether every digest of a review fits what it stands for.
    static func fit(_ review: Review) -> Bool {
        review.tools.allSatisfy { of($0.object) == $0.digest }
            && review.prompts.allSatisfy { of($0.object) == $0.digest }
            && review.templates.allSatisfy { of($0.object) == $0.digest }
            && review.set
                == set(
                    tools: review.tools, prompts: review.prompts, templates: review.templates,
                    instructions: review.instructions)
    }
}
