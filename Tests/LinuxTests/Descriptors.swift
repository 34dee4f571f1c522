// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Tests that count the descriptors of the process must be alone while they count.
enum Descriptors {
    private static let lock = Mutex(())

    static func exclusively(_ body: () throws -> Void) rethrows {
        try lock.withLock { _ in try body() }
    }
}

struct NothingThere: Error {}

/// What `#require` does, for values that cannot be copied.
func owned<Value: ~Copyable>(_ value: consuming Value?) throws -> Value {
    switch consume value {
    case .some(let value): return value
    case nil: throw NothingThere()
    }
}

func isNone<Value: ~Copyable>(_ value: consuming Value?) -> Bool {
    switch consume value {
    case .some: false
    case nil: true
    }
}
