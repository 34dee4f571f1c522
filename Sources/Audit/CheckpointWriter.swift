// SPDX-License-Identifier: Apache-2.0
internal import Crypto

/// Composes and signs `checkpoint.json`.
enum CheckpointWriter {
    static func file(_ checkpoint: Checkpoint, key: SigningKey) -> [UInt8] {
        var inner = "{\"hash\":\"\(checkpoint.head.hash)\",\"installation\":\"\(checkpoint.installation)\""
        inner += ",\"segment\":\(checkpoint.segment),\"seq\":\(checkpoint.head.sequence),\"size\":\(checkpoint.size)"
        inner += ",\"time\":\"\(String(decoding: Timestamp.text(checkpoint.time), as: UTF8.self))\"}"
        let signature = key.sign(Array(Layout.checkpointPrefix.description.utf8) + Array(inner.utf8))
        return Array("{\"checkpoint\":\(inner),\"signature\":\"".utf8) + Hex.encode(signature) + Array("\"}\n".utf8)
    }

    /// The contents of `key.pub`.
    static func keyFile(_ key: VerifyingKey) -> [UInt8] { Hex.encode(key.bytes) + [newline] }
}
