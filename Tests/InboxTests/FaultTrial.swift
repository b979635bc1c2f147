import Foundation
import GRDB
import Inbox
import OTLP
import Testing

/// One Inbox through one fault: what it was asked, and what it promised.
final class Trial {
    let scratch: Scratch
    let seed: UInt64
    private let place: Int
    private var inbox: Inbox?
    private var tag = 0
    /// The tags of the bodies that were acknowledged, and those that were refused.
    private var acknowledged: [Int64: Int] = [:]
    private var refused: Set<Int> = []

    init(scratch: Scratch, seed: UInt64, place: Int) {
        var scratch = scratch
        // Small, so that a short trial has checkpoints.
        scratch.configuration.walLimitBytes = 256 << 10
        // The third large body opens another file, within a transaction as well as between two.
        scratch.configuration.bodyFileBytes = 40_000
        self.scratch = scratch
        self.seed = seed
        self.place = place
    }

    private var label: Comment { "place \(place), seed \(seed)" }

    /// Opens the Inbox, and asks of it all that a collector does; what is refused is let be.
    func openAndWork() async throws {
        do {
            inbox = try Inbox(path: scratch.file, configuration: scratch.configuration)
        } catch {
            expectClear(error)
        }
        guard let inbox else { return }
        for round in 0..<6 {
            await append(3, to: inbox)
            await attempt { try await inbox.mendAll(settled: round % 2 == 1) }
            await attempt { try await inbox.deliverAll(to: "archive") }
        }
        await attempt {
            _ = try await inbox.prune(
                RetentionPolicy(keepNanoseconds: .max, keepBytes: .max), nowUnixNano: 100)
        }
        await append(2, to: inbox)
    }

    /// The cause is gone.
    func expectItWorksAgain() async throws {
        let before = acknowledged.count
        let inbox = try inbox ?? Inbox(path: scratch.file, configuration: scratch.configuration)
        self.inbox = inbox
        await append(2, to: inbox)
        #expect(acknowledged.count == before + 2, label)
        #expect(inbox.counts.requests == acknowledged.count, label)
        try await inbox.mendAll()
        try await inbox.deliverAll(to: "archive")
        #expect(inbox.counts.undeliveredRequests == 0, label)
    }

    func close() async throws {
        do {
            try await inbox?.shutdown()
        } catch {
            expectClear(error)
        }
        inbox = nil
    }

    /// All that was acknowledged is there, once, and can be delivered.
    func expectItKeptItsWord() async throws {
        var tags: [Int64: Int] = [:]
        try await scratch.open { inbox in
            let ids = try scratch.database {
                try Int64.fetchAll($0, sql: "SELECT id FROM requests")
            }
            for id in ids {
                let body = try #require(try await inbox.reader.body(ofRequest: id), label)
                #expect(body.dropFirst(8).allSatisfy { $0 == body.last }, label)
                tags[id] = Self.tag(in: body)
            }
            try await inbox.mendAll()
            try await inbox.deliverAll(to: "archive")
            #expect(inbox.counts.undeliveredRequests == 0, label)
            #expect(inbox.counts.requests >= acknowledged.count, label)
        }
        let state = try scratch.database { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
        #expect(state == "ok", label)
        for (id, tag) in acknowledged { #expect(tags[id] == tag, label) }
        #expect(Set(tags.values).count == tags.count, label)
        // What was refused may be there as well: its commit was asked of a disk that failed after.
        #expect(Set(tags.values).isSubset(of: refused.union(acknowledged.values)), label)
    }

    /// Several at a time, so that they share a transaction.
    private func append(_ count: Int, to inbox: Inbox) async {
        let tags = (0..<count).map { _ in
            tag += 1
            return tag
        }
        let answers = await withTaskGroup { group in
            for tag in tags {
                let request = Self.request(tag)
                group.addTask { () -> (Int, Result<Int64, InboxError>) in
                    do throws(InboxError) {
                        return (tag, .success(try await inbox.append(request)))
                    } catch {
                        return (tag, .failure(error))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for (tag, answer) in answers {
            switch answer {
            case .success(let id):
                #expect(acknowledged.updateValue(tag, forKey: id) == nil, "id \(id) given twice")
            case .failure(let error):
                refused.insert(tag)
                expectClear(error)
            }
        }
    }

    private func attempt(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            expectClear(error)
        }
    }

    /// It names the file, gives SQLite's words, and says what to do.
    private func expectClear(_ error: any Error) {
        guard case .database(let path, let message)? = error as? InboxError else {
            Issue.record("\(error), \(label)")
            return
        }
        #expect(path == scratch.file)
        #expect(message.contains("; ") || message.contains(": "), "\(message)")
    }

    private static func request(_ tag: Int) -> AcceptedRequest {
        let trace = TraceID(high: 1, low: UInt64(1 + tag % 5))
        let run = tag % 3 == 0 ? RunKey.rollout("r\(tag % 2)") : nil
        var body = [UInt8](repeating: UInt8(truncatingIfNeeded: tag), count: 9000 * (tag % 4) + 8)
        withUnsafeBytes(of: UInt64(tag).littleEndian) { body.replaceSubrange(0..<8, with: $0) }
        return AcceptedRequest(
            receivedUnixNano: 1, kind: .traces, mediaType: .protobuf, encoding: .identity,
            context: .none,
            feeds: RequestFeeds([RequestFeeds.Feed(traceID: trace, run: run, spans: 1)]),
            body: body)
    }

    private static func tag(in body: [UInt8]) -> Int {
        body.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
