import HierarchyRepair
import Mending
import OTLP
import TrainingContent

/// The export request that the store gets for one run.
///
/// What the store would lose, because its spans have no field for it, stands in attributes:
/// `span.kind`, `w3c.tracestate`, `otel.scope.*` and `otel.dropped_*_count`.
/// Source of the names: https://opentelemetry.io/docs/specs/otel/common/mapping-to-non-otlp/
struct StoreRequest {
    private(set) var batch = TraceBatch()
    /// Spans that are left out, since the store or its adapters would fail.
    private(set) var omitted = 0
    private var repeatedIDs = 0
    private let rolloutID: String
    private let attemptID: String
    private var sent: Set<SpanID> = []

    init(rolloutID: String, attemptID: String) {
        self.rolloutID = rolloutID
        self.attemptID = attemptID
    }

    /// Why spans are left out; nil where none is.
    var omissions: String? {
        guard omitted > 0 else { return nil }
        return repeatedIDs > 0
            ? "spans without id, or with the id of another span of the attempt, are not sent"
            : "spans without id are not sent"
    }

    /// - Parameter numbers: gives the spans their sequence numbers, in the order of the run.
    mutating func add(_ run: MendedRun, _ numbers: inout SequenceNumbers) {
        addScopes(of: run.batch)
        let calls = ModelCalls(run)
        let order = run.spans.indices.sorted { run.spans[$0].sequence < run.spans[$1].sequence }
        let times = run.batch.spans.lazy.flatMap { [$0.startTimeUnixNano, $0.endTimeUnixNano] }
        let someTime = times.filter { $0 > 0 }.min() ?? 0
        let sent = run.spans.indices.map { SentSpan($0, of: run, calls: calls) }
        var present = Set(run.batch.spans.lazy.map(\.spanID)).union(numbers.storedIDs)
        for place in order {
            let span = run.batch.spans[place]
            guard span.traceID.isValid, span.spanID.isValid else {
                omitted += 1
                continue
            }
            // The store's key is rollout, attempt and span id: of two it keeps the first.
            guard self.sent.insert(span.spanID).inserted else {
                omitted += 1
                repeatedIDs += 1
                continue
            }
            // What a delivery has left there that was cut short need not come again.
            if !numbers.storedIDs.contains(span.spanID) {
                let wanted = calls.parentWithinReach(of: place, in: run) ?? span.parentSpanID
                let parent = present.contains(wanted) ? wanted : .invalid
                add(span, parent, sent[place], of: run.batch, someTime, &numbers)
            }
            let told = Set(calls.tree.children(of: place).compactMap { sent[$0].toldCallID })
            addToolCalls(of: span, sent[place].toolCalls, told, someTime, &present, &numbers)
        }
    }

    private mutating func addScopes(of source: borrowing TraceBatch) {
        for resource in source.resources {
            var copy = ResourceRecord()
            copy.hasResource = true
            copy.schemaURL = batch.append(bytes: source.bytes(resource.schemaURL))
            let attributes =
                StoreValue.flattened(source.keyValues(resource.attributes)).filter {
                    !Self.identityKeys.contains($0.key)
                } + [
                    KeyValue(Self.rolloutKey, .string(rolloutID)),
                    KeyValue(Self.attemptKey, .string(attemptID)),
                ]
            copy.attributes = batch.append(keyValues: attributes)
            batch.resources.append(copy)
        }
        for scope in source.scopes {
            var copy = ScopeRecord(resource: scope.resource)
            copy.hasScope = true
            copy.name = batch.append(bytes: source.bytes(scope.name))
            copy.version = batch.append(bytes: source.bytes(scope.version))
            batch.scopes.append(copy)
        }
    }

    private mutating func add(
        _ span: SpanRecord, _ parent: SpanID, _ translated: SentSpan,
        of source: borrowing TraceBatch, _ someTime: UInt64, _ numbers: inout SequenceNumbers
    ) {
        var attributes = translated.attributes
        attributes.removeAll { Self.identityKeys.contains($0.key) }
        attributes += Self.lostFields(of: span, in: source)
        if parent != span.parentSpanID,
            !attributes.contains(where: { $0.key == MendingAttribute.reportedParentSpanID })
        {
            // A parent that is not there would become a root of the adapters' own making.
            attributes.append(
                KeyValue(
                    MendingAttribute.reportedParentSpanID, .string("\(span.parentSpanID)")))
        }
        var copy = SpanRecord(scope: span.scope)
        copy.traceID = span.traceID
        copy.spanID = span.spanID
        copy.parentSpanID = parent
        copy.name = batch.append(translated.name)
        copy.kind = span.kind
        copy.flags = span.flags
        copy.traceState = batch.append(bytes: source.bytes(span.traceState))
        copy.hasStatus = span.hasStatus
        copy.statusCode = span.statusCode
        copy.statusMessage = batch.append(bytes: source.bytes(span.statusMessage))
        // The adapters compare times and fail where one is missing.
        copy.startTimeUnixNano = Self.first(span.startTimeUnixNano, span.endTimeUnixNano, someTime)
        copy.endTimeUnixNano = Self.first(span.endTimeUnixNano, copy.startTimeUnixNano, someTime)
        if span.startTimeUnixNano == 0 { attributes.append(KeyValue(Self.missingStartKey, 0)) }
        if span.endTimeUnixNano == 0 { attributes.append(KeyValue(Self.missingEndKey, 0)) }
        let number = numbers.next(startUnixNano: copy.startTimeUnixNano)
        attributes.append(KeyValue(Self.sequenceKey, .int(number)))
        copy.attributes = batch.append(keyValues: attributes)
        copy.events = addEvents(of: span, in: source)
        copy.links = addLinks(of: span, in: source)
        batch.spans.append(copy)
    }

