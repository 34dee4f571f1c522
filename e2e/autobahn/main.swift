// SPDX-License-Identifier: Apache-2.0

// Prints its port, then echoes every message until it is killed. For tests only: it asks nobody for a credential.
do {
    try EchoServer().run()
} catch {
    print("doorward: error: \(error)")
}
