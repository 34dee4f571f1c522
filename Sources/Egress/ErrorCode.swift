// SPDX-License-Identifier: Apache-2.0

/// Linux's numbers for the errors that this room tells apart.
enum ErrorCode {
    /// EIO
    static let failed: Int32 = 5
    /// ENFILE
    static let hostOutOfDescriptors: Int32 = 23
    /// EMFILE
    static let outOfDescriptors: Int32 = 24
    /// ECONNRESET
    static let reset: Int32 = 104
    /// ENOTCONN
    static let notConnected: Int32 = 107
    /// ETIMEDOUT
    static let timedOut: Int32 = 110
}
