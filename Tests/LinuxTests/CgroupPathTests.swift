// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Linux

@Suite("A cgroup is found where it is mounted")
struct CgroupPathTests {
    private let systemd = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"

    private func locate(_ path: String, _ mounts: String) -> String? {
        CgroupTree.locate(Array(path.utf8), mounts: Array(mounts.utf8))?.description
    }

    @Test("below the mount point")
    func plain() {
        #expect(locate("/user.slice/a.scope", systemd) == "/sys/fs/cgroup/user.slice/a.scope")
        #expect(locate("/", systemd) == "/sys/fs/cgroup/")
    }

    @Test("with optional fields, with none, and among other mounts")
    func fields() {
        let other = "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n26 25 0:5 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
        let bare = "30 24 0:26 / /cg rw - cgroup2 none rw\n"
        #expect(locate("/x", other + bare) == "/cg/x")
        #expect(locate("/x", other) == nil)
    }

    @Test("a mount of a part of the tree shows only that part")
    func part() {
        let mount = "30 24 0:26 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
        #expect(locate("/docker/1/x", mount) == "/sys/fs/cgroup/x")
        #expect(locate("/docker/1", mount) == "/sys/fs/cgroup")
        #expect(locate("/other", mount) == nil && locate("/docker/10/x", mount) == nil)
    }

    @Test(
        "what cannot be read safely is not used",
        arguments: ["", "x", "30 24 - cgroup2", "30 24 0:26 / /a\\040b rw - cgroup2 c rw"])
    func broken(mounts: String) {
        #expect(locate("/x", mounts) == nil)
    }
}
