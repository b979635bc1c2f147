import TestSupport
import Inbox
import OTLP
import Testing

@Suite("Which runs a request changes, and what they are mended of")
struct RunTrackingTests {
    @Test func `A trace that names nothing is its own run`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let first = try await inbox.append(request(span(1)), at: 5)
                let second = try await inbox.append(request(span(2), span(3, in: 2)), at: 9)
                #expect(try await inbox.dirty == [1, 2].map { RunKey.trace(low: $0).id })
                #expect(try await inbox.sources(.trace(low: 1)) == [first, second])
                #expect(try await inbox.sources(.trace(low: 2)) == [second])
                #expect(try await inbox.sources(.trace(low: 3)) == nil)
                let run = try #require(try await inbox.reader.run(.trace(low: 1)))
                #expect(run.firstReceivedUnixNano == 5)
                #expect(run.lastReceivedUnixNano == 9)
                #expect(run.lastRequest == second)
            }
        }
    }

    @Test func `A trace becomes an alias when one run is named, whichever comes first`()
        async throws
    {
        for pairFirst in [true, false] {
            try await withScratch { scratch in
                let sketches = [request(span(1)), request(span(2, under: 1, of: "r", "a"))]
                try await scratch.open { inbox in
                    for (place, sketch) in (pairFirst ? sketches.reversed() : sketches).enumerated()
                    {
                        _ = try await inbox.append(sketch, at: Int64(place + 1))
                    }
                }
                try await scratch.open { inbox in
                    #expect(try await inbox.dirty == ["r/a"])
                    #expect(try await inbox.sources(.of("r", "a")) == [1, 2])
                    #expect(try await inbox.sources(.trace(low: 1)) == [1, 2])
                    let run = try #require(try await inbox.reader.run(.trace(low: 1)))
                    #expect(run.key == .of("r", "a"))
                    #expect(run.firstReceivedUnixNano == 1)
                    #expect(run.lastReceivedUnixNano == 2)
                    #expect(try await inbox.reader.runs(limit: 9).map(\.key.id) == ["r/a"])
                }
            }
        }
    }

    @Test func `One request that names the run of a trace beside unnamed spans`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1), span(2, of: "r", "a"), span(3, in: 2)))
                #expect(try await inbox.dirty == [RunKey.trace(low: 2).id, "r/a"])
                try await inbox.mendAll()
                #expect(inbox.counts.undeliveredRequests == 1)
                try await inbox.deliverAll(to: "archive")
                #expect(inbox.counts.undeliveredRequests == 0)
            }
        }
    }

    @Test func `A trace all of whose spans name one run finds that run`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1, of: "r", "a")))
                #expect(try await inbox.reader.run(.trace(low: 1))?.key == .of("r", "a"))
                _ = try await inbox.append(request(span(2, of: "r", "b")))
                #expect(try await inbox.reader.run(.trace(low: 1)) == nil)
            }
        }
    }

    @Test func `A trace that a second run names is a run again, and all of it is dirty`()
        async throws
    {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1), span(2, of: "r", "a")))
                _ = try await inbox.append(request(span(8, in: 8, of: "r", "a")))
                try await inbox.mendAll()
                #expect(try await inbox.dirty == [])
                _ = try await inbox.append(request(span(3, of: "r", "b")))
                let trace = RunKey.trace(low: 1).id
                #expect(try await inbox.dirty == [trace, "r/a", "r/b"])
                // The second request holds nothing of the shared trace.
                #expect(try await inbox.sources(.of("r", "b")) == [1, 3])
                #expect(try await inbox.sources(.of("r", "a")) == [1, 2, 3])
                #expect(try await inbox.sources(.trace(low: 1)) == [1, 3])
                try await inbox.mendAll()
                // Any span of the shared trace may move the ones that name nothing.
                _ = try await inbox.append(request(span(4, under: 1, of: "r", "b")))
                #expect(try await inbox.dirty == [trace, "r/a", "r/b"])
                try await inbox.mendAll()
                // A span elsewhere does not.
                _ = try await inbox.append(request(span(9, in: 8, of: "r", "a")))
                #expect(try await inbox.dirty == ["r/a"])
            }
        }
    }

    @Test func `Runs that share a trace without unnamed spans leave each other alone`()
        async throws
    {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1, of: "r", "a")))
                try await inbox.mendAll()
                _ = try await inbox.append(request(span(2, of: "r", "b")))
                #expect(try await inbox.dirty == ["r/b"])
                #expect(try await inbox.sources(.of("r", "b")) == [2])
                try await inbox.mendAll()
                // The first span without a name changes that.
                _ = try await inbox.append(request(span(3, under: 1)))
                #expect(try await inbox.dirty == [RunKey.trace(low: 1).id, "r/a", "r/b"])
                #expect(try await inbox.sources(.of("r", "b")) == [1, 2, 3])
            }
        }
    }

    @Test func `An invalid trace id makes no aliases`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1, in: 0), span(2, in: 0, of: "r", "a")))
                #expect(try await inbox.dirty == [RunKey.trace(low: 0).id, "r/a"])
            }
        }
    }

    /// What a run is mended of has to give the same spans as everything there is.
    @Test("The sources of a run give all of its spans", arguments: 1...60)
    func law(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let sketches = (0..<12).map { _ in
            let spans = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                let id = UInt64.random(in: 1...40, using: &random)
                let parent = UInt64.random(in: 0...40, using: &random)
                let trace = UInt64.random(in: 1...4, using: &random)
                let attempt = ["a", "b", nil, nil, nil].randomElement(using: &random) ?? nil
                guard let attempt else { return span(id, under: parent, in: trace) }
                return span(id, under: parent, in: trace, of: "r", attempt)
            }
            return RequestSketch(spans: spans)
        }
        let requests = sketches.map { RunAssignment.Request(batch: $0.batch, context: .none) }
        try await withScratch { scratch in
            try await scratch.open { inbox in
                var before: [RunKey: [[Int]]] = [:]
                for count in 1...requests.count {
                    _ = try await inbox.append(sketches[count - 1])
                    let all = RunAssignment(Array(requests.prefix(count)), runKeyAttributes: [])
                    let dirty = try await inbox.dirty
                    for run in Set(all.runs).union(before.keys) {
                        let spans = all.spans(of: run)
                        let old = before[run] ?? []
                        if spans.map(\.count) != old.map(\.count) + [0] {
                            let row = try await inbox.reader.run(run)?.key ?? run
                            #expect(dirty.contains(row.id), "seed \(seed), \(run) at \(count)")
                        }
                        guard let ids = try await inbox.sources(run), !spans.allSatisfy(\.isEmpty)
                        else { continue }
                        let part = RunAssignment(
                            ids.map { requests[Int($0) - 1] }, runKeyAttributes: [])
                        let found = zip(ids, part.spans(of: run)).filter { !$0.1.isEmpty }
                        let expected = spans.enumerated().filter { !$0.element.isEmpty }
                        #expect(found.map(\.0) == expected.map { Int64($0.offset) + 1 })
                        #expect(found.map(\.1) == expected.map(\.element), "seed \(seed), \(run)")
                    }
                    before = Dictionary(
                        uniqueKeysWithValues: all.runs.map { ($0, all.spans(of: $0)) })
                    try await inbox.mendAll()
                    #expect(try await inbox.dirty == [])
                }
                #expect(inbox.counts.undeliveredRequests == requests.count)
                try await inbox.deliverAll(to: "archive")
                #expect(inbox.counts.undeliveredRequests == 0, "seed \(seed)")
                #expect(inbox.counts.undeliveredBytes == 0)
                #expect(inbox.counts.oldestUndeliveredUnixNano == nil)
            }
        }
    }
}
