// SPDX-License-Identifier: Apache-2.0
import Linux
import Scratch
import Testing

@Suite("A directory's entries are reached by name and nothing else")
struct DirectoryTests {
    @Test("a file name can neither climb nor descend", arguments: ["", ".", "..", "a/b", "/a", "a\u{0}b"])
    func refusedNames(_ text: String) {
        #expect(FileName(Array(text.utf8)) == nil)
    }

    @Test("a file name has at most 255 bytes")
    func nameLimit() {
        #expect(FileName([UInt8](repeating: 97, count: 255)) != nil)
        #expect(FileName([UInt8](repeating: 97, count: 256)) == nil)
        #expect(FileName([UInt8](repeating: 97, count: 252))?.appending(".new") == nil)
    }

    @Test("what was created can be read back, and is its owner's alone")
    func createAndRead() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        let file = try directory.create(FileName("a"))
        try file.writeAll([1, 2, 3].span, at: 0)
        try file.writeAll([9].span, at: 5)
        #expect(scratch.contents("a") == [1, 2, 3, 0, 0, 9])
        let facts = try file.facts()
        #expect(facts.mode == 0o600)
        #expect(facts.size == 6)
        #expect(facts.owner == Trust.effectiveUser)
        let same = try directory.open(FileName("a"))
        #expect(try same.facts().inode == facts.inode)
        #expect(try same.readWhole(limit: 6) == [1, 2, 3, 0, 0, 9])
        #expect(throws: SyscallError("read", code: 27)) { try same.readWhole(limit: 5) }
    }

    @Test("reading whole does not believe the size, which files of the kernel give as 0")
    func kernelFile() throws {
        let file = try Directory(path: "/proc").open(FileName("cpuinfo"))
        #expect(try file.facts().size == 0)
        #expect(try file.readWhole(limit: 100_000).count > 100)
    }

    @Test("the mode is what was asked for, whatever the umask")
    func mode() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        #expect(try directory.create(FileName("key.pub"), mode: 0o644).facts().mode == 0o644)
    }

    @Test("creating refuses whatever has the name already, a dangling link included")
    func createExisting() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        Shell.run("cd '\(scratch.path)' && touch file && ln -s nowhere link && mkdir sub")
        for name in [FileName("file"), FileName("link"), FileName("sub")] {
            #expect { _ = try directory.create(name) } throws: { ($0 as? SyscallError)?.isExisting == true }
        }
    }

    @Test("no link is followed, and nothing but a regular file is opened")
    func oddEntries() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        Shell.run(
            "cd '\(scratch.path)' && echo x >file && ln -s file link && mkdir sub && mkfifo pipe && ln -s sub sublink")
        #expect(try directory.open(FileName("file")).readWhole(limit: 10) == [120, 10])
        for name in [FileName("link"), FileName("sub"), FileName("pipe"), FileName("absent")] {
            #expect(throws: SyscallError.self) { _ = try directory.open(name) }
        }
        #expect { _ = try directory.open(FileName("absent")) } throws: { ($0 as? SyscallError)?.isNotFound == true }
        #expect(throws: SyscallError.self) { _ = try directory.openSubdirectory(FileName("sublink")) }
        #expect(throws: SyscallError.self) { _ = try Directory(path: scratch.path + "/sublink") }
        #expect(throws: SyscallError.self) { _ = try Directory(path: scratch.path + "/file") }
    }

    @Test("a new subdirectory can be entered by its owner only")
    func subdirectory() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        let sub = try directory.makeSubdirectory(FileName("sub"))
        #expect(try sub.facts().mode == 0o700)
        _ = try sub.create(FileName("inside"))
        #expect(scratch.contents("sub/inside") == [])
        #expect(throws: SyscallError.self) { _ = try directory.makeSubdirectory(FileName("sub")) }
    }

    @Test("a listing has every name once, and stops at its limit")
    func listing() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        // More than one buffer of the kernel's holds.
        Shell.run("cd '\(scratch.path)' && for i in $(seq 1 700); do : >a-name-that-fills-the-buffer-sooner-$i; done")
        let names = try directory.names(limit: 700)
        #expect(Set(names).count == 700)
        #expect(try directory.names(limit: 700).count == 700)
        #expect { _ = try directory.names(limit: 699) } throws: { ($0 as? SyscallError)?.isTooBig == true }
    }

    @Test("a name outside UTF-8 is listed and opened byte for byte")
    func foreignBytes() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        Shell.run("cd '\(scratch.path)' && : >\"$(printf 'a\\377\\033b')\"")
        let names = try directory.names(limit: 10)
        #expect(names.map(\.bytes) == [[97, 0xff, 27, 98]])
        for name in names { _ = try directory.open(name) }
    }

    @Test("rename replaces, remove says whether there was something")
    func renameAndRemove() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        scratch.put("a", [1])
        scratch.put("b", [2])
        try directory.rename(FileName("a"), to: FileName("b"))
        #expect(scratch.contents("a") == nil)
        #expect(scratch.contents("b") == [1])
        #expect(try directory.remove(FileName("b")))
        #expect(try !directory.remove(FileName("b")))
        try directory.synchronise()
    }

    @Test("an atomic replacement leaves the new contents, its own mode and no temporary file")
    func replacement() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        scratch.put("victim", [7])
        scratch.put("target", [1])
        // What an earlier crash, or somebody else, left in the way.
        Shell.run("cd '\(scratch.path)' && ln -s victim target.new && chmod 666 target")
        try directory.replace(FileName("target"), with: [2, 3].span)
        #expect(scratch.contents("target") == [2, 3])
        #expect(scratch.contents("victim") == [7])
        #expect(try directory.open(FileName("target")).facts().mode == 0o600)
        #expect(try directory.names(limit: 10).count == 2)
    }

    @Test("two entries trade names, and neither is lost")
    func exchange() throws {
        let scratch = Scratch()
        let directory = try scratch.directory()
        scratch.put("a", [1])
        scratch.put("b", [2])
        try directory.exchange(FileName("a"), FileName("b"))
        #expect(scratch.contents("a") == [2])
        #expect(scratch.contents("b") == [1])
        #expect { try directory.exchange(FileName("a"), FileName("c")) } throws: {
            ($0 as? SyscallError)?.isNotFound == true
        }
    }

    @Test("a path with NUL in it is refused instead of cut")
    func pathWithNUL() {
        #expect(throws: SyscallError.self) { _ = try Directory(path: "/tmp\u{0}/x") }
        #expect(throws: SyscallError.self) { _ = try Directory(path: "") }
    }
}

