import OTLP

extension TraceBatch {
    /// Export requests that hold all spans of the batch, in order, each below a size where it can.
    ///
    /// A span that is larger by itself has a request of its own.
    /// - Parameter limit: bytes of a request, before compression.
    func requests(limit: Int) throws(CapacityError) -> [[UInt8]] {
        guard !spans.isEmpty else { return [] }
        let whole = protobuf()
        guard whole.count > limit, spans.count > 1 else { return [whole] }
        return try requests(of: spans.indices, size: whole.count, limit: limit)
    }

    private func requests(
        of range: Range<Int>, size: Int, limit: Int
    ) throws(CapacityError) -> [[UInt8]] {
        // Even parts first; a part that is still too large, because its spans are, is cut again.
        let parts = min(max(size / max(limit, 1) + 1, 2), range.count)
        var requests: [[UInt8]] = []
        for part in 0..<parts {
            let start = range.lowerBound + range.count * part / parts
            let end = range.lowerBound + range.count * (part + 1) / parts
            var gatherer = TraceBatchGatherer(keys: .none)
            try gatherer.add(spans: start..<end, of: self)
            let request = gatherer.finish().protobuf()
            if request.count > limit, end - start > 1 {
                requests += try self.requests(of: start..<end, size: request.count, limit: limit)
            } else {
                requests.append(request)
            }
        }
        return requests
    }
}
