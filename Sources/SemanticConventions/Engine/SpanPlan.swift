import OTLP

/// What is to be done with spans that look alike to the rules: the same keys, scope and kind.
///
/// It holds nothing that a value decides, so that no span's plan depends on another span.
struct SpanPlan: Sendable {
    /// Evidence of a value: the key's number, the text, and what it is evidence of.
    struct ValueEvidence: Sendable {
        var key: Int
        var text: String
        var item: Int
    }

    /// The rows for the dialects that win where these pieces of evidence hold.
    struct Variant: Sendable {
        var evidence: [Int]
        var steps: DialectSteps
    }

    /// What tells plans apart.
    var classes: [Int32]
    var scope: Int32
    var name: Int32
    var kind: SpanKindClass
    var flags: KeyClass.Flags

    /// By dialect: the sum of the weights, and whether any of it is the span's or scope's own.
    var scores: [Int] = []
    var isOwn: [Bool] = []
    var valueEvidence: [ValueEvidence] = []
    var variants: [Variant] = []
    /// General renames whose source is there.
    var general: [PlannedStep] = []
}

/// What a span does for its dialects.
final class DialectSteps: Sendable {
    /// Indices in `RuleSet.dialects`, in their order.
    let dialects: [Int]
    let dialectName: String?
    let steps: [PlannedStep]
    /// Operation rows that win over the span's own word.
    let overrides: [PlannedKind]
    /// The other operation rows, the dialects' own ones first.
    let kinds: [PlannedKind]
    let ownKinds: Int
    /// A condition asks for the operation, so that it must be known before the rows.
    let readsOperation: Bool

    init(
        dialects: [Int], name: String?, steps: [PlannedStep], overrides: [PlannedKind],
        kinds: [PlannedKind], ownKinds: Int
    ) {
        self.dialects = dialects
        dialectName = name
        self.steps = steps
        self.overrides = overrides
        self.kinds = kinds
        self.ownKinds = ownKinds
        let conditions =
            steps.flatMap(\.conditions) + (overrides + kinds).flatMap(\.conditions)
            + steps.flatMap(\.eventConditions)
        readsOperation = conditions.contains {
            if case .operationIs = $0.condition { true } else { false }
        }
    }
}

/// One row, or one group of event rows, and the conditions that values decide.
final class PlannedStep: Sendable {
    enum Place: Sendable {
        case attribute(Int)
        /// Classes of keys that the row's pattern matches.
        case attributes([Int32])
        case events([CompiledRow])
        case resource(String)
        case scopeName, spanName, spanDuration
    }

    let place: Place
    let row: CompiledRow
    let conditions: [OpenCondition]

    init(place: Place, row: CompiledRow, conditions: [OpenCondition]) {
        self.place = place
        self.row = row
        self.conditions = conditions
    }

    /// What event rows ask, which is not worked out in advance.
    var eventConditions: [OpenCondition] {
        if case .events(let rows) = place { rows.flatMap(\.conditions) } else { [] }
    }
}

/// One operation row and the conditions that values decide.
struct PlannedKind: Sendable {
    var conditions: [OpenCondition]
    var decision: KindRow.Decision
    /// The number of the key whose value decides, if one does.
    var key: Int
}

/// What conditions tell of a span's kind.
enum SpanKindClass: Int, Hashable, Sendable {
    case other, client, server

    init(_ kind: Int32) {
        switch kind {
        case 3, 4: self = .client
        case 2, 5: self = .server
        default: self = .other
        }
    }
}
