// SPDX-License-Identifier: Apache-2.0
import Linux
import Scratch
import Testing

@Suite("A path below a directory never leads out of it")
struct SubtreeTests {
    private let scratch = Scratch()

    private func subtree(_ commands: String) throws -> Subtree {
        let status = Shell.run(
            "cd '\(scratch.path)' && mkdir top out && echo secret >out/secret && echo inside >top/file && cd top && \(commands)"
        )
        try #require(status == 0)
        return try Subtree(path: scratch.path + "/top")
    }

    private func path(_ text: String) throws -> RelativePath { try #require(RelativePath(Array(text.utf8))) }

    /// The error of opening a file, or nothing.
    private func refusal(_ tree: borrowing Subtree, _ text: String) throws -> SyscallError? {
        let path = try path(text)
        do throws(SyscallError) {
            _ = try tree.openFile(path)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "a path is made of names alone",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "a/.", "./a", "..", "../a", "a/../b", "a/..", "a\u{0}", "a/\u{0}b",
        ])
    func refusedPaths(_ text: String) {
        #expect(RelativePath(Array(text.utf8)) == nil)
    }

    @Test("a path grows by a name up to the kernel's limit")
    func appending() throws {
        let name = FileName("d")
        var path = RelativePath(name)
        while let longer = path.appending(name) { path = longer }
        #expect(path.bytes.count == RelativePath.maxBytes)
        #expect(path.names.count == 2048 && path.name == name.bytes)
        #expect(RelativePath(path.bytes) == path)
    }

    @Test("what lies below is opened, through links that stay below")
    func inside() throws {
        let tree = try subtree("mkdir -p a/b && ln -s ../../file a/b/up && ln -s a/b dir && ln -s . self")
        for text in ["file", "a/b/up", "dir/up", "self/self/file", "self/dir/up"] {
            let path = try path(text)
            #expect(try tree.openFile(path).readWhole(limit: 100) == Array("inside\n".utf8))
            #expect(try tree.facts(of: path, followingLast: true).kind == .regular)
        }
        #expect(try tree.facts(of: path("self"), followingLast: false).kind == .link)
        #expect(try tree.facts(of: path("self"), followingLast: true).kind == .directory)
        #expect(try tree.facts(of: nil, followingLast: true).kind == .directory)
    }

    @Test(
        "links that leave, even by a way round, are refused",
        arguments: ["out", "abs", "round", "top", "magic", "dir/secret", "root/etc/passwd"])
    func outside(_ text: String) throws {
        let tree = try subtree(
            "ln -s ../out/secret out && ln -s /etc/passwd abs && ln -s ../top/file round && ln -s \"$PWD/file\" top && ln -s /proc/self/exe magic && ln -s ../out dir && ln -s / root"
        )
        let error = try #require(try refusal(tree, text))
        #expect(error.isOutside)
    }

    @Test("each kind of thing that is no file is refused by its own error, and not opened")
    func kinds() throws {
        let tree = try subtree("mkdir d && mkfifo p && ln -s loop loop")
        #expect(try #require(try refusal(tree, "d")).isDirectory)
        #expect(try #require(try refusal(tree, "p")).isNoRegularFile)
        #expect(try #require(try refusal(tree, "loop")).isLinkRefused)
        #expect(try #require(try refusal(tree, "none")).isNotFound)
        #expect(try #require(try refusal(tree, "file/x")).isNotDirectory)
        #expect(try tree.facts(of: path("p"), followingLast: true).kind == .special)
    }

    @Test("file systems of the kernel are not a top", arguments: ["/proc", "/proc/self/fd", "/sys"])
    func kernel(_ path: String) {
        #expect { _ = try Subtree(path: path) } throws: { ($0 as? SyscallError)?.isKernelFile == true }
    }

    @Test("mounts below the top are judged by themselves", .enabled(if: Shell.isRoot, "mounting needs root"))
    func mounts() throws {
        // The root directory has /proc and /sys below it, and is none of them itself.
        let tree = try Subtree(path: "/")
        #expect(try #require(try refusal(tree, "proc/cpuinfo")).isKernelFile)
        #expect(try #require(try refusal(tree, "proc/self/status")).isKernelFile)
        #expect(try refusal(tree, "etc/hostname") == nil)
        let proc = try path("proc")
        #expect { _ = try tree.openDirectory(proc) } throws: { ($0 as? SyscallError)?.isKernelFile == true }
    }

    @Test("a directory is read in pieces, each entry once, with its kind")
    func reading() throws {
        let tree = try subtree("seq -f n%.0f 1 5000 | xargs touch && mkdir d && ln -s d l && mkfifo p")
        var reader = try tree.openDirectory(nil)
        var entries: [DirectoryEntry] = []
        var names: [String: FileKind?] = [:]
        var pieces = 0
        while try reader.next(&entries) {
            pieces += 1
            for entry in entries { #expect(names.updateValue(entry.kind, forKey: entry.name.description) == nil) }
        }
        #expect(pieces > 2 && names.count == 5004)
        for (name, kind) in [("d", FileKind.directory), ("l", .link), ("p", .special), ("n7", .regular)] {
            // A file system may leave it to the caller to look.
            #expect(try #require(names[name]) == kind || names[name] == .some(nil))
        }
        #expect(try reader.next(&entries) == false)
    }
}
