// SPDX-License-Identifier: Apache-2.0

/// What a file probably holds, for those who show it. Nothing is decided by it.
enum MediaType {
    static let text: StaticString = "text/plain"
    static let unknown: StaticString = "application/octet-stream"

    /// By how the contents begin; nil if that says nothing.
    static func ofContents(_ bytes: borrowing Span<UInt8>) -> StaticString? {
        for (signature, type) in signatures where begins(bytes, signature) { return type }
        if begins(bytes, Array("RIFF".utf8)), bytes.count >= 12, begins(bytes.extracting(8...), Array("WEBP".utf8)) {
            return "image/webp"
        }
        return nil
    }

    /// By the last part of the name; nil if that is not known.
    static func ofName(_ name: [UInt8]) -> StaticString? {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), name.count - dot <= 9 else { return nil }
        let ending = String(
            decoding: name[(dot + 1)...].map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
        return endings[ending]
    }

    /// Whether models are commonly shown such pictures.
    static func isPicture(_ type: StaticString) -> Bool {
        ["image/png", "image/jpeg", "image/gif", "image/webp"].contains(type.description)
    }

    private static func begins(_ bytes: borrowing Span<UInt8>, _ signature: [UInt8]) -> Bool {
        guard bytes.count >= signature.count else { return false }
        for at in signature.indices where bytes[at] != signature[at] { return false }
        return true
    }

    private static let signatures: [([UInt8], StaticString)] = [
        ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "image/png"),
        ([0xFF, 0xD8, 0xFF], "image/jpeg"),
        (Array("GIF87a".utf8), "image/gif"),
        (Array("GIF89a".utf8), "image/gif"),
        (Array("%PDF-".utf8), "application/pdf"),
        ([0x50, 0x4B, 0x03, 0x04], "application/zip"),
        ([0x1F, 0x8B], "application/gzip"),
        ([0x28, 0xB5, 0x2F, 0xFD], "application/zstd"),
        ([0x7F, 0x45, 0x4C, 0x46], "application/x-elf"),
        (Array("SQLite format 3\0".utf8), "application/vnd.sqlite3"),
    ]

    private static let endings: [String: StaticString] = [
        "c": "text/x-c", "cc": "text/x-c++", "cpp": "text/x-c++", "css": "text/css", "csv": "text/csv",
        "gif": "image/gif", "go": "text/x-go", "gz": "application/gzip", "h": "text/x-c", "htm": "text/html",
        "html": "text/html", "java": "text/x-java", "jpeg": "image/jpeg", "jpg": "image/jpeg",
        "js": "text/javascript", "json": "application/json", "md": "text/markdown", "mjs": "text/javascript",
        "pdf": "application/pdf", "png": "image/png", "py": "text/x-python", "rs": "text/x-rust",
        "sh": "application/x-sh", "sql": "application/sql", "svg": "image/svg+xml", "swift": "text/x-swift",
        "toml": "application/toml", "ts": "text/x-typescript", "txt": "text/plain", "webp": "image/webp",
        "xml": "application/xml", "yaml": "application/yaml", "yml": "application/yaml", "zip": "application/zip",
    ]
}
