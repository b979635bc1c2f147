import HierarchyRepair
public import OTLP
public import SemanticConventions

/// Makes one correct tree of the spans of one run: undo, mask, normalise, repair, annotate.
///
/// Pure: no I/O, no clock, no randomness. The result depends on the spans, not on the order in
/// which they came, and mending a mended run changes nothing. Bad data gives a note, never an error.
public struct Mender: Sendable {
    private let normalizer: Normalizer
    private let mask: CredentialMask
    private let maximumRepairedSpans: Int
    private let minimumConfidence: Double

    /// - Parameters:
    ///   - originals: what becomes of attributes that others tell in full.
    ///   - credentials: the names of what is masked.
    ///   - maximumRepairedSpans: how many spans a run may have and still be repaired. A run beyond
    ///     it is a program that never ends or an attack; it is kept and normalised, and told in a
    ///     note.
    ///   - minimumConfidence: 0…1; spans whose place is less sure do not move.
    public init(
        rules: RuleSet, originals: Originals = .keep, credentials: CredentialNames = .init(),
        maximumRepairedSpans: Int = 200_000, minimumConfidence: Double = 0
    ) {
        normalizer = Normalizer(rules: rules, originals: originals)
        mask = CredentialMask(credentials)
        rulesVersion = rules.version + credentials.versionSuffix + originals.versionSuffix
        self.maximumRepairedSpans = maximumRepairedSpans
        self.minimumConfidence = minimumConfidence
    }

    /// Equal exactly where mending a run gives the same attributes: the version of the rules, and
    /// what else was told of originals and credentials.
    public let rulesVersion: String

    /// Mends a run.
    ///
    /// - Parameters:
    ///   - run: all spans of the run so far, mended before or not.
    ///   - identity: what the ids that are made up are derived from.
    ///   - pins: what must stay as it is since it was delivered already.
    /// - Complexity: O(n log n) in the spans.
    public func mend(
        _ run: TraceBatch, identity: RunIdentity, pins: Pins = .none
    ) -> MendedRun {
        let batch = normalized(run)
        guard batch.spans.count <= maximumRepairedSpans else {
            return unrepaired(batch)
        }
        let tree = repairedTree(of: batch, identity, pins, explaining: nil)
        var marks = RepairMarks(consume batch)
        let (mended, spans) = marks.write(tree)
        return MendedRun(batch: mended, spans: spans, notes: tree.notes)
    }

    /// Says how the place of one span was chosen: its candidates and what counts for and against
    /// each.
    ///
    /// - Parameter span: the reported trace and span id.
    /// - Returns: nil where no such span is in the run.
    public func explain(
        _ span: SpanKey, in run: TraceBatch, identity: RunIdentity, pins: Pins = .none
    ) -> RepairExplanation? {
        let batch = normalized(run)
        guard batch.spans.count <= maximumRepairedSpans,
            batch.spans.contains(where: { $0.key == span })
        else { return nil }
        let tree = repairedTree(of: batch, identity, pins, explaining: span)
        return RepairExplanation(of: span, in: tree, batch)
    }

    private func normalized(_ run: TraceBatch) -> TraceBatch {
        var batch = run
        batch.undoMending()
        normalizer.restoreOriginals(&batch)
        batch.dropIdenticalCopies()
        mask.apply(to: &batch)
        normalizer.normalize(&batch)
        return batch
    }

    private func repairedTree(
        of batch: TraceBatch, _ identity: RunIdentity, _ pins: Pins, explaining: SpanKey?
    ) -> RepairedTree {
        RepairedTree(
            repairing: RepairFacts.spans(of: batch, pins: pins), identity: identity.hash,
            absentPins: absentPins(pins, in: batch), minimumConfidence: minimumConfidence,
            explaining: explaining,
            texts: { RepairTexts.of($0, in: batch) })
    }

    private func absentPins(_ pins: Pins, in batch: TraceBatch) -> [SpanKey: RepairPin] {
        guard !pins.spans.isEmpty else { return [:] }
        var absent = pins.spans
        for span in batch.spans { absent[span.key] = nil }
        return absent.mapValues(RepairPin.init)
    }

    private func unrepaired(_ batch: TraceBatch) -> MendedRun {
        var batch = batch
        let order = batch.spans.indices.sorted { left, right in
            let (a, b) = (batch.spans[left], batch.spans[right])
            return (a.startTimeUnixNano, a.traceID, a.spanID)
                < (b.startTimeUnixNano, b.traceID, b.spanID)
        }
        batch.arrangeSpans(order)
        let spans = batch.spans.enumerated().map { index, span in
            MendedSpan(
                reported: span.key, reportedParentSpanID: span.parentSpanID, sequence: index)
        }
        return MendedRun(
            batch: batch, spans: spans,
            notes: [
                "the run has \(batch.spans.count) spans, more than \(maximumRepairedSpans); "
                    + "its tree was not repaired"
            ])
    }
}

extension Originals {
    fileprivate var versionSuffix: String { self == .keep ? "" : "-\(rawValue)" }
}

extension CredentialNames {
    fileprivate var versionSuffix: String {
        guard hasPatterns else { return "" }
        var hash = StableHash()
        for pattern in patterns {
            hash.combine(UInt64(pattern.count))
            hash.combine(bytes: pattern)
        }
        return "-" + String(hash.value, radix: 16)
    }
}
