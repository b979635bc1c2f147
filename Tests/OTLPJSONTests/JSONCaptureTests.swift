import TestSupport
import OTLP
import Testing

@Suite struct JSONCaptureTests {
    @Test("Captures in protobuf go through JSON and come back with equal bytes")
    func protobufThroughJSON() throws {
        let captures = try Capture.all().filter { !$0.isJSON }
        #expect(captures.count > 50)
        for capture in captures {
            let original = try TraceBatch(protobuf: capture.body)
            let json = original.json()
            let again = try TraceBatch(json: json)
            #expect(again.protobuf() == original.protobuf(), "\(capture)")
            #expect(again.protobuf() == capture.body, "\(capture)")
            #expect(again.json() == json, "\(capture)")
            #expect(try TraceBatch(json: original.json(pretty: true)).json() == json, "\(capture)")
            #expect(try TraceBatch.detectingFormat(of: capture.body).format == .protobuf)
        }
    }

    @Test("Captures in JSON decode, and are stable from then on")
    func json() throws {
        let captures = try Capture.all().filter(\.isJSON)
        #expect(captures.count >= 2)
        for capture in captures {
            let batch = try TraceBatch(json: capture.body)
            #expect(batch.spans.count == 9, "\(capture)")
            #expect(batch.repairedStrings == 0)
            #expect(batch.irregularIDs.isEmpty)
            let written = batch.json()
            #expect(try TraceBatch(json: written).json() == written, "\(capture)")
            #expect(try TraceBatch(protobuf: batch.protobuf()).json() == written, "\(capture)")
            #expect(
                try JSONValue(parsing: written) == JSONValue(parsing: batch.json(pretty: true)))
        }
    }

    @Test("Damaged JSON is decoded or refused, never a crash", arguments: UInt64(1)...50)
    func mutants(seed: UInt64) throws {
        let bodies =
            try Capture.all().filter(\.isJSON).map(\.body)
            + JSONMappingTests.values.map { request(spanMembers: $0.sent) }
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var body = bodies[Int(generator.next() % UInt64(bodies.count))]
            for _ in 0...Int(generator.next() % 4) { body.mutate(using: &generator) }
            guard let batch = try? TraceBatch(json: body) else { continue }
            let written = batch.json()
            let again = try TraceBatch(json: written)
            #expect(again.json() == written, "seed \(seed)")
            let value = try JSONValue(parsing: written, maximumDepth: 512)
            #expect(value.object != nil, "seed \(seed)")
        }
    }

    @Test("A body cut anywhere is refused")
    func truncation() throws {
        let body = request(spanMembers: JSONMappingTests.names[4].sent)
        for end in 0..<body.count {
            #expect(throws: DecodingError.self, "cut at \(end)") {
                try TraceBatch(json: Array(body[..<end]))
            }
        }
    }
}

extension [UInt8] {
    /// Changes, removes, repeats or inserts some bytes.
    mutating func mutate(using generator: inout SeededGenerator) {
        guard !isEmpty else { return }
        let place = Int(generator.next() % UInt64(count))
        let other = Int(generator.next() % UInt64(count))
        let telling = Array(#"{}[]",:\u0123456789eE+-.ntf"#.utf8)
        switch generator.next() % 6 {
        case 0: self[place] = UInt8(truncatingIfNeeded: generator.next())
        case 1: self[place] = telling[Int(generator.next() % UInt64(telling.count))]
        case 2: insert(telling[Int(generator.next() % UInt64(telling.count))], at: place)
        case 3: remove(at: place)
        case 4:
            removeSubrange(Swift.min(place, other)..<Swift.min(Swift.max(place, other), place + 40))
        default:
            let end = Swift.min(place + 200, count)
            insert(contentsOf: Array(self[place..<end]), at: other)
        }
    }
}
