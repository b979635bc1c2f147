import OTLP
import Testing

@Suite("What decoding protobuf may cost")
struct ProtobufLimitTests {
    /// A body of empty messages only, and the tags of the messages around them.
    struct Swarm: CustomTestStringConvertible {
        var testDescription: String
        var around: [UInt8]
        var tag: UInt8
    }

    @Test(
        "too many empty messages are refused, whichever they are",
        arguments: [
            Swarm(testDescription: "ResourceSpans", around: [], tag: 0x0A),
            Swarm(testDescription: "ScopeSpans", around: [0x0A], tag: 0x12),
            Swarm(testDescription: "Span", around: [0x0A, 0x12], tag: 0x12),
            Swarm(testDescription: "KeyValue", around: [0x0A, 0x12, 0x12], tag: 0x4A),
            Swarm(testDescription: "Event", around: [0x0A, 0x12, 0x12], tag: 0x5A),
            Swarm(testDescription: "Link", around: [0x0A, 0x12, 0x12], tag: 0x6A),
            Swarm(testDescription: "unknown fields", around: [0x0A, 0x12, 0x12], tag: 0xA0),
            Swarm(
                testDescription: "values of an array",
                around: [0x0A, 0x12, 0x12, 0x4A, 0x12, 0x2A],
                tag: 0x0A),
            Swarm(
                testDescription: "arrays that are merged", around: [0x0A, 0x12, 0x12, 0x4A, 0x12],
                tag: 0x2A),
        ])
    func swarm(_ swarm: Swarm) throws {
        // A field of number 20 has a tag of two bytes; one array that is merged has one value.
        let unit: [UInt8] =
            switch swarm.tag {
            case 0xA0: [0xA0, 0x01, 0x00]
            case 0x2A: [0x2A, 2, 0x0A, 0]
            default: [swarm.tag, 0]
            }
        var body = Array(repeating: unit, count: 10_100).flatMap { $0 }
        for tag in swarm.around.reversed() { body = [tag] + Wire.varint(UInt64(body.count)) + body }
        let limits = DecodingLimits(maximumNodes: 10_000)
        let error = #expect(throws: DecodingError.self) {
            try TraceBatch(protobuf: body, limits: limits)
        }
        #expect(error?.isLimit == true)
        #expect(error?.reason == "expected at most 10000 nodes, found more")
    }

    @Test("eight megabytes of empty ResourceSpans are refused with the standard limits")
    func amplification() throws {
        let body = Array(repeating: [0x0A, 0] as [UInt8], count: 4_000_000).flatMap { $0 }
        let error = #expect(throws: DecodingError.self) { try TraceBatch(protobuf: body) }
        #expect(error?.isLimit == true)
        #expect(error?.location == "ExportTraceServiceRequest.resource_spans")
    }

    @Test("a resource in a thousand parts between scopes is moved no more often than is paid for")
    func manyParts() throws {
        let part =
            Wire.bytes(1, Wire.bytes(1, Wire.text(1, "r")))
            + Wire.bytes(2, Wire.bytes(1, Wire.bytes(3, Wire.text(1, "s"))))
        let body = Wire.request(
            resourceSpans: Array(repeating: part, count: 1_000).flatMap { $0 })
        // Half a million moves, and three nodes a part.
        let enough = DecodingLimits(maximumNodes: 503_000)
        #expect(
            try TraceBatch(protobuf: body, limits: enough).resources[0].attributes.count == 1_000)
        let error = #expect(throws: DecodingError.self) {
            try TraceBatch(protobuf: body, limits: DecodingLimits(maximumNodes: 400_000))
        }
        #expect(error?.isLimit == true)
    }

    @Test("a value of 64 levels is kept, one of 65 is dropped and counted", arguments: [64, 65])
    func depth(levels: Int) throws {
        let body = Wire.request(value: Self.nested(levels: levels))
        let batch = try TraceBatch(protobuf: body)
        let span = batch.spans[0]
        if levels <= TraceBatch.maximumValueDepth {
            #expect(batch.droppedDeepValues == 0)
            #expect(batch.protobuf() == body)
            #expect(Self.levels(of: batch.keyValues(span.attributes)[0].value) == levels)
        } else {
            #expect(batch.droppedDeepValues == 1)
            #expect(span.attributes.isEmpty)
            #expect(span.droppedAttributesCount == 1)
            #expect(batch.protobuf() == Wire.request(span: Wire.ids + Wire.number(10, 1)))
        }
    }

    @Test("a value of a hundred thousand levels does not exhaust the stack")
    func deepValue() throws {
        let batch = try TraceBatch(protobuf: Wire.request(value: Self.nested(levels: 100_000)))
        #expect(batch.droppedDeepValues == 1)
    }

    @Test("a deep value that a later one replaces costs nothing")
    func replacedDeepValue() throws {
        let value = Self.nested(levels: 70) + Wire.text(1, "short")
        let batch = try TraceBatch(protobuf: Wire.request(value: value))
        #expect(batch.droppedDeepValues == 0)
        #expect(batch.value("k", in: batch.spans[0].attributes) == "short")
    }

    /// The fields of an `AnyValue` that is an array in an array, so many levels deep.
    static func nested(levels: Int) -> [UInt8] {
        // Built from the inside out and back to front, so that it takes linear time.
        var reversed: [UInt8] = []
        for level in 1..<levels {
            if level > 1 {
                reversed += Wire.varint(UInt64(reversed.count)).reversed() + [0x0A]
            } else {
                reversed += [0, 0x0A]
            }
            reversed += Wire.varint(UInt64(reversed.count)).reversed() + [0x2A]
        }
        return reversed.reversed()
    }

    static func levels(of value: AnyValue) -> Int {
        if case .array(let elements) = value, let first = elements.first {
            1 + levels(of: first)
        } else {
            1
        }
    }
}
