// SPDX-License-Identifier: Apache-2.0
internal import CLinux

/// Whether an open file or directory lies on a file system whose files are windows into the kernel: reading one of them
/// can wait for ever, change something, or show the memory and environment of processes.
func isKernelFileSystem(_ opened: borrowing FileDescriptor) throws(SyscallError) -> Bool {
    let magic = dw_file_system(opened.number)
    guard magic >= 0 else { throw .last("fstatfs") }
    return kernelFileSystems.contains(magic)
}

/// The magic numbers of linux/magic.h and of the file systems that define their own.
private let kernelFileSystems: [Int64] = [
    0x9FA0,  // proc
    0x6265_6572,  // sysfs
    0x6462_6720,  // debugfs
    0x7472_6163,  // tracefs
    0x7363_6673,  // securityfs
    0x0027_E0EB,  // cgroup
    0x6367_7270,  // cgroup2
    0xCAFE_4A11,  // bpf
    0x6265_6570,  // configfs
    0x6165_676C,  // pstore
    0xDE5E_81E4,  // efivarfs
    0xF97C_FF8C,  // selinux
    0x4341_5D53,  // smack
    0x5A3C_69F0,  // apparmor
    0x4249_4E4D,  // binfmt_misc
    0x0000_1CD1,  // devpts
    0x6E73_6673,  // namespaces
    0x6573_5543,  // fusectl
    0x6E66_7364,  // nfsd
    0x6759_6969,  // rpc_pipefs
    0x1980_0202,  // message queues
]