    /// The adapter finds what a call asked for in children of the call alone.
    private mutating func addToolCalls(
        of span: SpanRecord, _ toolCalls: [CanonicalMessage.ToolCall], _ told: Set<String>,
        _ someTime: UInt64, _ present: inout Set<SpanID>, _ numbers: inout SequenceNumbers
    ) {
        for (index, toolCall) in toolCalls.enumerated() where !told.contains(toolCall.id ?? "") {
            var hash = StableHash("tracemend tool call")
            hash.combine(span.spanID.word)
            hash.combine(UInt64(index))
            let id = hash.spanID
            guard present.insert(id).inserted else { continue }
            let sent = SentSpan(
                toolCall, id: toolCall.id.flatMap { $0.isEmpty ? nil : $0 } ?? "call_\(id)")
            var record = SpanRecord(scope: span.scope)
            record.traceID = span.traceID
            record.spanID = id
            record.parentSpanID = span.spanID
            record.name = batch.append(sent.name)
            let end = Self.first(span.endTimeUnixNano, span.startTimeUnixNano, someTime)
            record.startTimeUnixNano = end
            record.endTimeUnixNano = end
            let number = KeyValue(
                Self.sequenceKey,
                .int(numbers.next(startUnixNano: Self.first(span.startTimeUnixNano, end))))
            record.attributes = batch.append(keyValues: sent.attributes + [number])
            batch.spans.append(record)
        }
    }

    private mutating func addEvents(
        of span: SpanRecord, in source: borrowing TraceBatch
    ) -> RecordRange {
        let start = batch.events.count
        for event in source.events[span.events.indices] {
            var copy = EventRecord()
            copy.timeUnixNano = event.timeUnixNano
            copy.name = batch.append(bytes: source.bytes(event.name))
            copy.attributes = batch.append(
                keyValues: StoreValue.flattened(source.keyValues(event.attributes)))
            batch.events.append(copy)
        }
        return RecordRange(start: UInt32(start), count: UInt32(batch.events.count - start))
    }

    private mutating func addLinks(
        of span: SpanRecord, in source: borrowing TraceBatch
    ) -> RecordRange {
        let start = batch.links.count
        for link in source.links[span.links.indices]
        where link.traceID.isValid && link.spanID.isValid {
            var attributes = StoreValue.flattened(source.keyValues(link.attributes))
            if !link.traceState.isEmpty {
                attributes.append(
                    KeyValue("w3c.tracestate", .string(source.string(link.traceState))))
            }
            var copy = LinkRecord()
            copy.traceID = link.traceID
            copy.spanID = link.spanID
            copy.attributes = batch.append(keyValues: attributes)
            batch.links.append(copy)
        }
        return RecordRange(start: UInt32(start), count: UInt32(batch.links.count - start))
    }

    /// What the store's span has no field for.
    private static func lostFields(
        of span: SpanRecord, in source: borrowing TraceBatch
    ) -> [KeyValue] {
        var fields: [KeyValue] = []
        if kinds.indices.contains(Int(span.kind)), span.kind != 0 {
            fields.append(KeyValue("span.kind", .string(kinds[Int(span.kind)])))
        }
        let scope = source.scope(of: span)
        let texts = [
            ("otel.scope.name", scope.name), ("otel.scope.version", scope.version),
            ("otel.scope.schema_url", scope.schemaURL), ("w3c.tracestate", span.traceState),
        ]
        for (key, slice) in texts where !slice.isEmpty {
            fields.append(KeyValue(key, .string(source.string(slice))))
        }
        for attribute in StoreValue.flattened(source.keyValues(scope.attributes)) {
            fields.append(KeyValue("otel.scope.\(attribute.key)", attribute.value))
        }
        let counts = [
            ("otel.dropped_attributes_count", span.droppedAttributesCount),
            ("otel.dropped_events_count", span.droppedEventsCount),
            ("otel.dropped_links_count", span.droppedLinksCount),
        ]
        for (key, count) in counts where count > 0 {
            fields.append(KeyValue(key, .int(Int64(count))))
        }
        return fields
    }

    private static func first(_ times: UInt64...) -> UInt64 { times.first { $0 > 0 } ?? 0 }

    private static let kinds = ["", "internal", "server", "client", "producer", "consumer"]

    private static let rolloutKey = "agentlightning.rollout_id"
    private static let attemptKey = "agentlightning.attempt_id"
    private static let sequenceKey = "agentlightning.span_sequence_id"
    /// A span's own would win over the resource's; only the run's are right.
    private static let identityKeys: Set = [rolloutKey, attemptKey, sequenceKey]

    private static let missingStartKey = "tracemend.reported.start_time_unix_nano"
    private static let missingEndKey = "tracemend.reported.end_time_unix_nano"
}
