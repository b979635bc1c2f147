import HierarchyRepair
import OTLP

/// Reads from a normalised batch what the repair needs to know.
struct RepairFacts {
    let batch: TraceBatch
    private var numbers: [String: UInt32] = [:]
    private var processes: [Process]
    private var scopes: [UInt32]

    private struct Process {
        var process: UInt32 = 0
        var service: UInt32 = 0
    }

    /// The facts of all spans, in the order of the batch.
    static func spans(of batch: TraceBatch, pins: Pins) -> [RepairSpan] {
        var facts = RepairFacts(batch)
        return facts.spans(pins: pins)
    }

    private init(_ batch: TraceBatch) {
        self.batch = batch
        processes = []
        scopes = []
        for resource in batch.resources { processes.append(process(of: resource)) }
        for scope in batch.scopes { scopes.append(number(of: batch.string(scope.name))) }
    }

    private mutating func spans(pins: Pins) -> [RepairSpan] {
        let ambiguous = ambiguousKeys()
        return batch.spans.indices.map { index in
            let span = batch.spans[index]
            var facts = RepairSpan(key: span.key)
            facts.parentSpanID = span.parentSpanID
            facts.start = span.startTimeUnixNano
            facts.end = span.endTimeUnixNano
            facts.kind = span.kind
            facts.flags = span.flags
            let resource = processes[Int(batch.scopes[Int(span.scope)].resource)]
            facts.process = resource.process
            facts.service = resource.service
            facts.scope = scopes[Int(span.scope)]
            (facts.nameShape, facts.nameNumber) = nameShape(of: span.name)
            facts.linked = link(of: span)
            facts.richness =
                span.attributes.count &+ span.events.count &+ span.links.count
            readAttributes(of: span, into: &facts)
            if ambiguous.contains(span.key) { facts.contentHash = batch.contentHash(ofSpan: index) }
            if let pin = pins.spans[span.key] { facts.pin = RepairPin(pin) }
            return facts
        }
    }

    /// Keys that name several spans, or none: only there contents must be compared.
    private func ambiguousKeys() -> Set<SpanKey> {
        var seen: Set<SpanKey> = []
        seen.reserveCapacity(batch.spans.count)
        var ambiguous: Set<SpanKey> = []
        for span in batch.spans
        where !span.spanID.isValid || !seen.insert(span.key).inserted {
            ambiguous.insert(span.key)
        }
        return ambiguous
    }

    mutating func number(of text: String) -> UInt32 {
        guard !text.isEmpty else { return 0 }
        if let known = numbers[text] { return known }
        let next = UInt32(truncatingIfNeeded: numbers.count) &+ 1
        numbers[text] = next
        return next
    }

    /// A process is known by its instance id, or by host and process id.
    private mutating func process(of resource: ResourceRecord) -> Process {
        let service = text(of: "service.name", in: resource)
        let instance = text(of: "service.instance.id", in: resource)
        let pid = text(of: "process.pid", in: resource)
        let host = text(of: "host.name", in: resource)
        var process = Process()
        process.service = number(of: service.isEmpty ? "" : "service \(service)")
        if !instance.isEmpty {
            process.process = number(of: "instance \(service)\u{0}\(instance)\u{0}\(pid)")
        } else if !pid.isEmpty {
            process.process = number(of: "process \(host)\u{0}\(pid)")
        }
        return process
    }

    private func text(of key: String, in resource: ResourceRecord) -> String {
        batch.value(key, in: resource.attributes).map(text(of:)) ?? ""
    }

    func text(of value: AnyValue) -> String {
        switch value {
        case .string(let text): text
        case .int(let number): String(number)
        default: ""
        }
    }

    private func link(of span: SpanRecord) -> SpanKey? {
        var linked: SpanKey?
        for link in batch.links[span.links.indices] {
            let key = SpanKey(traceID: link.traceID, spanID: link.spanID)
            guard key.spanID.isValid, key != span.key, key != linked else { continue }
            guard linked == nil else { return nil }
            linked = key
        }
        return linked
    }

    /// A hash of the name in which each run of digits counts as one sign, and the first of these
    /// runs as a number, plus one.
    private func nameShape(of name: Slice) -> (shape: UInt64, number: UInt32) {
        var hash = StableHash()
        var number: UInt32 = 0
        var runs = 0
        var isInDigits = false
        for byte in batch.bytes(name) {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            if !isDigit || !isInDigits { hash.combine(byte: isDigit ? 0 : byte) }
            if isDigit && !isInDigits { runs += 1 }
            if isDigit && runs == 1 {
                number = number &* 10 &+ UInt32(byte - UInt8(ascii: "0"))
            }
            isInDigits = isDigit
        }
        return (hash.value, runs == 0 ? 0 : number &+ 1)
    }
}

extension RepairPin {
    init(_ pin: Pins.Pin) {
        self.init(
            traceID: pin.traceID, parentSpanID: pin.parentSpanID, sequence: pin.sequence,
            duplicateOf: pin.duplicateOf)
    }
}
