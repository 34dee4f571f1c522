// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Empty pipes for whoever has much to say: an idle tunnel has none.
struct PipePool {
    private var spare: [SplicePipe] = []

    /// Nil where the kernel gives none: then bytes are copied.
    mutating func take() -> SplicePipe? {
        if let pipe = spare.popLast() { return pipe }
        do throws(SyscallError) {
            let pipe = try SplicePipe()
            // A user's share of large pipes may be used up; a smaller one works, too.
            _ = pipe.grow(to: Int32(Bounds.pipe))
            return pipe
        } catch { return nil }
    }

    /// Takes this flow's pipe back; one with something in it is closed, for nobody else may see that.
    mutating func give(_ flow: inout Flow) {
        guard let pipe = flow.pipe else { return }
        flow.pipe = nil
        if pipe.count == 0 && spare.count < Bounds.sparePipes { spare.append(pipe) }
    }
}
