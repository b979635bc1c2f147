import HierarchyRepair
import OTLP

/// Reads from a normalised batch what the repair needs to know.
struct RepairFacts {
    private let batch: TraceBatch
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

    private mutating func number(of text: String) -> UInt32 {
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

    private func text(of value: AnyValue) -> String {
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

    /// A hash of the path of a URL or of a request's target, without the query.
    private func path(of text: Slice, isURL: Bool) -> UInt64 {
        var bytes = batch.bytes(text)
        if isURL {
            guard let scheme = bytes.firstIndex(of: UInt8(ascii: ":")) else { return 0 }
            let authority = bytes[scheme...].dropFirst(3)
            guard let slash = authority.firstIndex(of: UInt8(ascii: "/")) else { return 0 }
            bytes = bytes[slash...]
        }
        let end = bytes.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        var hash = StableHash()
        hash.combine(bytes: bytes[..<(end ?? bytes.endIndex)])
        return hash.value
    }

    private mutating func readAttributes(of span: SpanRecord, into facts: inout RepairSpan) {
        var operation = OperationClass.other
        var transport = OperationClass.other
        var tokens: (input: Int64, output: Int64) = (0, 0)
        for attribute in batch.attributes(span.attributes) {
            switch RepairKey(attribute.key, in: batch) {
            case .operation:
                if case .string(let name) = attribute.value {
                    operation = OperationClass(operationName: batch.string(name))
                }
            case .stepKind:
                if operation == .other { operation = .step }
            case .responseID:
                if case .string(let id) = attribute.value {
                    facts.responseID = number(of: batch.string(id))
                }
            case .inputTokens:
                facts.hasUsage = true
                if case .int(let count) = attribute.value { tokens.input = count }
            case .outputTokens:
                facts.hasUsage = true
                if case .int(let count) = attribute.value { tokens.output = count }
            case .method:
                transport = .http
                if case .string(let name) = attribute.value {
                    facts.request.method = number(of: "method " + batch.string(name))
                }
            case .url:
                transport = .http
                if case .string(let url) = attribute.value, facts.request.path == 0 {
                    facts.request.path = path(of: url, isURL: true)
                }
            case .path:
                if case .string(let path) = attribute.value {
                    facts.request.path = self.path(of: path, isURL: false)
                }
            case .port:
                if case .int(let port) = attribute.value {
                    facts.request.port = UInt32(truncatingIfNeeded: port)
                }
            case .status:
                if case .int(let status) = attribute.value {
                    facts.request.status = UInt32(truncatingIfNeeded: status)
                }
            case .thread:
                let thread = text(of: batch.anyValue(of: attribute))
                facts.thread = number(
                    of: thread.isEmpty ? "" : "thread \(facts.process)\u{0}\(thread)")
            case .http: transport = .http
            case .database: transport = .database
            case .messaging: transport = .messaging
            case nil: break
            }
        }
        facts.operation = operation == .other ? transport : operation
        if tokens.input > 0 && tokens.output > 0 {
            var hash = StableHash()
            hash.combine(UInt64(bitPattern: tokens.input))
            hash.combine(UInt64(bitPattern: tokens.output))
            facts.usage = hash.value
        }
    }
}

extension RepairPin {
    init(_ pin: Pins.Pin) {
        self.init(
            traceID: pin.traceID, parentSpanID: pin.parentSpanID, sequence: pin.sequence,
            duplicateOf: pin.duplicateOf)
    }
}

extension OperationClass {
    /// The class of a `gen_ai.operation.name`.
    init(operationName: String) {
        switch operationName {
        case "chat", "generate_content", "text_completion", "embeddings", "fetch_response":
            self = .model
        case "invoke_agent": self = .agent
        case "invoke_workflow": self = .workflow
        case "execute_tool": self = .tool
        case "plan", "retrieval": self = .step
        default: self = .other
        }
    }
}
