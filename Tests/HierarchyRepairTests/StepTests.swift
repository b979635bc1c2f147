import HierarchyRepair
import OTLP
import Testing

/// What one row of a table says: a run, and the tree that it becomes.
struct Row: Sendable, CustomTestStringConvertible {
    var story: String
    var run: String
    var tree: String

    init(_ story: String, _ run: String, becomes tree: String) {
        self.story = story
        self.run = run
        self.tree = tree
    }

    var testDescription: String { story }
}

@Suite("Each step repairs what it is for")
struct StepTests {
    @Test(
        "Self-parents and cycles are cut",
        arguments: [
            Row("a span is its own parent", "a 0-10 ^a { b 1-2 }", becomes: "a:self_parent{b}"),
            Row(
                "the edge that time contradicts is cut", "a 0-100 ^c { b 10-90 { c 20-80 } }",
                becomes: "a:cycle{b{c}}"),
            Row(
                "where time is silent the first span becomes the root", "a 5-5 ^b b 5-5 ^a",
                becomes: cycleOfEquals()),
            Row(
                "a cycle beside a healthy tree", "r 0-50 { x 1-2 } a 0-9 ^b b 1-8 ^a",
                becomes: "r{a:cycle{b} x}"),
        ])
    func cycles(row: Row) { #expect(repaired(row.run) == row.tree) }

    @Test(
        "Orphans get a parent inside their trace",
        arguments: [
            Row(
                "spans that share a lost parent share a placeholder",
                "a 0-10 ^x b 20-30 ^x { c 21-22 }", becomes: "?{a:lost_parent b:lost_parent{c}}"),
            Row(
                "two lost parents make two placeholders",
                "a 0-10 ^x b 1-9 ^x c 20-30 ^y d 21-31 ^y",
                becomes: "?{a:lost_parent b:lost_parent} ?{c:lost_parent d:lost_parent}"),
            Row(
                "a single orphan hangs below what was open around it",
                "r 0-100 { s 10-50 } o 20-30 ^x", becomes: "r{s{o:lost_parent}}"),
            Row(
                "a single orphan between parallel spans hangs below what they share",
                "r 0-100 { s 10-50 t 15-60 } o 20-30 ^x", becomes: "r{s t o:lost_parent}"),
            Row(
                "never below a model call", "r 0-100 { m 10-50 model } o 20-30 ^x",
                becomes: "r{m o:lost_parent}"),
            Row(
                "a lost step below a surviving one", "r 0-100 o 20-30 ^x q 40-50 ^x",
                becomes: "r{?{o:lost_parent q:lost_parent}}"),
            Row(
                "a server's spans below the client's call",
                "r 0-100 { get 10-50 http client } o 20-30 p=srv ^x",
                becomes: "r{get{?{o:lost_parent}}}"),
            Row(
                "a server may go on after its client has left",
                "r 0-100 { get 10-50 http client } o 20-30 p=srv ^x q 55-56 p=srv ^x",
                becomes: "r{get{?{o:lost_parent q:lost_parent}}}"),
            Row(
                "a call whose server came is not taken twice",
                "r 0-100 { g 10-50 http client { srv 11-49 p=srv server remote } } o 20-30 p=srv ^x",
                becomes: "r{g{srv{o:lost_parent}}}"),
            Row(
                "an entry span is no loss", "a 0-10 server remote ^x { b 1-2 }", becomes: "a{b}"),
            Row(
                "two entry spans of one gateway stay roots",
                "a 0-10 server remote ^x b 20-30 server remote ^x", becomes: "a b"),
        ])
    func orphans(row: Row) { #expect(repaired(row.run) == row.tree) }

    @Test(
        "Separate traces are joined",
        arguments: [
            Row(
                "a thread's root below the agent that was open around it",
                "a 0-100 agent { m 1-2 model } x 10-20 t=b model y 15-30 t=c model",
                becomes: "a{m x:enclosing_span y:enclosing_span}"),
            Row(
                "what comes after the end stays a root", "a 0-100 agent reward 110-110 t=b",
                becomes: "a reward"),
            Row(
                "never below a model call", "a 0-100 { m 5-50 model } x 10-20 t=b",
                becomes: "a{m x:enclosing_span}"),
            Row(
                "pool workers run beside each other", "a 0-100 { s 0-1 } w1 10-90 t=b w2 20-30 t=c",
                becomes: "a{s w1:enclosing_span w2:enclosing_span}"),
            Row(
                "a worker that falls into a short span follows its burst",
                "a 0-100 { s 18-40 } w1 10-35 t=b w2 20-30 t=c w3 12-50 t=d",
                becomes: "a{w1:enclosing_span w3:enclosing_span s w2:enclosing_span}"),
            Row(
                "between parallel agents the nearest that they share",
                "r 0-100 { a 5-80 agent { i 6-7 } b 6-90 agent { j 7-8 } } x 20-30 t=b model",
                becomes: "r{a{i} b{j} x:enclosing_span}"),
            Row(
                "parallel roots that share nothing keep it apart",
                "a1 0-80 agent a2 6-90 t=c agent x 20-30 t=b model", becomes: "a1 a2 x"),
            Row(
                "workers below the step that started them",
                "r 0-100 { dispatch 1-5 collect 90-99 } w1 20-30 t=b p=w1 w2 40-60 t=c p=w2",
                becomes: "r{dispatch{w1:dispatch w2:dispatch} collect}"),
            Row(
                "a worker inside the step that is still open",
                "r 0-100 { pool 1-50 } w1 20-60 t=b p=w1", becomes: "r{pool{w1:dispatch}}"),
            Row(
                "a server's root below the only call of its time",
                "r 0-100 { g 10-50 http client } s 20-30 t=b p=srv server",
                becomes: "r{g{s:client_server}}"),
            Row(
                "a consumer below what it links to",
                "r 0-100 { send 10-11 } c 200-210 t=b p=w links=a/send",
                becomes: "r{send{c:linked_trace}}"),
            Row(
                "dispatched from the dispatched",
                "p 0-100 agent { m 1-2 model } w 10-90 t=b step { i 11-12 } x 20-30 t=c model",
                becomes: "p{m w:enclosing_span{i x:enclosing_span}}"),
        ])
    func traces(row: Row) { #expect(repaired(row.run) == row.tree) }

    @Test("A parent's id names it from another trace, too")
    func otherTrace() {
        #expect(
            repaired("r 0-100 { a 5-50 } x 10-20 t=b ^r y 30-40 t=c ^lost")
                == "r{a x:lost_parent} ?{y:lost_parent}")
    }

    @Test(
        "Steps that waited for their workers tell the clocks apart",
        arguments: [
            // It fits into the step 280 to 299 ms earlier.
            ("a worker ahead", 1_300, 1_380, ["about 289 ms ahead"]),
            ("a worker in time", 1_010, 1_090, []),
        ])
    func clocks(story: String, start: UInt64, end: UInt64, notes: [String]) {
        let span = { (id: UInt64, trace: UInt64, parent: UInt64, start: UInt64, end: UInt64) in
            var span = RepairSpan(
                key: SpanKey(traceID: TraceID(high: 1, low: trace), spanID: SpanID(word: id)))
            span.parentSpanID = SpanID(word: parent)
            span.start = start * 1_000_000
            span.end = end * 1_000_000
            span.kind = 1
            span.flags = 0x100
            span.process = UInt32(trace)
            span.service = 1
            span.nameShape = id
            return span
        }
        let tree = RepairedTree(
            repairing: [
                span(1, 1, 0, 1_000, 5_000), span(2, 1, 1, 1_001, 1_100),
                span(3, 2, 0, start, end),
            ], identity: StableHash("run"))
        #expect(tree.nodes.first { $0.key.spanID == SpanID(word: 3) }?.parentSpanID.word == 2)
        #expect(tree.notes.count == notes.count)
        for (told, expected) in zip(tree.notes, notes) { #expect(told.contains(expected)) }
    }

    @Test(
        "Model calls move below the step that was open around them",
        arguments: [
            Row(
                "flat calls of another library",
                "r 0-100 { s1 5-40 step s2 50-90 step m1 10-20 model s=sdk m2 60-70 model s=sdk }",
                becomes: "r{s1{m1:enclosing_step} s2{m2:enclosing_step}}"),
            Row(
                "calls of the same library stay", "r 0-100 { s 5-40 step m 10-20 model }",
                becomes: "r{s m}"),
            Row(
                "between parallel steps a call stays",
                "r 0-100 { s1 5-40 step s2 6-50 step m 10-20 model s=sdk }",
                becomes: "r{s1 s2 m}"),
            Row(
                "libraries that share their context are believed",
                "r 0-100 { s1 5-40 step { m1 6-7 model s=sdk } m2 10-20 model s=sdk }",
                becomes: "r{s1{m1} m2}"),
            Row(
                "not below a step of another process",
                "r 0-100 { s1 5-40 step p=w m 10-20 model s=sdk }", becomes: "r{s1 m}"),
            Row(
                "not below a step of another thread",
                "r 0-100 { s1 5-40 step th=2 m 10-20 model s=sdk th=1 }", becomes: "r{s1 m}"),
            Row(
                "below the step of its own thread",
                "r 0-100 { s1 5-40 step th=1 s2 6-50 step th=2 m 10-20 model s=sdk th=1 }",
                becomes: "r{s1{m:enclosing_step} s2}"),
            Row(
                "below an agent that did nothing else",
                "r 0-100 { s 5-40 agent m 5-40 model s=sdk }",
                becomes: "r{s{m:enclosing_step}}"),
            Row(
                "equal times without length tell nothing",
                "r 0-100 { s 5-5 agent m 5-5 model s=sdk }", becomes: "r{s m}"),
            Row(
                "where no scope is told, below an agent",
                "r 0-100 s=? { a 5-40 agent m 10-20 model }", becomes: "r{a{m:enclosing_step}}"),
            Row(
                "where no scope is told, not below a step",
                "r 0-100 s=? { s 5-40 step m 10-20 model }", becomes: "r{s m}"),
            Row(
                "where no scope is told, agents whose calls nest are believed",
                "r 0-100 s=? { a 5-40 agent { m1 6-7 model } m2 10-20 model }",
                becomes: "r{a{m1} m2}"),
            Row(
                "where no scope is told, between parallel agents a call stays",
                "r 0-100 s=? { a 5-40 agent b 6-50 agent m 10-20 model }", becomes: "r{a b m}"),
        ])
    func modelCalls(row: Row) { #expect(repaired(row.run) == row.tree) }

    @Test(
        "Twins of one model call are told",
        arguments: [
            Row(
                "nested: the inner one counts",
                "r 0-100 { a 1-50 model s=x r=1 u { b 2-49 model s=y r=1 u } }",
                becomes: "r{a=b{b}}"),
            Row(
                "nested: the one with usage counts",
                "r 0-100 { a 1-50 model s=x r=1 u { b 2-49 model s=y r=1 } }", becomes: "r{a{b=a}}"),
            Row(
                "siblings: the shorter counts",
                "r 0-100 { a 1-50 model s=x r=1 u b 2-49 model s=y r=1 u }", becomes: "r{a=b b}"),
            Row(
                "different responses are different calls",
                "r 0-100 { a 1-50 model s=x r=1 u { b 2-49 model s=y r=2 u } }", becomes: "r{a{b}}"),
            Row(
                "nested without a response id: the inner one counts",
                "r 0-100 { a 1-50 model s=x { b 2-49 model s=y } }", becomes: "r{a=b{b}}"),
            Row(
                "nested, only the outer one tells usage",
                "r 0-100 { a 1-50 model s=x r=1 u { b 2-49 model s=y } }", becomes: "r{a{b=a}}"),
            Row(
                "two calls inside one are calls of their own",
                "r 0-100 { a 1-50 model s=x { b 2-9 model s=y c 10-49 model s=y } }",
                becomes: "r{a{b c}}"),
            Row(
                "one library tells each call once",
                "r 0-100 { a 1-50 model r=1 u b 2-49 model r=1 u }", becomes: "r{a b}"),
        ])
    func twins(row: Row) { #expect(repaired(row.run) == row.tree) }
}

/// Of two equal spans the one with the smaller id is the first.
private func cycleOfEquals() -> String {
    TreeNotation.id(of: "a") < TreeNotation.id(of: "b") ? "a:cycle{b}" : "b:cycle{a}"
}
