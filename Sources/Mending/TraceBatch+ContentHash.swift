import HierarchyRepair
import OTLP

extension TraceBatch {
    /// A hash of all that a span tells, its resource and scope included.
    func contentHash(ofSpan index: Int) -> UInt64 {
        let span = spans[index]
        let scope = scope(of: span)
        var hash = StableHash()
        for word in [
            span.parentSpanID.word, span.startTimeUnixNano, span.endTimeUnixNano,
            UInt64(span.flags), UInt64(bitPattern: Int64(span.kind)),
            UInt64(bitPattern: Int64(span.statusCode)),
        ] { hash.combine(word) }
        for slice in [span.name, span.traceState, span.statusMessage, scope.name, scope.version] {
            combine(slice, into: &hash)
        }
        combine(span.attributes, into: &hash)
        combine(resource(of: span).attributes, into: &hash)
        for event in events[span.events.indices] {
            hash.combine(event.timeUnixNano)
            combine(event.name, into: &hash)
            combine(event.attributes, into: &hash)
        }
        for link in links[span.links.indices] {
            hash.combine(link.traceID.high)
            hash.combine(link.traceID.low)
            hash.combine(link.spanID.word)
            combine(link.attributes, into: &hash)
        }
        return hash.value
    }

    private func combine(_ slice: Slice, into hash: inout StableHash) {
        hash.combine(UInt64(slice.length))
        hash.combine(bytes: bytes(slice))
    }

    /// Attributes in any order, without what mending told: a mended span hashes as a fresh one.
    private func combine(_ range: RecordRange, into hash: inout StableHash) {
        var sum: UInt64 = 0
        for attribute in attributes(range)
        where !bytes(attribute.key).starts(with: MendingAttribute.prefix.utf8) {
            var own = StableHash()
            combine(attribute.key, into: &own)
            combine(attribute.value, into: &own)
            sum &+= own.value
        }
        hash.combine(sum)
    }

    private func combine(_ value: FlatValue, into hash: inout StableHash) {
        switch value {
        case .empty: hash.combine(byte: 0)
        case .bool(let flag): hash.combine(byte: flag ? 2 : 1)
        case .int(let number): hash.combine(UInt64(bitPattern: number))
        case .double(let number): hash.combine(number.bitPattern)
        case .string(let slice), .array(let slice), .keyValueList(let slice), .bytes(let slice):
            combine(slice, into: &hash)
        }
    }
}
