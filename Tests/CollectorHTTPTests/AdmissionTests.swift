import Collector
import OTLP
import Synchronization
import Testing

/// How many bytes are taken at a time, and of whom.
@Suite struct AdmissionTests {
    @Test func tooManyBytesInFlightAreTurnedAway() async throws {
        let collector = try TestCollector { $0.limits.bytesInFlight = 50 }
        let body = try Export.protobuf()
        try await collector.ingest { client in
            try await Exchange(
                testDescription: "over the room", body: body, status: 503,
                answers: ["retry-after": "1"], says: "bytes_in_flight"
            ).check(client)
            try await Exchange(testDescription: "within the room", status: 200).check(client)
        }
    }

    /// Three clients send most of what fits, and then nothing more for a while.
    @Test func bodiesThatComeSlowlyMakeRoomForOthers() async throws {
        let now = Mutex<Int64>(1_700_000_000_000_000_000)
        let collector = try TestCollector(clock: UnixClock { now.withLock { $0 } }) {
            $0.limits.bytesInFlight = 100_000
        }
        let receiver = collector.pipeline.receiver
        func begin() throws -> IngestExchange? {
            let head = IngestHead(
                method: "POST", path: "/v1/traces", mediaType: "application/json")
            guard case .read(let exchange)? = receiver.step(for: head) else { return nil }
            return exchange
        }
        let good = Array(Export.json(name: String(repeating: "x", count: 20_000)).utf8)
        let spaces = [UInt8](repeating: 32, count: 30_000)
        var slow: [IngestExchange] = []
        for _ in 0..<3 {
            slow.append(try #require(try begin()))
            #expect(slow.last?.append(spaces) == nil)
            now.withLock { $0 += 100_000_000 }
        }
        // They have only just begun.
        #expect(try begin()?.append(good)?.status == 503)
        now.withLock { $0 += 2_000_000_000 }
        let other = try #require(try begin())
        #expect(other.append(good) == nil)
        #expect(await other.finish().status == 200)
        // The one that began first came slowest; the others go on.
        #expect(slow[0].append([32])?.status == 503)
        #expect(await slow[0].finish().status == 503)
        for exchange in slow.dropFirst() {
            #expect(exchange.append(Array("{}".utf8)) == nil)
            #expect(await exchange.finish().status == 200)
        }
        try await collector.pipeline.finish()
    }

    /// What is decoded in lanes must not keep its room once it is answered.
    @Test func manyLargeBodiesInTurnAllFindRoom() async throws {
        let padding = String(repeating: "x", count: 300_000)
        let body = Array(Export.json(name: padding).utf8)
        let collector = try TestCollector { $0.limits.bytesInFlight = 2 * body.count }
        try await collector.ingest { client in
            for _ in 0..<12 {
                try await Exchange(
                    testDescription: "one after the other", headers: Exchange.json, body: body,
                    status: 200
                ).check(client)
            }
        }
    }

    @Test func aServiceThatSendsMostOfTooMuchIsHeldBack() async throws {
        let collector = try TestCollector { $0.limits.bytesInFlight = 4000 }
        let receiver = collector.pipeline.receiver
        func body(_ service: String) -> [UInt8] {
            Array(Export.json().replacing(#""agent""#, with: "\"\(service)\"").utf8)
        }
        func send(_ service: String) async throws -> Int {
            let head = IngestHead(
                method: "POST", path: "/v1/traces", mediaType: "application/json")
            guard case .read(let exchange)? = receiver.step(for: head) else { return 0 }
            if let refused = exchange.append(body(service)) { return refused.status }
            return await exchange.finish().status
        }
        // While there is room, everybody may send as much as they like.
        for _ in 0..<9 { #expect(try await send("runaway") == 200) }
        #expect(try await send("other") == 200)
        // A body that has not ended takes more than half of the room.
        let head = IngestHead(method: "POST", path: "/v1/traces", mediaType: "application/json")
        guard case .read(let slow)? = receiver.step(for: head) else { return }
        #expect(slow.append([UInt8](repeating: 32, count: 2100)) == nil)
        #expect(try await send("runaway") == 429)
        #expect(try await send("other") == 200)
        _ = await slow.finish()
        try await collector.pipeline.finish()
    }
}
