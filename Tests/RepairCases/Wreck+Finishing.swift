import OTLP

extension Wreck {
    mutating func finish(name: String, _ damage: DamageKind, seed: UInt64) -> RepairCase {
        var batch = scene.batch
        let traces = traceIDs()
        for span in 0..<scene.count { write(span, trace: traces[span], to: &batch) }
        var keys = batch.spans.map(\.key)
        for (span, thread) in poolThread.sorted(by: { $0.key < $1.key })
        where scene.thread[span] != 0 { tell(thread: thread, of: span, in: &batch) }
        let truths = truths(keys, batch)
        for span in copies where !isGone[span] { appendCopy(of: span, to: &batch) }
        keys = batch.spans.map(\.key)
        batch.arrangeSpans(
            batch.spans.indices.filter { $0 >= scene.count || !isGone[$0] }
                .shuffled(using: &random))
        return RepairCase(
            program: name, damage: damage, seed: seed, batch: batch, truths: truths)
    }

    /// A trace goes as far as its context did.
    private mutating func traceIDs() -> [TraceID] {
        var traces = scene.batch.spans.map(\.traceID)
        for span in 0..<scene.count where isCut[span] {
            let own = TraceID(high: random.next() | 1, low: random.next() | 1)
            traces[span] = own
        }
        var isSettled = [Bool](repeating: false, count: scene.count)
        for span in 0..<scene.count {
            var path: [Int] = []
            var node = span
            while !isSettled[node] {
                path.append(node)
                if isCut[node] || scene.parent[node] < 0 { break }
                node = scene.parent[node]
            }
            let trace = traces[node]
            for place in path {
                traces[place] = trace
                isSettled[place] = true
            }
        }
        return traces
    }

    private func write(_ span: Int, trace: TraceID, to batch: inout TraceBatch) {
        batch.spans[span].traceID = trace
        if isCut[span] {
            batch.spans[span].parentSpanID = .invalid
            batch.spans[span].flags &= ~0x200
        } else if let reported = reported[span] {
            batch.spans[span].parentSpanID = batch.spans[reported].spanID
        }
        let shift = offset[scene.process[span]] ?? 0
        batch.spans[span].startTimeUnixNano = UInt64(Int64(times[span].start) + shift)
        batch.spans[span].endTimeUnixNano = UInt64(Int64(times[span].end) + shift)
    }

    private func tell(thread: Int, of span: Int, in batch: inout TraceBatch) {
        batch.spans[span].attributes = batch.set(
            "thread.id", .int(Int64(thread)), in: batch.spans[span].attributes)
    }

    private mutating func appendCopy(of span: Int, to batch: inout TraceBatch) {
        var copy = batch.spans[span]
        if random.chance(0.6) {
            copy.endTimeUnixNano = copy.startTimeUnixNano
            let told = batch.attributes(copy.attributes)
            copy.attributes = batch.append(attributes: Array(told.prefix(told.count / 2)))
        }
        batch.spans.append(copy)
    }

    /// The nearest ancestor that was exported.
    func survivingParent(of span: Int) -> Int {
        var above = scene.parent[span]
        while above >= 0 && isGone[above] { above = scene.parent[above] }
        return above
    }

    private func truths(_ keys: [SpanKey], _ batch: TraceBatch) -> [SpanKey: RepairCase.Truth] {
        let decision = Decision(self)
        var orphans: [Int: Int] = [:]
        for span in 0..<scene.count where isOrphan(span) {
            orphans[scene.parent[span], default: 0] += 1
        }
        var truths: [SpanKey: RepairCase.Truth] = [:]
        for span in 0..<scene.count where !isGone[span] {
            var ancestors: Set<SpanKey> = []
            let above = survivingParent(of: span)
            var node = above
            while node >= 0 {
                ancestors.insert(keys[node])
                node = survivingParent(of: node)
            }
            let lost = isOrphan(span) ? scene.parent[span] : -1
            truths[keys[span]] = RepairCase.Truth(
                parent: above >= 0 ? keys[above] : nil, ancestors: ancestors, damage: kind[span],
                isDecided: kind[span] == nil || decision.isDecided(span),
                lostGroup: (orphans[lost] ?? 0) > 1 ? lost : nil,
                copies: 1 + copies.count { $0 == span },
                attributes: Int(batch.spans[span].attributes.count), call: call(of: span))
        }
        return truths
    }

    private func isOrphan(_ span: Int) -> Bool {
        let above = scene.parent[span]
        return !isGone[span] && !isCut[span] && reported[span] == nil && above >= 0
            && isGone[above]
    }

    /// Twins by the outer span; nil where the call has one span or was tried again.
    private func call(of span: Int) -> Int? {
        guard scene.role[span] == .model else { return nil }
        let inner = children[span].filter { scene.role[$0] == .model && !isGone[$0] }
        if inner.count == 1 { return span }
        let above = scene.parent[span]
        guard above >= 0, scene.role[above] == .model, !isGone[above] else { return nil }
        return children[above].filter { scene.role[$0] == .model && !isGone[$0] }.count == 1
            ? above : nil
    }
}
