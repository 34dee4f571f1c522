// SPDX-License-Identifier: Apache-2.0
internal import Linux

/// Goes through what lies below a place: each directory before what is in it, names in byte order.
///
/// One step is one system call or less, so that whoever walks can stop at any time and listen. Every path is resolved
/// anew from its root: nothing is reached through a directory that was moved away meanwhile. Links are reported, never
/// followed. Names that are not UTF-8 cannot be written in JSON, so nobody could ask for them: they are skipped.
final class Walk {
    /// Directories below each other: a bound on memory, above what real trees have.
    static let maxDepth = 32

    struct Item {
        let place: Place
        /// 1 for what lies directly in the place where the walk began.
        let depth: Int
        /// Nil where the directory does not say and nobody looked.
        let kind: FileKind
    }

    enum Step {
        case item(Item)
        /// Something was done, and nothing found yet.
        case working
        /// An entry, or the rest of a directory, was passed over.
        case skipped
        case ended
    }

    private struct Frame {
        let place: Place
        let depth: Int
        /// What has been read and not yet looked at, last one first.
        var pending: [DirectoryEntry]
        /// Nothing is left to be read.
        var isComplete: Bool
        /// The last name that was taken.
        var last: [UInt8]?
        /// Names from here down to where an earlier walk stopped; what lies before them has been seen.
        var resume: ArraySlice<[UInt8]>
    }

    private let roots: Roots
    private let depth: Int
    private let showsHidden: Bool
    private var frames: [Frame] = []
    private var reader: DirectoryReader?
    private var window = NameWindow(nil)
    private var batch: [DirectoryEntry] = []

    /// - Parameters:
    ///   - depth: how far down; 1 is what lies directly in the place.
    ///   - resume: names from the place down to the last item that has been seen; it and all before it are left out.
    init(_ roots: Roots, from place: Place, depth: Int, showsHidden: Bool, resume: [[UInt8]]) {
        self.roots = roots
        self.depth = min(depth, Self.maxDepth)
        self.showsHidden = showsHidden
        push(place, depth: 0, resume: resume[...])
    }

    func step() -> Step {
        guard let top = frames.indices.last else { return .ended }
        if reader != nil { return read(top) }
        guard let entry = frames[top].pending.popLast() else {
            if frames[top].isComplete {
                frames.removeLast()
                return .working
            }
            return open(top)
        }
        return look(at: entry, top)
    }

    private func push(_ place: Place, depth: Int, resume: ArraySlice<[UInt8]>) {
        var frame = Frame(place: place, depth: depth, pending: [], isComplete: false, last: nil, resume: resume)
        if case .everything = place {
            // Labels are names, and stand in order already.
            let labels = roots.all.filter { root in
                resume.first.map { !root.label.bytes.lexicographicallyPrecedes($0) } ?? true
            }
            frame.pending = labels.reversed().compactMap { root in
                FileName(root.label.bytes).map { DirectoryEntry(name: $0, kind: .directory) }
            }
            frame.isComplete = true
        }
        frames.append(frame)
    }

    private func open(_ top: Int) -> Step {
        guard case .inside(let root, let path) = frames[top].place else { return .ended }
        window = NameWindow(frames[top].last.map { .behind($0) } ?? frames[top].resume.first.map { .from($0) })
        do throws(SyscallError) {
            reader = try root.tree.openDirectory(path)
            return .working
        } catch {
            frames.removeLast()
            return .skipped
        }
    }

    private func read(_ top: Int) -> Step {
        do throws(SyscallError) {
            if try reader?.next(&batch) == true {
                for entry in batch where showsHidden || entry.name.bytes.first != UInt8(ascii: ".") {
                    window.add(entry)
                }
                return .working
            }
            reader = nil
            frames[top].pending = window.takeReversed()
            frames[top].isComplete = !window.isTruncated
            return .working
        } catch {
            reader = nil
            frames.removeLast()
            return .skipped
        }
    }

    private func look(at entry: DirectoryEntry, _ top: Int) -> Step {
        let name = entry.name.bytes
        frames[top].last = name
        // Only the first name that is looked at can be the one where an earlier walk stopped.
        let resume = frames[top].resume
        frames[top].resume = []
        guard isText(name.span), let place = frames[top].place.appending(entry.name, in: roots),
            let kind = kind(of: entry, at: place)
        else { return .skipped }
        let below = frames[top].depth + 1
        let wasSeen = resume.first == name
        if kind == .directory && below < depth { push(place, depth: below, resume: wasSeen ? resume.dropFirst() : []) }
        return wasSeen ? .working : .item(Item(place: place, depth: below, kind: kind))
    }

    private func kind(of entry: DirectoryEntry, at place: Place) -> FileKind? {
        if let kind = entry.kind { return kind }
        guard case .inside(let root, let path) = place else { return .directory }
        do throws(SyscallError) {
            return try root.tree.facts(of: path, followingLast: false).kind
        } catch {
            return nil
        }
    }
}
