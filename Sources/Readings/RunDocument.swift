public import OTLP

/// What can be read of a run.
public enum ReadingForm: String, Hashable, Sendable, CaseIterable {
    /// Agent-lightning's `Triplet`s.
    case triplets
    /// Conversations in the OpenAI chat format.
    case messages
    /// Rewards of all formats, and the final one.
    case rewards
    /// Agent-lightning's `Span`s.
    case spans
    /// One ExportTraceServiceRequest as OTLP/JSON.
    case otlp

    /// Whether it leaves spans out, and has `skipped` to tell which.
    public var canSkip: Bool { self != .spans && self != .otlp }
}

/// One mended run, to be written in any form.
///
/// Total: no span makes a reading fail. What is left out is told, with the reason.
public struct RunDocument: Sendable {
    public let batch: TraceBatch
    private let id: String
    private let rolloutID: String?
    private let attemptID: String?

    /// - Parameters:
    ///   - batch: mended spans in causal order, as the archive gives them.
    ///   - id: the run's id.
    public init(_ batch: TraceBatch, id: String, rolloutID: String?, attemptID: String?) {
        self.batch = batch
        self.id = id
        self.rolloutID = rolloutID
        self.attemptID = attemptID
    }

    /// One JSON text as UTF-8: `{"triplets": […], "skipped": […]}`, and so for each form; `rewards`
    /// has `final_reward` too, `spans` skips none, `otlp` is the request itself.
    /// - Complexity: O(n log n) in the spans; elements are made one after the other.
    public func json(_ form: ReadingForm) -> [UInt8] {
        guard form != .otlp else { return batch.json() }
        var text = Array("{\"\(form.rawValue)\":[".utf8)
        var isFirst = true
        let rest = forEachElement(of: form) { element in
            if !isFirst { text.append(UInt8(ascii: ",")) }
            isFirst = false
            text += element.serialized()
        }
        text.append(UInt8(ascii: "]"))
        if form == .rewards {
            text += ",\"final_reward\":".utf8
            text += (rest.finalReward.map { .double($0) } ?? JSONValue.null).serialized()
        }
        if form.canSkip {
            text += ",\"skipped\":".utf8
            text += JSONValue.array(rest.skipped.map(\.json)).serialized()
        }
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// JSON Lines as UTF-8, for files of many runs, and how many spans were left out.
    ///
    /// A line is a triplet or all rewards of the run, with `run`, `rollout_id` and `attempt_id`; a
    /// conversation with nothing beside `messages` and, if there are any, `tools`; a span; or the
    /// request.
    public func lines(_ form: ReadingForm) -> (text: [UInt8], skipped: Int) {
        var text: [UInt8] = []
        func add(_ line: [UInt8]) {
            text += line
            text.append(UInt8(ascii: "\n"))
        }
        switch form {
        case .otlp:
            add(batch.json())
            return (text, 0)
        case .rewards:
            let rewards = Rewards(batch)
            let members: [JSONValue.Member] = [
                .init("final_reward", rewards.final.map { .double($0) } ?? .null),
                .init("rewards", .array(rewards.json)),
            ]
            add(JSONValue.object(identity + members).serialized())
            return (text, rewards.skipped.count)
        case .triplets, .messages, .spans:
            let rest = forEachElement(of: form) { element in
                add(line(element, form).serialized())
            }
            return (text, rest.skipped.count)
        }
    }

    private func line(_ element: JSONValue, _ form: ReadingForm) -> JSONValue {
        let members = element.object ?? []
        return switch form {
        case .triplets: .object(identity + members)
        case .messages: .object(members.filter { $0.value != .null })
        default: element
        }
    }

    private var identity: [JSONValue.Member] {
        [
            .init("run", .string(id)), .init("rollout_id", rolloutID.map { .string($0) } ?? .null),
            .init("attempt_id", attemptID.map { .string($0) } ?? .null),
        ]
    }

    private struct Rest {
        var skipped: [SkippedSpan] = []
        var finalReward: Double?
    }

    private func forEachElement(of form: ReadingForm, _ body: (JSONValue) -> Void) -> Rest {
        switch form {
        case .triplets:
            var triplets = Triplets(batch)
            for index in triplets.calls.indices { body(triplets.json(of: index)) }
            return Rest(skipped: triplets.skipped)
        case .messages:
            var messages = Messages(batch)
            for index in messages.calls.indices { messages.json(of: index).forEach(body) }
            return Rest(skipped: messages.skipped)
        case .rewards:
            let rewards = Rewards(batch)
            rewards.json.forEach(body)
            return Rest(skipped: rewards.skipped, finalReward: rewards.final)
        case .spans:
            let model = SpanModel(rolloutID: rolloutID ?? id, attemptID: attemptID ?? "")
            for index in batch.spans.indices {
                body(model.json(of: index, in: batch, sequenceID: index + 1))
            }
            return Rest()
        case .otlp: return Rest()
        }
    }
}
