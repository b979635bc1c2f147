internal import OTLP

/// The runs that the spans of one request name.
///
/// The first complete pair of rollout and attempt wins, of: the span's attributes, the URL path, the
/// request's headers, the resource's attributes, the headers that LiteLLM recorded on the span.
/// Without a pair the first rollout alone does; without that, the attributes of `run.key`.
struct NamedRuns {
    /// What one source says; an empty id counts as absent.
    struct Source {
        var rollout: String?
        var attempt: String?

        static let none = Source()

        var pair: RunKey? {
            guard let rollout, let attempt else { return nil }
            return .attempt(rollout: rollout, attempt: attempt)
        }
    }

    /// Longer ids count as absent: they would be keys in every database.
    static let maximumIDBytes = 1024

    private let batch: TraceBatch
    private let path: Source
    private let headers: Source
    private let runKeyAttributes: [String]
    private var resources: [UInt32: ResourceNames] = [:]

    private struct ResourceNames {
        var source: Source
        var keyed: [String?]
    }

    init(_ batch: TraceBatch, context: RequestContext, runKeyAttributes: [String]) {
        self.batch = batch
        self.runKeyAttributes = runKeyAttributes
        path = Source(
            rollout: usable(context.pathRollout), attempt: usable(context.pathAttempt))
        headers = Source(
            rollout: usable(context.headerRollout), attempt: usable(context.headerAttempt))
    }

    /// The run that a span names by itself or through its request; nil where nothing names one.
    mutating func run(of span: SpanRecord) -> RunKey? {
        let own = ownNames(span)
        if let pair = own.source.pair ?? path.pair ?? headers.pair { return pair }
        let resource = resourceNames(batch.scopes[Int(span.scope)].resource)
        if let pair = resource.source.pair ?? own.litellm.pair { return pair }
        let rollout =
            own.source.rollout ?? path.rollout ?? headers.rollout ?? resource.source.rollout
            ?? own.litellm.rollout
        if let rollout { return .rollout(rollout) }
        return keyed(span, resource)
    }

    private func ownNames(_ span: SpanRecord) -> (source: Source, litellm: Source) {
        var source = Source.none
        var litellm = Source.none
        for attribute in batch.attributes(span.attributes) {
            if batch.text(attribute.key, equals: "agentlightning.rollout_id") {
                source.rollout = text(of: attribute)
            } else if batch.text(attribute.key, equals: "agentlightning.attempt_id") {
                source.attempt = text(of: attribute)
            } else if batch.text(attribute.key, equals: "metadata.requester_custom_headers") {
                litellm = recordedHeaders(attribute)
            }
        }
        return (source, litellm)
    }

    private func recordedHeaders(_ attribute: Attribute) -> Source {
        guard case .string(let slice) = attribute.value,
            let entries = PrintedDictionary.entries(of: batch.bytes(slice))
        else { return .none }
        var source = Source.none
        for entry in entries {
            switch entry.key.lowercased() {
            case "x-rollout-id": source.rollout = usable(entry.value)
            case "x-attempt-id": source.attempt = usable(entry.value)
            default: break
            }
        }
        return source
    }

    private mutating func resourceNames(_ index: UInt32) -> ResourceNames {
        if let known = resources[index] { return known }
        let range = batch.resources[Int(index)].attributes
        var names = ResourceNames(source: .none, keyed: [])
        names.source.rollout = value("agentlightning.rollout_id", in: range)
        names.source.attempt = value("agentlightning.attempt_id", in: range)
        names.keyed = runKeyAttributes.map { value($0, in: range) }
        resources[index] = names
        return names
    }

    private func keyed(_ span: SpanRecord, _ resource: ResourceNames) -> RunKey? {
        guard !runKeyAttributes.isEmpty else { return nil }
        var pairs: [RunKey.Pair] = []
        for (key, inherited) in zip(runKeyAttributes, resource.keyed) {
            guard let value = value(key, in: span.attributes) ?? inherited else { return nil }
            pairs.append(RunKey.Pair(key, value))
        }
        return .keyed(pairs)
    }

    private func value(_ key: String, in range: RecordRange) -> String? {
        batch.attribute(key, in: range).flatMap { text(of: $0) }
    }

    private func text(of attribute: Attribute) -> String? {
        switch attribute.value {
        case .string(let slice):
            Int(slice.length) <= Self.maximumIDBytes ? usable(batch.string(slice)) : nil
        case .int(let number): String(number)
        case .empty, .bool, .double, .array, .keyValueList, .bytes: nil
        }
    }
}

private func usable(_ id: String?) -> String? {
    guard let id, !id.isEmpty, id.utf8.count <= NamedRuns.maximumIDBytes else { return nil }
    return id
}
