// SPDX-License-Identifier: Apache-2.0

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
