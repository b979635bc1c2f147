public import OTLP

/// The line above a tree: the run, its spans and traces, and how long it took.
public struct RunHeader: Sendable {
    private let id: String
    private let spans: Int
    private let reportedTraces: Int
    private let duration: Duration?

    public init(id: String, batch: TraceBatch) {
        self.id = id
        spans = batch.spans.count
        var traces: Set<String> = []
        var start = UInt64.max
        var end: UInt64 = 0
        for span in batch.spans {
            let reported = batch.value("tracemend.reported.trace_id", in: span.attributes)
            traces.insert(reported?.stringValue ?? span.traceID.description)
            if span.startTimeUnixNano != 0 { start = min(start, span.startTimeUnixNano) }
            end = max(end, span.endTimeUnixNano)
        }
        reportedTraces = traces.count
        duration = start < end ? .nanoseconds(Int64(clamping: end - start)) : nil
    }

    public func text(_ isColoured: Bool) -> String {
        var facts = ["\(spans) span" + (spans == 1 ? "" : "s")]
        if reportedTraces > 1 { facts.append("joined from \(reportedTraces) traces") }
        if let duration { facts.append("\((duration.milliseconds / 10).rounded() / 100) s") }
        return id.printable(limit: 200).styled(.bold, isColoured)
            + "  " + facts.joined(separator: ", ") + "\n"
    }
}
