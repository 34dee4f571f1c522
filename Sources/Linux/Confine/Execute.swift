// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Arguments and environment in the form that exec takes, made before the child so that the child allocates nothing.
@safe package final class ExecutableImage {
    private let arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    package init(arguments: [SystemString], environment: [SystemString]) {
        // Freed in deinit by the same count of NULL-terminated entries.
        unsafe self.arguments = unsafe ExecutableImage.vector(arguments)
        unsafe self.environment = unsafe ExecutableImage.vector(environment)
    }

    deinit {
        unsafe ExecutableImage.release(arguments)
        unsafe ExecutableImage.release(environment)
    }

    /// Replaces this process by the open file; returns only to say why not.
    ///
    /// The descriptor must be close-on-exec unless the new program shall have it; a script cannot be executed from
    /// a close-on-exec descriptor (ENOENT), because its interpreter could not open it again.
    package func execute(_ file: borrowing FileDescriptor) -> SyscallError {
        // Both vectors live as long as this object, which the caller holds.
        _ = unsafe dw_execute(file.number, arguments, environment)
        return .last("execveat")
    }

    private static func vector(_ texts: [SystemString]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let vector = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() {
            // strdup copies up to the terminator, which every SystemString has.
            unsafe (vector + index).initialize(to: text.lend { unsafe strdup($0) })
        }
        unsafe (vector + texts.count).initialize(to: nil)
        return unsafe vector
    }

    private static func release(_ vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) {
        var index = 0
        // Ends at the NULL that `vector` has put there.
        while let text = unsafe vector[index] {
            unsafe free(text)
            index += 1
        }
        unsafe vector.deallocate()
    }
}
