import TestSupport
import Compression
import Foundation
import Mending
import OTLP
import Readings
import SemanticConventions
import Testing

extension AdapterFixture {
    /// The spans as the collector mends them.
    func mended() throws -> TraceBatch {
        let rules = try Self.rules.get()
        var gatherer = TraceBatchGatherer(keys: rules.keyTable)
        let batch = batch
        try gatherer.add(spans: batch.spans.indices, of: batch)
        return Mender(rules: rules).mend(gatherer.finish(), identity: .named("ro-1/at-1")).batch
    }

    static let rules = Result { try RuleSet.builtIn() }
}

extension RunDocument {
    init(_ batch: TraceBatch) {
        self.init(batch, id: "ro-1/at-1", rolloutID: "ro-1", attemptID: "at-1")
    }

    func read(_ form: ReadingForm) throws -> JSONValue {
        try JSONValue(parsing: json(form), maximumDepth: 512)
    }
}

extension JSONValue {
    /// Equal where two JSON texts mean the same: members in the order of their names, and numbers
    /// as doubles.
    var meaning: JSONValue {
        switch self {
        case .int(let number): .double(Double(number))
        case .array(let elements): .array(elements.map(\.meaning))
        case .object(let members):
            .object(
                members.map { Member($0.name, $0.value.meaning) }.sorted { $0.name < $1.name })
        default: self
        }
    }
}
