import Foundation
import GRDB
import Inbox
import OTLP
import Testing

@Suite("Large bodies lie beside the database")
struct LargeBodyTests {
    private static let large = 100_000

    private static func append(
        _ count: Int, of bytes: Int, to inbox: Inbox
    ) async throws -> [Int64] {
        var ids: [Int64] = []
        for trace in 1...count {
            let sketch = request(span(1, in: UInt64(trace)))
            ids.append(try await inbox.append(sketch.accepted(at: 1, bytes: bytes)))
        }
        return ids
    }

    /// The names of the files, without those of the database itself.
    private static func files(_ scratch: Scratch) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.directory)
            .filter { $0.contains("-bodies-") }.sorted()
    }

    @Test(arguments: [0, 1, 16_383, 16_384, 100_000, 20_000_000])
    func `A body is read back, here and by another process, also after a restart`(
        bytes: Int
    ) async throws {
        try await withScratch { scratch in
            let expected = [UInt8](repeating: 7, count: bytes)
            let id = try await scratch.open { inbox in
                let id = try await Self.append(3, of: bytes, to: inbox)[1]
                #expect(try await inbox.reader.body(ofRequest: id) == expected)
                let reader = try InboxReader(path: scratch.file)
                #expect(try await reader.body(ofRequest: id) == expected)
                return id
            }
            #expect(try Self.files(scratch).isEmpty == (bytes < 16_384))
            try await scratch.open { inbox in
                let body = try await inbox.reader.body(ofRequest: id)
                #expect(body == expected)
                #expect(inbox.counts.bytes == 3 * bytes)
            }
        }
    }

    /// Bodies that end at, before and behind the ends of blocks and pages, some in one transaction.
    @Test func `Bodies of any lengths, kept at once, are read back as they came`() async throws {
        try await withScratch { scratch in
            let lengths = [
                16_384, 16_385, 20_479, 20_480, 20_481, 126_975, 126_976, 126_977, 253_952, 500_003,
            ]
            let requests = (0..<40).map { index in
                var request = request(span(1, in: UInt64(index + 1))).accepted(at: 1)
                request.body = (0..<lengths[index % lengths.count]).map {
                    UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13 &+ index)
                }
                return request
            }
            let kept = try await scratch.open { inbox in
                try await withThrowingTaskGroup(of: (Int64, [UInt8]).self) { group in
                    for request in requests {
                        group.addTask { (try await inbox.append(request), request.body) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
            }
            #expect(kept.count == requests.count)
            try await scratch.open { inbox in
                for (id, body) in kept {
                    let isSame = try await inbox.reader.body(ofRequest: id) == body
                    #expect(isSame, "request \(id) of \(body.count) bytes")
                }
            }
        }
    }

    @Test func `What is pruned gives its space back`() async throws {
        try await withScratch { scratch in
            var scratch = scratch
            scratch.configuration.bodyFileBytes = 150_000
            try await scratch.open { inbox in
                _ = try await Self.append(4, of: Self.large, to: inbox)
                #expect(try Self.files(scratch).count == 2)
                try await inbox.mendAll(settled: true)
                try await inbox.deliverAll(to: "archive")
                let newest = RetentionPolicy(keepNanoseconds: .max, keepBytes: 150_000)
                _ = try await inbox.prune(newest, nowUnixNano: 100)
                #expect(try Self.files(scratch).count == 1)
                #expect(try await inbox.reader.body(ofRequest: 3) == nil)
                #expect(try await inbox.reader.body(ofRequest: 4)?.count == Self.large)
                let none = RetentionPolicy(keepNanoseconds: .max, keepBytes: 0)
                _ = try await inbox.prune(none, nowUnixNano: 100)
            }
            // The last one was still written to.
            try await scratch.open { _ in }
            #expect(try Self.files(scratch).isEmpty)
        }
    }

    @Test func `Files that no request lies in go with the next start`() async throws {
        try await withScratch { scratch in
            let first = try await scratch.open {
                try await Self.append(1, of: Self.large, to: $0)[0]
            }
            let file = try #require(try Self.files(scratch).first)
            let leftOver = scratch.directory + "/" + file.dropLast() + "9"
            try Data(repeating: 1, count: 10).write(to: URL(fileURLWithPath: leftOver))
            // One of another database, and one that somebody else put there.
            let others = ["inbox.sqlite-bodies-00000000-1", file + "x"]
            for name in others {
                try Data().write(to: URL(fileURLWithPath: scratch.directory + "/" + name))
            }
            try await scratch.open { inbox in
                #expect(try Self.files(scratch) == (others + [file]).sorted())
                let second = try await Self.append(1, of: Self.large, to: inbox)[0]
                for id in [first, second] {
                    #expect(try await inbox.reader.body(ofRequest: id)?.count == Self.large)
                }
            }
        }
    }

    @Test func `A file that is gone or cut is told, with its name`() async throws {
        try await withScratch { scratch in
            let id = try await scratch.open { try await Self.append(1, of: Self.large, to: $0)[0] }
            let file = try #require(try Self.files(scratch).first)
            let path = scratch.directory + "/" + file
            try await scratch.open { inbox in
                for cut in [50_000, 0, nil] as [UInt64?] {
                    if let cut {
                        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
                        try handle.truncate(atOffset: cut)
                        try handle.close()
                    } else {
                        try FileManager.default.removeItem(atPath: path)
                    }
                    let message =
                        cut == nil ? "there is no such file" : "the file is shorter than it was"
                    await #expect(throws: InboxError.bodyMissing(path: path, message: message)) {
                        _ = try await inbox.reader.body(ofRequest: id)
                    }
                }
            }
        }
    }

    @Test func `A file of version 1 is taken along`() async throws {
        try await withScratch { scratch in
            let small = try await scratch.open { try await Self.append(1, of: 8, to: $0)[0] }
            try scratch.database { db in
                try db.execute(
                    sql: """
                        DROP TABLE body_places;
                        PRAGMA application_id = 0;
                        PRAGMA user_version = 1;
                        """)
            }
            try await scratch.open { inbox in
                let large = try await Self.append(1, of: Self.large, to: inbox)[0]
                #expect(try await inbox.reader.body(ofRequest: large)?.count == Self.large)
                #expect(try await inbox.reader.body(ofRequest: small)?.count == 8)
            }
        }
    }
}
