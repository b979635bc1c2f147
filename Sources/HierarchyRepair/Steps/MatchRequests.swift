import OTLP

extension Placing {
    /// Gives each server's span the client's call of the same request.
    ///
    /// Both sides tell method and path, and the server worked while the client waited, once the
    /// clocks agree. A call has one server, so requests that could be exchanged are solved together.
    /// Orphans of a server's span that was never exported are told by the times alone.
    mutating func matchRequests() {
        let calls = spans.indices.filter {
            spans[$0].kind == SpanKind.client && !isServed[$0]
                && spans[$0].operation != .model && spans[$0].operation != .database
        }
        let units = open.filter { mayBeServed($0) }
        guard !calls.isEmpty, !units.isEmpty else { return }
        alignServers(units, calls)
        let index = EnclosureIndex(calls, of: spans)
        var pairs: [(part: Int, host: Int, weight: Weight)] = []
        for part in units {
            var moment = cover(of: part)
            moment.end = moment.start
            moment.start = Self.shift(moment.start, by: ClockOffsets.tolerance)
            let hosts = index.spans(
                enclosing: moment, of: spans, limit: candidatesWeighed, seeing: candidatesSeen
            ) { isOpen($0, to: part) && isPossible($0, for: part) }
            for host in hosts { pairs.append((part, host, weighCall(host, for: part))) }
        }
        settle(pairs, rule: .clientServer, none: -2.5)
    }

    /// A server's root, or orphans of a process that nothing of their own trace encloses.
    private func mayBeServed(_ part: Int) -> Bool {
        let cover = parts[part].cover
        if parts[part].lost == nil { return cover.kind == SpanKind.server }
        guard cover.process != 0 || cover.service != 0 else { return false }
        return candidatesOfProcess(part).isEmpty
    }

    func isPossible(_ call: Int, for part: Int) -> Bool {
        let (client, server) = (spans[call], parts[part].cover)
        guard client.relation(to: server) == .different else { return false }
        let (a, b) = (client.request, server.request)
        if a.method != 0 && b.method != 0 && a.method != b.method { return false }
        if a.path != 0 && b.path != 0 && a.path != b.path { return false }
        return a.port == 0 || b.port == 0 || a.port == b.port
    }

    private func weighCall(_ call: Int, for part: Int) -> Weight {
        let (client, server) = (spans[call], cover(of: part))
        var weight = Weight(isTold: explaining.map { parts[part].tops.contains($0) } ?? false)
        let (a, b) = (client.request, server.request)
        if a.path != 0 && a.path == b.path {
            weight.add(.sameRequest, Evidence.samePathWeight)
        } else if a.method != 0 && a.method == b.method {
            weight.add(.sameRequest, Evidence.sameMethodWeight)
        }
        if a.port != 0 && a.port == b.port { weight.add(.samePort, Evidence.samePortWeight) }
        if a.status != 0 && a.status == b.status {
            weight.add(.sameStatus, Evidence.sameStatusWeight)
        }
        let before = server.start - min(server.start, client.start)
        weight.add(.tightFit, Evidence.fit(before))
        if server.end <= client.end {
            weight.add(.tightFit, Evidence.fit(client.end - server.end))
        } else {
            weight.add(.outlives, 2 * Evidence.fit(server.end - client.end))
        }
        return weight
    }
}
