import Inbox
public import Mending
public import OTLP
import SemanticConventions

/// Mends export requests without a collector, by the collector's rules for runs.
public struct OfflineMending: Sendable {
    /// One run and what became of it.
    public struct Run: Sendable {
        public var id: String
        public var mended: MendedRun
    }

    private let mender: Mender
    /// Decode with these, so that the rules find their keys.
    public let keys: KeyTable

    /// - Parameter rulesDirectory: dialect tables that are read on top of the built-in ones.
    public init(rulesDirectory: String? = nil) throws {
        let rules = try RuleSet.forCollector(directory: rulesDirectory)
        keys = rules.keyTable
        mender = Mender(rules: rules)
    }

    /// Mends the runs that the requests feed, in the order of their first spans.
    /// - Parameter asOneRun: all spans are one run, whatever ids they carry.
    /// - Throws: `CapacityError` for a run of more than 2 GiB.
    public func mend(_ batches: [TraceBatch], asOneRun: Bool) throws(CapacityError) -> [Run] {
        try runs(of: batches, asOneRun: asOneRun).map { id, identity, batch in
            var batch = batch
            let waiting = batch.attachEvents()
            var mended = mender.mend(batch, identity: identity)
            if waiting > 0 {
                mended.notes.append("\(waiting) log records with GenAI content have no span here")
            }
            return Run(id: id, mended: mended)
        }
    }

    private func runs(
        of batches: [TraceBatch], asOneRun: Bool
    ) throws(CapacityError) -> [(id: String, identity: RunIdentity, batch: TraceBatch)] {
        var sanitized = batches
        for index in sanitized.indices { _ = sanitized[index].sanitizeIDs() }
        if asOneRun {
            var gatherer = TraceBatchGatherer(keys: keys)
            for batch in sanitized { try gatherer.add(spans: batch.spans.indices, of: batch) }
            return [("one-run", .named("one-run"), gatherer.finish())]
        }
        let requests = sanitized.map { RunAssignment.Request(batch: $0, context: .none) }
        let assignment = RunAssignment(requests, runKeyAttributes: [])
        var runs: [(id: String, identity: RunIdentity, batch: TraceBatch)] = []
        for key in assignment.runs {
            var gatherer = TraceBatchGatherer(keys: keys)
            for (request, spans) in zip(requests, assignment.spans(of: key)) {
                try gatherer.add(spans: spans, of: request.batch)
            }
            runs.append((key.id, key.identity, gatherer.finish()))
        }
        return runs
    }

    /// Why a span stands where it stands, in each run that has a span of this id.
    ///
    /// - Parameter span: the span id as reported.
    /// - Throws: `CapacityError` for a run of more than 2 GiB.
    public func explain(
        _ span: SpanID, in batches: [TraceBatch], asOneRun: Bool
    ) throws(CapacityError) -> [RepairExplanation] {
        var explanations: [RepairExplanation] = []
        for (_, identity, gathered) in try runs(of: batches, asOneRun: asOneRun) {
            var batch = gathered
            _ = batch.attachEvents()
            let keys = Set(batch.spans.lazy.filter { $0.spanID == span }.map(\.key)).sorted()
            explanations += keys.compactMap {
                mender.explain($0, in: batch, identity: identity)
            }
        }
        return explanations
    }

    /// The mended spans of several runs as one request.
    public func joined(_ runs: [Run]) throws(CapacityError) -> TraceBatch {
        var gatherer = TraceBatchGatherer(keys: keys)
        for run in runs {
            try gatherer.add(spans: run.mended.batch.spans.indices, of: run.mended.batch)
        }
        return gatherer.finish()
    }
}

/// What is wrong with a folder of dialect tables, one sentence a mistake; none where all is right.
/// - Throws: where the folder cannot be read.
public func problemsOfRules(inDirectory directory: String) throws -> [String] {
    try RuleSet.problems(inDirectory: directory).map(\.description)
}

extension RuleSet {
    /// The built-in rules, and those of a folder on top.
    static func forCollector(directory: String?) throws -> RuleSet {
        guard let directory else { return try .builtIn() }
        return try RuleSet(directories: [directory])
    }
}

extension RunKey {
    /// What made-up ids of the run are derived from.
    var identity: RunIdentity {
        if case .trace(let trace) = self { .trace(trace) } else { .named(id) }
    }
}
