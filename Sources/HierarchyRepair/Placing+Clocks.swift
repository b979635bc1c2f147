import OTLP

/// How far the clocks of a run's processes are apart, from all their pairs with others.
extension Placing {
    mutating func alignServers(_ units: [Int], _ calls: [Int]) {
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

    /// Notes the clocks of processes that came to lie outside of the calls and steps that waited for
    /// them.
    mutating func tellClocks() {
        var waiting: [UInt32: ClockOffsets] = [:]
        for (index, span) in spans.enumerated()
        where span.process != 0 && !aligned.contains(span.process) {
            guard let above = above(index), spans[above].relation(to: span) == .different,
                spans[above].process != 0, waited(above, for: span)
            else { continue }
            waiting[span.process, default: ClockOffsets()].add(
                span, inside: spans[above], unit: index)
        }
        for process in waiting.keys.sorted() {
            guard let offset = waiting[process]?.best(), offset != 0 else { continue }
            tell(offset, of: process)
        }
    }

    /// A call waits for its server, and a step that lasted a little longer than its worker did, too.
    private func waited(_ host: Int, for span: RepairSpan) -> Bool {
        let (room, length) = (spans[host].end - spans[host].start, span.end - span.start)
        return room >= length && (spans[host].kind == SpanKind.client || room / 2 <= length)
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
