// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The variables that this process was started with. Nobody changes them while it runs.
package enum Environment {
    /// The value of a variable, nil if it is not set.
    package static func value(_ name: SystemString) -> [UInt8]? {
        unsafe name.lend { name in
            guard let text = unsafe getenv(name) else { return nil }
            // Terminated, and ours to read as long as nobody in this process changes the environment, which nobody does.
            return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
        }
    }
}
