import OTLP

/// Times as they are compared: those of the run's first process.
extension Placing {
    /// Shifts a process's times for the comparison.
    mutating func align(_ process: UInt32, by offset: Int64) {
        aligned.insert(process)
        for index in spans(of: process) {
            spans[index].start = Self.shift(spans[index].start, by: offset)
            spans[index].end = Self.shift(spans[index].end, by: offset)
        }
    }

    static func shift(_ time: UInt64, by offset: Int64) -> UInt64 {
        offset >= 0
            ? time.addingReportingOverflow(UInt64(offset)).overflow ? .max : time + UInt64(offset)
            : time - min(time, offset.magnitude)
    }

    /// The part's cover with aligned times.
    func cover(of part: Int) -> RepairSpan {
        var cover = parts[part].cover
        cover.start = spans[parts[part].top].start
        cover.end = cover.start
        for top in parts[part].tops {
            cover.start = min(cover.start, spans[top].start)
            cover.end = max(cover.end, spans[top].end)
        }
        return cover
    }

    /// The span among the tops that lasted longest, which tells the others' clocks nothing.
    func longest(of part: Int) -> RepairSpan {
        var longest = parts[part].cover
        var length: UInt64 = 0
        for top in parts[part].tops where spans[top].end - spans[top].start >= length {
            length = spans[top].end - spans[top].start
            longest.start = spans[top].start
            longest.end = spans[top].end
        }
        return longest
    }
}
