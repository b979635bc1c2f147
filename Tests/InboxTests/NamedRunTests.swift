import Inbox
import OTLP
import Testing

@Suite("What a span names as its run")
struct NamedRunTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var own: [KeyValue] = []
        var path: [String?] = [nil, nil]
        var headers: [String?] = [nil, nil]
        var resource: [KeyValue] = []
        var runKey: [String] = []
        var run: RunKey?

        init(
            _ name: String, own: [KeyValue] = [], path: [String?] = [nil, nil],
            headers: [String?] = [nil, nil], resource: [KeyValue] = [], runKey: [String] = [],
            is run: RunKey?
        ) {
            testDescription = name
            self.own = own
            self.path = path
            self.headers = headers
            self.resource = resource
            self.runKey = runKey
            self.run = run
        }
    }

    static let long = String(repeating: "x", count: 1025)

    static let cases: [Case] = [
        Case("nothing names it", is: nil),
        Case("span attributes", own: [.rollout("r"), .attempt("a")], is: .of("r", "a")),
        Case("URL path", path: ["r", "a"], is: .of("r", "a")),
        Case("request headers", headers: ["r", "a"], is: .of("r", "a")),
        Case("resource", resource: [.rollout("r"), .attempt("a")], is: .of("r", "a")),
        Case(
            "LiteLLM's recorded headers, as Python prints them",
            own: [.litellm("{'x-rollout-id': 'r', 'X-Attempt-Id': 'a', 'x-sequence-id': '3'}")],
            is: .of("r", "a")),
        Case(
            "LiteLLM's recorded headers, as JSON",
            own: [.litellm(#"{"x-rollout-id":"r\u00e9","x-attempt-id":"a\ud83d\ude00"}"#)],
            is: .of("ré", "a😀")),
        Case(
            "a quote inside a Python string",
            own: [.litellm(#"{'x-rollout-id': "it's", 'x-attempt-id': 'a\'\x41\\'}"#)],
            is: .of("it's", #"a'A\"#)),
        Case(
            "bare words in a dictionary",
            own: [.litellm("{'n': None, 'x-rollout-id': 12, 'x-attempt-id': 'a', }")],
            is: .of("12", "a")),
        Case("None is absent", own: [.litellm("{'x-rollout-id': None}")], is: nil),
        Case("a dictionary that is cut off", own: [.litellm("{'x-rollout-id': 'r")], is: nil),
        Case("a nested dictionary", own: [.litellm("{'x-rollout-id': {'a': 'b'}}")], is: nil),
        Case("no dictionary", own: [.litellm("x-rollout-id")], is: nil),
        Case("text after a dictionary", own: [.litellm("{'x-rollout-id': 'r'} x")], is: nil),
        Case("an escape that is cut off", own: [.litellm(#"{'x-rollout-id': '\u12"#)], is: nil),
        Case(
            "half a surrogate pair", own: [.litellm(#"{'x-rollout-id': '\ud800\u0041'}"#)],
            is: .rollout("\u{FFFD}A")),
        Case("numbers as ids", own: [.rollout(7), .attempt(-1)], is: .of("7", "-1")),
        Case("other kinds are absent", own: [.rollout(true), .attempt(1.5)], is: nil),
        Case(
            "where a key repeats the last one counts",
            own: [.rollout("x"), .attempt("a"), .rollout("r")], is: .of("r", "a")),
        Case("an id that is too long", own: [.rollout(.string(long))], is: nil),

        Case(
            "the span wins over the path", own: [.rollout("r"), .attempt("a")], path: ["p", "q"],
            is: .of("r", "a")),
        Case(
            "the path wins over headers", path: ["r", "a"], headers: ["h", "i"], is: .of("r", "a")),
        Case(
            "headers win over the resource", headers: ["r", "a"],
            resource: [.rollout("s"), .attempt("t")], is: .of("r", "a")),
        Case(
            "the resource wins over LiteLLM",
            own: [.litellm("{'x-rollout-id': 'l', 'x-attempt-id': 'm'}")],
            resource: [.rollout("r"), .attempt("a")], is: .of("r", "a")),
        Case(
            "a pair is never put together from two sources", own: [.rollout("r")],
            path: [nil, "a"], is: .rollout("r")),
        Case(
            "a complete pair wins over half a pair before it", own: [.rollout("x")],
            resource: [.rollout("r"), .attempt("a")], is: .of("r", "a")),
        Case(
            "empty strings are absent", own: [.rollout(""), .attempt("")], path: ["", ""],
            headers: ["r", "a"], is: .of("r", "a")),
        Case("an empty attempt", own: [.rollout("r"), .attempt("")], is: .rollout("r")),
        Case("an attempt alone names nothing", own: [.attempt("a")], is: nil),
        Case(
            "the first rollout alone", path: ["p", nil], headers: ["h", nil], is: .rollout("p")),
        Case(
            "a rollout wins over run.key", own: [KeyValue("session.id", "s")],
            resource: [.rollout("r")], runKey: ["session.id"], is: .rollout("r")),

        Case(
            "run.key on the span", own: [KeyValue("session.id", "s")], runKey: ["session.id"],
            is: .keyed([RunKey.Pair("session.id", "s")])),
        Case(
            "run.key of span and resource together", own: [KeyValue("b", 2)],
            resource: [KeyValue("a", "1"), KeyValue("b", "x")], runKey: ["a", "b"],
            is: .keyed([RunKey.Pair("a", "1"), RunKey.Pair("b", "2")])),
        Case(
            "run.key needs all of its attributes", own: [KeyValue("a", "1")],
            resource: [KeyValue("b", "")], runKey: ["a", "b"], is: nil),
        Case("run.key is off", own: [KeyValue("session.id", "s")], is: nil),
    ]

    @Test("A run is named by", arguments: cases)
    func name(_ row: Case) {
        let context = RequestContext(
            pathRollout: row.path[0], pathAttempt: row.path[1], headerRollout: row.headers[0],
            headerAttempt: row.headers[1])
        let sketch = RequestSketch(
            spans: [SpanSketch(trace: 1, id: 1, parent: 0, attributes: row.own)], context: context,
            resource: row.resource)
        let feeds = RequestFeeds(sketch.batch, context: context, runKeyAttributes: row.runKey)
        #expect(
            feeds.feeds == [.init(traceID: TraceID(high: 0, low: 1), run: row.run, spans: 1)])
        let assignment = RunAssignment(
            [.init(batch: sketch.batch, context: context)], runKeyAttributes: row.runKey)
        #expect(assignment.run(ofSpan: 0, inRequest: 0) == row.run ?? .trace(low: 1))
    }

    @Test func `Feeds count the spans of each trace and run once`() {
        let sketch = request(
            span(1), span(2, of: "r", "a"), span(3), span(4, in: 2), span(5, of: "r", "a"))
        let feeds = RequestFeeds(sketch.batch, context: .none, runKeyAttributes: [])
        let one = TraceID(high: 0, low: 1)
        #expect(
            feeds.feeds == [
                .init(traceID: one, run: nil, spans: 2),
                .init(traceID: one, run: .of("r", "a"), spans: 2),
                .init(traceID: TraceID(high: 0, low: 2), run: nil, spans: 1),
            ])
    }
}
