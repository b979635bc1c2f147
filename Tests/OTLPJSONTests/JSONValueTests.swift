import TestSupport
import OTLP
import Testing

@Suite struct JSONValueTests {
    struct Reading: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var value: JSONValue
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ value: JSONValue) {
            self.name = name
            self.text = text
            self.value = value
        }
    }

    static let readings: [Reading] = [
        Reading("null", "null", .null),
        Reading("true", "true", true),
        Reading("false", "false", false),
        Reading("white space around", " \t\r\n1 \n", 1),
        Reading("zero", "0", 0),
        Reading("negative zero as an integer", "-0", 0),
        Reading("negative zero as a double", "-0.0", .double(-0.0)),
        Reading("greatest integer", "9223372036854775807", .int(.max)),
        Reading("least integer", "-9223372036854775808", .int(.min)),
        Reading("integer above 64 bits", "9223372036854775808", .double(9.223372036854775808e18)),
        Reading(
            "integer of thirty digits", "123456789012345678901234567890",
            .double(1.2345678901234568e29)
        ),
        Reading("fraction", "1.5", 1.5),
        Reading("integral fraction stays a double", "42.0", .double(42)),
        Reading("exponent stays a double", "1e3", .double(1000)),
        Reading("exponent beyond a double", "1e999", .double(.infinity)),
        Reading("exponent below a double", "1e-999", .double(0)),
        Reading(
            "exponent of a million digits", "1e" + String(repeating: "9", count: 40),
            .double(.infinity)),
        Reading("seventeen digits", "0.10000000000000001", .double(0.1)),
        Reading("least double", "5e-324", .double(.leastNonzeroMagnitude)),
        Reading(
            "greatest subnormal", "2.225073858507201e-308", .double(.leastNormalMagnitude.nextDown)),
        Reading("empty string", "\"\"", ""),
        Reading("every escape", #""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        Reading("escaped letter", #""\u00e9\u00E9""#, "éé"),
        Reading("surrogate pair", #""\ud83d\ude00""#, "😀"),
        Reading("lone high surrogate", #""a\ud83db""#, "a\u{FFFD}b"),
        Reading("lone low surrogate", #""a\ude00b""#, "a\u{FFFD}b"),
        Reading("high surrogate before a letter", #""\ud83d\u0041""#, "\u{FFFD}A"),
        Reading("two high surrogates and a low one", #""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
        Reading("high surrogate at the end", #""\ud83d""#, "\u{FFFD}"),
        Reading("escaped NUL", #""\u0000""#, "\u{0}"),
        Reading("text beyond ASCII", "\"日本語 — naïve 😀\"", "日本語 — naïve 😀"),
        Reading(
            "long ASCII", "\"" + String(repeating: "abcdefgh", count: 50) + "\"",
            .string(String(repeating: "abcdefgh", count: 50))),
        Reading("empty array", "[ ]", []),
        Reading("empty object", "{ }", [:]),
        Reading("array", "[1, \"a\", [null], {}]", [1, "a", [nil], [:]]),
        Reading("repeated members stay", #"{"a":1,"b":2,"a":3}"#, ["a": 1, "b": 2, "a": 3]),
        Reading("escaped name", #"{"\u0061":1}"#, ["a": 1]),
    ]

    @Test("A JSON text is read", arguments: readings)
    func reads(_ reading: Reading) throws {
        let value = try JSONValue(parsing: reading.text)
        #expect(value == reading.value)
        let again = try JSONValue(parsing: Array("[[\(reading.text)".utf8)[2...])
        #expect(again == reading.value, "from a slice that does not begin at 0")
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var offset: Int
        var expected: JSONError.Expected
        var found: JSONError.Found
        var testDescription: String { name }

        init(
            _ name: String, _ text: String, at offset: Int, _ expected: JSONError.Expected,
            _ found: JSONError.Found
        ) {
            self.name = name
            self.text = text
            self.offset = offset
            self.expected = expected
            self.found = found
        }
    }

    static func byte(_ character: Unicode.Scalar) -> JSONError.Found {
        .byte(UInt8(ascii: character))
    }

    static let refusals: [Refusal] = [
        Refusal("empty", "", at: 0, .value, .endOfText),
        Refusal("white space only", "  ", at: 2, .value, .endOfText),
        Refusal("byte order mark", "\u{FEFF}{}", at: 0, .value, .byteOrderMark),
        Refusal("trailing garbage", "{} x", at: 3, .endOfText, byte("x")),
        Refusal("two values", "1 2", at: 2, .endOfText, byte("2")),
        Refusal("unknown literal", "[nul]", at: 1, .value, byte("n")),
        Refusal("capital literal", "True", at: 0, .value, byte("T")),
        Refusal("NaN", "NaN", at: 0, .value, byte("N")),
        Refusal("leading plus", "+1", at: 0, .value, byte("+")),
        Refusal("leading zero", "01", at: 1, .endOfText, byte("1")),
        Refusal("minus alone", "-", at: 1, .digit, .endOfText),
        Refusal("no digit after the point", "[1.]", at: 3, .digit, byte("]")),
        Refusal("no digit before the point", ".5", at: 0, .value, byte(".")),
        Refusal("no digit in the exponent", "1e+", at: 3, .digit, .endOfText),
        Refusal("unclosed string", "\"ab", at: 3, .closingQuote, .endOfText),
        Refusal("line break in a string", "\"a\nb\"", at: 2, .closingQuote, .byte(10)),
        Refusal(
            "control character in a long string", "\"abcdefghijk\u{1}\"", at: 12, .closingQuote,
            .byte(1)),
        Refusal("bad escape", #""\x""#, at: 2, .escape, byte("x")),
        Refusal("escape at the end", "\"\\", at: 2, .escape, .endOfText),
        Refusal("bad unicode escape", #""\u12g4""#, at: 5, .hexadecimalDigit, byte("g")),
        Refusal("short unicode escape", #""\u12"#, at: 5, .hexadecimalDigit, .endOfText),
        Refusal("comma at the end of an array", "[1,]", at: 3, .value, byte("]")),
        Refusal("comma at the end of an object", #"{"a":1,}"#, at: 7, .memberName, byte("}")),
        Refusal("no comma", "[1 2]", at: 3, .commaOrEndOfArray, byte("2")),
        Refusal(
            "no comma between members", #"{"a":1 "b":2}"#, at: 7, .commaOrEndOfObject, byte("\"")),
        Refusal("no colon", #"{"a" 1}"#, at: 5, .colon, byte("1")),
        Refusal(
            "name without quotation marks", "{a:1}", at: 1, .memberNameOrEndOfObject, byte("a")),
        Refusal("array closed as an object", "[1}", at: 2, .commaOrEndOfArray, byte("}")),
        Refusal("unclosed array", "[1", at: 2, .commaOrEndOfArray, .endOfText),
        Refusal(
            "129 arrays", String(repeating: "[", count: 129), at: 128, .depth(atMost: 128),
            byte("[")),
    ]

    @Test("What is not JSON is refused, with the place", arguments: refusals)
    func refuses(_ refusal: Refusal) {
        #expect(
            throws: JSONError(
                offset: refusal.offset, expected: refusal.expected, found: refusal.found)
        ) { try JSONValue(parsing: refusal.text) }
    }

    @Test("An error says where, what was expected and what was found")
    func errorText() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "[1 2]") }
        #expect(error.map(String.init(describing:)) == "byte 3: expected ',' or ']', found '2'")
    }

    @Test("Bytes that are not UTF-8 become U+FFFD, as String(decoding:as:) does it")
    func invalidUTF8() throws {
        let rows: [[UInt8]] = [
            [0x61, 0xFF, 0x62], [0xC3], [0xE2, 0x82], [0xE2, 0x82, 0x61], [0xED, 0xA0, 0x80],
            [0xF0, 0x9F, 0x98], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80, 0x80],
        ]
        for row in rows {
            let value = try JSONValue(parsing: [UInt8(ascii: "\"")] + row + [UInt8(ascii: "\"")])
            #expect(value == .string(String(decoding: row, as: UTF8.self)))
        }
        let mixed = try JSONValue(parsing: Array(#""\u00e9"#.utf8) + [0xFF] + Array("\"".utf8))
        #expect(mixed == "é\u{FFFD}")
    }

    @Test("Any nesting is read or refused, never a crash", arguments: [128, 512, 1_000_000])
    func deepNesting(limit: Int) {
        for opening in ["[", "{\"a\":", "[{\"a\":"] {
            let text = String(repeating: opening, count: 100_000)
            #expect(throws: JSONError.self) { try JSONValue(parsing: text, maximumDepth: limit) }
        }
    }

    @Test("Values are written as text")
    func writes() {
        let value: JSONValue = [
            "text": "a\"b\\c\u{1}\n", "numbers": [1, -2.5, 1e300, .double(3)], "none": nil,
            "odd": [.double(.nan), .double(.infinity), .double(-.infinity)], "empty": [[], [:]],
        ]
        #expect(
            value.text
                == #"{"text":"a\"b\\c\u0001\n","numbers":[1,-2.5,1e+300,3.0],"none":null,"#
                + #""odd":["NaN","Infinity","-Infinity"],"empty":[[],{}]}"#)
    }

    @Test("Pretty text is indented by two spaces")
    func writesPretty() {
        let value: JSONValue = ["a": [1, [:]], "b": []]
        let expected = """
            {
              "a": [
                1,
                {}
              ],
              "b": []
            }
            """
        #expect(String(decoding: value.serialized(pretty: true), as: UTF8.self) == expected)
    }

    @Test("What is written reads back equal", arguments: UInt64(1)...200)
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let value = JSONValue.random(depth: 5, using: &generator)
        #expect(try JSONValue(parsing: value.serialized()) == value, "seed \(seed)")
        #expect(try JSONValue(parsing: value.serialized(pretty: true)) == value, "seed \(seed)")
        #expect(try JSONValue(parsing: value.text).text == value.text, "seed \(seed)")
    }

    @Test("Every double reads back as the same bits", arguments: UInt64(1)...20)
    func doubles(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let random = Double(bitPattern: generator.next())
            let short = Double(generator.next() % 1_000_000) / 1000
            for number in [random, short] where number.isFinite {
                let text = JSONValue.double(number).text
                guard case .double(let again) = try JSONValue(parsing: text) else {
                    Issue.record("\(text) is no double, seed \(seed)")
                    continue
                }
                #expect(again.bitPattern == number.bitPattern, "\(text), seed \(seed)")
            }
        }
    }
}

extension JSONValue {
    static func random(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .int(Int64(bitPattern: generator.next()))
        case 3: return .double(Double.random(in: -1e6...1e6, using: &generator))
        case 4, 5: return .string(.random(using: &generator))
        case 6:
            return .array(
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
                    random(depth: depth - 1, using: &generator)
                })
        default:
            return .object(
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
                    Member(.random(using: &generator), random(depth: depth - 1, using: &generator))
                })
        }
    }
}

extension String {
    static func random(using generator: inout SeededGenerator) -> String {
        let alphabet: [Unicode.Scalar] = [
            "a", "b", "c", "\"", "\\", "/", "\n", "\u{0}", "\u{1F}", " ", "é", "—", "語", "😀",
            "\u{7F}", "\u{FFFD}", "\u{2028}",
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0..<20, using: &generator) {
            text.unicodeScalars.append(alphabet[Int(generator.next() % UInt64(alphabet.count))])
        }
        return text
    }
}
