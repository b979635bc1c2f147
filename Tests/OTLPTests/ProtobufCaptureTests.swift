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
}
