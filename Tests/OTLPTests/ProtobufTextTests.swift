import TestSupport
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

    /// What Table 3-7 of the Unicode Standard tells apart: each row's least and greatest sequence,
    /// and what is next to them and is not allowed.
    static let sequences: [[UInt8]] = [
        [0x00], [0x7F], [0x80], [0xBF], [0xC0], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x7F],
        [0xC2, 0x80], [0xC2, 0xC0], [0xDF, 0xBF], [0xDF, 0xBF, 0x80],
        [0xE0], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xE0, 0xA0], [0xE0, 0xA0, 0x80],
        [0xE0, 0xBF, 0xBF], [0xE1, 0x80, 0x80], [0xE1, 0x80, 0xC0], [0xEC, 0xBF, 0xBF],
        [0xED, 0x80, 0x80], [0xED, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
        [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xEF, 0xBF], [0xE1, 0xC1, 0x80],
        [0xF0], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90],
        [0xF0, 0x90, 0x80], [0xF0, 0x90, 0x80, 0x80], [0xF0, 0xBF, 0xBF, 0xBF],
        [0xF1, 0x80, 0x80, 0x80], [0xF3, 0xBF, 0xBF, 0xBF], [0xF3, 0xBF, 0xBF, 0x7F],
        [0xF4, 0x80, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xF7, 0xBF, 0xBF, 0xBF], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFF],
    ]

    @Test("every kind of sequence is judged rightly, at every place of texts of every length")
    func sequencesEverywhere() throws {
        let filling = Array("aé語🙂".utf8)
        for sequence in Self.sequences {
            for before in 0..<90 {
                for after in [0, 3, 16, 64] {
                    for isMixed in [false, true] {
                        let head =
                            isMixed ? cycled(filling, before) : cycled(Array("a".utf8), before)
                        let text = head + sequence + cycled(Array("b".utf8), after)
                        try expectSameJudgement(text)
                    }
                }
            }
        }
    }

    @Test("every two bytes, and every second byte of longer characters, are judged rightly")
    func everyTwoBytes() throws {
        for first in UInt8(0x80)...0xFF {
            for second in UInt8.min...UInt8.max {
                for tail: [UInt8] in [[], [0x80, 0x80]] {
                    try expectSameJudgement(cycled(Array("語".utf8), 21) + [first, second] + tail)
                }
            }
        }
    }

    @Test("mixtures of scripts are judged rightly, cut and damaged at every place")
    func scripts() throws {
        var random = SeededGenerator(seed: Self.seed)
        for text in [
            "東京は日本の首都です。 GPT は「はい」と答えた。", "Съешь же ещё этих мягких булок, да выпей чаю.",
            "Où est l’été à Noël? Für die Größe, señor.", "🎉🎉 done 👩‍🚀, x 🙂 한글 퓨전",
        ] {
            let bytes = Array((text + text + text).utf8)
            for place in bytes.indices {
                try expectSameJudgement(Array(bytes[place...]))
                try expectSameJudgement(Array(bytes[..<place]))
                for _ in 0..<8 {
                    var damaged = bytes
                    damaged[place] = UInt8.random(in: .min ... .max, using: &random)
                    try expectSameJudgement(damaged)
                }
            }
        }
    }

    private func cycled(_ pattern: [UInt8], _ count: Int) -> [UInt8] {
        // Whole characters only, then ASCII, so that it is the sequence alone that is at fault.
        let whole = count / pattern.count
        let rest = [UInt8](repeating: UInt8(ascii: "c"), count: count - whole * pattern.count)
        return Array(repeatElement(pattern, count: whole).joined()) + rest
    }

    private func expectSameJudgement(_ bytes: [UInt8]) throws {
        let batch = try TraceBatch(protobuf: Wire.request(span: Wire.bytes(5, bytes)))
        let isValid = String(validating: bytes, as: UTF8.self) != nil
        let json = try TraceBatch(json: jsonRequest(spanName: bytes))
        if (batch.repairedStrings == 0) != isValid || (json.repairedStrings == 0) != isValid {
            Issue.record(
                "seed \(Self.seed): \(hexadecimal(bytes)) is \(isValid ? "valid" : "not valid")")
        }
    }

    /// The text as it stands in JSON; what would need an escape becomes a space.
    private func jsonRequest(spanName: [UInt8]) -> [UInt8] {
        let name = spanName.map { [0x22, 0x5C].contains($0) || $0 < 0x20 ? UInt8(ascii: " ") : $0 }
        return Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":""#.utf8) + name
            + Array(#""}]}]}]}"#.utf8)
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
