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

    private func isPossible(_ call: Int, for part: Int) -> Bool {
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

    private mutating func alignServers(_ units: [Int], _ calls: [Int]) {
        var units: [UInt32: [Int]] = Dictionary(grouping: units) { parts[$0].cover.process }
        units[0] = nil
        guard !units.isEmpty else { return }
        let sorted = calls.sorted { (spans[$0].start, $0) < (spans[$1].start, $1) }
        for process in units.keys.sorted() {
            guard let members = units[process] else { continue }
            var offsets = ClockOffsets()
            for part in members {
                let server = cover(of: part)
                for call in near(server.start, in: sorted)
                where isOpen(call, to: part) && isPossible(call, for: part) {
                    offsets.add(server, inside: spans[call], unit: part)
                }
            }
            addKnownPairs(of: process, to: &offsets)
            let offset = offsets.best()
            guard offset != 0 else { continue }
            align(process, by: offset)
            tell(offset, of: process)
        }
        indexContainers()
    }

    mutating func tell(_ offset: Int64, of process: UInt32) {
        guard let first = spans(of: process).first else { return }
        let size = offset.magnitude / 1_000_000
        notes.add(
            "the clock of the process of span \(spans[first].key.spanID) is about \(size) ms "
                + (offset > 0 ? "behind" : "ahead") + "; its times were kept")
    }

    private func addKnownPairs(of process: UInt32, to offsets: inout ClockOffsets) {
        for index in spans(of: process) {
            guard let above = above(index), spans[above].process != process,
                spans[above].process != 0
            else { continue }
            offsets.add(spans[index], inside: spans[above], unit: parts.count + index)
        }
    }

    /// Members that started no more than the limit of clocks away, at most 256.
    private func near(_ time: UInt64, in sorted: [Int]) -> ArraySlice<Int> {
        let first = Self.shift(time, by: -ClockOffsets.limit)
        let last = Self.shift(time, by: ClockOffsets.limit)
        let place = { (time: UInt64) in
            var low = 0
            var high = sorted.count
            while low < high {
                let middle = (low + high) / 2
                if spans[sorted[middle]].start < time { low = middle + 1 } else { high = middle }
            }
            return low
        }
        let centre = place(time)
        let reach = isCrowded ? 8 : 128
        return sorted[max(place(first), centre - reach)..<min(place(last), centre + reach)]
    }
}
