public import OTLP

/// Which runs a request feeds: what the Inbox writes down beside the body.
public struct RequestFeeds: Hashable, Sendable {
    /// Spans of one trace that name the same run, or none.
    public struct Feed: Hashable, Sendable {
        public var traceID: TraceID
        /// The run that the spans name; nil where they name none.
        public var run: RunKey?
        /// How many spans; 0 for log records.
        public var spans: Int

        public init(traceID: TraceID, run: RunKey?, spans: Int) {
            self.traceID = traceID
            self.run = run
            self.spans = spans
        }
    }

    /// Each trace and run once, in the order of their first spans.
    public var feeds: [Feed]

    /// For requests whose feeds are known otherwise.
    public init(_ feeds: [Feed] = []) {
        self.feeds = feeds
    }

    /// The feeds of a decoded request; log records come as `LogBatch.spanEvents(where:)` makes them.
    /// - Parameter runKeyAttributes: the attributes of `run.key`; empty turns that rule off.
    /// - Complexity: linear in spans and their attributes.
    public init(_ batch: TraceBatch, context: RequestContext, runKeyAttributes: [String]) {
        var names = NamedRuns(batch, context: context, runKeyAttributes: runKeyAttributes)
        var places: [Place: Int] = [:]
        var feeds: [Feed] = []
        for span in batch.spans {
            let run = names.run(of: span)
            let place = Place(traceID: span.traceID, run: run)
            if let known = places[place] {
                feeds[known].spans += span.isEventCarrier ? 0 : 1
            } else {
                places[place] = feeds.count
                feeds.append(
                    Feed(
                        traceID: span.traceID, run: run, spans: span.isEventCarrier ? 0 : 1))
            }
        }
        self.init(feeds)
    }

    private struct Place: Hashable {
        var traceID: TraceID
        var run: RunKey?
    }
}