@Suite("A regular file is used by offset")
struct RegularFileTests {
    @Test("space is reserved behind the end without growing the file, and given back by cutting")
    func reservation() throws {
        let scratch = Scratch()
        let file = try scratch.directory().create(FileName("a"))
        try file.writeAll([1, 2, 3].span, at: 0)
        try file.reserve(from: 3, length: 1_048_576, limit: FileSizeLimit(bytes: 1_048_579))
        #expect { try file.reserve(from: 3, length: 1_048_576, limit: FileSizeLimit(bytes: 1_048_578)) } throws: {
            ($0 as? SyscallError)?.isTooBig == true
        }
        let reserved = try file.facts()
        #expect(reserved.size == 3)
        #expect(reserved.allocated >= 1_048_576)
        try file.truncate(to: 3)
        let cut = try file.facts()
        #expect(cut.size == 3)
        #expect(cut.allocated < 65_536)
        try file.synchroniseData()
    }

    @Test("reading at an offset stops at the end of the file")
    func readAt() throws {
        let scratch = Scratch()
        let file = try scratch.directory().create(FileName("a"))
        try file.writeAll([1, 2, 3, 4, 5].span, at: 0)
        var buffer = [UInt8](repeating: 0, count: 4)
        #expect(try file.read(into: &buffer, from: 1, at: 1) == 3)
        #expect(buffer == [0, 2, 3, 4])
        #expect(try file.read(into: &buffer, from: 0, at: 4) == 1)
        #expect(try file.read(into: &buffer, from: 0, at: 5) == 0)
    }
}
