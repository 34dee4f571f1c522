// SPDX-License-Identifier: Apache-2.0
internal import Control
internal import Linux
internal import Policy
internal import Wire

/// A client's greeting and request on the SOCKS listener.
extension EgressRoom {
    func readSocks(_ client: Client, _ asking: Asking) {
        do throws(WireError) {
            if asking.greeted == nil {
                let bytes = asking.input.storage
                guard let length = try asking.socks.readGreeting(bytes.span.extracting(asking.input.range)) else {
                    return
                }
                asking.greeted = length
                asking.input.drop(length)
                var answer: [UInt8] = []
                SocksWriter.appendMethod(to: &answer)
                // Two bytes on a connection that has never been written to: what does not take them is gone.
                do throws(SyscallError) {
                    guard try client.socket.write(answer.span) == .moved(answer.count) else { return forget(client) }
                } catch { return forget(client) }
            }
            if asking.input.isEmpty { return }
            let bytes = asking.input.storage
            let request = try asking.socks.readRequest(bytes.span.extracting(asking.input.range))
            guard let request else { return }
            note(asking)
            asking.target = request.target
            asking.input.drop(request.length)
            begin(client, asking)
        } catch {
            note(asking)
            SocksWriter.appendRefusal(of: error, to: &client.answer)
            decide(client, Refusal(reason: error.egressReason))
        }
    }

    private func note(_ asking: Asking) {
        asking.asked = asking.socks.asked
        asking.port = asking.socks.port
        asking.form = asking.asked.isEmpty ? .unparsed : .socks
    }
}
