import Foundation
import Inbox
import OTLP
import Testing

@Suite("What is kept, and for how long")
struct RetentionTests {
    static func append(_ count: Int, to inbox: Inbox) async throws {
        for trace in 1...count {
            _ = try await inbox.append(request(span(1, in: UInt64(trace))), at: Int64(trace * 10))
        }
    }

    static func kept(_ inbox: Inbox) async throws -> [Int64] {
        var kept: [Int64] = []
        for id in Int64(1)...20 where try await inbox.reader.body(ofRequest: id) != nil {
            kept.append(id)
        }
        return kept
    }

    @Test func `Undelivered requests are never pruned`() async throws {
        try await withScratch(sinks: ["a", "b"]) { scratch in
            try await scratch.open { inbox in
                try await Self.append(4, to: inbox)
                try await inbox.mendAll(settled: true)
                try await inbox.deliverAll(to: "a")
                for trace in [2, 3] as [UInt64] {
                    try await inbox.delivered(
                        sink: "b", run: .trace(low: trace), revision: 1,
                        throughRequest: Int64(trace), isSettled: true)
                }
                try await inbox.park(sink: "b", run: .trace(low: 4), error: "400")
                let report = try await inbox.prune(
                    RetentionPolicy(keepNanoseconds: 0, keepBytes: 0), nowUnixNano: 1_000_000)
                #expect(try await Self.kept(inbox) == [1])
                #expect(report.requests == 3)
                #expect(report.bytes == 24)
                #expect(inbox.counts.bytes == 8)
                #expect(inbox.counts.requests == 1)
            }
        }
    }

    @Test func `Spans without a name in a shared trace are kept for every run that may hold them`()
        async throws
    {
        for unnamedFirst in [true, false] {
            try await withScratch { scratch in
                try await scratch.open { inbox in
                    let named = [
                        request(span(1, of: "r", "a")), request(span(2, of: "r", "b")),
                    ]
                    let unnamed = [request(span(3, under: 1))]
                    for sketch in unnamedFirst ? unnamed + named : named + unnamed {
                        _ = try await inbox.append(sketch, at: 1)
                    }
                    try await inbox.mendAll(settled: true)
                    // Only the run that holds the span has not been delivered.
                    for run in [RunKey.of("r", "b"), .trace(low: 1)] {
                        try await inbox.delivered(
                            sink: "archive", run: run, revision: 1, throughRequest: 3,
                            isSettled: true)
                    }
                    #expect(inbox.counts.undeliveredRequests == 3)
                }
                try await scratch.open { inbox in
                    #expect(inbox.counts.undeliveredRequests == 3)
                    _ = try await inbox.prune(
                        RetentionPolicy(keepNanoseconds: 0, keepBytes: 0), nowUnixNano: 1_000_000)
                    #expect(try await Self.kept(inbox) == [1, 2, 3])
                    try await inbox.deliverAll(to: "archive")
                    #expect(inbox.counts.undeliveredRequests == 0)
                }
            }
        }
    }

    @Test func `Over age, and over size the oldest first`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                try await Self.append(6, to: inbox)
                try await inbox.mendAll(settled: true)
                try await inbox.deliverAll(to: "archive")
                _ = try await inbox.prune(
                    RetentionPolicy(keepNanoseconds: 30), nowUnixNano: 50)
                #expect(try await Self.kept(inbox) == [2, 3, 4, 5, 6])
                _ = try await inbox.prune(RetentionPolicy(keepBytes: 20), nowUnixNano: 50)
                #expect(try await Self.kept(inbox) == [5, 6])
            }
        }
    }

    @Test func `A run that has not settled keeps its requests as long as the size allows`()
        async throws
    {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                try await Self.append(1, to: inbox)
                try await inbox.mendAll(settled: false)
                try await inbox.deliverAll(to: "archive")
                _ = try await inbox.prune(
                    RetentionPolicy(keepNanoseconds: 0), nowUnixNano: 1_000_000)
                #expect(try await Self.kept(inbox) == [1])
                _ = try await inbox.prune(RetentionPolicy(keepBytes: 0), nowUnixNano: 50)
                #expect(try await Self.kept(inbox) == [])
            }
        }
    }

    @Test func `Late spans find their run after its requests are gone`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1), span(2, of: "r", "a")))
                try await inbox.mendAll(settled: true)
                try await inbox.deliverAll(to: "archive")
                _ = try await inbox.prune(
                    RetentionPolicy(keepNanoseconds: 0), nowUnixNano: 1_000_000)
                let id = try await inbox.append(request(span(3)))
                #expect(try await inbox.dirty == ["r/a"])
                let sources = try #require(try await inbox.reader.sources(of: .trace(low: 1)))
                #expect(sources.run.prunedThrough == 1)
                #expect(sources.run.revision == 1)
                #expect(sources.requests.map(\.id) == [id])
            }
        }
    }

    @Test func `Runs without requests are forgotten after their time`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1), span(2, of: "r", "a")), at: 10)
                _ = try await inbox.append(request(span(1, in: 2)), at: 20)
                try await inbox.mendAll(settled: true)
                try await inbox.deliverAll(to: "archive")
                let policy = RetentionPolicy(keepNanoseconds: 5, forgetNanoseconds: 50)
                #expect(try await inbox.prune(policy, nowUnixNano: 60).runs == 0)
                #expect(try await inbox.prune(policy, nowUnixNano: 65).runs == 1)
                #expect(try await inbox.reader.runs(limit: 9).map(\.key) == [.trace(low: 2)])
                #expect(try await inbox.reader.deliveries(of: .of("r", "a")) == [])
                _ = try await inbox.append(request(span(3)))
                #expect(try await inbox.reader.run(.trace(low: 1))?.key == .trace(low: 1))
            }
        }
    }

    @Test func `More requests than one step looks at are pruned`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for trace in 1...1200 {
                        group.addTask {
                            _ = try await inbox.append(request(span(1, in: UInt64(trace % 3 + 1))))
                        }
                    }
                    try await group.waitForAll()
                }
                try await inbox.mendAll(settled: true)
                try await inbox.deliverAll(to: "archive")
                let report = try await inbox.prune(
                    RetentionPolicy(keepNanoseconds: 0, keepBytes: 0), nowUnixNano: 1_000_000)
                #expect(report.requests == 1200)
                #expect(inbox.counts.bytes == 0)
            }
        }
    }

    @Test func `Pruning cuts the write-ahead log`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                for _ in 1...30 {
                    _ = try await inbox.append(request(span(1)).accepted(bytes: 10_000))
                }
                let wal = scratch.file + "-wal"
                func bytes() throws -> Int {
                    try FileManager.default.attributesOfItem(atPath: wal)[.size] as? Int ?? -1
                }
                #expect(try bytes() > 300_000)
                _ = try await inbox.prune(RetentionPolicy(), nowUnixNano: 2)
                #expect(try bytes() == 0)
            }
        }
    }
}
