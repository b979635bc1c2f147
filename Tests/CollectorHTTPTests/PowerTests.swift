import Collector
import CollectorHTTP
import FaultyDisk
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Inbox
import NIOCore
import OTLP
import Testing

/// What a client was told with a 200 lies on the disk.
@Suite struct PowerTests {
    @Test("A sync stands before every acknowledgement", arguments: [0, 15_000, 100_000, 3_000_000])
    func sync(bodyBytes: Int) async throws {
        try await withWatchedFolder { folder, disk in
            // Without an archive nobody but the inbox writes.
            let collector = try TestCollector {
                $0.archive.isEnabled = false
                $0.dataDirectory = folder + "/data"
            }
            try await collector.ingest { client in
                for number in 1...20 {
                    let before = disk.count(.sync)
                    let answer = try await client.ask(
                        "/v1/traces", headers: ["content-type": "application/json"],
                        body: body(number, padding: bodyBytes))
                    #expect(answer.status == 200)
                    #expect(disk.count(.sync) > before, "request \(number)")
                    // Of the log, and of the files that large bodies have of their own.
                    #expect(disk.unsyncedBytes(ofFilesNamed: "") == 0, "request \(number)")
                }
            }
        }
    }

    @Test func whatWasAcknowledgedUnderLoadOutlivesALossOfPower() async throws {
        try await FaultPlaces("acknowledgements").forEach { place, seed in
            try await withWatchedFolder { folder, disk in
                let collector = try TestCollector {
                    $0.archive.isEnabled = false
                    $0.dataDirectory = folder + "/data"
                }
                disk.cutPower(at: .write, first: place)
                let responder = IngestResponder(pipeline: collector.pipeline)
                let acknowledged = try await Application(responder: responder).test(.router) {
                    try await load($0, clients: 8, requests: 4)
                }
                let hasFailed = disk.failures > 0
                disk.powerOff()
                // It fails, for the power is off.
                _ = try? await collector.pipeline.finish()
                try disk.powerOn(keepingSectorsBySeed: seed)

                // Reading takes a writer's recovery first.
                let inbox = try Inbox(
                    path: folder + "/data/inbox.sqlite", configuration: InboxConfiguration())
                for number in acknowledged {
                    let run = try await inbox.reader.run(.trace(trace(number)))
                    #expect(run != nil, "request \(number), place \(place), seed \(seed)")
                }
                try await inbox.shutdown()
                return hasFailed
            }
        }
    }
}

private func withWatchedFolder<T>(
    _ body: (String, FaultyDisk) async throws -> T
) async throws -> T {
    let folder = FileManager.default.temporaryDirectory
        .appending(path: "power-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { _ = try? FileManager.default.removeItem(atPath: folder) }
    return try await FaultyDisk.with(watching: folder) { try await body(folder, $0) }
}

/// Posts from several clients at a time, each until it is refused.
/// - Returns: the numbers of the requests that were answered with 200.
private func load(
    _ client: any TestClientProtocol, clients: Int, requests: Int
) async throws -> [Int] {
    try await withThrowingTaskGroup(of: [Int].self) { group in
        for lane in 1...clients {
            group.addTask {
                var acknowledged: [Int] = []
                for number in 1...requests {
                    let request = lane << 8 | number
                    let status = try await post(request, client)
                    guard status == 200 else {
                        #expect(status == 503)
                        break
                    }
                    acknowledged.append(request)
                }
                return acknowledged
            }
        }
        return try await group.reduce(into: []) { $0 += $1 }
    }
}

private func trace(_ number: Int) -> TraceID { TraceID(high: 1, low: UInt64(number)) }

private func post(_ number: Int, _ client: any TestClientProtocol) async throws -> Int {
    var headers = HTTPFields()
    headers[.contentType] = "application/json"
    let answer = try await client.executeRequest(
        uri: "/v1/traces", method: .post, headers: headers,
        body: body(number))
    return Int(answer.status.code)
}

private func body(_ number: Int, padding: Int = 0) -> ByteBuffer {
    let name = String(repeating: "x", count: padding)
    return ByteBuffer(string: Export.json(trace: trace(number).description, name: name))
}
