// SPDX-License-Identifier: Apache-2.0
import Linux
import Scratch
import Testing

@testable import Tools

@Suite("Directories are granted by the command line and by nothing else")
struct CommandLineTests {
    private func grants(_ words: String...) throws -> [String] {
        guard case .serve(let grants) = try Arguments(words) else { return ["other"] }
        return grants.map { "\($0.label)=\($0.path)" }
    }

    @Test("the last part of a path is its label, unless another is given")
    func labels() throws {
        #expect(
            try grants("--read", "/srv/notes", "--label", "code=/srv/a=b/src/") == [
                "notes=/srv/notes", "code=/srv/a=b/src/",
            ])
        #expect(try grants("--read", "/srv/notes/") == ["notes=/srv/notes/"])
        #expect(try grants() == [])
    }

    @Test("help and version win over what stands behind them")
    func questions() throws {
        #expect(try Arguments(["--help", "--what"]) == .help)
        #expect(try Arguments(["--read", "/a", "--version"]) == .version)
    }

    @Test(
        "what is not understood is refused with its reason",
        arguments: [
            (["--what"], ArgumentError.unknown("--what")), (["/srv"], .unknown("/srv")),
            (["--read"], .valueMissing("--read")),
            (["--read", ""], .valueMissing("--read")), (["--label"], .valueMissing("--label")),
            (["--read", "/"], .noLabel(path: "/")), (["--read", "."], .noLabel(path: ".")),
            (["--read", "/srv/.git"], .noLabel(path: "/srv/.git")),
            (["--read", "/srv/my notes"], .noLabel(path: "/srv/my notes")),
            (["--label", "notes"], .badLabel("notes")), (["--label", "a b=/srv"], .badLabel("a b=/srv")),
            (["--label", "=/srv"], .badLabel("=/srv")), (["--label", "a="], .badLabel("a=")),
            (["--label", "a/b=/srv"], .badLabel("a/b=/srv")), (["--label", "..=/srv"], .badLabel("..=/srv")),
        ])
    func refused(_ words: [String], _ error: ArgumentError) {
        #expect(throws: error) { try Arguments(words) }
        #expect(!error.sentence.isEmpty && !error.hint.isEmpty)
    }

    @Test("a label stands once, and there are at most 64 directories")
    func limits() throws {
        #expect(throws: ArgumentError.labelTwice(try #require(Label(text("a"))))) {
            try Arguments(["--read", "/x/a", "--read", "/y/a"])
        }
        let many = (0..<64).flatMap { ["--label", "l\($0)=/tmp"] }
        #expect(try Arguments(many) != .help)
        #expect(throws: ArgumentError.tooMany) { try Arguments(many + ["--read", "/tmp"]) }
    }

    @Test("a label has 1 to 64 bytes of a small alphabet, and no dot in front")
    func labelForm() {
        for good in ["a", "A.b-c_9", String(repeating: "x", count: 64)] { #expect(Label(text(good)) != nil) }
        for bad in ["", ".a", "-a", "_a", "a b", "a/b", "ä", "a\u{0}", String(repeating: "x", count: 65)] {
            #expect(Label(text(bad)) == nil)
        }
    }

    @Test("a directory of the kernel's is not granted, nor a file, nor what is missing")
    func roots() throws {
        let scratch = Scratch()
        scratch.put("file", [1])
        for (path, check) in [
            ("/proc", { (error: SyscallError) in error.isKernelFile }), ("/proc/self", { $0.isKernelFile }),
            ("/sys", { $0.isKernelFile }), ("\(scratch.path)/file", { $0.isNotDirectory }),
            ("\(scratch.path)/none", { $0.isNotFound }),
        ] {
            #expect { try ScriptedChannel([("a", path)]) } throws: { ($0 as? SyscallError).map(check) == true }
        }
    }
}
