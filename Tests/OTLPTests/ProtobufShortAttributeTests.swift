import OTLP
import Testing

/// Attributes of all lengths around those where another way of reading or writing them begins.
@Suite("Attributes of every size")
struct ProtobufShortAttributeTests {
    static let lengths = [
        0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 113, 120, 121, 122, 127, 128,
    ]

    @Test("a key and a text come back, as libprotobuf-c reads them", arguments: lengths)
    func texts(keyLength: Int) throws {
        let known = KeyTable([String(repeating: "k", count: keyLength)])
        for length in Self.lengths {
            for text in [String(repeating: "a", count: length), Self.mixed(length)] {
                let key = Wire.text(1, String(repeating: "k", count: keyLength))
                let body = Wire.request(
                    attribute: (keyLength == 0 ? [] : key) + Wire.bytes(2, Wire.text(1, text)))
                for keys in [KeyTable.none, known] {
                    let batch = try TraceBatch(protobuf: body, keys: keys)
                    #expect(batch.protobuf() == body, "\(keyLength), \(length)")
                    #expect(batch.repairedStrings == 0)
                    let json = batch.json()
                    #expect(try TraceBatch(json: json, keys: keys).protobuf() == body)
                }
                #expect(Reference.normalized(body) == body)
            }
        }
    }

    @Test("integers of every length come back")
    func integers() throws {
        let powers = (0..<64).map { Int64(bitPattern: 1 << UInt64($0)) }
        for number in powers.flatMap({ [$0, $0 &- 1, 0 &- $0] }) {
            let body = Wire.request(value: Wire.number(3, UInt64(bitPattern: number)))
            let batch = try TraceBatch(protobuf: body)
            #expect(batch.attributes.map { batch.anyValue(of: $0) } == [.int(number)])
            #expect(batch.protobuf() == body)
            #expect(try TraceBatch(json: batch.json()).protobuf() == body)
        }
    }

    @Test("an encoder that is used again writes the batch it was given last")
    func reuse() throws {
        var encoder = ProtobufEncoder()
        for length in [500, 3, 0, 90_000, 10] {
            let body = Wire.request(value: Wire.text(1, String(repeating: "t", count: length)))
            encoder.encode(try TraceBatch(protobuf: body))
            let bytes = encoder.bytes
            #expect(
                (0..<bytes.byteCount).map {
                    bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
                } == body)
        }
    }

    private static func mixed(_ length: Int) -> String {
        let text = String(repeating: "é", count: length / 2)
        return length & 1 == 0 ? text : text + "x"
    }
}
