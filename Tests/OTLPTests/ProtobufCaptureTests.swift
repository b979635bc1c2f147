import TestSupport
import OTLP
import Testing

@Suite("What real libraries export, in protobuf")
struct ProtobufCaptureTests {
    @Test("there are captures to read")
    func capturesExist() {
        #expect(Capture.plainProtobuf.count > 60)
    }

    @Test(
        "a capture decodes, and is encoded to the bytes that came", arguments: Capture.plainProtobuf
    )
    func roundTrip(_ capture: Capture) throws {
        let batch = try TraceBatch(protobuf: capture.body)
        #expect(!batch.spans.isEmpty)
        #expect(batch.repairedStrings == 0)
        #expect(batch.protobuf() == capture.body)
    }

    @Test("libprotobuf-c reads the same fields before and after", arguments: Capture.plainProtobuf)
    func sameTree(_ capture: Capture) throws {
        let before = try #require(Reference.normalized(capture.body))
        let encoded = try TraceBatch(protobuf: capture.body).protobuf()
        #expect(Reference.normalized(encoded) == before)
    }

    @Test("a batch that is used again holds the new request only")
    func reuse() throws {
        var batch = TraceBatch(keys: KeyTable(["gen_ai.system"]))
        for capture in Capture.plainProtobuf {
            try batch.decode(protobuf: capture.body)
            #expect(batch.protobuf() == capture.body)
        }
        #expect(throws: DecodingError.self) { try batch.decode(protobuf: [7]) }
        #expect(batch.protobuf().isEmpty)
        #expect(batch.keys.count == 1)
    }

    @Test("spans in any order are encoded under their scopes", arguments: [1, 2, 3] as [UInt64])
    func order(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for capture in Capture.plainProtobuf {
            var batch = try TraceBatch(protobuf: capture.body)
            // A stable order within a scope is all that encoding promises.
            let scopes = batch.scopes.indices.shuffled(using: &random)
            let spans = batch.spans
            batch.spans = scopes.flatMap { scope in spans.filter { $0.scope == UInt32(scope) } }
            #expect(batch.protobuf() == capture.body, "\(capture.name), seed \(seed)")
        }
    }
}
