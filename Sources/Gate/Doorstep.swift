// SPDX-License-Identifier: Apache-2.0
internal import Wire

/// A head that names this listener and bears no mark of a browser. Nothing has looked at its credential yet.
struct AdmittedHead: Equatable {
    let route: Route

    fileprivate init(_ route: Route) { self.route = route }
}

/// Steps 2 and 3 of the order of refusal.
enum Doorstep {
    /// Whose address is this, and does a browser speak?
    ///
    /// Host before browser marks: a rebound page may send none of those, and its Host is what gives it away. Both before
    /// the credential, whose validity such a caller must not learn.
    static func admit(_ head: borrowing RequestHead, at listener: ListenerIdentity) throws(Refusal) -> AdmittedHead {
        do throws(WireError) { try listener.checkAuthority(of: head) } catch { throw Refusal(error) }
        if let mark = BrowserEvidence.find(in: head, of: listener) { throw Refusal(mark) }
        return AdmittedHead(Route(head))
    }
}
