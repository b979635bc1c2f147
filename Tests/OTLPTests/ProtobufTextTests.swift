import OTLP
import Testing

@Suite("Text and keys in protobuf")
struct ProtobufTextTests {
    static let seed: UInt64 = 7

    @Test("text is judged as the standard library judges it, and repaired as it repairs it")
    func utf8() throws {
        var random = SeededGenerator(seed: Self.seed)
        let alphabet = Array("aZ09 äßñЖ漢字かな한글🙂🧑🏽‍🚀\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10FFFF}")
        for round in 0..<20_000 {
            let ascii = Int.random(in: 0..<4, using: &random) == 0
            let count = Int.random(in: 0..<90, using: &random)
            var bytes: [UInt8] = []
            for _ in 0..<count {
                let place = Int.random(in: 0..<(ascii ? 5 : alphabet.count), using: &random)
                bytes += Array(String(alphabet[place]).utf8)
            }
            for _ in 0..<Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
                let at = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[at] = UInt8.random(in: .min ... .max, using: &random)
                case 1: bytes.remove(at: at)
                default: bytes.removeSubrange(at...)
                }
            }
            let batch = try TraceBatch(protobuf: Wire.request(span: Wire.bytes(5, bytes)))
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            let context: Comment = "seed \(Self.seed), round \(round): \(hexadecimal(bytes))"
            #expect(batch.repairedStrings == (isValid ? 0 : 1), context)
            let name = batch.bytes(batch.spans[0].name)
            #expect(Array(name) == Array(String(decoding: bytes, as: UTF8.self).utf8), context)
        }
    }

    @Test("a key of any length is found, and a similar one is not")
    func keys() throws {
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        let keys: [String] = (1...70).map { length in
            String((0..<length).map { letters[($0 * 7 + length) % 26] })
        }
        let table = KeyTable(keys + keys)
        #expect(table.count == keys.count)
        for (place, key) in keys.enumerated() {
            let batch = try TraceBatch(
                protobuf: Wire.request(attribute: Wire.text(1, key)), keys: table)
            let id = batch.attributes[0].keyID
            #expect(id == KeyID(number: UInt16(place + 1)))
            #expect(table.id(of: key) == id)
            #expect(table.key(of: id) == key)
            for at in key.indices {
                let similar = key.replacingCharacters(at: at)
                #expect(table.id(of: similar) == .unknown, "\(similar)")
            }
        }
        #expect(table.id(of: "") == .unknown)
        #expect(KeyTable.none.id(of: "a") == .unknown)
    }

    @Test("sixty-five thousand keys are all found")
    func manyKeys() {
        let table = KeyTable((1...65_534).map { "key.\($0)" })
        for number in 1...65_534 {
            #expect(table.id(of: "key.\(number)").number == UInt16(number))
        }
    }

    @Test("arrays and lists are read with their parts merged and unknown fields passed over")
    func nestedValues() throws {
        let array =
            Wire.group(9, Wire.number(1, 1)) + Wire.bytes(1, Wire.number(3, 1))
            + Wire.bytes(
                1,
                Wire.bytes(5, Wire.bytes(1, Wire.text(1, "a")))
                    + Wire.bytes(5, Wire.bytes(1, Wire.text(1, "b"))))
            + Wire.bytes(1, Wire.text(1, "first") + Wire.number(2, 1))
        let batch = try TraceBatch(protobuf: Wire.request(value: Wire.bytes(5, array)))
        #expect(batch.value("k", in: batch.spans[0].attributes) == [1, ["a", "b"], true])
    }
}

extension String {
    fileprivate func replacingCharacters(at index: Index) -> String {
        var copy = self
        copy.replaceSubrange(index...index, with: "#")
        return copy
    }
}
