import Foundation
import GRDB
import Inbox
import OTLP
import Testing

@Suite("A request that is acknowledged is kept")
struct AppendingTests {
    @Test func `What was appended is there after reopening`() async throws {
        try await withScratch { scratch in
            var accepted = RequestSketch(
                spans: [span(1), span(2, of: "r", "a")],
                context: RequestContext(
                    pathRollout: "p", pathAttempt: nil, headerRollout: "h", headerAttempt: "i")
            ).accepted(at: 77)
            accepted.kind = .logs
            accepted.mediaType = .json
            accepted.encoding = .gzip
            accepted.body = [0, 255, 10]
            let request = accepted
            let id = try await scratch.open { try await $0.append(request) }
            try await scratch.open { inbox in
                let sources = try #require(try await inbox.reader.sources(of: .of("r", "a")))
                #expect(
                    sources.requests == [
                        StoredRequest(
                            id: id, receivedUnixNano: 77, kind: .logs, mediaType: .json,
                            encoding: .gzip, context: request.context, spans: 2, bytes: 3)
                    ])
                #expect(try await inbox.reader.body(ofRequest: id) == [0, 255, 10])
                #expect(try await inbox.reader.body(ofRequest: id + 1) == nil)
                #expect(inbox.counts.requests == 1)
                #expect(inbox.counts.undeliveredBytes == 3)
                #expect(inbox.counts.oldestUndeliveredUnixNano == 77)
                let next = try await inbox.append(request)
                #expect(next > id)
            }
        }
    }

    @Test func `Ids are not given twice, even when all requests were pruned`() async throws {
        try await withScratch { scratch in
            let first = try await scratch.open { inbox in
                let id = try await inbox.append(request(span(1)))
                try await inbox.mendAll(settled: true)
                try await inbox.deliverAll(to: "archive")
                _ = try await inbox.prune(
                    RetentionPolicy(keepNanoseconds: 1), nowUnixNano: 1000)
                #expect(inbox.counts.requests == 0)
                return id
            }
            try await scratch.open { inbox in
                let second = try await inbox.append(request(span(2)))
                #expect(second > first)
            }
        }
    }

    @Test func `Many at once are all kept, in fewer transactions`() async throws {
        try await withScratch { scratch in
            let count = 400
            let ids = try await scratch.open { inbox in
                try await withThrowingTaskGroup(of: Int64.self) { group in
                    for number in 0..<count {
                        group.addTask {
                            let sketch = request(span(1, in: UInt64(number % 7 + 1)))
                            return try await inbox.append(
                                sketch.accepted(at: Int64(number), bytes: number))
                        }
                    }
                    let ids = try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
                    #expect(inbox.counts.commits < count)
                    return ids
                }
            }
            #expect(ids.count == count)
            try await scratch.open { inbox in
                #expect(inbox.counts.requests == count)
                #expect(inbox.counts.bytes == (0..<count).reduce(0, +))
                for id in ids {
                    let body = try await inbox.reader.body(ofRequest: id)
                    #expect(body != nil)
                }
            }
        }
    }

    @Test func `A cancelled task still learns that its request is kept`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await inbox.append(request(span(1)))
                }
                let id = try await task.value
                #expect(try await inbox.reader.body(ofRequest: id) != nil)
            }
        }
    }

    @Test func `Over the limit of undelivered bytes it is full until a sink has them`() async throws
    {
        try await withScratch(undeliveredLimitBytes: 20) { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1)))
                _ = try await inbox.append(request(span(2)))
                await #expect(throws: InboxError.full(undeliveredBytes: 16, limitBytes: 20)) {
                    try await inbox.append(request(span(3)))
                }
                try await inbox.mendAll()
                try await inbox.deliverAll(to: "archive")
                #expect(inbox.counts.undeliveredBytes == 0)
                _ = try await inbox.append(request(span(3)))
            }
        }
    }

    @Test func `After shutdown it is closed`() async throws {
        try await withScratch { scratch in
            let inbox = try Inbox(path: scratch.file, configuration: scratch.configuration)
            try await inbox.shutdown()
            await #expect(throws: InboxError.closed) { try await inbox.append(request(span(1))) }
        }
    }

    @Test func `A failing transaction says why, and later ones work again`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                _ = try await inbox.append(request(span(1, of: "r", "a")))
                try scratch.database { db in
                    try db.execute(
                        sql: """
                            CREATE TRIGGER broken BEFORE INSERT ON members
                            BEGIN SELECT raise(ABORT, 'out of order'); END
                            """)
                }
                await #expect {
                    try await inbox.append(request(span(2, of: "r", "b"), span(3)))
                } throws: { error in
                    guard case .database(let path, let message) = error as? InboxError else {
                        return false
                    }
                    return path == scratch.file && message.contains("out of order")
                }
                try scratch.database { try $0.execute(sql: "DROP TRIGGER broken") }
                let id = try await inbox.append(request(span(2, of: "r", "b"), span(3)))
                #expect(inbox.counts.requests == 2)
                #expect(inbox.counts.undeliveredRequests == 2)
                #expect(try await inbox.sources(.of("r", "b"))?.last == id)
            }
        }
    }

    @Test func `One request that cannot be kept refuses no other`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                try scratch.database { db in
                    try db.execute(
                        sql: """
                            CREATE TRIGGER broken BEFORE INSERT ON requests WHEN NEW.bytes = 13
                            BEGIN SELECT raise(ABORT, 'unlucky'); END
                            """)
                }
                let refused = await withTaskGroup(of: Int?.self) { group in
                    for number in 1...200 {
                        group.addTask {
                            let accepted = request(span(1, in: UInt64(number)))
                                .accepted(at: 1, bytes: number)
                            do throws(InboxError) {
                                _ = try await inbox.append(accepted)
                                return nil
                            } catch {
                                return number
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
                }
                #expect(refused == [13])
                #expect(inbox.counts.requests == 199)
                #expect(inbox.counts.undeliveredBytes == 200 * 201 / 2 - 13)
            }
        }
    }

    @Test("Pruning has its turn while requests come without a pause", .timeLimit(.minutes(1)))
    func constantLoad() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for trace in 1...32 {
                        group.addTask {
                            while !Task.isCancelled {
                                _ = try await inbox.append(request(span(1, in: UInt64(trace))))
                            }
                        }
                    }
                    for _ in 0..<3 {
                        _ = try await inbox.prune(RetentionPolicy(), nowUnixNano: 2)
                    }
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test(
        "Durability is SQLite's synchronous, read back from the connection",
        arguments: [(InboxConfiguration.Durability.power, 2), (.process, 1)])
    func durability(_ wanted: InboxConfiguration.Durability, _ synchronous: Int) async throws {
        try await withScratch { scratch in
            var configuration = scratch.configuration
            configuration.durability = wanted
            let inbox = try Inbox(path: scratch.file, configuration: configuration)
            #expect(inbox.synchronous == synchronous)
            try await inbox.shutdown()
            #expect(
                try scratch.database { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
                    == "wal")
        }
    }

    @Test func `A file of a newer version is refused`() async throws {
        try await withScratch { scratch in
            try await scratch.open { _ in }
            try scratch.database { try $0.execute(sql: "PRAGMA user_version = 99") }
            let error = InboxError.newerSchema(path: scratch.file, found: 99, known: 2)
            #expect(throws: error) {
                try Inbox(path: scratch.file, configuration: scratch.configuration)
            }
            #expect(throws: error) { try InboxReader(path: scratch.file) }
        }
    }

    @Test func `A file that is no database is refused`() async throws {
        try await withScratch { scratch in
            try Data(repeating: 65, count: 5000).write(to: URL(fileURLWithPath: scratch.file))
            #expect(throws: InboxError.self) {
                try Inbox(path: scratch.file, configuration: scratch.configuration)
            }
        }
    }

    @Test func `Another process reads beside the collector`() async throws {
        try await withScratch { scratch in
            try await scratch.open { inbox in
                let id = try await inbox.append(request(span(1, of: "r", "a")))
                let reader = try InboxReader(path: scratch.file)
                #expect(try await reader.run(.of("r", "a"))?.lastRequest == id)
            }
        }
    }
}
