// SPDX-License-Identifier: Apache-2.0
import Linux
import Scratch
import Testing

@Suite("A path is believed only where nobody else could have put its contents")
struct TrustTests {
    /// A file in a tree that deserves belief, changed by `change` (a shell script run inside it).
    private func judge(_ change: String, leaf: String = "dir/file", user: UInt32 = Trust.effectiveUser) -> Distrust? {
        let scratch = Scratch()
        Shell.run(
            "cd '\(scratch.path)' && mkdir dir && echo x >dir/file && chmod 755 dir && chmod 644 dir/file; \(change)")
        do throws(TrustError) {
            _ = try Trust.openFile(scratch.path + "/" + leaf, user: user)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("the meter: an untouched tree below a sticky directory is believed")
    func untouched() {
        #expect(judge("") == nil)
    }

    @Test(
        "each way in for somebody else has its own reason",
        arguments: [
            ("chmod g+w dir/file", Distrust.groupWritable),
            ("chmod o+w dir/file", .othersWritable),
            ("chmod g+w dir", .parentWritable),
            ("chmod o+w dir", .parentWritable),
            ("chmod 1777 dir", nil),
            ("mv dir/file dir/real && ln -s real dir/file", .symbolicLink),
            ("mv dir real && ln -s real dir", nil),
            ("mv dir real && ln -s ../$(basename $PWD)/./real dir", nil),
            ("mv dir real && ln -s $PWD/real dir", nil),
            ("mv dir real && ln -s real dir && chmod o+w real", .parentWritable),
            ("rm dir/file && mkdir dir/file", .notRegularFile),
            ("rm dir/file && mkfifo dir/file", .notRegularFile),
            ("rm dir/file", .missing),
            ("rm -r dir && ln -s dir dir", .tooManyLinks),
            ("rm -r dir && echo x >dir", .notDirectory),
        ] as [(String, Distrust?)])
    func ways(_ change: String, _ expected: Distrust?) {
        #expect(judge(change) == expected)
    }

    @Test(
        "another owner is refused, of the file, of a directory above it and of a link in a sticky directory",
        .enabled(if: Shell.isRoot, "giving files away needs root"))
    func owners() {
        #expect(judge("chown 1001 dir/file") == .foreignOwner)
        #expect(judge("chown 1001 dir") == .parentForeignOwner)
        #expect(judge("mv dir real && ln -s real dir && chown -h 1001 dir && chmod 1777 .") == .parentForeignOwner)
        // The same tree is believed by the user to whom it belongs.
        #expect(judge("chown -R 1001 . dir", user: 1001) == nil)
        // Root's files are believed by everybody.
        #expect(judge("", user: 1001) == nil)
    }

    @Test("a path that does not start at the root is refused")
    func relative() {
        for path in ["", "file", "./file", "../x"] {
            #expect { _ = try Trust.openFile(path) } throws: { ($0 as? TrustError)?.reason == .notAbsolute }
        }
    }

    @Test("directories are judged like files")
    func directories() throws {
        let scratch = Scratch()
        _ = try Trust.openDirectory(scratch.path)
        _ = try Trust.openDirectory(scratch.path + "//./")
        _ = try Trust.openDirectory("/")
        Shell.run("chmod 1777 '\(scratch.path)'")
        #expect { _ = try Trust.openDirectory(scratch.path) } throws: { ($0 as? TrustError)?.reason == .groupWritable }
        #expect { _ = try Trust.openDirectory("/etc/passwd") } throws: { ($0 as? TrustError)?.reason == .notDirectory }
    }

    @Test("every reason has a word of its own and a hint")
    func words() {
        #expect(Set(Distrust.allCases.map(\.rawValue)).count == Distrust.allCases.count)
        for reason in Distrust.allCases { #expect(!reason.hint.isEmpty) }
    }
}
