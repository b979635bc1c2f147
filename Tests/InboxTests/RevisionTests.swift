import Inbox
import OTLP
import Testing

@Suite("Revisions, settling and closing")
struct RevisionTests {
    @Test func `A revision is written down with the run`() async throws {
        try await withScratch { scratch in
            let run = RunKey.rollout("r")
            try await scratch.open { inbox in
                let id = try await inbox.append(request(span(1, .rollout("r"))))
                let traces = [TraceID(high: 1, low: 2), TraceID(high: .max, low: 0)]
                let record = RevisionRecord(
                    run: run, number: 1, throughRequest: id, isSettled: true, isWhole: true,
                    recordedUnixNano: 20, mendNanoseconds: 30, rulesVersion: "v", spans: 4,
                    traceIDs: traces)
                #expect(try await inbox.recordRevision(record))
            }
            try await scratch.open { inbox in
                let status = try #require(try await inbox.reader.run(run))
                #expect(status.state == .settled)
                #expect(status.revision == 1)
                #expect(status.revisedUnixNano == 20)
                #expect(status.mendNanoseconds == 30)
                #expect(status.rulesVersion == "v")
                #expect(status.spans == 4)
                #expect(
                    status.traceIDs == [TraceID(high: 1, low: 2), TraceID(high: .max, low: 0)])
                #expect(status.isWhole)
                #expect(!status.isDirty)
            }
        }
    }

    @Test(
        "A revision is due",
        arguments: [
            (0, 0, 1_000_000_005), (1, 0, 1_000_000_100), (1, 99_999_999, 1_000_000_100),
            (1, 200_000_000, 2_000_000_100), (1, Int64.max, Int64.max),
        ] as [(Int, Int64, Int64)])
    func due(_ revision: Int, _ mendNanoseconds: Int64, _ due: Int64) async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let id = try await inbox.append(request(span(1)), at: 5)
                if revision > 0 {
                    let record = RevisionRecord(
                        run: .trace(low: 1), number: revision, throughRequest: id,
                        isSettled: false, isWhole: false, recordedUnixNano: 100,
                        mendNanoseconds: mendNanoseconds, rulesVersion: "", spans: 1, traceIDs: [])
                    #expect(try await inbox.recordRevision(record))
                }
                let status = try await inbox.reader.run(.trace(low: 1))
                #expect(status?.revisionDueUnixNano == due)
            }
        }
    }

    @Test func `A request that came while its run was mended leaves it dirty`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1)))
                let sources = try #require(try await inbox.reader.sources(of: .trace(low: 1)))
                _ = try await inbox.append(request(span(2)))
                #expect(try await inbox.recordRevision(.next(of: sources, settled: true)))
                let status = try #require(try await inbox.reader.run(.trace(low: 1)))
                #expect(status.isDirty)
                #expect(status.state == .open)
            }
        }
    }

    @Test func `A late request opens a settled run, and a closed one`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let run = RunKey.trace(low: 1)
                _ = try await inbox.append(request(span(1)))
                #expect(try await inbox.close(.trace(low: 9)) == nil)
                let closed = try #require(try await inbox.close(run))
                #expect(closed.state == .closed)
                #expect(closed.awaitsClosing)
                #expect(closed.closedThrough == 1)
                try await inbox.mendAll(settled: true)
                let settled = try #require(try await inbox.reader.run(run))
                #expect(settled.state == .closed)
                #expect(!settled.awaitsClosing)
                _ = try await inbox.append(request(span(2)))
                let late = try #require(try await inbox.reader.run(run))
                #expect(late.state == .open)
                #expect(late.isDirty)
                #expect(late.closedThrough == 1)
                try await inbox.mendAll(settled: true)
                #expect(try await inbox.reader.run(run)?.state == .settled)
                #expect(try await inbox.reader.run(run)?.revision == 2)
            }
        }
    }

    /// Two attempts share a trace with spans that name none of them.
    static func share(_ inbox: Inbox) async throws {
        _ = try await inbox.append(request(span(1, of: "r", "a"), span(2, under: 1)), at: 10)
        _ = try await inbox.append(request(span(3, of: "r", "b")), at: 20)
    }

    @Test(
        "What a neighbour gets makes a run dirty, and leaves it settled or closed",
        arguments: [RunStatus.State.settled, .closed])
    func neighbour(state: RunStatus.State) async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let run = RunKey.of("r", "a")
                try await Self.share(inbox)
                if state == .closed { _ = try await inbox.close(run) }
                try await inbox.mendAll(settled: true)
                try await inbox.deliverAll(to: "archive", settledOnly: true)
                let late = try await inbox.append(request(span(4, of: "r", "b")), at: 30)
                let dirty = try #require(try await inbox.reader.run(run))
                #expect(dirty.state == state)
                #expect(dirty.isSettled)
                #expect(dirty.isDirty)
                #expect(!dirty.awaitsClosing)
                #expect(dirty.lastRequest == late)
                #expect(dirty.lastReceivedUnixNano == 10)
                #expect(try await inbox.reader.run(.of("r", "b"))?.state == .open)
                // Only the run that got the request waits for silence.
                let due = try await inbox.reader.dueRuns(
                    nowUnixNano: 100, silence: Silence(graceNanoseconds: 0, patienceNanoseconds: 0),
                    limit: 9)
                #expect(due.runs.map(\.key) == [.of("r", "b")])
                // The rule that looked at the time alone asks for a revision that is not settled.
                let sources = try #require(try await inbox.reader.sources(of: run))
                #expect(try await inbox.recordRevision(.next(of: sources, settled: false)))
                let mended = try #require(try await inbox.reader.run(run))
                #expect(mended.state == state)
                #expect(mended.isSettled)
                #expect(!mended.isDirty)
                let waiting = try await inbox.reader.undelivered(
                    sink: "archive", settledOnly: true, nowUnixNano: 100, limit: 9)
                #expect(waiting.map(\.run) == [mended])
                // A request of its own opens it.
                _ = try await inbox.append(request(span(5, of: "r", "a")), at: 40)
                #expect(try await inbox.reader.run(run)?.state == .open)
                #expect(try await inbox.reader.run(run)?.isSettled == false)
            }
        }
    }

    @Test func `Closing a settled run that a neighbour made dirty asks for a revision at once`()
        async throws
    {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let run = RunKey.of("r", "a")
                try await Self.share(inbox)
                try await inbox.mendAll(settled: true)
                _ = try await inbox.append(request(span(4, of: "r", "b")), at: 30)
                #expect(try await inbox.close(run)?.awaitsClosing == true)
                let due = try await inbox.reader.dueRuns(
                    nowUnixNano: 0, silence: Silence(graceNanoseconds: 9, patienceNanoseconds: 9),
                    limit: 9)
                #expect(due.runs.map(\.key) == [run])
                try await inbox.mendAll(settled: true)
                #expect(try await inbox.reader.run(run)?.awaitsClosing == false)
            }
        }
    }

    @Test func `A trace that is a run of its own again is as old as its newest request`()
        async throws
    {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let trace = RunKey.trace(low: 1)
                _ = try await inbox.append(request(span(1)), at: 10)
                try await inbox.mendAll(settled: true)
                _ = try await inbox.append(request(span(2, of: "r", "a")), at: 20)
                _ = try await inbox.append(request(span(3)), at: 30)
                try await inbox.mendAll(settled: true)
                _ = try await inbox.append(request(span(4, of: "r", "b")), at: 40)
                let run = try #require(try await inbox.reader.run(trace))
                #expect(run.key == trace)
                #expect(run.state == .open)
                #expect(run.lastReceivedUnixNano == 30)
            }
        }
    }

    @Test func `Mending again shows no unsettled revision to appending sinks`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1)))
                try await inbox.mendAll(settled: true)
                _ = try await inbox.append(request(span(2)))
                try await inbox.mendAll(settled: false)
                _ = try await inbox.remend(.trace(low: 1), rulesVersion: "2")
                let waiting = try await inbox.reader.undelivered(
                    sink: "archive", settledOnly: true, nowUnixNano: 100, limit: 9)
                #expect(waiting == [])
            }
        }
    }

    @Test func `Mending that changes nothing makes no revision`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let run = RunKey.trace(low: 1)
                _ = try await inbox.append(request(span(1)))
                try await inbox.mendAll(settled: true)
                try await inbox.deliverAll(to: "archive")
                let id = try await inbox.append(request(span(1)))
                #expect(inbox.counts.undeliveredRequests == 1)
                try await inbox.recordUnchanged(run, throughRequest: id, mendNanoseconds: 3)
                let status = try #require(try await inbox.reader.run(run))
                #expect(status.revision == 1)
                #expect(status.state == .settled)
                #expect(!status.isDirty)
                #expect(inbox.counts.undeliveredRequests == 0)
                #expect(try await inbox.unsettled == [])
            }
        }
    }

    @Test func `Runs are listed newest first, page by page`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                for rollout in 1...5 {
                    _ = try await inbox.append(
                        request(span(1, in: 9, .rollout(.int(Int64(rollout))))))
                }
                let first = try await inbox.reader.runs(limit: 2)
                let second = try await inbox.reader.runs(after: first.last?.cursor, limit: 2)
                let third = try await inbox.reader.runs(after: second.last?.cursor, limit: 2)
                #expect((first + second + third).map(\.key.id) == ["5/", "4/", "3/", "2/", "1/"])
            }
        }
    }

    @Test func `Mending again is asked for one run, or for those of other rules`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1), span(2, in: 2)))
                try await inbox.mendAll()
                #expect(try await inbox.remend(nil, rulesVersion: "1") == 0)
                #expect(try await inbox.remend(.trace(low: 2), rulesVersion: "1") == 1)
                #expect(try await inbox.dirty == [RunKey.trace(low: 2).id])
                #expect(try await inbox.remend(nil, rulesVersion: "2") == 2)
                #expect(try await inbox.dirty.count == 2)
            }
        }
    }
}
