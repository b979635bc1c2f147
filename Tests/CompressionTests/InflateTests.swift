import TestSupport
import Compression
import Testing

@Suite struct InflateTests {
    static let text = Array("{\"resourceSpans\":[]} and again {\"resourceSpans\":[]}".utf8)

    /// `text` as bare deflate data: the zlib stream without its header and checksum.
    static let bare = Array(deflate(text)[2...].dropLast(4))

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var encoding: ContentEncoding
        var bytes: [UInt8]
        var content: [UInt8]
        var testDescription: String { name }

        init(_ name: String, _ encoding: ContentEncoding, _ bytes: [UInt8], _ content: [UInt8]) {
            self.name = name
            self.encoding = encoding
            self.bytes = bytes
            self.content = content
        }
    }

    static let accepted: [Row] = [
        Row("identity", .identity, text, text),
        Row("nothing, uncompressed", .identity, [], []),
        Row("gzip", .gzip, gzip(text), text),
        Row("gzip, stored", .gzip, gzip(text, level: 0), text),
        Row("gzip, smallest", .gzip, gzip(text, level: 9), text),
        Row("level out of range", .gzip, gzip(text, level: 99), text),
        Row("gzip of nothing", .gzip, gzip([]), []),
        Row("two members", .gzip, gzip(text) + gzip([1, 2, 3]), text + [1, 2, 3]),
        Row(
            "three members, the middle one empty", .gzip, gzip([1]) + gzip([]) + gzip([2]), [1, 2]),
        Row(
            "a thousand members", .gzip, Array((0..<1000).map { _ in gzip([7]) }.joined()),
            Array(repeating: 7, count: 1000)),
        Row(
            "a small member last, whose length passes for the whole's", .gzip,
            gzip([UInt8](repeating: 7, count: 9000)) + gzip([1]),
            [UInt8](repeating: 7, count: 9000) + [1]),
        Row(
            "gzip with a file name", .gzip,
            Array(gzip(text)[..<3]) + [8] + Array(gzip(text)[4..<10]) + Array("a.json\0".utf8)
                + Array(gzip(text)[10...]), text),
        Row("zlib", .deflate, deflate(text), text),
        Row("zlib, fastest", .deflate, deflate(text, level: 1), text),
        Row("zlib of nothing", .deflate, deflate([]), []),
        Row("bare deflate data", .deflate, bare, text),
        Row("bare deflate data of nothing", .deflate, [3, 0], []),
        Row(
            "gzip as another library writes it", .gzip,
            [
                0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 7, 0, 0x86, 0xA6,
                0x10, 0x36, 5, 0, 0, 0,
            ], Array("hello".utf8)),
    ]

    @Test("Compressed bodies are inflated", arguments: accepted)
    func inflates(_ row: Row) throws {
        #expect(try inflate(row.bytes, encoding: row.encoding, limit: 1 << 20) == row.content)
        #expect(
            try inflate(row.bytes, encoding: row.encoding, limit: row.content.count) == row.content,
            "a limit of exactly its size")
        if !row.content.isEmpty {
            #expect(throws: InflateError.exceedsLimit(row.content.count - 1)) {
                try inflate(row.bytes, encoding: row.encoding, limit: row.content.count - 1)
            }
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var name: String
        var encoding: ContentEncoding
        var bytes: [UInt8]
        var error: InflateError
        var testDescription: String { name }

        init(
            _ name: String, _ encoding: ContentEncoding, _ bytes: [UInt8], _ error: InflateError
        ) {
            self.name = name
            self.encoding = encoding
            self.bytes = bytes
            self.error = error
        }
    }

    static let whole = gzip(text)

    static func changed(_ bytes: [UInt8], at place: Int) -> [UInt8] {
        var bytes = bytes
        bytes[place] ^= 0x55
        return bytes
    }

    /// A member whose last four bytes say that its content has another length.
    static func lying(length: UInt32) -> [UInt8] {
        whole.dropLast(4) + (0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32(8 * $0)) }
    }

    static let refused: [Refusal] = [
        Refusal("nothing as gzip", .gzip, [], .empty(.gzip)),
        Refusal("nothing as deflate", .deflate, [], .empty(.deflate)),
        Refusal("plain text as gzip", .gzip, text, .badHeader(.gzip, offset: 0)),
        Refusal("zlib as gzip", .gzip, deflate(text), .badHeader(.gzip, offset: 0)),
        Refusal(
            "bad CRC", .gzip, changed(whole, at: whole.count - 8),
            .badChecksum(offset: whole.count - 4)),
        Refusal(
            "bad length", .gzip, changed(whole, at: whole.count - 4),
            .badChecksum(offset: whole.count)),
        Refusal(
            "a length that tells too little", .gzip, lying(length: UInt32(text.count - 1)),
            .badChecksum(offset: whole.count)),
        Refusal(
            "a length that tells too much", .gzip, lying(length: UInt32(text.count + 1)),
            .badChecksum(offset: whole.count)),
        Refusal(
            "a length that no deflate data can have", .gzip, lying(length: .max),
            .badChecksum(offset: whole.count)),
        Refusal(
            "bad Adler checksum", .deflate, changed(deflate(text), at: deflate(text).count - 1),
            .badChecksum(offset: deflate(text).count)),
        Refusal(
            "junk after the member", .gzip, whole + Array("junk".utf8),
            .trailingBytes(offset: whole.count)),
        Refusal(
            "zeros after the member", .gzip, whole + [0, 0], .trailingBytes(offset: whole.count)),
        Refusal(
            "half a magic number after the member", .gzip, whole + [0x1F],
            .truncated(offset: whole.count + 1)),
        Refusal(
            "truncated second member", .gzip, whole + whole.dropLast(),
            .truncated(offset: whole.count * 2 - 1)),
        Refusal(
            "junk after zlib data", .deflate, deflate(text) + [0],
            .trailingBytes(offset: deflate(text).count)),
        Refusal("junk after bare data", .deflate, bare + [1], .trailingBytes(offset: bare.count)),
        Refusal(
            "reserved block type", .deflate, [0x07, 0],
            .damaged(offset: 1, what: "invalid block type")),
        Refusal(
            "a preset dictionary", .deflate, [0x78, 0xBB, 0, 0, 0, 1, 3, 0],
            .damaged(offset: 6, what: "a preset dictionary is needed")),
        Refusal(
            "too large, uncompressed", .identity, [UInt8](repeating: 0, count: (1 << 20) + 1),
            .exceedsLimit(1 << 20)),
    ]

    @Test("Damaged bodies are refused, with what is wrong", arguments: refused)
    func refuses(_ refusal: Refusal) {
        #expect(throws: refusal.error) {
            try inflate(refusal.bytes, encoding: refusal.encoding, limit: 1 << 20)
        }
        #expect(!refusal.error.description.isEmpty)
    }

    @Test("A body cut at any offset is truncated")
    func truncation() {
        for end in 1..<Self.whole.count {
            #expect(throws: InflateError.truncated(offset: end)) {
                try inflate(Array(Self.whole[..<end]), encoding: .gzip, limit: 1 << 20)
            }
        }
        let zlib = deflate(Self.text)
        for end in 1..<zlib.count {
            #expect(throws: InflateError.truncated(offset: end)) {
                try inflate(Array(zlib[..<end]), encoding: .deflate, limit: 1 << 20)
            }
        }
        for end in 1..<Self.bare.count {
            #expect(throws: InflateError.truncated(offset: end)) {
                try inflate(Array(Self.bare[..<end]), encoding: .deflate, limit: 1 << 20)
            }
        }
    }

    @Test("A gigabyte of zeros is refused when the limit is reached, and not inflated further")
    func bomb() {
        var piece = gzip([UInt8](repeating: 0, count: 64 << 20), level: 1)
        let bomb = Array((0..<16).map { _ in piece }.joined())
        #expect(throws: InflateError.exceedsLimit(1 << 20)) {
            try inflate(bomb, encoding: .gzip, limit: 1 << 20)
        }
        // Whoever goes on to the middle finds damage there instead of the limit.
        for place in piece.count / 2..<piece.count / 2 + 16 { piece[place] ^= 0x55 }
        #expect(throws: InflateError.exceedsLimit(1 << 20)) {
            try inflate(piece, encoding: .gzip, limit: 1 << 20)
        }
        let whole = try? inflate(piece, encoding: .gzip, limit: 1 << 30)
        #expect(whole?.count == nil)
    }

    @Test("What was compressed comes back", arguments: UInt64(1)...40)
    func roundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let count = Int(generator.next() % 300_000)
        let alphabet = UInt64(1 + generator.next() % 256)
        let content = (0..<count).map { _ in UInt8(generator.next() % alphabet) }
        let level = Int(generator.next() % 10)
        #expect(
            try inflate(gzip(content, level: level), encoding: .gzip, limit: count) == content,
            "seed \(seed)")
        #expect(
            try inflate(deflate(content, level: level), encoding: .deflate, limit: count)
                == content, "seed \(seed)")
    }

    @Test("Damaged bodies are inflated or refused, never a crash", arguments: UInt64(1)...20)
    func mutants(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            for (encoding, whole) in [(ContentEncoding.gzip, Self.whole), (.deflate, Self.bare)] {
                var body = whole
                for _ in 0...generator.next() % 3 {
                    body[Int(generator.next() % UInt64(body.count))] =
                        UInt8(truncatingIfNeeded: generator.next())
                }
                let content = try? inflate(body, encoding: encoding, limit: 4096)
                #expect((content?.count ?? 0) <= 4096, "seed \(seed)")
            }
        }
    }

    static let headers: [(String, ContentEncoding?)] = [
        ("", .identity), ("identity", .identity), ("gzip", .gzip), ("GZIP", .gzip),
        (" x-gzip ", .gzip), ("Deflate", .deflate), ("br", nil), ("zstd", nil), ("gzip, gzip", nil),
        ("gzip gzip", nil),
    ]

    @Test("The header names the encoding in any case", arguments: headers)
    func header(value: String, encoding: ContentEncoding?) {
        #expect(ContentEncoding(header: value) == encoding)
    }

    static let detected: [(String, [UInt8], ContentEncoding)] = [
        ("gzip", gzip(text), .gzip),
        ("zlib", deflate(text), .deflate),
        ("zlib, fastest", deflate(text, level: 1), .deflate),
        ("JSON", text, .identity),
        ("JSON after white space", Array("\n {}".utf8), .identity),
        ("protobuf", [0x0A, 0x7B, 0x0A], .identity),
        ("nothing", [], .identity),
        ("one byte", [0x1F], .identity),
    ]

    @Test("The encoding is told by the first bytes", arguments: detected)
    func detection(name: String, bytes: [UInt8], encoding: ContentEncoding) {
        #expect(ContentEncoding(detecting: bytes) == encoding)
    }
}
